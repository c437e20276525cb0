"""Styles of voices, and sampling: what a line asks for, and what becomes of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gsvbatch.audio import read_tags
from gsvbatch.job import Action, Project, Reason, open_project, plan, render
from gsvbatch.render import SpeechRequest
from gsvbatch.voice import load_profile, save_profile
from tests.job.tones import SETTINGS, ToneRunner, make_project

SCRIPT = """id,speaker,text,情绪
a1,Anna,Hello there.,
a2,Anna,How lovely to see you again.,Happy
a3,Anna,I am so sorry to hear it.,难过
a4,Ben,Good evening to you all.,sleepy
"""


def make_style(root: Path, style: str, seed: int) -> None:
    """A style of the voice ``high``, with a style vector of its own."""
    voice = load_profile(root / "voices" / "high")
    vector = np.random.default_rng(seed).standard_normal(16).astype(np.float32)
    profile = replace(voice, style_name=style, style=vector, consent=None)
    save_profile(profile, root / "voices" / "high" / "styles" / style)


def styled(root: Path, *, script: str = SCRIPT, settings: str = SETTINGS) -> Project:
    project = make_project(root, script=script, settings=settings)
    make_style(root, "happy", 21)
    make_style(root, "难过", 22)
    return project


def spoken(project: Project) -> dict[str, SpeechRequest]:
    runner = ToneRunner()
    render(project, runner=runner)
    return {request.utterance.line_id: request for request in runner.speech.requests}


def edit(project: Project, old: str, new: str, name: str = "script.csv") -> Project:
    path = project.root / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return open_project(project.file)


def to_render(project: Project) -> dict[str, Reason]:
    return {row.line_id: row.reason for row in plan(project).with_action(Action.RENDER)}


def test_each_line_is_spoken_in_its_style(tmp_path: Path) -> None:
    requests = spoken(styled(tmp_path))
    assert [requests[line].voice.name for line in ("a1", "a2", "a3", "a4")] == [
        "high",
        "high/happy",
        "high/难过",
        "low",
    ]
    assert len({request.voice.digest for request in requests.values()}) == 4
    assert len({request.voice.models for request in requests.values()}) == 1
    folder = requests["a2"].voice.folder
    assert load_profile(folder).digest.startswith(requests["a2"].voice.digest)


def test_files_are_tagged_with_style_and_person(tmp_path: Path) -> None:
    script = "id,text,style\na1,How lovely to see you again.,happy\n"
    settings = SETTINGS.replace("speakers: {Anna: high, Ben: low}", "default_voice: high")
    project = styled(tmp_path, script=script, settings=settings)
    spoken(project)
    tags = read_tags(project.output / "lines" / "a1.wav")
    assert (tags.voice, tags.speaker) == ("high/happy", "high")


def test_another_style_is_another_take_of_that_line_alone(tmp_path: Path) -> None:
    project = styled(tmp_path)
    spoken(project)
    assert to_render(project) == {}
    project = edit(project, ",Happy", ",难过")
    assert to_render(project) == {"a2": Reason.VOICE}
    (row,) = plan(project).with_action(Action.RENDER)
    assert row.detail.startswith("high/happy -> high/难过")
    spoken(project)
    project = edit(project, "again.,难过", "again.,default")
    assert spoken(project)["a2"].voice.name == "high"


def test_a_style_enrolled_again_concerns_its_lines(tmp_path: Path) -> None:
    project = styled(tmp_path)
    spoken(project)
    make_style(tmp_path, "happy", 99)
    assert to_render(open_project(project.file)) == {"a2": Reason.VOICE}


def test_a_note_to_the_reader_is_no_reason_to_render(tmp_path: Path) -> None:
    project = styled(tmp_path)
    spoken(project)
    assert to_render(edit(project, "sleepy", "wide awake")) == {}


def test_an_unknown_style_blocks_its_line_and_names_those_there_are(tmp_path: Path) -> None:
    project = edit(styled(tmp_path), "Happy", "angry")
    (row,) = plan(project).with_action(Action.BLOCKED)
    assert (row.line_id, row.reason) == ("a2", Reason.BAD_VOICE)
    assert "has no style 'angry', only default, happy, 难过" in row.detail
    assert set(spoken(project)) == {"a1", "a3", "a4"}


def test_the_project_translates_words_into_styles(tmp_path: Path) -> None:
    cast = "speakers: {Anna: {voice: high, style: happy, styles: {ANGRY: 难过}}, Ben: low}"
    settings = SETTINGS.replace("speakers: {Anna: high, Ben: low}", cast)
    project = styled(tmp_path, script=SCRIPT.replace("Happy", "angry"), settings=settings)
    requests = spoken(project)
    assert [requests[line].voice.name for line in ("a1", "a2")] == ["high/happy", "high/难过"]


def test_consent_of_the_voice_holds_for_its_styles(tmp_path: Path) -> None:
    project = styled(tmp_path)
    path = tmp_path / "voices" / "high" / "voice.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("consent:\n", "consent:\n  revoked_at: 2020-01-01\n"), "utf-8")
    blocked = plan(project).with_action(Action.BLOCKED)
    assert [row.line_id for row in blocked] == ["a1", "a2", "a3"]
    assert all("withdrew consent" in row.detail for row in blocked)


SAMPLED = """id,speaker,text,top_k,top_p,温度,repetition_penalty,语速,seed
a1,Anna,Hello there.,,,,,,
a2,Anna,How lovely to see you again.,7,0.9,0.5,1.1,1.2,42
a3,Ben,Good evening to you all.,,,,,,
"""


def test_the_nearer_to_the_line_the_stronger(tmp_path: Path) -> None:
    cast = "speakers: {Anna: {voice: high, top_k: 5, ref_free: true, speed_factor: 1.1}, Ben: low}"
    settings = SETTINGS.replace("speakers: {Anna: high, Ben: low}", cast)
    settings += "sampling: {top_k: 9, repetition_penalty: 1.2}\n"
    project = make_project(tmp_path, script=SAMPLED, settings=settings)
    for name, temperature in (("high", "0.7"), ("low", "0.8, top_k: 3, speed_factor: 0.9")):
        path = tmp_path / "voices" / name / "voice.yaml"
        path.write_text(
            path.read_text(encoding="utf-8") + f"sampling: {{temperature: {temperature}}}\n",
            "utf-8",
        )
    requests = spoken(project)
    found = {
        line: (s.top_k, s.top_p, s.temperature, s.repetition_penalty, s.speed, s.ref_free)
        for line, s in ((line, request.sampling) for line, request in requests.items())
    }
    assert found == {
        "a1": (5, 1.0, 0.7, 1.2, 1.1, True),
        "a2": (7, 0.9, 0.5, 1.1, 1.2, True),
        "a3": (9, 1.0, 0.8, 1.2, 0.9, False),
    }
    assert to_render(edit(project, "7,0.9", "8,0.9")) == {"a2": Reason.SAMPLING}


@pytest.mark.parametrize("place", ["text", "sampling"])
def test_names_of_api_v2_cut_lines_and_part_them(tmp_path: Path, place: str) -> None:
    script = 'id,speaker,text\na1,Anna,"Hello there, my friend. How are you today, my dear?"\n'
    project = make_project(tmp_path, script=script)
    assert [u.pause_after for u in _utterances(project)] == [0.3, 0.0]
    settings = f"{place}: {{text_split_method: cut5, fragment_interval: 0.7}}\n"
    project = edit(project, "speakers:", settings + "speakers:", "gsvbatch.yaml")
    assert [u.pause_after for u in _utterances(project)] == [0.7, 0.7, 0.7, 0.0]


def _utterances(project: Project) -> list[object]:
    runner = ToneRunner()
    render(project, runner=runner, force=True)
    utterances = [request.utterance for request in runner.speech.requests]
    return sorted(utterances, key=lambda utterance: utterance.index)
