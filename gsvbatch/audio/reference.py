"""Whether a clip can make a voice, said in figures; and which part of a long one could."""

import warnings
from dataclasses import dataclass
from types import ModuleType

from gsvbatch.audio.levels import Measurements, measure
from gsvbatch.audio.pcm import resample, to_int16
from gsvbatch.data import Waveform
from gsvbatch.units import Decibels, Hertz, Seconds

_SEARCH_RATE: Hertz = 16000
_SEARCH_STEP = 20  # ms


@dataclass(frozen=True, slots=True)
class ReferenceLimits:
    """What GPT-SoVITS takes as a reference, and what makes a good one."""

    shortest: Seconds = 3.0
    longest: Seconds = 10.0
    largest_clipped_share: float = 0.001
    least_snr: Decibels = 20.0
    least_level: Decibels = -45.0
    largest_dc_offset: float = 0.05


def reference_problems(
    measurements: Measurements,
    limits: ReferenceLimits = ReferenceLimits(),
) -> tuple[str, ...]:
    """Return what is wrong with a reference clip, each with its figure; nothing if it will do."""
    m = measurements
    problems = []
    if m.duration < limits.shortest:
        problems.append(f"too short: {m.duration:.1f} s, at least {limits.shortest:g} s is needed")
    if m.duration > limits.longest:
        problems.append(f"too long: {m.duration:.1f} s, at most {limits.longest:g} s is usable")
    if m.clipped_share > limits.largest_clipped_share:
        problems.append(
            f"clipped: {m.clipped_share:.2%} of its samples are at full scale; record it quieter"
        )
    if m.speech_level < limits.least_level:
        problems.append(
            f"too quiet: speech at {m.speech_level:.0f} dBFS, below {limits.least_level:g} dBFS"
        )
    elif m.snr < limits.least_snr:
        problems.append(
            f"noisy: speech is {m.snr:.0f} dB above the background, below {limits.least_snr:g} dB"
        )
    if abs(m.dc_offset) > limits.largest_dc_offset:
        problems.append(f"off centre: its mean sample is {m.dc_offset:+.3f}; remove the DC offset")
    return tuple(problems)


def phrases(waveform: Waveform, pause: Seconds = 0.25) -> tuple[tuple[Seconds, Seconds], ...]:
    """Return start and end of each stretch of speech between pauses.

    Args:
        waveform: Speech.
        pause: Shortest quiet that separates two phrases.
    """
    small = resample(waveform, _SEARCH_RATE)
    m = measure(small)
    threshold = max(m.noise_floor + 6, m.speech_level - 35)
    pydub, silence = _pydub()
    segment = pydub.AudioSegment(
        to_int16(small.samples).astype("<i2").tobytes(),
        frame_rate=_SEARCH_RATE,
        sample_width=2,
        channels=1,
    )
    found = silence.detect_nonsilent(
        segment,
        min_silence_len=round(pause * 1000),
        silence_thresh=threshold,
        seek_step=_SEARCH_STEP,
    )
    return tuple((start / 1000, end / 1000) for start, end in found)


def suggest_stretch(
    waveform: Waveform,
    limits: ReferenceLimits = ReferenceLimits(),
) -> tuple[Seconds, Seconds] | None:
    """Return the longest run of whole phrases that a voice could be made from, or None.

    A clip that is too long is rarely bad: it only has to be cut where nobody speaks.
    """
    found = phrases(waveform)
    best: tuple[Seconds, Seconds] | None = None
    for first, (start, _) in enumerate(found):
        for _, end in found[first:]:
            length = end - start
            if length > limits.longest:
                break
            if length >= limits.shortest and (best is None or length > best[1] - best[0]):
                best = (start, end)
    return best


def _pydub() -> tuple[ModuleType, ModuleType]:
    """Import pydub, which warns of programs that are not used here and of Python 3.13."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pydub
        from pydub import silence
    return pydub, silence
