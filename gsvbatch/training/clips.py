"""Clips to tune on: what is said in each, in phonemes and in semantic tokens, and how it sounds.

Recordings with transcripts and lines that a teacher spoke become the same record, so fine-tuning and
distilling are one recipe. A batch is clips of like length, padded; pitch is followed when first asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gsvbatch.gsv.synthesizer import FRAMES_PER_TOKEN
from gsvbatch.training.pitch import track_pitch
from gsvbatch.units import SEMANTIC_RATE, Hertz, Seconds

FRAME_RATE: Hertz = FRAMES_PER_TOKEN * SEMANTIC_RATE
PADDING = -100
"""Token that stands for none, past a row's end."""


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """What goes before an utterance: a reference's phonemes and tokens."""

    clip_id: str
    """The clip that it was taken from, so that none is its own prompt; empty for a voice's reference."""

    phoneme_ids: tuple[int, ...]
    tokens: NDArray[np.int64]
    """(S,), the silence after the words included."""

    bert: NDArray[np.float16] | None = None
    """Prosody features, (D, P); None stands for zeros."""


@dataclass(frozen=True, eq=False)  # no slots: the pitch is kept once it is known
class Clip:
    """One utterance."""

    id: str
    text: str
    phoneme_ids: tuple[int, ...]
    tokens: NDArray[np.int64]
    """(S,), 25 a second."""

    samples: NDArray[np.int16]
    """(N,), exactly as many as the tokens become, at the synthesizer's rate."""

    sample_rate: Hertz
    bert: NDArray[np.float16] | None = None
    """Prosody features, (D, P); None stands for zeros."""

    speaker: NDArray[np.float32] | None = None
    """Speaker embedding, (E,), for the Pro versions."""

    @property
    def duration(self) -> Seconds:
        """Length of the audio."""
        return len(self.samples) / self.sample_rate

    @property
    def n_frames(self) -> int:
        """Latent frames, 50 a second."""
        return FRAMES_PER_TOKEN * len(self.tokens)

    @cached_property
    def pitch(self) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Pitch in hertz and voicing of every latent frame, (F,) each."""
        audio = self.samples.astype(np.float32) / np.float32(32768)
        return track_pitch(audio, self.sample_rate, self.n_frames, FRAME_RATE)


@dataclass(frozen=True, slots=True, eq=False)
class ClipBatch:
    """Clips as tensors, zeros past each one's end."""

    tokens: Tensor
    """(B, S)."""

    n_tokens: Tensor
    """(B,)."""

    phoneme_ids: Tensor
    """(B, P)."""

    n_phonemes: Tensor
    """(B,)."""

    audio: Tensor
    """(B, N), in [-1, 1]."""

    hertz: Tensor | None
    """(B, F), None where pitch was not asked for."""

    voiced: Tensor | None
    """(B, F)."""

    @property
    def n_frames(self) -> Tensor:
        """Latent frames of each row, (B,)."""
        return FRAMES_PER_TOKEN * self.n_tokens


def to_int16(samples: NDArray[np.float32], n_samples: int) -> NDArray[np.int16]:
    """Samples (N,) as 16-bit integers (n_samples,), cut or with zeros behind."""
    whole = np.zeros(n_samples, np.float32)
    kept = samples[:n_samples]
    whole[: len(kept)] = kept
    return np.round(np.clip(whole, -1, 1) * 32767).astype(np.int16)


def batch_of(clips: Sequence[Clip], device: torch.device, *, with_pitch: bool = False) -> ClipBatch:
    """Clips, padded, on a device."""
    found = [clip.pitch for clip in clips] if with_pitch else None
    return ClipBatch(
        tokens=padded([clip.tokens for clip in clips]).to(device),
        n_tokens=torch.tensor([len(clip.tokens) for clip in clips], device=device),
        phoneme_ids=padded([np.array(clip.phoneme_ids) for clip in clips]).to(device),
        n_phonemes=torch.tensor([len(clip.phoneme_ids) for clip in clips], device=device),
        audio=padded([clip.samples for clip in clips]).to(device).float() / 32768,
        hertz=None if found is None else padded([hertz for hertz, _ in found]).to(device),
        voiced=None if found is None else padded([voiced for _, voiced in found]).to(device),
    )


def padded(rows: Sequence[NDArray[np.generic]], fill: int = 0) -> Tensor:
    """Rows (L,) of unlike length as one tensor (B, longest L)."""
    whole = np.full((len(rows), max(len(row) for row in rows)), fill, rows[0].dtype)
    for at, row in enumerate(rows):
        whole[at, : len(row)] = row
    return torch.from_numpy(whole)


def draw_alike(
    lengths: NDArray[np.int64], batch: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Indices (B,) of clips of like length: three batches' worth are drawn, and a third is kept.

    Of fewer clips than a batch holds all are taken, in no particular order.
    """
    n = len(lengths)
    if n <= batch:
        return rng.permutation(n)
    picks = np.concatenate([rng.permutation(n) for _ in range(-(-3 * batch // n))])[: 3 * batch]
    picks = picks[np.argsort(lengths[picks], kind="stable")]
    first = int(rng.integers(3)) * batch
    return picks[first : first + batch]
