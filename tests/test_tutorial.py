"""The tutorial and the README are typed in, command by command, with a runner that speaks tones."""

import re
import shlex
from pathlib import Path

import pytest

from gsvbatch.cli.main import main
from gsvbatch.gsv.source import ModelSource
from gsvbatch.job import rendering, voices
from gsvbatch.voice import library
from tests.job.tones import ToneRunner, make_project, make_voice

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# Need a clip of a person's voice, or whole models; tests of the commands themselves have both.
SKIPPED = ("voice enroll", "voice preview", "say", "demo")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose embedded model speaks tones, with such voices under the names of those that ship."""
    tones = tmp_path / "tones"
    make_project(tones)
    for number, name in enumerate(library.VoiceLibrary([]).names(), 3):
        make_voice(tones, name, number)
    models = ModelSource(tones / "t2s.ckpt", tones / "synthesizer.pth")
    monkeypatch.setattr(voices, "embedded_source", lambda: models)
    monkeypatch.setattr(library, "shipped_folders", lambda: (tones / "voices",))
    monkeypatch.setattr(rendering, "_local_runner", lambda desk: ToneRunner())
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    return home


def type_in(page: Path, monkeypatch: pytest.MonkeyPatch, *, line_id: str) -> list[str]:
    """Do what a page says, from top to bottom; returns the commands that were run."""
    ran = []
    for kind, block in BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind == "markdown" and Path("story.md").is_file():
            Path("story.md").write_text(block, encoding="utf-8")
        if kind != "sh":
            continue
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["cd"]:
                monkeypatch.chdir(words[1])
            elif words[:1] == ["gsvbatch"] and not line.startswith(
                tuple(f"gsvbatch {name}" for name in SKIPPED)
            ):
                words = [line_id if word == "ID" else word for word in words[1:]]
                assert main(words) == 0, line
                ran.append(" ".join(words))
    return ran


def test_tutorial(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = type_in(ROOT / "docs" / "tutorial.md", monkeypatch, line_id="")
    project = machine / "lighthouse"
    assert len(ran) > 12
    assert (project / "outputs" / "works" / "story.m4b").is_file()
    assert (project / "outputs" / "works" / "01 Arrival.mp3").is_file()
    assert (project / "outputs" / "works" / "02 The lamp.lrc").is_file()
    assert "story-0003" in (project / "story.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_readme(machine: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    ran = type_in(ROOT / name, monkeypatch, line_id="story-0001")
    assert "retake story-0001" in ran
    assert (machine / "my-book" / "outputs" / "lines" / "story-0001.flac").is_file()
