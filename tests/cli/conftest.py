"""Runs commands in this process, as the shell would, and projects to run them in."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from gsvbatch.cli.main import main
from gsvbatch.job import rendering
from tests.job.tones import SETTINGS, ToneRunner, make_project

BAD_INPUT, STOPPED = 2, 4

WORKS = SETTINGS + "assemble: {formats: [wav], subtitles: [srt]}\n"


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("error: ")]


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def _run(*words: object) -> Ran:
        capsys.readouterr()
        code = main([str(word) for word in words])
        out, err = capsys.readouterr()
        return Ran(int(code), out, err)

    return _run


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> ToneRunner:
    runner = ToneRunner()
    monkeypatch.setattr(rendering, "_local_runner", lambda desk: runner)
    return runner


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of tones whose lines are assembled to a work."""
    monkeypatch.chdir(tmp_path)
    make_project(tmp_path, settings=WORKS)
    return tmp_path


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is empty yet."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))


def check_errors(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, says: tuple[str, ...]
) -> list[str]:
    """Run a command that must fail, and return its errors."""
    capsys.readouterr()
    found = main(list(words))
    _, err = capsys.readouterr()
    errors = [line for line in err.splitlines() if line.startswith("error: ")]
    assert found == code, err
    assert errors, err
    assert "Traceback" not in err
    assert "unexpected" not in err
    told = "\n".join(errors)
    for part in says:
        assert part in told, told
    return errors
