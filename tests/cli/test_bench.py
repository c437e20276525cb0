"""`bench` compares its runs, and measures an engine alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests import toy
from tests.cli.conftest import Run
from tests.job.tones import ToneRunner, ToneSpeech
from tests.toy_versions import save_version


def test_bench_compares_its_runs(
    run: Run, folder: Path, runner: ToneRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gsvbatch.job import benchmark

    monkeypatch.setattr(benchmark, "ProjectConfig", lambda: _tone_config(folder))
    monkeypatch.setattr(benchmark, "_speech", lambda work, config: ToneSpeech())
    ran = run("bench", "--lines", "3", "--voice", "high")
    assert ran.code == 0, ran.err
    assert "one at a time" in ran.out
    assert "x as fast as one at a time" in ran.out
    assert "first audio after" in ran.out
    runs = json.loads(run("bench", "--lines", "3", "--voice", "high", "--json").out)
    assert [found["n_lines"] for found in runs] == [3, 3, 1]
    assert [found["first_audio"] is None for found in runs] == [True, True, False]
    assert runs[2]["first_audio"] > 0
    assert runs[0]["audio"] == pytest.approx(runs[1]["audio"])


def _tone_config(folder: Path) -> Any:
    """Settings that find the tones' voices and models from any folder."""
    from gsvbatch.config import ProjectConfig

    return ProjectConfig.model_validate(
        {
            "voices": [str(folder / "voices")],
            "models": {
                "t2s": str(folder / "t2s.ckpt"),
                "synthesizer": str(folder / "synthesizer.pth"),
            },
        }
    )


def test_bench_measures_the_engine_alone(run: Run, tmp_path: Path) -> None:
    source = toy.toy_models(tmp_path / "models")
    plot = tmp_path / "plots" / "speed.svg"
    models = ("--t2s", str(source.t2s), "--synthesizer", str(source.synthesizer))
    ran = run("bench", "--engine", *models, "--batches", "2,1", "--plot", str(plot))
    assert ran.code == 0, ran.err
    assert "of roofline" in ran.out
    assert "one sentence of 50 phonemes" in ran.out
    assert plot.read_text(encoding="utf-8").startswith("<svg")
    found = json.loads(run("bench", "--engine", *models, "--batches", "1", "--json").out)
    assert found["figures"]["decoding"][0]["n_lines"] == 1


@pytest.mark.parametrize("version", ["v3", "v4"])
def test_bench_measures_models_that_draw_mels(run: Run, tmp_path: Path, version: str) -> None:
    source = save_version(tmp_path / "models", version)
    plot = tmp_path / "speed.png"
    models = ("--t2s", source.t2s, "--synthesizer", source.synthesizer, "--vocoder", source.vocoder)
    ran = run("bench", "--engine", *models, "--version", version, "--batches", "2", "--plot", plot)
    assert ran.code == 0, ran.err
    assert "mels are drawn in 32 steps" in ran.out
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_bench_says_what_models_lack(run: Run, tmp_path: Path) -> None:
    source = save_version(tmp_path / "models", "v4")
    pair = ("--t2s", source.t2s, "--synthesizer", source.synthesizer)
    ran = run("bench", "--engine", *pair, "--version", "v4")
    assert ran.code == 2
    assert "vocoder" in ran.errors[0]
    assert "version: v4" in run("bench", "--engine", *pair).errors[0]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--random", "v2"), "need --engine"),
        (("--engine", "--plot", "speed.jpg"), "end it in .png or .svg"),
        (("--engine", "--random", "v9"), "only v2 is known"),
        (("--engine", "--t2s", "a.ckpt"), "belong together"),
        (("--engine", "--batches", "1,x"), "expected numbers"),
        (("--engine", "--batches", "0"), "at least one line"),
    ],
)
def test_bench_refuses_what_makes_no_sense(run: Run, words: tuple[str, ...], problem: str) -> None:
    ran = run("bench", *words)
    assert ran.code == 2
    assert problem in ran.err
