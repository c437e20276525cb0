import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gsvbatch.errors import ManifestError, StorageError
from gsvbatch.manifest import HeadLock

HOLD = """
import sys
from pathlib import Path
from gsvbatch.manifest import HeadLock
with HeadLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_another_process_is_kept_out_and_a_kill_frees_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "manifest.sqlite"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"
        with pytest.raises(ManifestError, match=rf"in use by process {holder.pid} on .* since"):
            HeadLock(path).__enter__()
        assert f"process {holder.pid}" in HeadLock(path).held_by()
        holder.kill()
        holder.wait()
        assert (tmp_path / "manifest.sqlite.holder").exists()
        assert HeadLock(path).held_by() == ""
        with HeadLock(path):
            facts = json.loads((tmp_path / "manifest.sqlite.holder").read_text(encoding="utf-8"))
            assert facts["process"] == os.getpid()


def test_a_holder_without_a_readable_name_is_still_a_holder(tmp_path: Path) -> None:
    path = tmp_path / "manifest.sqlite"
    with HeadLock(path):
        (tmp_path / "manifest.sqlite.holder").write_text("{", encoding="utf-8")
        with pytest.raises(ManifestError, match="in use by another process"):
            HeadLock(path).__enter__()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be written"):
        HeadLock(tmp_path / "file" / "manifest.sqlite").__enter__()
