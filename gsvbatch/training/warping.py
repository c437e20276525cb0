"""Two clocks: that of a recording, and that of its tokens, in which sounds begin where tokens do.

A token lasts 40 ms and is named after the sound in its middle, so a sound of the recording begins up to
20 ms before or after its first token. What learns spectra from tokens with that jitter learns the mean of
spectra on either side, and consonants go first. So targets are taken on the tokens' clock: every sound
from its first token to its last, a little slower or faster than it was said.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gsvbatch.training.codebook import places
from gsvbatch.training.corpus import FRAME_RATE, SAMPLE_RATE, Corpus, Entry, phoneme_starts
from gsvbatch.units import SEMANTIC_RATE

Times = NDArray[np.float64]
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The moments at which both clocks of an utterance are known; between them they run evenly."""

    of_tokens: Times
    """Seconds of tokens, rising."""

    of_recording: Times
    """Seconds of the recording at the same moments, never falling."""

    def recorded_at(self, times: Times) -> Times:
        """Return where in the recording something is that the tokens have at these times."""
        return np.interp(times, self.of_tokens, self.of_recording)

    def told_at(self, times: Times) -> Times:
        """Return where on the tokens' clock something is that the recording has at these times."""
        return np.interp(times, self.of_recording, self.of_tokens)


def clock(entry: Entry, n_tokens: int) -> Clock:
    """Return the two clocks of an utterance of which ``n_tokens`` tokens are spoken.

    A sound so short that no token is named after it is shared between its neighbours.
    """
    end = n_tokens / SEMANTIC_RATE
    starts = phoneme_starts(entry)
    at = places(entry, n_tokens)
    changes = np.flatnonzero(at[1:] != at[:-1]) + 1
    recorded = (starts[at[changes - 1] + 1] + starts[at[changes]]) / 2
    return Clock(
        np.concatenate([[0.0], changes / SEMANTIC_RATE, [end]]),
        np.maximum.accumulate(np.concatenate([[0.0], np.minimum(recorded, end), [end]])),
    )


def frame_times(n_frames: int) -> Times:
    """Return the middles of the first frames, (n_frames,)."""
    return (np.arange(n_frames) + 0.5) / FRAME_RATE


def melody(corpus: Corpus, entry: Entry, times: Times) -> tuple[Times, NDArray[np.bool_]]:
    """Return pitch in hertz and voicing at some times of a recording, (F,) each; outside it nothing is voiced.

    Where nothing is voiced, pitch goes straight from one voiced stretch to the next.
    """
    frames = slice(entry.first_frame, entry.first_frame + entry.n_frames)
    voiced = corpus.voiced[frames]
    height = corpus.pitch[frames].astype(np.float64) + entry.height
    known = frame_times(entry.n_frames) + entry.lag
    if voiced.any():
        height = np.interp(times, known[voiced], height[voiced])
    else:
        height = np.full(len(times), entry.height)
    nearest = np.floor((times - entry.lag) * FRAME_RATE).astype(np.int64)
    inside = (nearest >= 0) & (nearest < entry.n_frames)
    return np.exp(height), inside & voiced[nearest.clip(0, entry.n_frames - 1)]


def centres(times: Times) -> NDArray[np.int64]:
    """Return times in samples."""
    return np.round(times * SAMPLE_RATE).astype(np.int64)
