"""Recordings and transcripts: what is taken, what is left out, and what is said about it."""

from pathlib import Path

import pytest

from gsvbatch.errors import CheckpointError, ConfigError, ScriptError
from gsvbatch.gsv.bundle import ModelBundle, load_bundle
from gsvbatch.gsv.source import ModelSource
from gsvbatch.text.frontend import Frontend
from gsvbatch.training.recordings import LEAST_SPEECH, prepare_recordings, read_transcribed
from tests import toy
from tests.clips import write_speech
from tests.training.tunable import TEXT, write_clips


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    return toy.toy_bundle(tmp_path_factory.mktemp("models"), content=True)


def test_folder_of_clips_becomes_tokens_and_samples(tmp_path: Path, bundle: ModelBundle) -> None:
    found = read_transcribed(write_clips(tmp_path / "me"))
    assert found.speaker == "me"
    assert [clip.language for clip in found.clips] == ["zh"] * 7
    done: list[tuple[int, int]] = []
    made = prepare_recordings(
        found, bundle, Frontend(), report=lambda n, total: done.append((n, total))
    )
    assert done[-1] == (7, 7)
    assert made.duration == pytest.approx(sum(2.7 + 0.2 * i for i in range(7)), abs=0.04 * 7)
    per_token = bundle.synthesizer.samples_per_token  # type: ignore[union-attr]
    for clip, prompt in zip(made.clips, made.prompts, strict=True):
        assert len(clip.samples) == per_token * len(clip.tokens)
        assert len(prompt.tokens) == pytest.approx(len(clip.tokens) + 15, abs=1)
        assert prompt.tokens[: len(clip.tokens) - 1].tolist() == clip.tokens[:-1].tolist()
        assert prompt.phoneme_ids == clip.phoneme_ids == Frontend().phonemize(TEXT).phoneme_ids


def test_list_in_a_folder_is_taken(tmp_path: Path) -> None:
    clip = write_speech(tmp_path / "a.wav", 3)
    (tmp_path / "x.list").write_text(f"{clip}|Anna|EN|Good morning.\n", encoding="utf-8")
    found = read_transcribed(tmp_path)
    assert (found.speaker, found.clips[0].language) == ("Anna", "en")
    assert read_transcribed(tmp_path, language="ja").clips[0].language == "ja"


def test_of_several_speakers_one_has_to_be_named(tmp_path: Path) -> None:
    clip = write_speech(tmp_path / "a.wav", 3)
    rows = [f"{clip}|{name}|EN|Good morning." for name in ("Anna", "Ben", "Ben")]
    path = tmp_path / "x.list"
    path.write_text("\n".join(rows), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"2 speakers, Anna \(1 clips\), Ben \(2 clips\)"):
        read_transcribed(path)
    assert len(read_transcribed(path, speaker="Ben").clips) == 2
    with pytest.raises(ConfigError, match=r"--speaker Carl: not in .* Anna, Ben"):
        read_transcribed(path, speaker="Carl")


def test_transcripts_that_are_missing_are_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_speech(tmp_path / f"{name}.wav", 3)
    with pytest.raises(ConfigError, match=r"none of 2 recordings .* into a\.txt"):
        read_transcribed(tmp_path)
    (tmp_path / "b.lab").write_text(TEXT, encoding="utf-8")
    found = read_transcribed(tmp_path)
    assert [clip.path.name for clip in found.clips] == ["b.wav"]
    assert "a.wav: has no transcript" in found.problems[0]


def test_list_without_words_is_refused(tmp_path: Path) -> None:
    write_speech(tmp_path / "a.wav", 3)
    (tmp_path / "x.list").write_text("a.wav|me|en|\n", encoding="utf-8")
    with pytest.raises(ScriptError, match=r"x\.list:1: has no text"):
        read_transcribed(tmp_path / "x.list")


def test_unfit_clips_are_left_out_with_their_figures(tmp_path: Path, bundle: ModelBundle) -> None:
    write_clips(tmp_path)
    for name, duration, text in (
        ("x-long", 21.0, TEXT * 8),
        ("x-short", 0.4, "嗯。"),
        ("x-pace", 3.0, TEXT * 8),
        ("x-mute", 3.0, "。。。"),
    ):
        write_speech(tmp_path / f"{name}.wav", duration)
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    (tmp_path / "x-torn.wav").write_bytes((tmp_path / "c0.wav").read_bytes()[:3000])
    (tmp_path / "x-torn.txt").write_text(TEXT, encoding="utf-8")
    made = prepare_recordings(read_transcribed(tmp_path), bundle, Frontend())
    assert len(made.clips) == 7
    problems = "\n".join(made.problems)
    assert "x-long.wav: 21.0 s long, where 0.6 to 20 s is usable; cut it" in problems
    assert "x-short.wav: 0.4 s long" in problems
    assert "x-pace.wav: its transcript has" in problems
    assert "are these its words?" in problems
    assert "there is nothing in it to say" in problems
    assert "x-torn.wav" in problems
    assert len(made.problems) == 5


def test_too_little_speech_is_told_in_seconds(tmp_path: Path, bundle: ModelBundle) -> None:
    write_clips(tmp_path, 3)
    write_speech(tmp_path / "y.wav", 25)
    (tmp_path / "y.txt").write_text(TEXT, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        prepare_recordings(read_transcribed(tmp_path), bundle, Frontend())
    message = str(caught.value)
    assert "too little speech: 8.6 s in 3 clips, 1 left out (y.wav: 25.0 s long" in message
    assert f"at least {LEAST_SPEECH:g} s" in message


def test_models_without_a_content_encoder_are_refused(tmp_path: Path) -> None:
    source = toy.toy_models(tmp_path / "models")
    bundle = load_bundle(ModelSource(source.t2s, source.synthesizer))
    with pytest.raises(CheckpointError, match="--content"):
        prepare_recordings(read_transcribed(write_clips(tmp_path / "c")), bundle, Frontend())


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda folder: folder / "nowhere", "no such file or folder"),
        (lambda folder: folder, "holds no recordings"),
    ],
)
def test_nothing_to_read_is_said(tmp_path: Path, make, problem: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ConfigError, match=problem):
        read_transcribed(make(tmp_path))
