"""How high a voice is in every frame of a recording, for clips of which no teacher tells it.

Normalized cross-correlation of each frame with itself a period later, and the smoothest way through its
maxima (in the manner of RAPT, 1995): what is voiced repeats itself, and a voice does not leap.
"""

import numpy as np
import soxr
from numpy.typing import NDArray

from gsvbatch.units import Hertz, Seconds

LOWEST: Hertz = 60
HIGHEST: Hertz = 500
_RATE: Hertz = 16000
"""That is looked at; consonants above have no pitch."""

_WINDOW: Seconds = 0.024
_USUAL_PERIOD = 100
"""Samples; 160 Hz."""

_QUIET = 3e-3
"""Power, as a share of the loudest frame's, that is added under the correlation: silence has no pitch."""

_LONG_PERIOD = 0.15
"""What the longest period's correlation loses, so that a period wins over two of it."""

_UNVOICED = 0.5
"""Cost of a frame without pitch; one with a pitch costs 1 less its correlation."""

_CHANGE = 0.35
"""Cost of beginning or ending to be voiced."""

_LEAP = 3.0
"""Cost of a leap by an octave from one frame to the next; others in proportion."""


def track_pitch(
    samples: NDArray[np.float32], sample_rate: Hertz, n_frames: int, frame_rate: Hertz
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Follow the pitch of a voice.

    Args:
        samples: (N,).
        sample_rate: Of the samples.
        n_frames: How many frames are wanted, F; those past the samples' end are silent.
        frame_rate: Frames a second; each is looked at in its middle.

    Returns:
        Pitch in hertz (F,), going straight from one voiced stretch to the next where nothing is voiced
        (and 150 Hz where nothing is at all), and whether a frame is voiced (F,).
    """
    audio = soxr.resample(samples, sample_rate, _RATE).astype(np.float32)
    shortest, longest = _RATE // HIGHEST, _RATE // LOWEST
    correlation = _correlation(audio, n_frames, frame_rate, shortest, longest)
    lags = np.arange(shortest, longest + 1)
    weighted = correlation * (1 - _LONG_PERIOD * (lags / longest))
    states = _smoothest(weighted, np.log2(lags))
    voiced = states >= 0
    hertz = np.full(n_frames, np.nan)
    at = np.flatnonzero(voiced)
    hertz[at] = _RATE / _refined(correlation, lags, at, states[at])
    if not len(at):
        return np.full(n_frames, 150, np.float32), voiced
    height = np.interp(np.arange(n_frames), at, np.log(hertz[at]))
    return np.exp(height).astype(np.float32), voiced


def _correlation(
    audio: NDArray[np.float32], n_frames: int, frame_rate: Hertz, shortest: int, longest: int
) -> NDArray[np.float64]:
    """Correlation of each frame with what follows it by each period, (F, lags), at most 1."""
    n = round(_WINDOW * _RATE)
    size = n + longest
    middles = np.round((np.arange(n_frames) + 0.5) * _RATE / frame_rate).astype(int)
    before = (n + _USUAL_PERIOD) // 2  # so that a frame and its repetition lie about its middle
    wide = np.pad(audio, (before, max(0, int(middles[-1:].sum()) - len(audio)) + size))
    pieces = np.lib.stride_tricks.sliding_window_view(wide, size)[middles].astype(np.float64)
    pieces = pieces - pieces.mean(axis=1, keepdims=True)
    length = 1 << int(np.ceil(np.log2(size + n)))
    first = np.fft.rfft(pieces[:, :n], length)
    product = np.fft.irfft(np.fft.rfft(pieces, length) * first.conj(), length)
    total = np.concatenate([np.zeros((n_frames, 1)), np.cumsum(pieces**2, axis=1)], axis=1)
    energies = total[:, n:] - total[:, : size - n + 1]  # of the stretch that begins at each lag
    floor = _QUIET * energies[:, 0].max(initial=0.0) + 1e-9
    lags = slice(shortest, longest + 1)
    found: NDArray[np.float64] = product[:, lags] / np.sqrt(
        (energies[:, :1] + floor) * (energies[:, lags] + floor)
    )
    return found


def _smoothest(weighted: NDArray[np.float64], octaves: NDArray[np.float64]) -> NDArray[np.int64]:
    """The cheapest way through the lags, (F,): an index of one, or -1 for no pitch (Viterbi 1967)."""
    n_frames, n_lags = weighted.shape
    leaps = _LEAP * np.abs(octaves[:, None] - octaves[None, :])
    came_from = np.zeros((n_frames, n_lags + 1), np.int64)
    cost = np.append(1 - weighted[0], _UNVOICED) if n_frames else np.zeros(n_lags + 1)
    for frame in range(1, n_frames):
        steps = leaps + cost[:-1]
        stayed = steps.argmin(axis=1)
        by_leap = steps[np.arange(n_lags), stayed]
        begun = cost[-1] + _CHANGE
        came_from[frame, :-1] = np.where(by_leap <= begun, stayed, n_lags)
        ended = int(cost[:-1].argmin())
        is_still = cost[-1] <= cost[ended] + _CHANGE
        came_from[frame, -1] = n_lags if is_still else ended
        cost = np.append(
            np.minimum(by_leap, begun) + 1 - weighted[frame],
            min(cost[-1], cost[ended] + _CHANGE) + _UNVOICED,
        )
    states = np.zeros(n_frames, np.int64)
    state = int(cost.argmin())
    for frame in reversed(range(n_frames)):
        states[frame] = state
        state = int(came_from[frame, state])
    return np.where(states == n_lags, -1, states)


def _refined(
    correlation: NDArray[np.float64],
    lags: NDArray[np.int64],
    frames: NDArray[np.int64],
    states: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Periods between whole samples, (V,): the top of a parabola through a maximum and its neighbours."""
    inner = states.clip(1, len(lags) - 2)
    before, here, after = (correlation[frames, inner + step] for step in (-1, 0, 1))
    bend = before - 2 * here + after
    offset = np.where(bend < 0, (before - after) / np.where(bend < 0, 2 * bend, 1), 0)
    shift = np.where(inner == states, offset.clip(-0.5, 0.5), 0.0)
    refined: NDArray[np.float64] = lags[states].astype(np.float64) + shift
    return refined
