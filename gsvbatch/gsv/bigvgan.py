"""BigVGAN (Lee et al. 2023), the vocoder of v3: mel to audio through anti-aliased periodic activations."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

RATIO = 2
"""How much finer than its input an activation looks at it."""

N_TAPS = 12
EPS = 1e-9


@dataclass(frozen=True, slots=True)
class BigVGANConfig:
    """Dimensions of a :class:`BigVGAN`; the defaults are bigvgan_v2_24khz_100band_256x's."""

    n_mels: int = 100
    upsample_rates: tuple[int, ...] = (4, 4, 2, 2, 2, 2)
    upsample_kernels: tuple[int, ...] = (8, 8, 4, 4, 4, 4)
    initial_channels: int = 1536
    resblock_kernels: tuple[int, ...] = (3, 7, 11)
    resblock_dilations: tuple[int, ...] = (1, 3, 5)


class Periodic(nn.Module):
    """SnakeBeta: a straight line with a wave on it, whose width and height are learnt as logarithms."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.zeros(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C, N)."""
        alpha, beta = self.alpha.exp()[:, None], self.beta.exp()[:, None]
        return x + torch.sin(x * alpha).square() / (beta + EPS)


class Lowpass(nn.Module):
    """The stored taps of the low-pass filter on either side of an activation."""

    filter: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("filter", kaiser_sinc())


class Activation(nn.Module):
    """A periodic activation at twice the rate, so that its overtones do not fold back."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.act = Periodic(channels)
        self.upsample = Lowpass()
        self.downsample = nn.ModuleDict({"lowpass": Lowpass()})

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C, N)."""
        channels = x.shape[1]
        edge = N_TAPS // RATIO - 1
        taps = self.upsample.filter.expand(channels, 1, N_TAPS)
        x = F.pad(x, (edge, edge), mode="replicate")
        x = RATIO * F.conv_transpose1d(x, taps, stride=RATIO, groups=channels)
        crop = edge * RATIO + (N_TAPS - RATIO) // 2
        x = self.act(x[:, :, crop:-crop])
        lowpass = self.downsample["lowpass"].filter
        assert isinstance(lowpass, Tensor)
        x = F.pad(x, (N_TAPS // 2 - 1, N_TAPS // 2), mode="replicate")
        return F.conv1d(x, lowpass.expand(channels, 1, N_TAPS), stride=RATIO, groups=channels)


class ResidualBlock(nn.Module):
    """Dilated convolutions with an activation before each, the checkpoint's ``AMPBlock1``."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(
            nn.Conv1d(channels, channels, kernel, dilation=d, padding=d * (kernel - 1) // 2)
            for d in dilations
        )
        self.convs2 = nn.ModuleList(
            nn.Conv1d(channels, channels, kernel, padding=(kernel - 1) // 2) for _ in dilations
        )
        self.activations = nn.ModuleList(Activation(channels) for _ in range(2 * len(dilations)))

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C, N)."""
        for i, (first, second) in enumerate(zip(self.convs1, self.convs2, strict=True)):
            y = first(self.activations[2 * i](x))
            x = x + second(self.activations[2 * i + 1](y))
        return x


class BigVGAN(nn.Module):
    """Log-mel frames to samples."""

    def __init__(self, config: BigVGANConfig) -> None:
        super().__init__()
        self.n_kernels = len(config.resblock_kernels)
        channels = config.initial_channels
        self.conv_pre = nn.Conv1d(config.n_mels, channels, 7, padding=3)
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        for rate, kernel in zip(config.upsample_rates, config.upsample_kernels, strict=True):
            up = nn.ConvTranspose1d(
                channels, channels // 2, kernel, rate, padding=(kernel - rate) // 2
            )
            self.ups.append(nn.ModuleList([up]))
            channels //= 2
            for size in config.resblock_kernels:
                self.resblocks.append(ResidualBlock(channels, size, config.resblock_dilations))
        self.activation_post = Activation(channels)
        self.conv_post = nn.Conv1d(channels, 1, 7, padding=3, bias=False)

    def forward(self, mel: Tensor) -> Tensor:
        """Return samples (B, 1, N) in [-1, 1] of log-mels (B, mels, F); loud ones are cut off there."""
        x = self.conv_pre(mel)
        for i, stage in enumerate(self.ups):
            assert isinstance(stage, nn.ModuleList)
            x = stage[0](x)
            blocks = self.resblocks[i * self.n_kernels : (i + 1) * self.n_kernels]
            total = blocks[0](x)
            for block in blocks[1:]:
                total = total + block(x)
            x = total / self.n_kernels
        out: Tensor = self.conv_post(self.activation_post(x)).clamp(-1.0, 1.0)
        return out


def kaiser_sinc() -> Tensor:
    """The filter's taps (1, 1, 12): a quarter of the rate, Kaiser-windowed."""
    cutoff, half_width = 0.5 / RATIO, 0.6 / RATIO
    attenuation = 2.285 * (N_TAPS // 2 - 1) * torch.pi * 4 * half_width + 7.95
    beta = 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21)
    if attenuation > 50:
        beta = 0.1102 * (attenuation - 8.7)
    window = torch.kaiser_window(N_TAPS, periodic=False, beta=beta)
    time = torch.arange(N_TAPS) - N_TAPS // 2 + 0.5
    taps = 2 * cutoff * window * torch.sinc(2 * cutoff * time)
    return (taps / taps.sum()).view(1, 1, N_TAPS)
