"""Audio from magnitudes alone: fast Griffin-Lim (Perraudin et al. 2013).

The phase that fits a spectrogram is found by going back and forth between frames and samples, with
momentum. It starts from fixed pseudo-random angles, so the same magnitudes always give the same audio.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

OVERLAP = 8
"""Window length in hops; the more frames share a sample, the better the phase is determined."""

MOMENTUM = 0.99


class GriffinLim(nn.Module):
    """Turns magnitudes at one frame a hop into samples."""

    window: Tensor

    def __init__(self, hop: int, n_iterations: int = 32) -> None:
        super().__init__()
        self.hop = hop
        self.n_fft = hop * OVERLAP
        self.edge = (self.n_fft - hop) // 2
        self.n_iterations = n_iterations
        self.register_buffer("window", torch.hann_window(self.n_fft), persistent=False)

    @property
    def n_bins(self) -> int:
        """Magnitudes a frame."""
        return self.n_fft // 2 + 1

    def analyse(self, samples: Tensor) -> Tensor:
        """Return complex frames (B, bins, N / hop) of samples (B, N), N a multiple of the hop."""
        padded = F.pad(samples, (self.edge, self.n_fft - self.hop - self.edge))
        frames = padded.unfold(1, self.n_fft, self.hop) * self.window
        spectrum: Tensor = torch.fft.rfft(frames).transpose(1, 2)
        return spectrum

    def synthesize(self, frames: Tensor) -> Tensor:
        """Return the samples (B, T * hop) that fit complex frames (B, bins, T) best."""
        T = frames.shape[2]
        pieces = torch.fft.irfft(frames.transpose(1, 2), n=self.n_fft) * self.window
        samples = self._overlap_add(pieces)
        weight = self._overlap_add(self.window.square().expand(1, T, self.n_fft))
        kept = slice(self.edge, self.edge + T * self.hop)
        return samples[:, kept] / weight[:, kept].clamp(min=1e-3)

    def _overlap_add(self, pieces: Tensor) -> Tensor:
        B, T, _ = pieces.shape
        blocks = pieces.reshape(B, T, OVERLAP, self.hop)
        out = pieces.new_zeros(B, T + OVERLAP - 1, self.hop)
        for i in range(OVERLAP):
            out[:, i : i + T] += blocks[:, :, i]
        return out.reshape(B, -1)

    def forward(self, magnitudes: Tensor) -> Tensor:
        """Return samples (B, 1, T * hop) of magnitudes (B, bins, T), computed in fp32."""
        magnitudes = magnitudes.float()
        generator = torch.Generator().manual_seed(0)
        # Drawn frame by frame, so that a frame's first angles do not depend on how many follow it.
        angles = torch.rand(magnitudes.shape[2], self.n_bins, generator=generator).T
        angles = (angles * 2 * math.pi).to(magnitudes.device)
        phase = torch.polar(torch.ones_like(angles), angles)
        before = torch.zeros_like(phase)
        for _ in range(self.n_iterations):
            rebuilt = self.analyse(self.synthesize(magnitudes * phase))
            phase = rebuilt - before * (MOMENTUM / (1 + MOMENTUM))
            phase = phase / phase.abs().clamp(min=1e-8)
            before = rebuilt
        return self.synthesize(magnitudes * phase)[:, None]
