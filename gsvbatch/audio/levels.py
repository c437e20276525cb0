"""Where speech is, and how a waveform measures: the figures that gates and enrolment go by."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gsvbatch.data import Waveform
from gsvbatch.units import Decibels, Hertz, Seconds

FLOOR: Decibels = -120.0
"""What digital silence is given as; nothing measures lower."""

_FRAME: Seconds = 0.01
_TAIL: Seconds = 0.05
_CLIPPED = 0.999  # of full scale
_LEAST_SPEECH: Decibels = -70.0  # a loudest frame below this is no speech
_NOISE_MARGIN: Decibels = 6.0
_QUIETEST_THRESHOLD: Decibels = -50.0  # relative to speech
_LOUDEST_THRESHOLD: Decibels = -32.0
"""Relative to speech. Unvoiced endings such as a soft f lie 25 to 35 dB under the vowels; only
where noise would drown them anyway does the threshold come so high."""


@dataclass(frozen=True, slots=True)
class Measurements:
    """One waveform in figures; levels in dBFS, a full-scale sine being -3 dB RMS."""

    duration: Seconds
    peak: Decibels
    rms: Decibels
    """Of the whole waveform."""

    speech_level: Decibels
    """RMS of the frames that hold speech."""

    noise_floor: Decibels
    """RMS of the quietest twentieth of the frames."""

    snr: Decibels
    """Speech level over noise floor: an estimate, from the pauses there are."""

    clipped_share: float
    """Samples at full scale, 0 to 1."""

    dc_offset: float
    """Mean sample, -1 to 1."""

    leading_silence: Seconds
    trailing_silence: Seconds
    tail_level: Decibels
    """RMS of the last 50 ms: high where speech is cut off."""


BLOCK = 1 << 20
"""Samples that are looked at together: a work of hours is measured in the memory of a minute."""


def decibels(amplitude: float) -> Decibels:
    """Return an amplitude's level, 1 being 0 dB, never below ``FLOOR``."""
    return max(FLOOR, 20 * float(np.log10(max(amplitude, 1e-12))))


def rms(samples: NDArray[np.float32]) -> float:
    """Return the root mean square, 0 for no samples."""
    if not len(samples):
        return 0.0
    total = sum(
        float(np.square(samples[first : first + BLOCK], dtype=np.float64).sum())
        for first in range(0, len(samples), BLOCK)
    )
    return float(np.sqrt(total / len(samples)))


def measure(waveform: Waveform) -> Measurements:
    """Return the figures of a waveform; an empty one measures as silence."""
    samples = waveform.samples
    frames = _frame_levels(samples, waveform.sample_rate)
    speech = find_speech(waveform)
    start, end = speech if speech is not None else (len(samples), len(samples))
    noise_floor = _noise_floor(frames)
    speech_level = _speech_level(frames)
    n_tail = round(_TAIL * waveform.sample_rate)
    return Measurements(
        duration=waveform.duration,
        peak=decibels(float(np.abs(samples).max(initial=0.0))),
        rms=decibels(rms(samples)),
        speech_level=speech_level,
        noise_floor=noise_floor,
        snr=speech_level - noise_floor,
        clipped_share=float(np.mean(np.abs(samples) >= _CLIPPED)) if len(samples) else 0.0,
        dc_offset=float(np.mean(samples, dtype=np.float64)) if len(samples) else 0.0,
        leading_silence=start / waveform.sample_rate,
        trailing_silence=(len(samples) - end) / waveform.sample_rate,
        tail_level=decibels(rms(samples[-n_tail:])),
    )


def find_speech(waveform: Waveform) -> tuple[int, int] | None:
    """Return the first sample of speech and the one after the last, or None if there is none.

    The threshold lies 6 dB over the noise, but between 50 and 32 dB under the speech: a clean
    waveform keeps its faintest endings, and a noisy one loses none to a threshold above them.
    """
    frames = _frame_levels(waveform.samples, waveform.sample_rate)
    if not len(frames) or frames.max() < _LEAST_SPEECH:
        return None
    speech = _speech_level(frames)
    wanted = _noise_floor(frames) + _NOISE_MARGIN
    threshold = min(max(wanted, speech + _QUIETEST_THRESHOLD), speech + _LOUDEST_THRESHOLD)
    active = np.flatnonzero(frames > threshold)
    n_frame = _frame_length(waveform.sample_rate)
    end = min(len(waveform.samples), int(active[-1] + 1) * n_frame)
    return int(active[0]) * n_frame, end


def _frame_levels(samples: NDArray[np.float32], sample_rate: Hertz) -> NDArray[np.float64]:
    """Return the level of each 10 ms, the rest of the last frame taken as silence."""
    n_frame = _frame_length(sample_rate)
    n_frames = -(-len(samples) // n_frame)
    # a constant offset is neither speech nor noise
    offset = samples.mean(dtype=np.float64) if n_frames else 0.0
    power = np.empty(n_frames)
    n_together = max(1, BLOCK // n_frame)
    for first in range(0, n_frames, n_together):
        piece = samples[first * n_frame : (first + n_together) * n_frame]
        padded = np.zeros(min(n_together, n_frames - first) * n_frame)
        padded[: len(piece)] = piece
        padded[: len(piece)] -= offset
        power[first : first + n_together] = np.mean(np.square(padded.reshape(-1, n_frame)), axis=1)
    levels: NDArray[np.float64] = np.maximum(FLOOR, 10 * np.log10(np.maximum(power, 1e-24)))
    return levels


def _frame_length(sample_rate: Hertz) -> int:
    return max(1, round(_FRAME * sample_rate))


def _speech_level(frames: NDArray[np.float64]) -> Decibels:
    """Return the mean power of the frames within 25 dB of the loud ones."""
    if not len(frames):
        return FLOOR
    loud = float(np.percentile(frames, 95))
    active = frames[frames >= loud - 25]
    return 10 * float(np.log10(np.mean(10 ** (active / 10))))


def _noise_floor(frames: NDArray[np.float64]) -> Decibels:
    return float(np.percentile(frames, 5)) if len(frames) else FLOOR
