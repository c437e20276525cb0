import sqlite3
from contextlib import closing

import pytest

from gsvbatch.errors import ManifestError
from gsvbatch.job import Action, Project, list_lines, plan, render, rescan, retake
from gsvbatch.manifest import Manifest, database
from tests.job.test_plan import changed
from tests.job.tones import ToneRunner, snapshot


def lose_manifest(project: Project) -> None:
    for path in project.output.glob("manifest.sqlite*"):
        path.unlink()


def test_a_lost_manifest_comes_back_from_the_tags(project: Project) -> None:
    render(project, runner=ToneRunner())
    retake(project, ["a1"])
    render(project, runner=ToneRunner())
    before = snapshot(project)
    lose_manifest(project)
    report = rescan(project)
    assert (report.n_files, report.n_adopted) == (5, 5)
    assert changed(project) == {}
    render(project, runner=ToneRunner())
    assert snapshot(project) == before


def test_lines_are_shown_before_the_scripts_are_read_again(project: Project) -> None:
    render(project, runner=ToneRunner())
    lose_manifest(project)
    rescan(project)
    shown = {line.id: (line.speaker, line.text) for line in list_lines(project)}
    assert shown["a2"] == ("Ben", "Good morning, how are you?")


def test_a_second_rescan_finds_nothing_new(project: Project) -> None:
    render(project, runner=ToneRunner())
    report = rescan(project)
    assert (report.n_adopted, report.n_known, report.n_missing) == (0, 4, 0)


def test_missing_and_foreign_files_are_counted(project: Project) -> None:
    render(project, runner=ToneRunner())
    lines = project.output / "lines"
    (lines / "a1.wav").unlink()
    (lines / "foreign.wav").write_bytes(b"RIFF\x04\0\0\0WAVE")
    report = rescan(project)
    assert report.n_missing == 1
    assert report.skipped == ("lines/foreign.wav",)


def test_a_damaged_manifest_is_set_aside(project: Project) -> None:
    render(project, runner=ToneRunner())
    lose_manifest(project)
    project.manifest_path.write_bytes(b"not a database at all")
    assert rescan(project).n_adopted == 4
    aside = project.output / "manifest.damaged-1.sqlite"
    assert aside.read_bytes() == b"not a database at all"
    assert {row.action for row in plan(project).rows} == {Action.KEEP}


def test_what_sqlite_kept_beside_a_damaged_manifest_goes_with_it(project: Project) -> None:
    render(project, runner=ToneRunner())
    lose_manifest(project)
    project.manifest_path.write_bytes(b"not a database at all")
    project.manifest_path.with_name("manifest.sqlite-wal").write_bytes(b"the last rows")
    rescan(project)
    aside = project.output / "manifest.damaged-1.sqlite-wal"
    assert aside.read_bytes() == b"the last rows"


def test_a_manifest_that_is_held_is_not_damaged(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    render(project, runner=ToneRunner())
    monkeypatch.setattr(database, "BUSY_TIMEOUT", 0.0)
    with closing(sqlite3.connect(project.manifest_path, isolation_level=None)) as holder:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ManifestError) as rendering:
            render(project, runner=ToneRunner())
        with pytest.raises(ManifestError, match="held by another program; close it") as caught:
            rescan(project)
        assert str(caught.value) == str(rendering.value)
        holder.execute("COMMIT")
    assert list(project.output.glob("manifest.damaged*")) == []
    assert {row.action for row in plan(project).rows} == {Action.KEEP}


def test_numbered_lines_keep_their_numbers_after_a_rescan(project: Project) -> None:
    script = project.root / "script.csv"
    script.write_text("speaker,text\nAnna,One.\nBen,Two.\nAnna,Three.\n", encoding="utf-8")
    render(project, runner=ToneRunner())
    lose_manifest(project)
    rescan(project)
    script.write_text(
        "speaker,text\nAnna,Zero.\nAnna,One.\nBen,Two.\nAnna,Three.\n", encoding="utf-8"
    )
    assert changed(project) == {"script-0004": (Action.RENDER, "new")}
    with Manifest(project.manifest_path) as manifest:
        assert len(manifest.lines()) == 3
