"""Quality gates: what can be heard to be wrong without listening.

They look at the signal and at how decoding ended, not at the words, and cost a millisecond. Their
figures follow what tools of the field settled on: silence under -55 dBFS, 0.1 % and 2 % of samples at
full scale, an offset over 0.05, an end louder than -20 dBFS, 35 to 375 ms a phoneme.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gsvbatch.audio import Measurements, measure
from gsvbatch.data import StopReason, Utterance, Waveform
from gsvbatch.render.record import Verdict
from gsvbatch.units import Decibels, Seconds

DEAD_LEVEL: Decibels = -55.0
CLIPPED_SUSPECT, CLIPPED_FAILED = 0.001, 0.02  # share of samples
LARGEST_OFFSET = 0.05  # of full scale
LOUD_END: Decibels = -20.0  # under which a last sound dies away by itself

SHORTEST_PHONEME: Seconds = 0.03
LONGEST_PHONEME: Seconds = 0.38
RUN_ON_SLACK: Seconds = 1.5
"""Allowed beyond the longest phonemes: breath and pauses inside."""

LONGEST_GAP: Seconds = 1.2
"""Silence inside an utterance that is worth a listen."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    verdict: Verdict
    problem: str
    is_retried: bool = True
    """Whether another seed may mend it."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """What a gate looks at."""

    measured: Measurements
    n_spoken: int
    """Phonemes that should have been said."""

    speed: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the gates say of one attempt."""

    verdict: Verdict
    problems: tuple[str, ...]
    is_retried: bool
    oddness: float
    """How far its length is from what is usual, to choose among attempts of one verdict; 0 is best."""


def judge(
    waveform: Waveform,
    utterance: Utterance,
    stop_reason: StopReason,
    *,
    speed: float,
    token_limit: Seconds | None = None,
) -> Judgement:
    """Judge one attempt, its edges trimmed.

    Args:
        waveform: What was said.
        utterance: What should have been said.
        stop_reason: How decoding ended.
        speed: Rate factor it was spoken with.
        token_limit: Length at which decoding was cut, for the message.
    """
    n_spoken = count_spoken(utterance)
    heard = _Heard(measure(waveform), n_spoken, speed)
    findings = [finding for gate in _GATES if (finding := gate(heard)) is not None]
    if stop_reason is StopReason.LIMIT:
        limit = f" of {token_limit:.0f} s" if token_limit else ""
        findings.insert(0, Finding(Verdict.FAILED, f"ran on to the limit{limit}"))
    if stop_reason is StopReason.LOST:
        findings.append(Finding(Verdict.SUSPECT, "lost its place in the text"))
    gap = longest_gap(waveform)
    if gap > LONGEST_GAP / speed:
        findings.append(Finding(Verdict.SUSPECT, f"{gap:.1f} s of silence inside"))
    verdict = max((f.verdict for f in findings), key=lambda v: v.badness, default=Verdict.OK)
    usual = max(n_spoken, 1) * np.sqrt(SHORTEST_PHONEME * LONGEST_PHONEME) / speed
    return Judgement(
        verdict=verdict,
        problems=tuple(finding.problem for finding in findings),
        is_retried=any(finding.is_retried for finding in findings),
        oddness=float(abs(np.log(max(waveform.duration, 1e-3) / usual))),
    )


def count_spoken(utterance: Utterance) -> int:
    """Phonemes that take time to say: punctuation, melody and the blanks of Korean do not."""
    return sum(symbol != "空" and any(c.isalnum() for c in symbol) for symbol in utterance.phonemes)


def longest_gap(waveform: Waveform) -> Seconds:
    """The longest silence inside an utterance."""
    n_frame = max(1, round(0.02 * waveform.sample_rate))
    n_frames = len(waveform.samples) // n_frame
    if n_frames < 3:
        return 0.0
    frames = waveform.samples[: n_frames * n_frame].reshape(n_frames, n_frame)
    levels = np.sqrt(np.mean(np.square(frames, dtype=np.float64), axis=1))
    loud = np.flatnonzero(levels > max(levels.max() * 0.01, 1e-4))
    if len(loud) < 2:
        return 0.0
    return float(np.diff(loud).max() - 1) * n_frame / waveform.sample_rate


def _silence(heard: _Heard) -> Finding | None:
    if heard.measured.rms < DEAD_LEVEL and heard.n_spoken:
        return Finding(Verdict.FAILED, f"almost silent ({heard.measured.rms:.0f} dBFS)")
    return None


def _clipping(heard: _Heard) -> Finding | None:
    share = heard.measured.clipped_share
    if share < CLIPPED_SUSPECT:
        return None
    verdict = Verdict.FAILED if share >= CLIPPED_FAILED else Verdict.SUSPECT
    return Finding(verdict, f"{share:.1%} of samples at full scale")


def _offset(heard: _Heard) -> Finding | None:
    if abs(heard.measured.dc_offset) <= LARGEST_OFFSET:
        return None
    return Finding(
        Verdict.SUSPECT, f"constant offset {heard.measured.dc_offset:+.2f}", is_retried=False
    )


def _cut_end(heard: _Heard) -> Finding | None:
    if heard.measured.tail_level <= LOUD_END:
        return None
    return Finding(Verdict.SUSPECT, f"cut off at its end ({heard.measured.tail_level:.0f} dBFS)")


def _length(heard: _Heard) -> Finding | None:
    shortest = heard.n_spoken * SHORTEST_PHONEME / heard.speed
    longest = (heard.n_spoken * LONGEST_PHONEME + RUN_ON_SLACK) / heard.speed
    said = f"{heard.measured.duration:.1f} s for {heard.n_spoken} phonemes"
    if heard.measured.duration < shortest:
        return Finding(Verdict.FAILED, f"stopped short: {said}")
    if heard.measured.duration > longest:
        return Finding(Verdict.FAILED, f"ran on: {said}")
    return None


_GATES: tuple[Callable[[_Heard], Finding | None], ...] = (
    _silence,
    _clipping,
    _offset,
    _cut_end,
    _length,
)
