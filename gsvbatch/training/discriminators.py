"""Critics for adversarial training that suit processors: one-dimensional, wide, at frame rates.

The published critics (periods, spectrogram pictures) are narrow two-dimensional convolutions at high
rates, which cost ten times the generator on a CPU. These look at the compressed complex spectrum
(Défossez et al. 2022) with all frequencies as channels, and at the waveform through long strides,
so that nearly all work is dense matrix products.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

SLOPE = 0.1
COMPRESSION = 0.3
"""Exponent of the magnitudes that a spectral critic sees; the phase is kept."""


class FrameCritic(nn.Module):
    """Scores every stretch of frames of some channels-first features."""

    def __init__(
        self, n_features: int, width: int, dilations: Sequence[int] = (1, 1, 2, 3)
    ) -> None:
        super().__init__()
        self.first = weight_norm(nn.Conv1d(n_features, width, 3, padding=1))
        self.convs = nn.ModuleList(
            weight_norm(nn.Conv1d(width, width, 3, dilation=d, padding=d)) for d in dilations
        )
        self.last = weight_norm(nn.Conv1d(width, 1, 3, padding=1))

    def score(self, features: Tensor) -> list[Tensor]:
        """Return the feature maps of (B, C, T), scores last."""
        x = F.leaky_relu(self.first(features), SLOPE)
        maps = [x]
        for conv in self.convs:
            x = F.leaky_relu(conv(x), SLOPE)
            maps.append(x)
        maps.append(self.last(x))
        return maps


class SpectrumCritic(FrameCritic):
    """Looks at the compressed complex spectrum."""

    window: Tensor

    def __init__(self, n_fft: int, width: int) -> None:
        super().__init__(n_fft + 2, width)
        self.n_fft = n_fft
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    def forward(self, audio: Tensor) -> list[Tensor]:
        """Return the feature maps of audio (B, N)."""
        spectrum = torch.stft(
            audio.float(), self.n_fft, self.n_fft // 4, window=self.window, return_complex=True
        )
        power = spectrum.real.square() + spectrum.imag.square() + 1e-6
        scale = power ** ((COMPRESSION - 1) / 2)
        return self.score(torch.cat([spectrum.real * scale, spectrum.imag * scale], dim=1))


class WaveCritic(FrameCritic):
    """Looks at the waveform in overlapping windows, with a stride."""

    def __init__(self, window: int, stride: int, width: int) -> None:
        super().__init__(width, width)
        self.frame = weight_norm(nn.Conv1d(1, width, window, stride, padding=window // 2))

    def forward(self, audio: Tensor) -> list[Tensor]:
        """Return the feature maps of audio (B, N)."""
        x = F.leaky_relu(self.frame(audio[:, None].float() * 4.0), SLOPE)
        return self.score(x)


class Critics(nn.Module):
    """All critics together."""

    def __init__(
        self,
        spectra: Sequence[int] = (256, 512, 1024, 2048),
        waves: Sequence[tuple[int, int]] = ((125, 25),),
        width: int = 192,
    ) -> None:
        super().__init__()
        self.critics = nn.ModuleList(
            [SpectrumCritic(n_fft, width) for n_fft in spectra]
            + [WaveCritic(window, stride, width) for window, stride in waves]
        )

    def forward(self, audio: Tensor) -> list[list[Tensor]]:
        """Return each critic's feature maps of audio (B, N)."""
        return [critic(audio) for critic in self.critics]


def critic_loss(real: list[list[Tensor]], fake: list[list[Tensor]]) -> Tensor:
    """Return the least-squares loss of the critics (Mao et al. 2017)."""
    losses = [
        (1 - r[-1].float()).square().mean() + f[-1].float().square().mean()
        for r, f in zip(real, fake, strict=True)
    ]
    return torch.stack(losses).mean()


def generator_losses(real: list[list[Tensor]], fake: list[list[Tensor]]) -> tuple[Tensor, Tensor]:
    """Return the generator's adversarial loss and the feature-matching loss."""
    adversarial = torch.stack([(1 - f[-1].float()).square().mean() for f in fake]).mean()
    matching = torch.stack(
        [
            (a.detach().float() - b.float()).abs().mean() / a.detach().float().abs().mean()
            for r, f in zip(real, fake, strict=True)
            for a, b in zip(r[:-1], f[:-1], strict=True)
        ]
    ).mean()
    return adversarial, matching
