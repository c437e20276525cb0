"""A manifest that cannot be read or is in use, a folder or a disk that takes no file: the job stops."""

import errno
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gsvbatch.cli.main import main
from gsvbatch.job import rendering
from tests.cli.conftest import STOPPED, check_errors, write
from tests.job.tones import ToneRunner, make_project


def manifest_of_another_kind(root: Path) -> None:
    write(root / "outputs" / "manifest.sqlite", "This is no database at all.\n" * 50)


def manifest_of_another_program(root: Path) -> None:
    (root / "outputs").mkdir()
    with closing(sqlite3.connect(root / "outputs" / "manifest.sqlite")) as connection:
        connection.execute("CREATE TABLE songs (id INTEGER)")
        connection.commit()


def manifest_from_the_future(root: Path) -> None:
    assert main(["plan"]) == 0
    with closing(sqlite3.connect(root / "outputs" / "manifest.sqlite")) as connection:
        connection.execute("PRAGMA user_version = 9999")
        connection.commit()


def manifest_cut_in_half(root: Path) -> None:
    assert main(["plan"]) == 0
    path = root / "outputs" / "manifest.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path.write_bytes(path.read_bytes()[:5000])


def output_that_is_a_file(root: Path) -> None:
    write(root / "outputs", "a file")


MANIFESTS: list[tuple[Callable[[Path], None], tuple[str, ...]]] = [
    (manifest_of_another_kind, ("manifest.sqlite", "not a SQLite file", "rescan")),
    (manifest_of_another_program, ("manifest.sqlite", "another program")),
    (manifest_from_the_future, ("manifest.sqlite", "newer")),
    (manifest_cut_in_half, ("manifest.sqlite", "damaged")),
    (output_that_is_a_file, ("outputs",)),
]


@pytest.mark.parametrize(
    ("damage", "says"), MANIFESTS, ids=[damage.__name__ for damage, _ in MANIFESTS]
)
def test_render_stops_at(
    damage: Callable[[Path], None],
    says: tuple[str, ...],
    workplace: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_project(workplace)
    damage(workplace)
    monkeypatch.setattr(rendering, "_local_runner", lambda desk: ToneRunner())
    errors = check_errors(capsys, ("render",), STOPPED, says)
    assert len(errors) == 1


HOLD_LOCK = """
import sys
from pathlib import Path
from gsvbatch.manifest.lock import HeadLock
with HeadLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_second_render_is_kept_out(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    opened = make_project(workplace)
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            HOLD_LOCK,
            str(opened.manifest_path),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        errors = check_errors(capsys, ("render",), STOPPED, ("in use by process", str(holder.pid)))
        assert len(errors) == 1
    finally:
        holder.communicate()


def test_a_folder_that_cannot_be_written_stops_the_job(
    workplace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a read-only disk; permissions would not keep a test out that runs as root."""
    make_project(workplace)
    monkeypatch.setattr(rendering, "_local_runner", lambda desk: ToneRunner())

    def mkdir(self: Path, *words: object, **more: object) -> None:
        if self.name == "lines":
            raise OSError(errno.EROFS, "Read-only file system", str(self))
        real_mkdir(self, *words, **more)  # type: ignore[arg-type]

    real_mkdir = Path.mkdir
    monkeypatch.setattr(Path, "mkdir", mkdir)
    errors = check_errors(capsys, ("render",), STOPPED, ("lines", "read-only"))
    assert len(errors) == 1


def test_full_disk_stops_the_job_and_the_next_run_goes_on(
    workplace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_project(workplace)
    runner = ToneRunner(n_encoders=1)
    monkeypatch.setattr(rendering, "_local_runner", lambda desk: runner)
    n_left = 2

    def replace(source: object, target: object, *more: object) -> None:
        nonlocal n_left
        if str(target).endswith(".wav"):
            n_left -= 1
            if n_left < 0:
                raise OSError(errno.ENOSPC, "No space left on device", str(target))
        return real_replace(source, target, *more)  # type: ignore[arg-type]

    real_replace = os.replace
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", replace)
        patched.setattr(Path, "replace", lambda self, target: replace(self, target))
        errors = check_errors(capsys, ("render",), STOPPED, ("a3.wav", "the disk is full"))
        assert len(errors) == 1
    assert len(runner.rendered) == 2
    assert main(["render"]) == 0
    assert sorted(runner.rendered) == ["a1", "a2", "a3", "a4"]
    assert not list(workplace.rglob("*.tmp*"))
