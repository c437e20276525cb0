"""The embedded model's content encoder: what is said in a clip, from its log-mel spectrum."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from gsvbatch.gsv.log_mel import LogMel
from gsvbatch.units import Hertz

CONTENT_RATE: Hertz = 16000
HOP = 320  # samples: 50 features a second
WINDOW = 2 * HOP  # samples


@dataclass(frozen=True, slots=True)
class MelContentConfig:
    """Dimensions of a :class:`MelContentEncoder`."""

    kind: Literal["mel"] = "mel"
    n_mels: int = 80
    width: int = 192
    n_convs: int = 7


class ResidualConv(nn.Module):
    """A convolution, layer normalization over channels and a ReLU, added to its input."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(n_in, n_out, 5, padding=2)
        self.norm = nn.LayerNorm(n_out)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, n_out, F)."""
        out = torch.relu(self.norm(self.conv(x).transpose(1, 2)).transpose(1, 2))
        return out + x if x.shape == out.shape else out


class MelContentEncoder(nn.Module):
    """The embedded model's content encoder: log-mels at 50 Hz of 16 kHz audio, and convolutions.

    It takes HuBERT's place at a hundredth of its size. A spectrum needs no learning, and residual
    convolutions learn to name phones in minutes on a processor, where a transformer on raw audio
    did not get anywhere in that time.
    """

    def __init__(self, config: MelContentConfig) -> None:
        super().__init__()
        self.config = config
        self.mel = LogMel(CONTENT_RATE, WINDOW, HOP, config.n_mels)
        self.convs = nn.ModuleList(
            ResidualConv(config.n_mels if i == 0 else config.width, config.width)
            for i in range(config.n_convs)
        )

    def forward(self, samples: Tensor) -> Tensor:
        """Return content features (B, C, N // 320) of samples (B, N)."""
        with torch.autocast(device_type=samples.device.type, enabled=False):
            x: Tensor = (self.mel(samples) + 5.0) / 4.0
        for conv in self.convs:
            x = conv(x)
        return x
