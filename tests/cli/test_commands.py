"""What is done with rendered lines: listed, taken again, picked, assembled; and every command's JSON."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.job.tones import SCRIPT, ToneRunner


def test_status_and_ls(run: Run, folder: Path, runner: ToneRunner) -> None:
    before = run("status")
    assert before.code == 0
    assert "nothing has been rendered yet" in before.out
    run("render")
    status = run("status").out
    assert "4 done" in status
    assert "Anna 2, Ben 2" in status
    assert "completed" in status
    listed = run("ls", "speaker:Anna")
    assert "a1" in listed.out
    assert "a2" not in listed.out
    assert run("ls", "--format", "{id}={speaker}").out.splitlines()[1] == "a2=Ben"
    assert run("ls", "--sort", "-duration", "--format", "{id}").out.splitlines()[0] == "a3"


def test_retake_pick_and_accept(run: Run, folder: Path, runner: ToneRunner) -> None:
    run("render")
    assert "1 line marked: a1" in run("retake", "a1").out
    runner.rendered.clear()
    run("render")
    assert runner.rendered == ["a1"]
    takes = run("pick", "a1").out.splitlines()
    assert len(takes) == 3
    assert takes[2].startswith("*")
    assert "take 1" in run("pick", "a1", 1).out
    assert "up to date" in run("plan", "--only", "id:a1").out
    (folder / "script.csv").write_text(SCRIPT.replace("Goodbye", "Farewell"), encoding="utf-8")
    assert "1 line accepted: a4" in run("accept", "a4").out
    assert "4 up to date" in run("plan").out


def test_assemble_again_and_rescan(run: Run, folder: Path, runner: ToneRunner) -> None:
    run("render")
    current = run("assemble")
    assert current.code == 0
    assert "nothing to write" in current.out
    forced = run("assemble", "--force", "--format", "flac", "--subtitles", "vtt")
    assert f"wrote {Path('outputs', 'works', 'script.flac')}" in forced.out
    for path in (folder / "outputs").glob("manifest.sqlite*"):
        path.unlink()
    assert "4 adopted" in run("rescan").out
    assert "4 up to date" in run("plan").out


def test_ids_written_after_a_render_keep_every_file(
    run: Run, folder: Path, runner: ToneRunner
) -> None:
    nameless = "speaker,text\nAnna,Hello there.\nBen,Good morning.\n"
    (folder / "script.csv").write_text(nameless, encoding="utf-8")
    assert run("render").code == 0
    before = sorted(path.name for path in (folder / "outputs" / "lines").iterdir())
    assert "2 ids written" in run("script", "ids").out
    assert "script-0001" in (folder / "script.csv").read_text(encoding="utf-8")
    assert "2 lines: 2 up to date" in run("plan").out
    assert sorted(path.name for path in (folder / "outputs" / "lines").iterdir()) == before


@pytest.mark.parametrize(
    "words",
    [
        ["plan"],
        ["status"],
        ["ls"],
        ["pick", "a1"],
        ["pick", "a1", "1"],
        ["retake", "a1"],
        ["accept", "a1"],
        ["assemble"],
        ["rescan"],
        ["render"],
        ["script", "check"],
        ["script", "ids"],
        ["voice", "list"],
        ["voice", "show", "high"],
        ["voice", "check", "high"],
        ["say", "hello there", "-v", "high", "-o", "x.wav"],
        ["doctor"],
    ],
    ids=" ".join,
)
def test_json_is_all_that_stands_on_stdout(
    run: Run, folder: Path, runner: ToneRunner, words: list[str]
) -> None:
    run("render")
    ran = run(*words, "--json")
    assert ran.out.strip()
    for line in ran.out.splitlines():
        json.loads(line)
    if words[0] not in {"voice", "doctor"}:
        assert ran.code == 0, ran.err
