"""The examples are whole projects: scripts without problems, and a voice for everybody."""

from pathlib import Path

import pytest

from gsvbatch.job import open_project
from gsvbatch.job.examples import copy_example, example_names
from gsvbatch.job.script_check import check_scripts
from gsvbatch.voice import VoiceLibrary


def test_there_is_a_narration_a_lesson_and_a_dialogue() -> None:
    assert example_names() == ("dialogue", "lesson", "narration")


@pytest.mark.parametrize("name", example_names())
def test_example_is_whole(name: str, tmp_path: Path) -> None:
    project = open_project(copy_example(name, tmp_path / name))
    found = check_scripts(project)
    assert found.problems == ()
    assert found.voiceless == ()
    assert len(project.scripts) == 1
    config = project.config
    voices = {speaker.voice for speaker in config.speakers.values()}
    voices |= {config.default_voice} if config.default_voice else set()
    assert voices <= set(VoiceLibrary([]).names())


def test_copying_an_example_keeps_what_was_edited(tmp_path: Path) -> None:
    copy_example("narration", tmp_path)
    (tmp_path / "story.md").write_text("# Mine\n", encoding="utf-8")
    (tmp_path / "gsvbatch.yaml").unlink()
    assert copy_example("narration", tmp_path).is_file()
    assert (tmp_path / "story.md").read_text(encoding="utf-8") == "# Mine\n"
