"""`demo` renders every example and says where its files are."""

import json
from pathlib import Path

import pytest

from gsvbatch.job import rendering
from tests.cli.conftest import WORKS, Run
from tests.job.tones import SCRIPT, SETTINGS, ToneRunner, ToneSpeech, make_project


@pytest.fixture
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two examples that render in milliseconds."""
    for name, settings in (("bank", SETTINGS), ("story", WORKS)):
        make_project(tmp_path / "examples" / name, settings=settings)
    monkeypatch.setattr("gsvbatch.job.examples.asset_folder", lambda name: tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_demo_renders_every_example_and_says_where(
    run: Run, examples: Path, runner: ToneRunner
) -> None:
    ran = run("demo")
    assert ran.code == 0, ran.err
    output = Path("outputs", "demo")
    for part in (
        f"bank: 4 lines in {output / 'bank' / 'outputs'}",
        f"{output / 'story' / 'outputs' / 'works' / 'script.wav'}",
        "script.srt  subtitles",
        "x real time",
        "manifest.sqlite",
        "gsvbatch plan -p",
    ):
        assert part in ran.out, ran.out
    runner.rendered.clear()
    again = run("demo")
    assert again.code == 0
    assert runner.rendered == []
    assert "everything was there already" in again.out


def test_demo_speaks_anew_what_was_changed_in_its_copy(
    run: Run, examples: Path, runner: ToneRunner
) -> None:
    run("demo", "--output", "d")
    copy = examples / "d" / "story" / "script.csv"
    copy.write_text(SCRIPT.replace("Goodbye", "Farewell"), encoding="utf-8")
    runner.rendered.clear()
    assert run("demo", "--output", "d").code == 0
    assert runner.rendered == ["a4"]
    assert "Goodbye" in (examples / "examples" / "story" / "script.csv").read_text("utf-8")


def test_demo_is_well_when_every_line_has_audio(
    run: Run, examples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stubborn = ToneRunner(ToneSpeech(stubborn={"Goodbye": 99}))
    monkeypatch.setattr(rendering, "_local_runner", lambda desk: stubborn)
    ran = run("demo")
    assert ran.code == 0, ran.err
    assert "not spoken well: a4" in ran.out
    assert (examples / "outputs" / "demo" / "story" / "outputs" / "works" / "script.wav").is_file()


def test_demo_fails_when_a_line_has_none(
    run: Run, examples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mute = ToneRunner(ToneSpeech(mute=("Goodbye",)))
    monkeypatch.setattr(rendering, "_local_runner", lambda desk: mute)
    ran = run("demo")
    assert ran.code == 3
    assert any("the tone broke" in error for error in ran.errors)


def test_demo_json_names_every_file(run: Run, examples: Path, runner: ToneRunner) -> None:
    productions = json.loads(run("demo", "--json").out)
    assert [production["name"] for production in productions] == ["bank", "story"]
    for production in productions:
        assert production["exit_code"] == 0
        assert all(Path(path).is_file() for path in production["files"])
