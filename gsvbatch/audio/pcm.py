"""Samples as numbers of a fixed width: clipping, dither, resampling.

Nothing here ever wraps: a sample beyond full scale is written as full scale.
"""

from collections.abc import Iterator

import numpy as np
import soxr
from numpy.typing import NDArray

from gsvbatch.data import Waveform
from gsvbatch.units import Hertz

BLOCK_SAMPLES = 1 << 20
"""Samples handled at a time, so that a book of ten hours needs no second copy in memory."""

_DITHER_SEED = 0x6733


def resample(waveform: Waveform, sample_rate: Hertz) -> Waveform:
    """Return the same audio at another rate; the waveform itself if it has that rate already."""
    if waveform.sample_rate == sample_rate:
        return waveform
    samples = soxr.resample(
        waveform.samples.astype(np.float32, copy=False), waveform.sample_rate, sample_rate
    )
    return Waveform(np.asarray(samples, np.float32), sample_rate)


def to_int16(samples: NDArray[np.float32], *, dither: bool = False) -> NDArray[np.int16]:
    """Return samples as 16-bit integers; full scale is 32767 both ways.

    Args:
        samples: Shape ``(n_samples,)``; what lies beyond [-1, 1] is clipped, NaN becomes 0.
        dither: Adds triangular noise of two steps width, the same for the same length.
    """
    scaled = np.nan_to_num(samples.astype(np.float64), nan=0.0, posinf=1.0, neginf=-1.0) * 32767
    if dither:
        noise = np.random.default_rng(_DITHER_SEED)
        scaled += noise.random(len(scaled)) - noise.random(len(scaled))
    return np.clip(np.rint(scaled), -32768, 32767).astype(np.int16)


def to_int24(samples: NDArray[np.float32]) -> NDArray[np.int32]:
    """Return samples as 24-bit integers held in 32, full scale 8388607; clipped like 16-bit."""
    scaled = np.nan_to_num(samples.astype(np.float64), nan=0.0, posinf=1.0, neginf=-1.0) * 8388607
    return np.clip(np.rint(scaled), -8388608, 8388607).astype(np.int32)


def to_bounded_float(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return samples clipped to [-1, 1] as 32-bit floats, NaN as 0."""
    finite = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0)
    return np.clip(finite, -1.0, 1.0).astype(np.float32)


def blocks(samples: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """Yield consecutive views of at most ``BLOCK_SAMPLES`` samples."""
    for start in range(0, len(samples), BLOCK_SAMPLES):
        yield samples[start : start + BLOCK_SAMPLES]
