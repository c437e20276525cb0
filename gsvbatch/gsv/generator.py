"""The waveform generator: HiFi-GAN (Kong et al. 2020), or its first stages with a source-filter head.

With the head the last upsampling stages give way to filters for a pulse train and for noise, and the
latent's last two channels hold the pitch and the voicing of that train. The embedded model uses it.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gsvbatch.gsv.layers import LEAKY_SLOPE
from gsvbatch.gsv.source_filter import SourceFilter, within_reach
from gsvbatch.units import Hertz

FINAL_SLOPE = 0.01


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
        spectral_hop: int | None = None,
        sample_rate: Hertz = 0,
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
        self.head = None if spectral_hop is None else SourceFilter(spectral_hop, sample_rate)
        n_out = 1 if self.head is None else self.head.n_outputs
        has_bias = final_bias or self.head is not None
        self.conv_post = nn.Conv1d(channels, n_out, 7, padding=3, bias=has_bias)

    def forward(self, latent: Tensor, style: Tensor | None, mask: Tensor | None = None) -> Tensor:
        """Return samples (B, 1, N) in [-1, 1].

        Args:
            latent: (B, C, F).
            style: (B, G, 1), or None for a generator without a condition.
            mask: (B, 1, F) when rows differ in length; samples past a row's end are zero.
        """
        if self.head is not None:
            latent = within_reach(latent)
        x, fine_mask = self._features(latent, style, mask)
        if self.head is None:
            out = torch.tanh(x)
            return out if fine_mask is None else out * fine_mask
        if mask is None:
            samples: Tensor = self.head(x, latent)
            return samples.clamp(-1.0, 1.0)
        # Rows of unlike length one by one, each as if alone.
        out = x.new_zeros(x.shape[0], 1, x.shape[2] * self.head.hop, dtype=torch.float32)
        for row, n_frames in enumerate(mask.sum(dim=(1, 2)).long().tolist()):
            n_fine = n_frames * x.shape[2] // mask.shape[2]
            made = self.head(x[row : row + 1, :, :n_fine], latent[row : row + 1, :, :n_frames])
            out[row, :, : made.shape[2]] = made[0]
        return out.clamp(-1.0, 1.0)

    def _features(
        self, latent: Tensor, style: Tensor | None, mask: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Return the last convolution's output and the mask at its rate."""
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
        return self.conv_post(x if mask is None else x * mask), mask
