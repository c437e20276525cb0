"""Which tone a Mandarin syllable was given, told by the course of its pitch alone.

A syllable's pitch at five places over its voiced stretch and at three over those of its neighbours, in semitones from
the line's median, its length and its pauses; multinomial logistic regression on these 17 numbers. No recognizer takes
part, so words that are guessed from context do not hide a wrong tone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from bench.syllables import Syllable
from gsvbatch.training.pitch import track_pitch
from gsvbatch.units import Hertz

PITCH_RATE: Hertz = 100
N_INSIDE, N_BESIDE = 5, 3
N_TONES = 4
LEAST_VOICED = 0.3
"""Share of a syllable that has to be voiced, or its tone is not judged."""

_LONGEST_PAUSE = 0.3
"""Seconds; a longer one is no different."""

_DECAY = 1e-3
"""What the square of a weight costs."""


@dataclass(frozen=True, slots=True)
class Course:
    """The pitch of a line."""

    semitones: NDArray[np.float32]
    """From the line's median, at PITCH_RATE, (F,); straight between voiced stretches."""

    voiced: NDArray[np.bool_]


def course(samples: NDArray[np.float32], sample_rate: Hertz) -> Course:
    """Return the pitch of a line, (N,) samples."""
    n = int(len(samples) * PITCH_RATE / sample_rate)
    hertz, voiced = track_pitch(samples, sample_rate, n, PITCH_RATE)
    height = 12 * np.log2(hertz)
    middle = np.median(height[voiced]) if voiced.any() else 0.0
    return Course((height - middle).astype(np.float32), voiced)


def shapes(pitch: Course, syllables: Sequence[Syllable]) -> NDArray[np.float64]:
    """Return the 17 numbers of each syllable, (S, 17); a row of NaN where too little is voiced."""
    frames = np.arange(len(pitch.voiced))
    spans, shares = [], []
    for syllable in syllables:
        first = int(syllable.start * PITCH_RATE)
        here = np.flatnonzero(pitch.voiced[first : max(int(syllable.end * PITCH_RATE), first + 1)])
        shares.append(len(here) / max((syllable.end - syllable.start) * PITCH_RATE, 1.0))
        if len(here):
            spans.append((first + here[0], first + here[-1] + 1))
        else:
            spans.append((first, syllable.end * PITCH_RATE))

    def heights(i: int, n: int) -> NDArray[np.float64]:
        if not 0 <= i < len(spans):
            return np.zeros(n)
        begin, end = spans[i]
        at = begin + (end - begin) * (np.arange(n) + 0.5) / n - 0.5
        found: NDArray[np.float64] = np.interp(at, frames, pitch.semitones)
        return found

    rows = np.full((len(syllables), N_INSIDE + 2 * N_BESIDE + 6), np.nan)
    for i, syllable in enumerate(syllables):
        if shares[i] < LEAST_VOICED:
            continue
        is_first, is_last = i == 0, i == len(syllables) - 1
        pause = _LONGEST_PAUSE if is_first else syllable.start - syllables[i - 1].end
        rest = _LONGEST_PAUSE if is_last else syllables[i + 1].start - syllable.end
        rows[i] = [
            *heights(i, N_INSIDE), *heights(i - 1, N_BESIDE), *heights(i + 1, N_BESIDE),
            np.log((spans[i][1] - spans[i][0]) / PITCH_RATE),
            min(pause, _LONGEST_PAUSE), min(rest, _LONGEST_PAUSE),
            spans[i][0] / len(frames), is_first, is_last,
        ]  # fmt: skip
    return rows


def told_shapes(
    pitch: Course, syllables: Sequence[Syllable]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the shapes (S, 17) and tones (S,) of the syllables that can be judged."""
    rows = shapes(pitch, syllables)
    tones = np.array([syllable.tone for syllable in syllables], np.int64)
    usable = (tones <= N_TONES) & ~np.isnan(rows).any(axis=1)
    return rows[usable], tones[usable]


@dataclass(frozen=True, slots=True)
class ToneJudge:
    """Says how likely each tone is."""

    mean: NDArray[np.float64]
    """Of what it was fitted on, (17,)."""

    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    """(17 + 1, 4); the last row is added."""

    def likely(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability of tones 1 to 4, (S, 4), for shapes without NaN, (S, 17)."""
        scaled = (rows - self.mean) / self.scale
        logits = scaled @ self.weights[:-1] + self.weights[-1]
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        found: NDArray[np.float64] = odds / odds.sum(axis=1, keepdims=True)
        return found


def fit_judge(rows: NDArray[np.float64], tones: NDArray[np.int64]) -> ToneJudge:
    """Fit on shapes without NaN, (S, 17), of syllables that were meant to have these tones, 1 to 4."""
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    scaled = torch.from_numpy(np.c_[(rows - mean) / scale, np.ones(len(rows))])
    wanted = torch.from_numpy(tones - 1)
    weights = torch.zeros(scaled.shape[1], N_TONES, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        wrong = torch.nn.functional.cross_entropy(scaled @ weights, wanted)
        total = wrong + _DECAY * weights.square().sum()
        total.backward()
        return total

    optimizer.step(loss)
    return ToneJudge(mean, scale, weights.detach().numpy())
