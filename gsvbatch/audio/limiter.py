"""True peak, and a limiter that keeps it under a ceiling.

Between two samples a waveform may rise above both. After ITU-R BS.1770-4, annex 2, it is looked
at on a grid four times as fine.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gsvbatch.audio.levels import BLOCK, decibels
from gsvbatch.data import Waveform
from gsvbatch.units import Decibels, Seconds

_OVERSAMPLING = 4
_HALF_WIDTH = 16
"""Samples on each side that an interpolated one is made from."""

_LOOKAHEAD: Seconds = 0.008
"""Time over which gain goes down before a peak and comes back after it."""

_MARGIN: Decibels = 0.05
"""Left for what changing gain adds between samples."""


def true_peak(waveform: Waveform) -> Decibels:
    """Return the highest level the waveform reaches, in dBTP."""
    return decibels(_highest(waveform.samples))


def limit(waveform: Waveform, ceiling: Decibels) -> Waveform:
    """Return the waveform with no true peak above a ceiling; itself if it has none.

    Gain goes down only around the peaks, in a smooth curve that begins before them.

    Args:
        waveform: May go beyond [-1, 1].
        ceiling: In dBTP, at most 0.
    """
    samples = waveform.samples.astype(np.float32, copy=False)
    wanted = np.float32(10 ** ((ceiling - _MARGIN) / 20))
    if _highest(samples) <= 10 ** (ceiling / 20):
        return waveform
    n_ahead = max(1, round(_LOOKAHEAD * waveform.sample_rate))
    reach = 2 * n_ahead + _HALF_WIDTH  # of the samples that one sample's gain depends on
    limited = np.empty_like(samples)
    for first, last, before, after in _blocks(len(samples), reach):
        peaks = _peaks(samples[before:after])
        gains = np.minimum(1, wanted / np.maximum(peaks, wanted))
        smooth = _smooth(_lowest(gains, n_ahead), n_ahead)[first - before :][: last - first]
        limited[first:last] = samples[first:last] * smooth
    # Changing gain moves the wave between samples a little; what is left over is scaled away.
    excess = _highest(limited) / 10 ** (ceiling / 20)
    if excess > 1:
        limited /= np.float32(excess)
    return Waveform(limited, waveform.sample_rate)


def _highest(samples: NDArray[np.float32]) -> float:
    """Return the highest amplitude at and between the samples."""
    return max(
        (
            float(_peaks(samples[before:after])[first - before :][: last - first].max())
            for first, last, before, after in _blocks(len(samples), _HALF_WIDTH)
        ),
        default=0.0,
    )


def _blocks(n_samples: int, reach: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield the ends of blocks, and those of what must be known on both sides to reckon each."""
    for first in range(0, n_samples, BLOCK):
        last = min(n_samples, first + BLOCK)
        yield first, last, max(0, first - reach), min(n_samples, last + reach)


def _peaks(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the highest amplitude at each sample and on the way to the next, ``(n_samples,)``."""
    peaks = np.abs(samples).astype(np.float32)
    if not len(samples):
        return peaks
    padded = np.pad(samples.astype(np.float32), (_HALF_WIDTH - 1, _HALF_WIDTH))
    for kernel in _interpolators():
        np.maximum(peaks, np.abs(np.convolve(padded, kernel, "valid")), out=peaks)
    return peaks


@cache
def _interpolators() -> tuple[NDArray[np.float32], ...]:
    """Return kernels for a quarter, a half and three quarters of the way to the next sample."""
    offsets = np.arange(-_HALF_WIDTH + 1, _HALF_WIDTH + 1)
    kernels = []
    for step in range(1, _OVERSAMPLING):
        distance = step / _OVERSAMPLING - offsets
        kernel = np.sinc(distance) * np.cos(np.pi * distance / (2 * _HALF_WIDTH + 1)) ** 2
        kernels.append((kernel / kernel.sum())[::-1].astype(np.float32))
    return tuple(kernels)


def _lowest(gains: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    """Return the least gain within ``reach`` samples on both sides."""
    lowest = np.pad(gains, reach, constant_values=1.0)
    width = 2 * reach + 1
    covered = 1
    while covered < width:  # a window of twice the width is the lower of two windows
        step = min(covered, width - covered)
        lowest = np.minimum(lowest[:-step], lowest[step:])
        covered += step
    return lowest


def _smooth(gains: NDArray[np.float32], reach: int) -> NDArray[np.float64]:
    """Return the average over a triangle of ``reach`` samples on both sides.

    Every value averaged is at most the gain needed in the middle, so the average is as well.
    """
    smoothed = gains.astype(np.float64)
    box = reach + 1
    padded = np.pad(smoothed, reach, mode="edge")
    for _ in range(2):
        sums = np.cumsum(np.concatenate(([0.0], padded)))
        padded = (sums[box:] - sums[:-box]) / box
    return padded
