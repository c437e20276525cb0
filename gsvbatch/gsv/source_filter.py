"""The embedded model's way from features to audio: filters over a pulse train and over noise.

A voice is a buzz and a hiss, both shaped by a mouth. The buzz is known once its pitch is, and so the
network has only the shaping to say: for every 5 ms a filter for each source, on short spectra that
overlap (Serra & Smith 1990; with neural filters, Liu et al. 2020).
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gsvbatch.units import Hertz

OVERLAP = 4
"""Window length in hops."""

LOWEST_PITCH: Hertz = 50
HIGHEST_PITCH: Hertz = 800
PITCH_MIDDLE = 5.2
"""Natural logarithm of hertz that the pitch channel's zero stands for: 181 Hz."""

PITCH_SCALE = 0.4
"""Natural logarithm of hertz for one unit of the pitch channel."""

VOICED = 4.0
"""Log-odds that the latent's voicing channel holds where a voice sounds; where none does, its negative."""

MAX_LOG_GAIN = 5.0
NOISE_LENGTH = 1 << 18
"""Samples after which the noise repeats: 11 s at 24 kHz."""


def pitch_channel(hertz: Tensor) -> Tensor:
    """Return what the latent's pitch channel holds for a pitch."""
    return (torch.log(hertz) - PITCH_MIDDLE) / PITCH_SCALE


def within_reach(latent: Tensor) -> Tensor:
    """Return a latent (B, C, F) whose voicing is no surer than any that a generator learns from.

    A prior is surer of itself, and convolutions go on in a straight line where they have learnt nothing:
    unlimited, it cost 0.8 of an opinion score (DNSMOS) and every tenth syllable.
    """
    return torch.cat([latent[:, :-1], latent[:, -1:].clamp(-VOICED, VOICED)], dim=1)


class SourceFilter(nn.Module):
    """Turns filters at one frame a hop, with pitch and voicing of every latent frame, into samples."""

    def __init__(self, hop: int, sample_rate: Hertz) -> None:
        super().__init__()
        self.hop, self.sample_rate = hop, sample_rate
        self.n_fft = hop * OVERLAP
        self.edge = (self.n_fft - hop) // 2
        # No buffers, which a model in half precision would round.
        self._windows: dict[torch.device, Tensor] = {}
        self._noises: dict[torch.device, Tensor] = {}

    @property
    def n_outputs(self) -> int:
        """Numbers a frame: gain and phase of the pulse train's filter, gain of the noise's."""
        return 3 * (self.n_fft // 2 + 1)

    def forward(self, filters: Tensor, latent: Tensor) -> Tensor:
        """Return samples (B, 1, T * hop), computed in fp32.

        Args:
            filters: (B, n_outputs, T): natural logarithms of gains, and radians.
            latent: (B, C, F); its last two channels are pitch and the log-odds of being voiced.
        """
        n = filters.shape[2] * self.hop
        log_gain, phase, log_noise = filters.float().chunk(3, dim=1)
        frames = latent[:, -2:].float()
        hertz = torch.exp(frames[:, :1] * PITCH_SCALE + PITCH_MIDDLE)
        frames = torch.cat([hertz.clamp(LOWEST_PITCH, HIGHEST_PITCH), frames[:, 1:].sigmoid()], 1)
        pitch, voicing = F.interpolate(frames, size=n, mode="linear").unbind(dim=1)
        buzz = self.analyse(self.pulses(pitch) * voicing)
        hiss = self.analyse(self._noise(n, filters.device)[None])
        gain, noise_gain = (torch.exp(x.clamp(max=MAX_LOG_GAIN)) for x in (log_gain, log_noise))
        return self.synthesize(buzz * torch.polar(gain, phase) + hiss * noise_gain)[:, None]

    def pulses(self, pitch: Tensor) -> Tensor:
        """Return a pulse train of unit power with no overtone above half the rate, (B, N) like pitch.

        The sum of K cosines in closed form, Dirichlet's kernel.
        """
        # In double precision, for a phase in single precision drifts within a minute.
        turns = torch.cumsum(pitch.double() / self.sample_rate, dim=1)
        angle = (2 * math.pi * (turns - torch.round(turns))).float()
        n_overtones = torch.floor(self.sample_rate / 2 / pitch)
        half = torch.sin(angle / 2)
        is_peak = half.abs() < 1e-4
        ratio = torch.sin((n_overtones + 0.5) * angle) / torch.where(is_peak, 1.0, half)
        total = torch.where(is_peak, n_overtones, (ratio - 1) / 2)
        return total * torch.sqrt(2 / n_overtones)

    def _noise(self, n: int, device: torch.device) -> Tensor:
        """White noise of unit power; while training another one every time, else always the same."""
        if self.training:
            return torch.randn(n, device=device)
        if device not in self._noises:
            draw = torch.Generator().manual_seed(0)
            self._noises[device] = torch.randn(NOISE_LENGTH, generator=draw).to(device)
        return self._noises[device].repeat(-(-n // NOISE_LENGTH))[:n]

    def window(self, device: torch.device) -> Tensor:
        """Return the window of analysis and synthesis, (n_fft,)."""
        if device not in self._windows:
            self._windows[device] = torch.hann_window(self.n_fft, device=device)
        return self._windows[device]

    def analyse(self, samples: Tensor) -> Tensor:
        """Return complex frames (B, bins, N / hop) of samples (B, N), N a multiple of the hop."""
        padded = F.pad(samples, (self.edge, self.n_fft - self.hop - self.edge))
        frames = padded.unfold(1, self.n_fft, self.hop) * self.window(samples.device)
        spectrum: Tensor = torch.fft.rfft(frames).transpose(1, 2)
        return spectrum

    def synthesize(self, frames: Tensor) -> Tensor:
        """Return the samples (B, T * hop) that fit complex frames (B, bins, T) best."""
        T = frames.shape[2]
        window = self.window(frames.device)
        samples = self._overlap_add(torch.fft.irfft(frames.transpose(1, 2), n=self.n_fft) * window)
        weight = self._overlap_add(window.square().expand(1, T, self.n_fft))
        kept = slice(self.edge, self.edge + T * self.hop)
        return samples[:, kept] / weight[:, kept].clamp(min=1e-3)

    def _overlap_add(self, pieces: Tensor) -> Tensor:
        B, T, _ = pieces.shape
        blocks = pieces.reshape(B, T, OVERLAP, self.hop)
        shifted = [F.pad(blocks[:, :, i], (0, 0, i, OVERLAP - 1 - i)) for i in range(OVERLAP)]
        return torch.stack(shifted).sum(0).reshape(B, -1)
