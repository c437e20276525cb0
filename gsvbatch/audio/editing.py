"""Cutting and joining: edges, fades, exact pauses."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gsvbatch.audio.levels import find_speech
from gsvbatch.data import Waveform
from gsvbatch.units import Hertz, Seconds

FADE: Seconds = 0.004
"""Long enough that a cut does not click, short enough that no consonant is softened."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much quiet is left around speech when its edges are trimmed."""

    before: Seconds = 0.05
    after: Seconds = 0.12
    """Longer than before: endings die away below any threshold."""


def trim_edges(waveform: Waveform, room: Room = Room()) -> Waveform:
    """Return the waveform without the quiet at its ends, with short fades where it was cut.

    What counts as quiet is measured against the speech of the same waveform, see
    ``levels.find_speech``; where noise makes the two hard to tell apart nothing is cut, and a
    waveform without any speech comes back as it is.
    """
    span = find_speech(waveform)
    if span is None:
        return waveform
    first = max(0, span[0] - round(room.before * waveform.sample_rate))
    last = min(len(waveform.samples), span[1] + round(room.after * waveform.sample_rate))
    cut = Waveform(waveform.samples[first:last], waveform.sample_rate)
    return fade_edges(
        cut,
        fade_in=FADE if first > 0 else 0.0,
        fade_out=FADE if last < len(waveform.samples) else 0.0,
    )


def fade_edges(waveform: Waveform, fade_in: Seconds = FADE, fade_out: Seconds = FADE) -> Waveform:
    """Return the waveform with raised-cosine fades; a short waveform gets shorter ones."""
    samples = waveform.samples.astype(np.float32, copy=True)
    half = len(samples) // 2
    n_in = min(half, round(fade_in * waveform.sample_rate))
    n_out = min(half, round(fade_out * waveform.sample_rate))
    if n_in:
        samples[:n_in] *= _ramp(n_in)
    if n_out:
        samples[-n_out:] *= _ramp(n_out)[::-1]
    return Waveform(samples, waveform.sample_rate)


def join(pieces: Sequence[Waveform | Seconds]) -> Waveform:
    """Return pieces one after the other; a number is a pause, exact to the sample.

    Every waveform is faded over ``FADE`` at both ends, so that no seam clicks.

    Raises:
        ValueError: if the waveforms differ in sample rate, there is none, or a pause is negative.
    """
    sample_rate = _common_rate(pieces)
    lengths = _lengths(pieces, sample_rate)
    samples = np.zeros(sum(lengths), np.float32)
    position = 0
    for piece, length in zip(pieces, lengths, strict=True):
        if isinstance(piece, Waveform):
            samples[position : position + length] = fade_edges(piece).samples
        position += length
    return Waveform(samples, sample_rate)


def offsets(pieces: Sequence[Waveform | Seconds]) -> tuple[Seconds, ...]:
    """Return when each piece begins in ``join(pieces)``: subtitles and chapters need it.

    Raises:
        ValueError: as ``join``.
    """
    sample_rate = _common_rate(pieces)
    ends = np.cumsum([0, *_lengths(pieces, sample_rate)])
    return tuple(float(end) / sample_rate for end in ends[:-1])


def silence(duration: Seconds, sample_rate: Hertz) -> Waveform:
    """Return digital silence."""
    return Waveform(np.zeros(round(duration * sample_rate), np.float32), sample_rate)


def _common_rate(pieces: Sequence[Waveform | Seconds]) -> Hertz:
    rates = {piece.sample_rate for piece in pieces if isinstance(piece, Waveform)}
    if len(rates) != 1:
        raise ValueError(f"pieces to join need one sample rate, not {sorted(rates)}")
    return rates.pop()


def _lengths(pieces: Sequence[Waveform | Seconds], sample_rate: Hertz) -> list[int]:
    """Return each piece's number of samples."""
    lengths = []
    for piece in pieces:
        if isinstance(piece, Waveform):
            lengths.append(len(piece.samples))
        elif piece >= 0:
            lengths.append(round(piece * sample_rate))
        else:
            raise ValueError(f"a pause of {piece} s is negative")
    return lengths


def _ramp(n_samples: int) -> NDArray[np.float32]:
    """Return half a raised cosine from near 0 to near 1, shape ``(n_samples,)``."""
    phase = (np.arange(n_samples) + 0.5) / n_samples
    return (0.5 - 0.5 * np.cos(np.pi * phase)).astype(np.float32)
