from dataclasses import replace

import numpy as np
import pytest

from gsvbatch.data import StopReason, Utterance, Waveform
from gsvbatch.render import Verdict
from gsvbatch.render.gates import count_spoken, judge, longest_gap

RATE = 16000
UTTERANCE = Utterance(
    id="a",
    line_id="a",
    index=0,
    text="",
    spoken_text="",
    phonemes=("n", "i3", "h", "ao3", ",", "HH", "AH0", "L", "OW1", "."),
    phoneme_ids=tuple(range(10)),
)


def voice(duration: float, level: float = 0.2) -> np.ndarray:
    time_axis = np.arange(round(duration * RATE)) / RATE
    samples = level * np.sin(2 * np.pi * 220 * time_axis)
    fade = np.minimum(1, np.arange(len(samples))[::-1] / (0.1 * RATE))
    return (samples * fade).astype(np.float32)


def verdict_of(samples: np.ndarray, stop: StopReason = StopReason.END, speed: float = 1.0):  # type: ignore[no-untyped-def]
    return judge(Waveform(samples.astype(np.float32), RATE), UTTERANCE, stop, speed=speed)


def test_a_line_that_lost_its_place_is_worth_another_try() -> None:
    judgement = verdict_of(voice(1.0), StopReason.LOST)
    assert judgement.verdict is Verdict.SUSPECT
    assert judgement.problems == ("lost its place in the text",)
    assert judgement.is_retried


def test_punctuation_takes_no_time() -> None:
    assert count_spoken(UTTERANCE) == 8


def test_melody_and_blanks_take_no_time() -> None:
    said = replace(UTTERANCE, phonemes=("k", "o", "[", "N", "#", "ㅇ", "ㅏ", "空", "ㄴ", "."))
    assert count_spoken(said) == 6


CASES = {
    "ordinary speech": (voice(1.0), Verdict.OK, ""),
    "silence": (np.zeros(RATE), Verdict.FAILED, "almost silent"),
    "too short": (voice(0.15), Verdict.FAILED, "stopped short: 0.1 s for 8 phonemes"),
    "too long": (voice(6.0), Verdict.FAILED, "ran on: 6.0 s for 8 phonemes"),
    "badly clipped": (np.clip(voice(1.0, 5.0), -1, 1), Verdict.FAILED, "at full scale"),
    "cut off": (voice(1.0)[: RATE // 2], Verdict.SUSPECT, "cut off at its end"),
    "off centre": (voice(1.0) + 0.1, Verdict.SUSPECT, "constant offset +0.1"),
    "a hole": (
        np.concatenate([voice(0.5), np.zeros(2 * RATE), voice(0.5)]),
        Verdict.SUSPECT,
        "s of silence inside",
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_a_signal_gets_its_verdict(what: str) -> None:
    samples, verdict, problem = CASES[what]
    judgement = verdict_of(samples)
    assert judgement.verdict is verdict
    assert any(problem in text for text in judgement.problems) or not problem


def test_reaching_the_limit_fails_whatever_the_sound() -> None:
    judgement = verdict_of(voice(1.0), StopReason.LIMIT)
    assert judgement.verdict is Verdict.FAILED
    assert judgement.problems[0].startswith("ran on to the limit")


@pytest.mark.parametrize(("speed", "verdict"), [(1.0, Verdict.FAILED), (0.5, Verdict.OK)])
def test_slow_speech_may_take_longer(speed: float, verdict: Verdict) -> None:
    assert verdict_of(voice(5.5), speed=speed).verdict is verdict


def test_oddness_prefers_an_ordinary_length() -> None:
    assert verdict_of(voice(0.9)).oddness < verdict_of(voice(3.0)).oddness


def test_the_longest_gap_is_measured() -> None:
    samples = np.concatenate([voice(0.5), np.zeros(RATE), voice(0.5)]).astype(np.float32)
    assert longest_gap(Waveform(samples, RATE)) == pytest.approx(1.0, abs=0.06)
