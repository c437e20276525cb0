"""From a clip to a profile, and what is said of clips that will not do."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from gsvbatch.audio import AudioFormat, Tags, read_audio, read_tags, write_audio
from gsvbatch.data import Waveform
from gsvbatch.errors import CheckpointError, ReferenceClipError, VoiceError
from gsvbatch.gsv.bundle import ModelBundle, load_bundle
from gsvbatch.voice import VoiceProfile, load_profile, require_models
from gsvbatch.voice.enrolling import Clips, enroll, keep_voice
from tests import toy
from tests.clips import speech


@dataclass(frozen=True)
class Spelled:
    phoneme_ids: tuple[int, ...]


class Speller:
    """Stands for the frontend: one phoneme a letter."""

    def phonemize(self, text: str, language: str | None = None) -> Spelled:
        return Spelled(tuple(ord(letter) % 732 for letter in text))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    return toy.toy_bundle(tmp_path_factory.mktemp("models"), content=True)


def clip(path: Path, waveform: Waveform) -> Path:
    tags = Tags(title="Recorded at home by N. N.")
    write_audio(path, waveform, AudioFormat.WAV, tags, label=None)
    return path


TRANSCRIPT = "what was said in the clip, word for word"


def test_a_clip_becomes_a_voice_that_fits_its_models(bundle: ModelBundle, tmp_path: Path) -> None:
    reference = clip(tmp_path / "anna.wav", speech(4.0))
    profile = enroll("anna", reference, TRANSCRIPT, "en", bundle=bundle, frontend=Speller())
    assert len(profile.prompt_phoneme_ids) == len(TRANSCRIPT)
    assert len(profile.prompt_tokens) == 115  # 4 s and the silence put after them, at 25 Hz
    assert profile.prompt_tokens.max() < 1024
    assert profile.style.shape == (toy.STYLE_WIDTH,)
    require_models(profile, bundle.digest, tmp_path)


def test_what_is_kept_enrolls_to_the_same_voice(bundle: ModelBundle, tmp_path: Path) -> None:
    reference = clip(tmp_path / "anna.wav", speech(4.0))
    profile = enroll("anna", reference, TRANSCRIPT, "en", bundle=bundle, frontend=Speller())
    kept = keep_voice(profile, tmp_path / "voices" / "anna", reference)
    stored = load_profile(tmp_path / "voices" / "anna")
    assert stored.digest == kept.digest == profile.digest
    assert stored.reference == "reference.flac"
    copy = tmp_path / "voices" / "anna" / "reference.flac"
    assert "home" not in (read_tags(copy).title or "")
    again = enroll("anna", copy, TRANSCRIPT, "en", bundle=bundle, frontend=Speller())
    assert np.mean(again.prompt_tokens == profile.prompt_tokens) > 0.9
    np.testing.assert_allclose(again.style, profile.style, atol=1e-3)
    keep_voice(again, tmp_path / "voices" / "anna", copy)  # over itself
    assert read_audio(copy).duration == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("waveform", "transcript", "message"),
    [
        (speech(2.0), TRANSCRIPT, r"too short: 2\.0 s, at least 3 s"),
        (speech(14.0), TRANSCRIPT, r"too long: 14\.0 s, at most 10 s is usable"),
        (speech(4.0, peak=4.0), TRANSCRIPT, "clipped: "),
        (speech(4.0, noise=0.1), TRANSCRIPT, r"noisy: speech is \d+ dB above the background"),
        (speech(4.0, peak=0.001, noise=1e-6), TRANSCRIPT, "too quiet: speech at -"),
        (speech(4.0), "hm", r"2 phonemes for 4\.0 s, 0\.5 a second, .* the clip says more"),
        (speech(4.0), TRANSCRIPT * 5, r"200 phonemes for 4\.0 s, .* the transcript says more"),
    ],
)
def test_clips_that_will_not_do_are_told_in_figures(
    bundle: ModelBundle, tmp_path: Path, waveform: Waveform, transcript: str, message: str
) -> None:
    reference = clip(tmp_path / "x.wav", waveform)
    with pytest.raises(ReferenceClipError, match=message):
        enroll("x", reference, transcript, "en", bundle=bundle, frontend=Speller())


def test_a_name_that_is_no_folder_is_refused(bundle: ModelBundle, tmp_path: Path) -> None:
    with pytest.raises(VoiceError, match="cannot be the name of a voice"):
        enroll("a/b", tmp_path / "x.wav", "x", "en", bundle=bundle, frontend=Speller())


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Clips whose spectra differ, so that each has a style of its own."""
    folder = tmp_path_factory.mktemp("clips")
    made = {}
    for name, duration, peak in (("one", 4.0, 0.5), ("two", 5.0, 0.3), ("three", 12.0, 0.15)):
        made[name] = clip(folder / f"{name}.wav", speech(duration, peak=peak))
    return made


def enrolled(
    bundle: ModelBundle, clips: Clips | Path, transcript: str = TRANSCRIPT
) -> VoiceProfile:
    return enroll("anna", clips, transcript, "en", bundle=bundle, frontend=Speller())


def test_timbre_is_the_mean_over_all_clips(bundle: ModelBundle, clips: dict[str, Path]) -> None:
    one, two = (enrolled(bundle, clips[name]) for name in ("one", "two"))
    both = enrolled(bundle, Clips(clips["one"], also=(clips["two"],)))
    assert np.abs(one.style - two.style).max() > 1e-3
    np.testing.assert_allclose(both.style, (one.style + two.style) / 2, rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(both.prompt_tokens, one.prompt_tokens)
    assert both.digest != one.digest


def test_timbre_of_one_and_words_of_another(bundle: ModelBundle, clips: dict[str, Path]) -> None:
    one, two = (enrolled(bundle, clips[name]) for name in ("one", "two"))
    mixed = enrolled(bundle, Clips(clips["one"], timbre=clips["two"]))
    np.testing.assert_array_equal(mixed.prompt_tokens, one.prompt_tokens)
    np.testing.assert_array_equal(mixed.style, two.style)


def test_timbre_alone_needs_no_words_nor_an_exact_length(
    bundle: ModelBundle, clips: dict[str, Path]
) -> None:
    profile = enrolled(bundle, clips["three"], "")
    assert len(profile.prompt_tokens) == len(profile.prompt_phoneme_ids) == 0
    assert profile.style.shape == (toy.STYLE_WIDTH,)
    averaged = enrolled(bundle, Clips(clips["one"], also=(clips["three"],)))
    assert len(averaged.prompt_tokens) > 0


def test_every_clip_is_kept_and_enrolls_again(
    bundle: ModelBundle, clips: dict[str, Path], tmp_path: Path
) -> None:
    given = Clips(clips["one"], clips["two"], (clips["three"], clips["one"]))
    profile = enrolled(bundle, given)
    kept = keep_voice(profile, tmp_path, given)
    names = ["also-1.flac", "also-2.flac", "reference.flac", "timbre.flac"]
    assert sorted(path.name for path in tmp_path.glob("*.flac")) == names
    assert (kept.timbre, kept.also) == ("timbre.flac", ("also-1.flac", "also-2.flac"))
    # Back from the folder itself, the clips changing places; what is no longer needed goes.
    swapped = Clips(tmp_path / "timbre.flac", None, (tmp_path / "reference.flac",))
    keep_voice(enrolled(bundle, swapped), tmp_path, swapped)
    assert sorted(path.name for path in tmp_path.glob("*.flac")) == names[:1] + names[2:3]
    durations = [read_audio(tmp_path / name).duration for name in (names[2], names[0])]
    assert durations == pytest.approx([5.0, 4.0])


def test_a_bad_clip_among_several_is_named(
    bundle: ModelBundle, clips: dict[str, Path], tmp_path: Path
) -> None:
    bad = clip(tmp_path / "noise.wav", speech(4.0, noise=0.1))
    with pytest.raises(ReferenceClipError, match=r"noise\.wav: noisy"):
        enrolled(bundle, Clips(clips["one"], also=(bad,)))


def test_enrolling_without_a_content_encoder_is_explained(tmp_path: Path) -> None:
    bare = load_bundle(toy.toy_models(tmp_path))
    reference = clip(tmp_path / "x.wav", speech(4.0))
    with pytest.raises(CheckpointError, match="give the folder chinese-hubert-base as --content"):
        enroll("x", reference, TRANSCRIPT, "en", bundle=bare, frontend=Speller())
