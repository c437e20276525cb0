"""The corpus on the training device, so that a batch is a few gathers and no copying.

Audio stays 16-bit, latents are kept in half precision: an hour takes 0.2 GB of a card's memory.
"""

from collections.abc import Callable, Iterator
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from gsvbatch.gsv.log_mel import LogMel
from gsvbatch.gsv.source_filter import VOICED, pitch_channel
from gsvbatch.gsv.synthesizer import FRAMES_PER_TOKEN, SynthesizerConfig
from gsvbatch.training.corpus import FRAME_RATE, HOP, Corpus
from gsvbatch.training.warping import Clock, Times, centres, clock, frame_times, melody

LATENT_WINDOW = 1024
"""Samples of the latent's spectra: 43 ms, short enough for consonants not to run together."""


class LatentMel(nn.Module):
    """The spectral part of a latent: a log-mel spectrum without harmonics, scaled to about unit size.

    Every spectrum is smoothed over as much as its pitch (in the manner of Morise 2015, CheapTrick), so that
    what is left is the mouth's part. The harmonics are the generator's to put back, at the latent's pitch:
    a prior that has to place them in a spectrum spends itself on it, and puts them wrong.
    """

    def __init__(self, config: SynthesizerConfig) -> None:
        super().__init__()
        self.mel = LogMel(config.sample_rate, LATENT_WINDOW, config.hop_length, config.latent - 2)
        self.bin_width = config.sample_rate / LATENT_WINDOW

    def forward(self, audio: Tensor, centres: Tensor, pitch: Tensor) -> Tensor:
        """Return (latent - 2, F) of audio (N,) at sample positions (F,), with its pitch there in hertz (F,).

        Past the end there is silence.
        """
        half = LATENT_WINDOW // 2
        beyond = max(0, int(centres.max()) - len(audio))
        padded = F.pad(audio.float(), (half, half + beyond))
        at = centres.clamp(min=0)[:, None]
        pieces = padded[at + torch.arange(LATENT_WINDOW, device=audio.device)] * self.mel.window
        power = torch.fft.rfft(pieces).abs().square()
        smooth = smoothed(power, (pitch / self.bin_width).clamp(min=1.0))
        magnitude = torch.sqrt(smooth + 1e-9)
        spectrum = torch.log((self.mel.filters @ magnitude.T).clamp(min=self.mel.floor))
        out: Tensor = (spectrum + 5.0) / 2.5
        return out


def smoothed(power: Tensor, width: Tensor) -> Tensor:
    """Return power spectra (F, bins) averaged over widths (F,), in bins, around every bin."""
    n = power.shape[1]
    reach = int(width.max()) // 2 + 2
    # Spectra go on mirrored at either end.
    wide = torch.cat([power[:, 1 : reach + 1].flip(1), power, power[:, -reach - 1 : -1].flip(1)], 1)
    total = F.pad(wide.double().cumsum(1), (1, 0))  # up to the lower edge of every bin
    middles = torch.arange(n, device=power.device) + reach + 0.5

    def up_to(edges: Tensor) -> Tensor:
        whole = edges.floor().long()
        below = total.gather(1, whole)
        return below + (total.gather(1, whole + 1) - below) * (edges - whole)

    half = width.double()[:, None] / 2
    return ((up_to(middles + half) - up_to(middles - half)) / (2 * half)).float()


SILENT_TOKENS = 8
"""Of the silence after an utterance; text-to-semantic says about as many before it ends."""

LENGTH_STEP = 16
"""Tokens or phonemes; batches are padded to multiples, so that convolutions meet few lengths."""


class Rows:
    """Sequences of unlike length in one flat tensor, (N,) or (C, N)."""

    def __init__(
        self,
        flat: Tensor,
        lengths: NDArray[np.int64],
        step: int = LENGTH_STEP,
        *,
        starts: NDArray[np.int64] | None = None,
    ) -> None:
        self.flat, self.lengths, self.step = flat, lengths, step
        self.starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]) if starts is None else starts

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
    """Everything that the synthesizer learns from, of the utterances that were recorded.

    Latents are there on both clocks, each made when it is first asked for: either half needs one of them.
    """

    def __init__(self, corpus: Corpus, config: SynthesizerConfig, device: torch.device) -> None:
        entries = [corpus.entries[i] for i in corpus.recorded]
        tokens = corpus.tokens
        self.config = config
        self._corpus, self._entries, self._device = corpus, entries, device
        self._mel = LatentMel(config).to(device)
        n_tokens = np.array(
            [entry.n_frames // FRAMES_PER_TOKEN + SILENT_TOKENS for entry in entries]
        )
        self.n_frames = n_tokens * FRAMES_PER_TOKEN
        """Of every utterance and the silence after it, (N,)."""

        said = [tokens[i][:n] for i, n in zip(corpus.recorded, n_tokens, strict=True)]
        self.tokens = Rows(torch.from_numpy(np.concatenate(said)).to(device), n_tokens)
        ids = np.concatenate([np.array(entry.phoneme_ids) for entry in entries])
        counts = np.array([len(entry.phoneme_ids) for entry in entries])
        self.phonemes = Rows(torch.from_numpy(ids).to(device), counts)
        audio = torch.from_numpy(np.array(corpus.audio)).to(device)
        lengths = np.array([entry.n_samples for entry in entries])
        self.audio = Rows(audio, lengths, starts=np.array([entry.start for entry in entries]))
        place = {i: k for k, i in enumerate(corpus.recorded)}
        by_speaker = {
            name: np.array([place[i] for i in members if i in place])
            for name, members in corpus.by_speaker.items()
        }
        self.fellows: list[NDArray[np.int64]] = [by_speaker[entry.speaker] for entry in entries]

    @cached_property
    def said(self) -> Rows:
        """Latents on the clock of the tokens, which the prior is to say."""
        return self._latents(lambda both, times: both.recorded_at(times))

    @cached_property
    def latents(self) -> Rows:
        """Latents on the clock of the recording, which the generator turns into it."""
        return self._latents(lambda _both, times: times)

    @cached_property
    def told(self) -> Rows:
        """Where every frame of a recording is on the clock of its tokens, in frames."""
        parts = [both.told_at(times) * FRAME_RATE - 0.5 for _, both, times in self._clocks()]
        return self._rows(torch.from_numpy(np.concatenate(parts)).float().to(self._device))

    def _clocks(self) -> Iterator[tuple[int, Clock, Times]]:
        """Every utterance's place on the shelf, its clocks, and the middles of its frames."""
        for k, entry in enumerate(self._entries):
            n_frames = int(self.n_frames[k])
            yield k, clock(entry, n_frames // FRAMES_PER_TOKEN), frame_times(n_frames)

    @torch.no_grad()
    def _latents(self, recorded_at: Callable[[Clock, Times], Times]) -> Rows:
        """Latents of frames that are at these times of the recording."""
        pieces: list[Tensor] = []
        for k, both, times in self._clocks():
            at = recorded_at(both, times)
            start = int(self.audio.starts[k])
            samples = self.audio.flat[start : start + int(self.audio.lengths[k])].float() / 32768
            hertz, voiced = melody(self._corpus, self._entries[k], at)
            pitch = torch.from_numpy(hertz).to(self._device)
            spectral = self._mel(samples, torch.from_numpy(centres(at)).to(self._device), pitch)
            voicing = torch.from_numpy(np.where(voiced, VOICED, -VOICED)).to(self._device)
            melodic = torch.stack([pitch_channel(pitch), voicing])
            pieces.append(torch.cat([spectral, melodic.float()]).half())
        return self._rows(torch.cat(pieces, dim=1))

    def _rows(self, flat: Tensor) -> Rows:
        return Rows(flat, self.n_frames, LENGTH_STEP * FRAMES_PER_TOKEN)

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
        room = np.maximum(self.n_frames[picks] - n_frames, 0) + 1
        starts = (rng.random(len(picks)) * room).astype(np.int64)
        n = n_frames * HOP
        left = torch.from_numpy(self.audio.lengths[picks] - starts * HOP)
        audio = self.audio.cut(self.audio.starts[picks] + starts * HOP, left.clamp(max=n), n)
        return torch.from_numpy(starts).to(audio.device), audio.float() / 32768
