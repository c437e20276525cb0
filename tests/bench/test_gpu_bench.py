"""The GPU benchmark runs whole on a processor at toy scale, so a lent card is not spent on its mistakes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_part_runs_at_toy_scale(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "bench" / "gpu.py"), "--toy", "--device", "cpu"]
    command += ["--limit", "850"]
    done = subprocess.run(
        [*command, "--out", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "gpu.json").read_text(encoding="utf-8"))
    assert {name: part["error"] for name, part in figures["parts"].items() if "error" in part} == {}
    checks = figures["parts"]["correctness"]
    for name, check in checks.items():
        if name.endswith("against alone"):
            assert check < 1e-4
        elif name != "took":
            assert check["same tokens as the CPU"] == check["with used slots"] == check["of"]
    assert figures["parts"]["half precision"]["torch.float32"]["max error"] < 1e-4
    assert "end to end" in done.stdout.split("=== summary ===")[1]
