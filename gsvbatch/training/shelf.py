"""The corpus on the training device, so that a batch is a few gathers and no copying.

Audio stays 16-bit, latents are kept in half precision: an hour takes 0.2 GB of a card's memory.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from gsvbatch.gsv.log_mel import LogMel
from gsvbatch.gsv.source_filter import pitch_channel
from gsvbatch.gsv.synthesizer import FRAMES_PER_TOKEN, SynthesizerConfig
from gsvbatch.training.corpus import HOP, Corpus

VOICED = 4.0
"""Log-odds that the latent's voicing channel holds where the teacher's voice sounds; else its negative."""


LATENT_WINDOW = 1024
"""Samples of the latent's spectra: 43 ms, short enough for consonants not to run together."""


class LatentMel(nn.Module):
    """The spectral part of a latent: a log-mel spectrum, scaled to about unit size."""

    def __init__(self, config: SynthesizerConfig) -> None:
        super().__init__()
        n_mels = config.latent - 2
        self.mel = LogMel(config.sample_rate, LATENT_WINDOW, config.hop_length, n_mels)

    def forward(self, audio: Tensor) -> Tensor:
        """Return (B, latent - 2, N // hop) of audio (B, N)."""
        out: Tensor = (self.mel(audio) + 5.0) / 2.5
        return out


def pitch_frames(corpus: Corpus, i: int) -> NDArray[np.float32]:
    """Return pitch channel and voicing channel of an utterance, (2, F).

    Where nothing is voiced, pitch goes straight from one voiced stretch to the next.
    """
    entry = corpus.entries[i]
    frames = slice(entry.first_frame, entry.first_frame + entry.n_frames)
    voiced = corpus.voiced[frames]
    height = corpus.pitch[frames].astype(np.float64) + entry.height
    if voiced.any():
        at = np.flatnonzero(voiced)
        height = np.interp(np.arange(len(height)), at, height[at])
    channel = pitch_channel(torch.from_numpy(np.exp(height))).numpy()
    return np.stack([channel, np.where(voiced, VOICED, -VOICED)]).astype(np.float32)


LENGTH_STEP = 16
"""Tokens or phonemes; batches are padded to multiples, so that convolutions meet few lengths."""


class Rows:
    """Sequences of unlike length in one flat tensor, (N,) or (C, N)."""

    def __init__(self, flat: Tensor, lengths: NDArray[np.int64], step: int = LENGTH_STEP) -> None:
        self.flat, self.lengths, self.step = flat, lengths, step
        self.starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])

    def take(self, picks: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Return the picked rows, zero-padded, (B, L) or (B, C, L), and their lengths (B,)."""
        lengths = torch.from_numpy(self.lengths[picks])
        longest = -(-int(lengths.max()) // self.step) * self.step
        return self.cut(self.starts[picks], lengths, longest), lengths

    def cut(self, starts: NDArray[np.int64], lengths: Tensor, longest: int) -> Tensor:
        """Return stretches that begin at ``starts`` of the flat tensor, zeros past each one's length."""
        device = self.flat.device
        steps = torch.arange(longest, device=device)
        at = torch.from_numpy(starts).to(device)[:, None] + steps
        real = steps < lengths.to(device)[:, None]
        at = torch.where(real, at, 0)
        if self.flat.dim() == 1:
            return torch.where(real, self.flat[at], 0)
        return torch.where(real, self.flat[:, at], 0).transpose(0, 1)


class Shelf:
    """Everything that the synthesizer learns from, of the utterances that were recorded."""

    def __init__(self, corpus: Corpus, config: SynthesizerConfig, device: torch.device) -> None:
        entries = [corpus.entries[i] for i in corpus.recorded]
        tokens = corpus.tokens
        self.config = config
        n_tokens = np.array([entry.n_frames // FRAMES_PER_TOKEN for entry in entries])
        n_frames = n_tokens * FRAMES_PER_TOKEN
        said = [tokens[i][:n] for i, n in zip(corpus.recorded, n_tokens, strict=True)]
        self.tokens = Rows(torch.from_numpy(np.concatenate(said)).to(device), n_tokens)
        ids = np.concatenate([np.array(entry.phoneme_ids) for entry in entries])
        counts = np.array([len(entry.phoneme_ids) for entry in entries])
        self.phonemes = Rows(torch.from_numpy(ids).to(device), counts)
        audio = torch.from_numpy(np.array(corpus.audio)).to(device)
        lengths = np.array([entry.n_samples for entry in entries])
        self.audio = Rows(audio, lengths)
        latents = self._latents(corpus, n_frames, device)
        self.latents = Rows(latents, n_frames, LENGTH_STEP * FRAMES_PER_TOKEN)
        place = {i: k for k, i in enumerate(corpus.recorded)}
        by_speaker = {
            name: np.array([place[i] for i in members if i in place])
            for name, members in corpus.by_speaker.items()
        }
        self.fellows: list[NDArray[np.int64]] = [by_speaker[entry.speaker] for entry in entries]

    @torch.no_grad()
    def _latents(self, corpus: Corpus, n_frames: NDArray[np.int64], device: torch.device) -> Tensor:
        mel = LatentMel(self.config).to(device)
        pieces: list[Tensor] = []
        for k, i in enumerate(corpus.recorded):
            n = int(n_frames[k])
            start = int(self.audio.starts[k])
            samples = self.audio.flat[start : start + int(self.audio.lengths[k])].float() / 32768
            samples = F.pad(samples, (0, max(0, 2 * self.config.filter_length - len(samples))))
            spectral = mel(samples[None])[0, :, :n]
            melodic = torch.from_numpy(pitch_frames(corpus, i)[:, :n]).to(device)
            pieces.append(torch.cat([spectral, melodic]).half())
        return torch.cat(pieces, dim=1)

    def draw(self, rng: np.random.Generator, batch: int) -> NDArray[np.int64]:
        """Return utterances of like length: four batches' worth are drawn, and a quarter is kept."""
        n = len(self.tokens.lengths)
        picks = rng.integers(0, n, 4 * batch)
        picks = picks[np.argsort(self.tokens.lengths[picks], kind="stable")]
        first = int(rng.integers(4)) * batch
        return picks[first : first + batch]

    def references(
        self, picks: NDArray[np.int64], n_frames: int, rng: np.random.Generator
    ) -> Tensor:
        """Return audio (B, n_frames * hop) of other recordings of the same speakers."""
        others = np.array([int(rng.choice(self.fellows[i])) for i in picks])
        n = n_frames * HOP
        room = np.maximum(self.audio.lengths[others] - n, 1)
        starts = self.audio.starts[others] + (rng.random(len(picks)) * room).astype(np.int64)
        lengths = np.minimum(self.audio.lengths[others], n)
        device = self.audio.flat.device
        # A short one is repeated.
        steps = torch.arange(n, device=device) % torch.from_numpy(lengths).to(device)[:, None]
        at = torch.from_numpy(starts).to(device)[:, None] + steps
        return self.audio.flat[at].float() / 32768

    def slices(
        self, picks: NDArray[np.int64], n_frames: int, rng: np.random.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return where random stretches begin, in frames (B,), and their audio (B, n_frames * hop)."""
        room = np.maximum(self.latents.lengths[picks] - n_frames, 0) + 1
        starts = (rng.random(len(picks)) * room).astype(np.int64)
        n = n_frames * HOP
        left = torch.from_numpy(self.audio.lengths[picks] - starts * HOP)
        audio = self.audio.cut(self.audio.starts[picks] + starts * HOP, left.clamp(max=n), n)
        return torch.from_numpy(starts).to(audio.device), audio.float() / 32768
