"""The corpus on the training device, so that a batch is a few gathers and no copying.

Audio stays 16-bit, latents are kept in half precision: an hour takes 0.2 GB of a card's memory.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from gsvbatch.gsv.log_mel import LogMel
from gsvbatch.gsv.source_filter import VOICED, pitch_channel
from gsvbatch.gsv.synthesizer import FRAMES_PER_TOKEN, SynthesizerConfig
from gsvbatch.training.corpus import FRAME_RATE, HOP, Corpus, Entry
from gsvbatch.training.warping import Times, centres, clock, frame_times, melody

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
    """Everything that the synthesizer learns from, of the utterances that were recorded.

    Latents are there on both clocks: ``said`` on that of the tokens, which the prior is to say, and
    ``latents`` on that of the recording, which the generator turns into it.
    """

    def __init__(self, corpus: Corpus, config: SynthesizerConfig, device: torch.device) -> None:
        entries = [corpus.entries[i] for i in corpus.recorded]
        tokens = corpus.tokens
        self.config = config
        n_tokens = np.array(
            [entry.n_frames // FRAMES_PER_TOKEN + SILENT_TOKENS for entry in entries]
        )
        n_frames = n_tokens * FRAMES_PER_TOKEN
        said = [tokens[i][:n] for i, n in zip(corpus.recorded, n_tokens, strict=True)]
        self.tokens = Rows(torch.from_numpy(np.concatenate(said)).to(device), n_tokens)
        ids = np.concatenate([np.array(entry.phoneme_ids) for entry in entries])
        counts = np.array([len(entry.phoneme_ids) for entry in entries])
        self.phonemes = Rows(torch.from_numpy(ids).to(device), counts)
        audio = torch.from_numpy(np.array(corpus.audio)).to(device)
        lengths = np.array([entry.n_samples for entry in entries])
        self.audio = Rows(audio, lengths)
        said_latents, latents, told = self._latents(corpus, n_tokens, device)
        step = LENGTH_STEP * FRAMES_PER_TOKEN
        self.said, self.latents = Rows(said_latents, n_frames, step), Rows(latents, n_frames, step)
        self.told = Rows(told, n_frames, step)
        """Where every frame of a recording is on the clock of its tokens, in frames."""

        place = {i: k for k, i in enumerate(corpus.recorded)}
        by_speaker = {
            name: np.array([place[i] for i in members if i in place])
            for name, members in corpus.by_speaker.items()
        }
        self.fellows: list[NDArray[np.int64]] = [by_speaker[entry.speaker] for entry in entries]

    @torch.no_grad()
    def _latents(
        self, corpus: Corpus, n_tokens: NDArray[np.int64], device: torch.device
    ) -> tuple[Tensor, Tensor, Tensor]:
        mel = LatentMel(self.config).to(device)
        said: list[Tensor] = []
        recorded: list[Tensor] = []
        told: list[Tensor] = []
        for k, i in enumerate(corpus.recorded):
            entry = corpus.entries[i]
            start = int(self.audio.starts[k])
            samples = self.audio.flat[start : start + int(self.audio.lengths[k])].float() / 32768
            both = clock(entry, int(n_tokens[k]))
            times = frame_times(int(n_tokens[k]) * FRAMES_PER_TOKEN)

            def latent(at: Times, entry: Entry = entry, samples: Tensor = samples) -> Tensor:
                hertz, voiced = melody(corpus, entry, at)
                pitch = torch.from_numpy(hertz).to(device)
                spectral = mel(samples, torch.from_numpy(centres(at)).to(device), pitch)
                voicing = torch.from_numpy(np.where(voiced, VOICED, -VOICED)).to(device)
                melodic = torch.stack([pitch_channel(pitch), voicing])
                return torch.cat([spectral, melodic.float()]).half()

            said.append(latent(both.recorded_at(times)))
            recorded.append(latent(times))
            told.append(torch.from_numpy(both.told_at(times) * FRAME_RATE - 0.5).float().to(device))
        return torch.cat(said, dim=1), torch.cat(recorded, dim=1), torch.cat(told)

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
