"""Voices by name, whether they still fit their models, and whether they may speak."""

import shlex
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from gsvbatch.errors import VoiceError
from gsvbatch.gsv.source import ModelSource
from gsvbatch.voice import Consent, Relation, VoiceLibrary, profile_problems, require_models
from gsvbatch.voice import save_profile as save
from tests import toy

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> ModelSource:
    return toy.toy_models(tmp_path_factory.mktemp("models"))


def test_the_first_folder_wins(tmp_path: Path, source: ModelSource) -> None:
    toy.toy_voice(tmp_path / "mine", source, "anna", seed=1)
    toy.toy_voice(tmp_path / "theirs", source, "anna", seed=2)
    toy.toy_voice(tmp_path / "theirs", source, "bert", seed=3)
    library = VoiceLibrary([tmp_path / "mine", tmp_path / "theirs", tmp_path / "no"], shipped=False)
    assert library.names() == ("anna", "bert")
    assert library.folder("anna") == tmp_path / "mine" / "anna"
    assert library.get("anna").digest == toy.toy_profile(source, seed=1).digest
    assert library.get("anna") is library.get("anna")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ana", r"no such voice; did you mean anna\?"),
        ("zzz", "no such voice; there are anna"),
        ("../anna", "cannot be the name of a voice"),
        ("", "cannot be the name of a voice"),
    ],
)
def test_unknown_names_are_explained(
    tmp_path: Path, source: ModelSource, name: str, message: str
) -> None:
    toy.toy_voice(tmp_path, source, "anna")
    with pytest.raises(VoiceError, match=message):
        VoiceLibrary([tmp_path], shipped=False).get(name)


def test_an_empty_library_says_how_to_fill_it(tmp_path: Path) -> None:
    with pytest.raises(VoiceError, match="`gsvbatch voice enroll` makes one"):
        VoiceLibrary([tmp_path], shipped=False).get("anna")


def make_style(voices: Path, source: ModelSource, name: str, style: str, seed: int) -> None:
    profile = replace(toy.toy_profile(source, name, seed), style_name=style, consent=None)
    save(profile, voices / name / "styles" / style)


def test_styles_are_found_by_what_scripts_call_them(tmp_path: Path, source: ModelSource) -> None:
    toy.toy_voice(tmp_path, source, "anna", seed=1)
    for number, style in enumerate(("Happy", "难过"), start=2):
        make_style(tmp_path, source, "anna", style, number)
    library = VoiceLibrary([tmp_path], shipped=False)
    assert library.names() == ("anna",)
    assert library.styles("anna") == ("Happy", "难过")
    assert library.style("anna", "ｈappy ") == "Happy"
    assert library.style("anna", "") == library.style("anna", "Default") == ""
    digests = {library.get("anna", style).digest for style in ("", "Happy", "难过")}
    assert len(digests) == 3
    with pytest.raises(
        VoiceError, match="has no style 'angry', only default, Happy, 难过; use one"
    ):
        library.style("anna", "angry")


def test_a_voice_without_styles_takes_any_word_for_a_note(
    tmp_path: Path, source: ModelSource
) -> None:
    toy.toy_voice(tmp_path, source, "anna")
    assert VoiceLibrary([tmp_path], shipped=False).style("anna", "happy") == ""


def test_style_of_other_models_is_refused_with_the_command(
    tmp_path: Path, source: ModelSource
) -> None:
    profile = replace(
        toy.toy_profile(source, "anna"),
        style_name="happy",
        transcript="",
        reference="reference.flac",
        timbre="timbre.flac",
        also=("also-1.flac",),
    )
    folder = tmp_path / "anna" / "styles" / "happy"
    other = toy.toy_models(tmp_path / "other", seed=40)
    with pytest.raises(VoiceError, match="'anna/happy': was made with another") as caught:
        require_models(profile, other.digests(), folder, other)
    command = str(caught.value).partition("enroll it again: ")[2]
    assert shlex.split(command) == [
        "gsvbatch", "voice", "enroll", "anna",
        "--reference", str(folder / "reference.flac"),
        "--ref-free",
        "--language", "zh",
        "--timbre", str(folder / "timbre.flac"),
        "--also", str(folder / "also-1.flac"),
        "--style", "happy",
        "--voices", str(tmp_path),
        "--replace",
    ]  # fmt: skip


def test_voice_of_other_models_is_refused_with_the_command(
    tmp_path: Path, source: ModelSource
) -> None:
    profile = replace(
        toy.toy_profile(source, "anna"),
        reference="reference.flac",
        transcript="it's «me»",
        models=source,
    )
    save(profile, tmp_path / "anna")
    require_models(profile, source.digests(), tmp_path / "anna")
    other = toy.toy_models(tmp_path / "other", seed=40)
    with pytest.raises(VoiceError, match="another GPT and SoVITS model") as caught:
        require_models(profile, other.digests(), tmp_path / "anna", other)
    command = str(caught.value).partition("enroll it again: ")[2]
    assert shlex.split(command) == [
        "gsvbatch", "voice", "enroll", "anna",
        "--reference", str(tmp_path / "anna" / "reference.flac"),
        "--transcript", "it's «me»",
        "--language", "zh",
        "--voices", str(tmp_path),
        "--replace",
        "--t2s", str(other.t2s),
        "--synthesizer", str(other.synthesizer),
    ]  # fmt: skip


def test_only_the_pair_that_speaks_must_match(source: ModelSource) -> None:
    profile = toy.toy_profile(source)
    enrolled_with = replace(profile, digests=replace(profile.digests, content="ab" * 32))
    require_models(enrolled_with, source.digests(), Path("anna"))


def test_check_tells_everything_at_once(tmp_path: Path, source: ModelSource) -> None:
    profile = replace(toy.toy_profile(source, "anna"), reference="reference.flac", consent=None)
    problems = profile_problems(profile, tmp_path / "hanna", toy.toy_models(tmp_path / "m", 9))
    assert [problem.split(": ")[1][:24] for problem in problems] == [
        "was made with another GP", "has no consent record; a", "reference.flac is missin", "its folder is called han",
    ]  # fmt: skip
    assert profile_problems(toy.toy_profile(source, "anna"), tmp_path / "anna", source) == ()


def test_missing_models_are_a_problem_not_a_crash(tmp_path: Path, source: ModelSource) -> None:
    gone = ModelSource(tmp_path / "a.ckpt", tmp_path / "b.pth")
    problems = profile_problems(toy.toy_profile(source, "anna"), tmp_path / "anna", gone)
    assert problems == (
        f"{tmp_path / 'a.ckpt'}: no such file; mend the path, or put the file there",
    )


@pytest.mark.parametrize(
    ("consent", "problem"),
    [
        (None, "has no consent record"),
        (Consent(subject="x", relation=Relation.SELF), None),
        (Consent(subject="x", relation=Relation.UNRECORDED, attested_by="me"), None),
        (Consent(subject="x", relation=Relation.LICENSED, until=date(2026, 11, 22)), None),
        (Consent(subject="x", relation=Relation.LICENSED, until=date(2026, 11, 21)), "ended on 2026-11-21"),
        (Consent(subject="x", relation=Relation.LICENSED, revoked_at=date(2026, 11, 22)), "withdrew consent"),
        (Consent(subject="x", relation=Relation.LICENSED, revoked_at=date(2027, 1, 1)), None),
    ],
)  # fmt: skip
def test_consent(source: ModelSource, consent: Consent | None, problem: str | None) -> None:
    found = replace(toy.toy_profile(source), consent=consent).consent_problem(TODAY)
    assert (found is None) == (problem is None)
    assert problem is None or problem in (found or "")
