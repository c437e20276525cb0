"""What a voice's level is measured on, where its own language cannot be read."""

from dataclasses import replace
from pathlib import Path

import pytest

from gsvbatch.data import Utterance
from gsvbatch.errors import MissingExtraError
from gsvbatch.job import ExitCode, Project, render
from gsvbatch.job.phonemes import PROBE_TEXTS, Phonemizer, SymbolVersion
from gsvbatch.manifest import Manifest
from gsvbatch.text import frontend
from gsvbatch.voice import load_profile, save_profile
from tests.job.tones import SETTINGS, ToneRunner, make_project

LEVELLED = SETTINGS.replace("preset: none", "preset: game")


def korean_voice(root: Path, settings: str) -> Project:
    """A project whose Anna has a Korean voice, although she says nothing in Korean."""
    project = make_project(root, settings=settings)
    set_language(project, "high", "ko")
    return project


def set_language(project: Project, voice: str, language: str) -> None:
    folder = project.root / "voices" / voice
    save_profile(replace(load_profile(folder), language=language), folder)


@pytest.fixture(autouse=True)
def no_korean(monkeypatch: pytest.MonkeyPatch, dictionaries_are_read_once: None) -> None:
    make = frontend._make_frontend

    def without(span: frontend.Span, symbols: frontend.SymbolVersion) -> object:
        if span.language == "ko":
            raise MissingExtraError("Korean", "ko")
        return make(span, symbols)

    monkeypatch.setattr(frontend, "_make_frontend", without)


def test_a_voice_is_measured_in_the_language_that_it_speaks(tmp_path: Path) -> None:
    runner = ToneRunner()
    report = render(korean_voice(tmp_path, LEVELLED), runner=runner)
    assert (report.exit_code, report.n_rendered) == (ExitCode.DONE, 4)
    said = {r.id: r.utterance.text for r in runner.speech.requests if r.id.startswith("level of")}
    assert said == {f"level of {voice}": PROBE_TEXTS["en"] for voice in ("high", "low")}


def test_nothing_is_measured_without_a_preset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Phonemizer, "probe", lambda *_: pytest.fail("a probe was read"))
    report = render(korean_voice(tmp_path, SETTINGS), runner=ToneRunner())
    assert (report.exit_code, report.n_rendered) == (ExitCode.DONE, 4)


def test_a_voice_that_cannot_be_measured_fails_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = korean_voice(tmp_path, LEVELLED)
    set_language(project, "low", "zh")
    probe = Phonemizer.probe

    def missing(
        phonemizer: Phonemizer, language: str, symbols: SymbolVersion, manifest: Manifest
    ) -> Utterance:
        if language != "zh":
            raise MissingExtraError("Korean", "ko")
        return probe(phonemizer, "en", symbols, manifest)

    runner = ToneRunner()
    with monkeypatch.context() as without:
        without.setattr(Phonemizer, "probe", missing)
        report = render(project, runner=runner)
    assert (report.stopped_by, report.n_rendered) == ("", 2)
    assert {line.line_id for line in report.failed} == {"a1", "a3"}
    problem = report.failed[0].problem
    assert problem.startswith("the level of voice high cannot be measured: Korean needs an extra")
    assert 'pip install "gsvbatch[ko]"' in problem
    assert {request.voice.name for request in runner.speech.requests} == {"low"}
    report = render(project, runner=ToneRunner())
    assert (report.exit_code, report.n_rendered) == (ExitCode.DONE, 2)
