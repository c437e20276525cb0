"""Broken clips, checkpoints and words for `voice enroll` and `voice import`: no voice is made of them."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from gsvbatch.gsv.source import ModelSource
from tests import toy
from tests.cli.conftest import BAD_INPUT, check_errors, write

RATE = 24000


def write_clip(path: Path, duration: float, *, level: float = 0.5, noise: float = 1e-4) -> None:
    """A clip with the rhythm of speech: syllables of a tone."""
    t = np.arange(int(duration * RATE)) / RATE
    syllables = np.clip(np.sin(2 * np.pi * 3 * t), 0, 1) ** 0.3
    samples = level * syllables * np.sin(2 * np.pi * 150 * t)
    samples = samples + noise * np.random.default_rng(0).normal(size=len(t))
    soundfile.write(path, np.clip(samples, -1, 1).astype(np.float32), RATE, subtype="PCM_16")


def clip_too_short(root: Path) -> None:
    write_clip(root / "clip.wav", 1.0)


def clip_too_long(root: Path) -> None:
    write_clip(root / "clip.wav", 30.0)


def clip_at_full_scale(root: Path) -> None:
    write_clip(root / "clip.wav", 5.0, level=8.0)


def clip_of_silence(root: Path) -> None:
    write_clip(root / "clip.wav", 5.0, level=0.0, noise=1e-5)


def clip_of_noise(root: Path) -> None:
    write_clip(root / "clip.wav", 5.0, noise=0.3)


def clip_that_is_no_audio(root: Path) -> None:
    write(root / "clip.wav", "This is no audio.")


def clip_that_is_not_there(root: Path) -> None:
    (root / "clip.wav").unlink()


def truncated_checkpoint(root: Path) -> None:
    toy.save_ckpt(root / "own.ckpt", toy.toy_t2s())
    (root / "own.ckpt").write_bytes((root / "own.ckpt").read_bytes()[:3000])


def text_as_checkpoint(root: Path) -> None:
    write(root / "own.ckpt", "version https://git-lfs.github.com/spec/v1\n")


class _Evil:
    """What a hostile checkpoint would have run while it is read."""

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return (os.rename, ("clip.wav", "stolen.wav"))


def hostile_checkpoint(root: Path) -> None:
    torch.save({"weight": _Evil(), "config": {}, "info": ""}, root / "own.ckpt")


def synthesizer_in_the_place_of_t2s(root: Path) -> None:
    toy.save_pth(root / "own.ckpt", toy.toy_synthesizer())


ENROLLS: list[tuple[Callable[[Path], None], tuple[str, ...], tuple[str, ...]]] = [
    (clip_too_short, (), ("clip.wav", "too short: 1.0 s", "at least 3 s")),
    (clip_too_long, (), ("clip.wav", "too long: 30.0 s", "at most 10 s")),
    (clip_at_full_scale, (), ("clip.wav", "clipped", "%")),
    (clip_of_silence, (), ("clip.wav", "too quiet", "dBFS")),
    (clip_of_noise, (), ("clip.wav", "noisy", "dB")),
    (clip_that_is_no_audio, (), ("clip.wav", "not audio")),
    (clip_that_is_not_there, (), ("clip.wav",)),
    (truncated_checkpoint, ("--t2s", "own.ckpt"), ("own.ckpt",)),
    (text_as_checkpoint, ("--t2s", "own.ckpt"), ("own.ckpt",)),
    (hostile_checkpoint, ("--t2s", "own.ckpt"), ("own.ckpt", "rename")),
    (synthesizer_in_the_place_of_t2s, ("--t2s", "own.ckpt"), ("own.ckpt",)),
]


ENROLL = ("voice", "enroll", "me", "--reference", "clip.wav", "--transcript")


SAID = "This is what is said in the clip, word for word."


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> ModelSource:
    return toy.toy_models(tmp_path_factory.mktemp("models"))


@pytest.mark.parametrize(
    ("damage", "more", "says"), ENROLLS, ids=[damage.__name__ for damage, _, _ in ENROLLS]
)
def test_enroll_refuses(
    damage: Callable[[Path], None],
    more: tuple[str, ...],
    says: tuple[str, ...],
    workplace: Path,
    models: ModelSource,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_clip(workplace / "clip.wav", 5.0)
    damage(workplace)
    there = (workplace / "clip.wav").is_file()
    words: tuple[str, ...] = (*ENROLL, SAID, "--consent", "self")
    words += ("--synthesizer", str(models.synthesizer))
    words += more or ("--t2s", str(models.t2s))
    errors = check_errors(capsys, words, BAD_INPUT, says)
    assert len(errors) == 1
    assert not (workplace / "voices").exists()
    assert (workplace / "clip.wav").is_file() == there
    assert not (workplace / "stolen.wav").exists()


ENROLL_WORDS: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
    ((*ENROLL, SAID), ("--consent", "licensed")),
    ((*ENROLL, SAID, "--consent", "sure"), ("sure", "self")),
    ((*ENROLL, SAID, "--consent", "self", "--t2s", "a.ckpt"), ("--synthesizer",)),
    ((*ENROLL, SAID, "--consent", "self", "--voices", "taken"), ("taken", "--replace")),
    (("voice", "check", "nobody"), ("nobody",)),
    ((*ENROLL, SAID, "--consent", "self", "--style", "sad"), ("--style sad", "no voice me")),
    ((*ENROLL, "", "--consent", "self"), ("--transcript", "--ref-free")),
    (("voice", "import", "none.list"), ("none.list", "no such file")),
    (("voice", "import", "clip.wav"), ("clip.wav", "audio")),
    (("voice", "import", "clip.list"), ("clip.list:1", "vocal_path|speaker_name|language|text")),
    (("voice", "import", "clip.list", "--consent", "sure"), ("sure", "self")),
    (("voice", "import", "good.list", "--t2s", "a.ckpt"), ("--synthesizer",)),
    (("voice", "import", "good.list"), ("--consent", "licensed")),
    (("voice", "import", "good.list", "--speaker", "you"), ("--speaker you", "it has me")),
]


@pytest.mark.parametrize(("words", "says"), ENROLL_WORDS, ids=lambda item: " ".join(item[-2:]))
def test_voice_command_refuses(
    words: tuple[str, ...],
    says: tuple[str, ...],
    workplace: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_clip(workplace / "clip.wav", 5.0)
    (workplace / "taken" / "me").mkdir(parents=True)
    write(workplace / "clip.list", "clip.wav|me|Hello.")
    write(workplace / "good.list", f"clip.wav|me|en|{SAID}")
    check_errors(capsys, words, BAD_INPUT, says)


@pytest.mark.parametrize("transcript", ["……", "x" * 400], ids=["nothing", "too much"])
def test_enroll_refuses_a_transcript_that_cannot_be(
    transcript: str, workplace: Path, models: ModelSource, capsys: pytest.CaptureFixture[str]
) -> None:
    write_clip(workplace / "clip.wav", 5.0)
    words: tuple[str, ...] = (*ENROLL, transcript, "--consent", "self", "--language", "en")
    words += ("--t2s", str(models.t2s), "--synthesizer", str(models.synthesizer))
    check_errors(capsys, words, BAD_INPUT, ())
