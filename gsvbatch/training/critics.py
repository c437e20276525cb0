"""The critics that a waveform generator learns from: they tell recordings from what it makes.

Periods of samples (Kong et al. 2020) and spectra at three resolutions (Jang et al. 2021), with fewer
channels than published: the generator that they teach is small, too.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

PERIODS = (2, 3, 5, 7, 11)
RESOLUTIONS = ((512, 128), (1024, 256), (2048, 512))
"""Window length and hop in samples."""

SLOPE = 0.1
Features = list[list[Tensor]]
"""What every layer of every critic makes of some audio; a critic's last is its verdict."""


class PeriodCritic(nn.Module):
    """Looks at every p-th sample."""

    def __init__(self, period: int, channels: tuple[int, ...] = (24, 96, 192, 256)) -> None:
        super().__init__()
        self.period = period
        widths = (1, *channels)
        self.convs = nn.ModuleList(
            weight_norm(nn.Conv2d(a, b, (5, 1), (3, 1), padding=(2, 0)))
            for a, b in pairwise(widths)
        )
        self.last = weight_norm(nn.Conv2d(channels[-1], 1, (3, 1), padding=(1, 0)))

    def forward(self, audio: Tensor) -> list[Tensor]:
        """Return the layers' outputs for audio (B, N)."""
        x = F.pad(audio, (0, -audio.shape[1] % self.period))
        x = x.view(x.shape[0], 1, -1, self.period)
        return _layers(self.convs, self.last, x)


class SpectrumCritic(nn.Module):
    """Looks at magnitudes of one resolution."""

    def __init__(self, n_fft: int, hop: int, channels: int = 24) -> None:
        super().__init__()
        self.n_fft, self.hop = n_fft, hop
        self.convs = nn.ModuleList(
            weight_norm(nn.Conv2d(a, channels, (9, 3), (stride, 1), padding=(4, 1)))
            for a, stride in ((1, 1), (channels, 2), (channels, 2), (channels, 2))
        )
        self.last = weight_norm(nn.Conv2d(channels, 1, 3, padding=1))

    def forward(self, audio: Tensor) -> list[Tensor]:
        """Return the layers' outputs for audio (B, N)."""
        magnitude = stft_magnitude(audio, self.n_fft, self.hop)
        return _layers(self.convs, self.last, torch.log(magnitude.clamp(min=1e-4))[:, None])


class Critics(nn.Module):
    """All critics."""

    def __init__(self) -> None:
        super().__init__()
        self.critics = nn.ModuleList(
            [PeriodCritic(period) for period in PERIODS]
            + [SpectrumCritic(n_fft, hop) for n_fft, hop in RESOLUTIONS]
        )

    def forward(self, audio: Tensor) -> Features:
        """Return what each critic makes of audio (B, N)."""
        return [critic(audio) for critic in self.critics]


def stft_magnitude(audio: Tensor, n_fft: int, hop: int) -> Tensor:
    """Return magnitudes (B, bins, T) of audio (B, N), in fp32."""
    with torch.autocast(device_type=audio.device.type, enabled=False):
        window = torch.hann_window(n_fft, device=audio.device)
        spectrum = torch.stft(
            audio.float(), n_fft, hop, window=window, center=True, return_complex=True
        )
        return torch.sqrt(spectrum.real.square() + spectrum.imag.square() + 1e-9)


def critics_loss(real: Features, made: Features) -> Tensor:
    """Return what the critics are to reduce: least squares, 1 for recordings (Mao et al. 2017)."""
    losses = [
        (1 - a[-1].float()).square().mean() + b[-1].float().square().mean()
        for a, b in zip(real, made, strict=True)
    ]
    return torch.stack(losses).mean()


def generator_loss(real: Features, made: Features) -> tuple[Tensor, Tensor]:
    """Return how little the critics are deceived, and how far their layers' outputs are apart."""
    deceived = torch.stack([(1 - b[-1].float()).square().mean() for b in made]).mean()
    apart = [
        (x.float() - y.float()).abs().mean()
        for a, b in zip(real, made, strict=True)
        for x, y in zip(a[:-1], b[:-1], strict=True)
    ]
    return deceived, torch.stack(apart).mean()


def _layers(convs: nn.ModuleList, last: nn.Module, x: Tensor) -> list[Tensor]:
    out = []
    for conv in convs:
        x = F.leaky_relu(conv(x), SLOPE)
        out.append(x)
    out.append(last(x))
    return out
