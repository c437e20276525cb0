"""The waveform generator: HiFi-GAN (Kong et al. 2020), with an optional inverse-STFT head.

With a head (iSTFTNet, Kaneko et al. 2022) the last upsampling stages give way to a spectrum of
magnitudes and phases that an inverse STFT turns into samples. Wide convolutions at a low rate suit
processors far better than narrow ones at the audio rate; the embedded model uses it.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gsvbatch.gsv.layers import LEAKY_SLOPE

FINAL_SLOPE = 0.01
MAX_LOG_MAGNITUDE = 5.0
OVERLAP = 4
"""Window length of the inverse STFT, in hops."""


class ResidualBlock(nn.Module):
    """HiFi-GAN's block of dilated convolutions, its ``ResBlock1``."""

    def __init__(self, channels: int, kernel: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(
            nn.Conv1d(channels, channels, kernel, dilation=d, padding=d * (kernel - 1) // 2)
            for d in dilations
        )
        self.convs2 = nn.ModuleList(
            nn.Conv1d(channels, channels, kernel, padding=(kernel - 1) // 2) for _ in dilations
        )

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Return (B, C, L); with a mask every convolution sees zeros past a row's end."""
        for first, second in zip(self.convs1, self.convs2, strict=True):
            y = F.leaky_relu(x, LEAKY_SLOPE)
            y = F.leaky_relu(first(y if mask is None else y * mask), LEAKY_SLOPE)
            x = x + second(y if mask is None else y * mask)
        return x


class InverseSTFT(nn.Module):
    """Overlap-add of inverse-transformed frames, with a Hann window of four hops.

    The squared windows add up to a constant, so every frame weighs the same whatever its
    neighbours, and a row in a batch comes out as it would alone.
    """

    def __init__(self, hop: int) -> None:
        super().__init__()
        self.hop = hop
        n_fft = hop * OVERLAP
        n_bins = n_fft // 2 + 1
        n = torch.arange(n_fft, dtype=torch.float64)
        k = torch.arange(n_bins, dtype=torch.float64)
        angle = 2 * math.pi * k[:, None] * n[None, :] / n_fft
        weight = torch.full((n_bins, 1), 2.0, dtype=torch.float64)
        weight[0] = weight[-1] = 1.0
        window = torch.hann_window(n_fft, dtype=torch.float64)
        gain = 1.5  # sum over hops of the squared Hann window at four-fold overlap
        scale = weight * window[None, :] / (n_fft * gain) * math.sqrt(n_fft)
        basis = torch.cat([angle.cos() * scale, -angle.sin() * scale])  # (2 bins, n_fft)
        # No buffer: it would be rounded with the weights in half precision, and heard as noise.
        self._basis = basis.float()

    def forward(self, spectrum: Tensor) -> Tensor:
        """Return samples (B, 1, T * hop) of real and imaginary parts (B, 2 * bins, T), fp32."""
        if self._basis.device != spectrum.device:
            self._basis = self._basis.to(spectrum.device)
        frames = self._basis.transpose(0, 1) @ spectrum.float()  # (B, n_fft, T)
        B, n_fft, T = frames.shape
        pieces = frames.view(B, OVERLAP, self.hop, T)
        out = frames.new_zeros(B, self.hop, T + OVERLAP - 1)
        for i in range(OVERLAP):
            out[:, :, i : i + T] += pieces[:, i]
        samples = out.transpose(1, 2).reshape(B, 1, -1)
        edge = (n_fft - self.hop) // 2
        return samples[:, :, edge : edge + T * self.hop]


class Generator(nn.Module):
    """Latent frames to audio, the checkpoint's ``dec``."""

    def __init__(
        self,
        *,
        latent: int,
        style: int,
        upsample_rates: Sequence[int],
        upsample_kernels: Sequence[int],
        initial_channels: int,
        resblock_kernels: Sequence[int],
        resblock_dilations: Sequence[Sequence[int]],
        istft_hop: int | None = None,
        final_bias: bool = False,
    ) -> None:
        super().__init__()
        self.rates = tuple(upsample_rates)
        self.n_kernels = len(resblock_kernels)
        self.conv_pre = nn.Conv1d(latent, initial_channels, 7, padding=3)
        self.cond = nn.Conv1d(style, initial_channels, 1) if style else None
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        channels = initial_channels
        for rate, kernel in zip(upsample_rates, upsample_kernels, strict=True):
            self.ups.append(
                nn.ConvTranspose1d(
                    channels, channels // 2, kernel, rate, padding=(kernel - rate) // 2
                )
            )
            channels //= 2
            for size, dilations in zip(resblock_kernels, resblock_dilations, strict=True):
                self.resblocks.append(ResidualBlock(channels, size, dilations))
        self.istft = None if istft_hop is None else InverseSTFT(istft_hop)
        n_out = 1 if istft_hop is None else istft_hop * OVERLAP + 2
        self.conv_post = nn.Conv1d(channels, n_out, 7, padding=3, bias=final_bias)

    def forward(self, latent: Tensor, style: Tensor | None, mask: Tensor | None = None) -> Tensor:
        """Return samples (B, 1, N) in [-1, 1].

        Args:
            latent: (B, C, F).
            style: (B, G, 1), or None for a generator without a condition.
            mask: (B, 1, F) when rows differ in length; samples past a row's end are zero.
        """
        if mask is not None:
            latent = latent * mask
        x = self.conv_pre(latent)
        if self.cond is not None:
            assert style is not None
            x = x + self.cond(style)
        for i, (rate, up) in enumerate(zip(self.rates, self.ups, strict=True)):
            x = F.leaky_relu(x, LEAKY_SLOPE)
            if mask is not None:
                x = x * mask
                mask = mask.repeat_interleave(rate, dim=2)
            x = up(x)
            if mask is not None:
                x = x * mask
            blocks = self.resblocks[i * self.n_kernels : (i + 1) * self.n_kernels]
            x = torch.stack([block(x, mask) for block in blocks]).sum(0) / self.n_kernels
        x = F.leaky_relu(x, FINAL_SLOPE)
        x = self.conv_post(x if mask is None else x * mask)
        if self.istft is None:
            out = torch.tanh(x)
            return out if mask is None else out * mask
        log_magnitude, phase = x.float().chunk(2, dim=1)
        magnitude = torch.exp(log_magnitude.clamp(max=MAX_LOG_MAGNITUDE))
        if mask is not None:
            magnitude = magnitude * mask
        samples: Tensor = self.istft(
            torch.cat([magnitude * torch.cos(phase), magnitude * torch.sin(phase)], dim=1)
        )
        if mask is not None:
            samples = samples * mask.repeat_interleave(self.istft.hop, dim=2)
        return samples.clamp(-1.0, 1.0)
