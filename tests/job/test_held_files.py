"""An output file that another program holds: its line fails, the job goes on."""

import errno
import os
from pathlib import Path

import pytest

from gsvbatch.audio import storage
from gsvbatch.audio.storage import HeldFileError
from gsvbatch.job import ExitCode, Project, list_lines, render
from gsvbatch.job.files import OutputFolder
from tests.job.tones import ToneRunner


def hold(monkeypatch: pytest.MonkeyPatch, name: str | None, *, times: int = 1_000) -> None:
    """Refuse so many times to rename anything to a name, or to any if it is None, as Windows does."""
    rename, left = Path.replace, [times]

    def replace(source: Path, target: Path) -> Path:
        if name in (None, Path(target).name) and left[0]:
            left[0] -= 1
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(source))
        return rename(source, target)

    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(storage, "_HELD_WAITS", (0.0,))


def test_a_held_file_fails_its_line_alone(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    render(project, runner=ToneRunner())
    held = project.output / "lines" / "a2.wav"
    before = held.read_bytes()
    script = project.root / "script.csv"
    text = script.read_text(encoding="utf-8")
    script.write_text(text.replace(".", "!").replace("?", "!"), encoding="utf-8")
    with monkeypatch.context() as while_held:
        hold(while_held, "a2.wav")
        report = render(project, runner=ToneRunner(n_encoders=1))
    assert report.exit_code is not ExitCode.STOPPED
    assert (report.stopped_by, report.n_rendered) == ("", 3)
    assert [(line.line_id, line.problem.partition(": ")[0]) for line in report.failed] == [
        ("a2", str(held))
    ]
    assert "another program holds it" in report.failed[0].problem
    assert held.read_bytes() == before
    report = render(project, runner=ToneRunner())
    assert (report.n_rendered, report.exit_code) == (1, ExitCode.DONE)
    assert held.read_bytes() != before
    assert {line.status for line in list_lines(project)} == {"done"}


def test_a_folder_that_cannot_be_written_stops_the_job(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(monkeypatch, None)
    report = render(project, runner=ToneRunner(n_encoders=1))
    assert report.exit_code is ExitCode.STOPPED
    assert "no permission" in report.stopped_by


def test_a_take_changes_places_once_its_file_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = OutputFolder(tmp_path)
    folder.prepare()
    line = folder.absolute("lines/a.wav")
    folder.absolute("takes/1.wav").write_bytes(b"new")
    line.write_bytes(b"old")
    hold(monkeypatch, "a.wav", times=1)
    folder.deliver("takes/1.wav", "lines/a.wav")
    assert line.read_bytes() == b"new"
    folder.absolute("takes/2.wav").write_bytes(b"newer")
    hold(monkeypatch, "a.wav")
    with pytest.raises(HeldFileError, match="another program holds it"):
        folder.deliver("takes/2.wav", "lines/a.wav")
    assert line.read_bytes() == b"new"
    assert not list(tmp_path.rglob(storage.LEFTOVER_PATTERN))
