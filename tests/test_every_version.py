"""Whole jobs with every version of GPT-SoVITS: a clip enrolled, lines rendered, at the version's rate."""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gsvbatch.audio import read_audio
from gsvbatch.cli.main import main
from gsvbatch.gsv.source import ModelSource
from gsvbatch.voice import load_profile
from tests import toy
from tests.toy_versions import SPEAKER_ENCODER, VERSIONS, save_version
from tests.voice.test_enrolling import clip, speech

RATES = {"v3": 24000, "v4": 48000}
SCRIPT = "id,text\na1,Good morning to all of you.\na2,See you tomorrow at nine.\n"
SETTINGS = """\
scripts: script.csv
default_voice: anna
album: {date: 2026-01-01}
audio: {format: wav, trim: false, preset: none}
sampling: {sample_steps: 2}
engine: {device: cpu}
retries: 0
"""

Run = Callable[..., tuple[int, str, str]]

pytestmark = pytest.mark.slow


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def _run(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(word) for word in words])
        return int(code), *capsys.readouterr()

    return _run


def make_project(root: Path, version: str) -> ModelSource:
    """A project with a script, a clip, and models of a version in their published containers."""
    source = save_version(root / "models", version)
    hubert = root / "models" / "chinese-hubert-base"
    toy.save_hubert(hubert, toy.toy_hubert())
    clip(root / "anna.wav", speech(4.0))
    (root / "script.csv").write_text(SCRIPT, encoding="utf-8")
    (root / "gsvbatch.yaml").write_text(SETTINGS, encoding="utf-8")
    return replace(source, content=hubert)


def options(source: ModelSource) -> list[object]:
    words: list[object] = []
    for name, value in asdict(source).items():
        if value is not None:
            words += [f"--{name.replace('_', '-')}", value]
    return words


ENROLL = (
    "voice", "enroll", "anna", "--reference", "anna.wav", "--consent", "self",
    "--transcript", "What was said in this clip, word for word.", "--language", "en",
)  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
def test_a_voice_of_its_own_models_speaks(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.chdir(tmp_path)
    source = make_project(tmp_path, version)
    code, _, err = run(*ENROLL, *options(source))
    assert code == 0, err
    profile = load_profile(tmp_path / "voices" / "anna")
    assert profile.models is not None
    assert profile.models.version == source.version
    assert (profile.speaker_embedding is not None) == ("Pro" in version)
    if profile.speaker_embedding is not None:
        assert profile.speaker_embedding.shape == (SPEAKER_ENCODER.width,)
    label = version.removesuffix("-lora")
    n_frames = {"v3": 375, "v4": 400}.get(label)
    assert n_frames == (None if profile.reference_mel is None else profile.reference_mel.shape[1])
    assert run("voice", "check", "anna")[0] == 0

    code, out, err = run("render")
    assert "2 lines: 2 rendered" in out, err
    for line_id in ("a1", "a2"):
        waveform = read_audio(tmp_path / "outputs" / "lines" / f"{line_id}.wav")
        assert waveform.sample_rate == RATES.get(label, 32000)
        assert np.abs(waveform.samples).max() > 0.001
    assert "2 up to date" in run("plan")[1]
    steps = run("plan", "--set", "sampling.sample_steps=3")[1]
    assert ("2 to render" if label in RATES else "2 up to date") in steps


@pytest.mark.parametrize("version", ["v2ProPlus", "v4-lora", "v3"])
def test_a_project_names_all_that_its_pair_needs(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.chdir(tmp_path)
    source = make_project(tmp_path, version)
    named = [f"  {k}: {v}" for k, v in asdict(source).items() if v is not None]
    settings = SETTINGS + "models:\n" + "\n".join(named) + "\n"
    (tmp_path / "gsvbatch.yaml").write_text(settings, encoding="utf-8")
    assert run(*ENROLL)[0] == 0
    assert load_profile(tmp_path / "voices" / "anna").models is None
    assert "2 lines: 2 rendered" in run("render")[1]

    # Another vocoder or base is another sound: the voice has to be made for it.
    if source.base is not None:
        toy.save_pth(source.base, other_base(), version=None)
        code, _, err = run("render")
        assert code != 0
        assert "was made with another base model" in err
        assert "gsvbatch voice enroll anna" in err


def other_base() -> Any:
    from tests.toy_versions import toy_mel_synthesizer

    return toy_mel_synthesizer("v4", 77)


def test_enrolling_for_a_pro_model_needs_the_speaker_encoder(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = replace(make_project(tmp_path, "v2Pro"), speaker_encoder=None)
    code, _, err = run(*ENROLL, *options(source))
    assert code == 2
    assert "is a v2Pro model, which needs a speaker encoder" in err
    assert "--speaker-encoder" in err


@pytest.mark.parametrize(("version", "lacking"), [("v2Pro", "speaker"), ("v4", "mel")])
def test_a_voice_without_what_its_models_need_is_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, lacking: str
) -> None:
    from gsvbatch.voice import save_profile

    monkeypatch.chdir(tmp_path)
    source = make_project(tmp_path, version)
    assert run(*ENROLL, *options(source))[0] == 0
    folder = tmp_path / "voices" / "anna"
    bare = replace(load_profile(folder), speaker_embedding=None, reference_mel=None)
    save_profile(bare, folder)
    code, _, err = run("render")
    assert code == 2
    assert f"has no {lacking}" in err
    assert f"which a {version} model needs; enroll it again: gsvbatch voice enroll anna" in err
    assert str(source.synthesizer) in err


def test_timbre_of_several_clips_is_averaged_with_their_speaker_embeddings(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = make_project(tmp_path, "v2Pro")
    clip(tmp_path / "again.wav", speech(5.0, peak=0.3))
    made = {}
    for name, words in {
        "one": ("--timbre", "anna.wav"),
        "two": ("--timbre", "again.wav"),
        "both": ("--also", "again.wav"),
    }.items():
        assert run("voice", "enroll", name, *ENROLL[3:], *words, *options(source))[0] == 0
        made[name] = load_profile(tmp_path / "voices" / name)
    for tensor in ("style", "speaker_embedding"):
        one, two, both = (getattr(made[name], tensor) for name in ("one", "two", "both"))
        assert np.abs(one - two).max() > 1e-3
        np.testing.assert_allclose(both, (one + two) / 2, atol=1e-5)


def test_models_that_continue_a_clip_need_its_words(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = make_project(tmp_path, "v4")
    words = ("--reference", "anna.wav", "--ref-free", "--language", "en", "--consent", "self")
    code, _, err = run("voice", "enroll", "anna", *words, *options(source))
    assert code == 2
    assert "needs a transcript: a v4 model continues what the clip says" in err
    assert run(*ENROLL, *options(source))[0] == 0
    code, _, err = run("render", "--set", "sampling.ref_free=true")
    assert code == 3
    assert "the voice has no prompt, and a v4 model continues one" in err


def test_voices_of_different_rates_are_joined_into_one_work(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = ["id,speaker,text"]
    for version in ("v2", "v3", "v4"):
        source = make_project(tmp_path / version, version)
        words = ("--reference", tmp_path / version / "anna.wav", *ENROLL[5:])
        assert run("voice", "enroll", version, *words, *options(source))[0] == 0
        rows.append(f"{version},{version},Good morning to all of you.")
    (tmp_path / "script.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    settings = SETTINGS.replace("default_voice: anna", "speakers: {v2: v2, v3: v3, v4: v4}")
    settings += "assemble: {formats: [wav]}\nlabel: {explicit: 'off'}\n"
    (tmp_path / "gsvbatch.yaml").write_text(settings, encoding="utf-8")
    _, out, err = run("render")
    assert "3 lines: 3 rendered" in out, err
    lines = [read_audio(tmp_path / "outputs" / "lines" / f"{v}.wav") for v in ("v2", "v3", "v4")]
    assert [line.sample_rate for line in lines] == [32000, 24000, 48000]
    work = read_audio(tmp_path / "outputs" / "works" / "script.wav")
    assert work.sample_rate == 48000
    pauses = 0.5 + 2 * 0.7 + 1.0
    assert work.duration == pytest.approx(sum(line.duration for line in lines) + pauses, abs=0.1)


def test_a_version_that_is_none_is_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make_project(tmp_path, "v2")
    code, _, err = run(*ENROLL, "--t2s", "a", "--synthesizer", "b", "--version", "v9")
    assert code == 2
    assert "--version v9: not known; allowed: v1, v2, v2Pro, v2ProPlus, v3, v4" in err
