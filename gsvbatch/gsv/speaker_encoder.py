"""The speaker encoder of the Pro versions: ERes2NetV2 (Chen et al. 2024), from clip to speaker embedding.

GPT-SoVITS takes what stands before the published network's pooling, averaged over time, so the layers
after it (``seg_1``) are left out. Attribute names are the checkpoint's.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gsvbatch.data import Waveform
from gsvbatch.gsv.fbank import FBANK_RATE, N_MELS, fbank
from gsvbatch.gsv.spectrogram import bounded_reference, sinc_resample
from gsvbatch.units import Hertz

BLOCKS = (3, 4, 6, 3)
"""Of the four stages."""

STRIDES = (1, 2, 2, 2)
ATTENTIVE_FROM = 2
"""The first stage whose blocks weigh what they add, counted from 0."""

EXPANSION = 4
CEILING = 20.0
"""Of the clipped ReLU inside the stages."""

REFERENCE_RATE: Hertz = 32000
BINS_LEFT = N_MELS // 8
"""Mel bins at the last stage."""


class AttentiveFusion(nn.Module):
    """Weighs two inputs against one another at every point, the checkpoint's ``AFF``."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 4
        self.local_att = nn.Sequential(
            nn.Conv2d(2 * channels, inner, 1),
            nn.BatchNorm2d(inner),
            nn.SiLU(),
            nn.Conv2d(inner, channels, 1),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Return (B, C, M, F)."""
        balance = torch.tanh(self.local_att(torch.cat([x, y], dim=1)))
        return x * (1 + balance) + y * (1 - balance)


class Block(nn.Module):
    """A residual block whose channels go through convolutions group after group."""

    def __init__(self, n_in: int, planes: int, stride: int, *, width: int, is_attentive: bool):
        super().__init__()
        n_groups, n_out = 4, planes * EXPANSION
        self.width = width
        self.conv1 = nn.Conv2d(n_in, width * n_groups, 1, stride, bias=False)
        self.bn1 = nn.BatchNorm2d(width * n_groups)
        self.convs = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(n_groups)
        )
        self.bns = nn.ModuleList(nn.BatchNorm2d(width) for _ in range(n_groups))
        n_fusions = n_groups - 1 if is_attentive else 0
        self.fuse_models = nn.ModuleList(AttentiveFusion(width) for _ in range(n_fusions))
        self.conv3 = nn.Conv2d(width * n_groups, n_out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(n_out)
        self.shortcut = nn.Sequential()
        if stride != 1 or n_in != n_out:
            self.shortcut = nn.Sequential(
                nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C, M, F), both axes divided by the stride."""
        groups = _clipped(self.bn1(self.conv1(x))).split(self.width, dim=1)
        made: list[Tensor] = []
        for i, (conv, norm) in enumerate(zip(self.convs, self.bns, strict=True)):
            group = groups[i]
            if made and self.fuse_models:
                group = self.fuse_models[i - 1](made[-1], group)
            elif made:
                group = made[-1] + group
            made.append(_clipped(norm(conv(group))))
        return _clipped(self.bn3(self.conv3(torch.cat(made, dim=1))) + self.shortcut(x))


class SpeakerEncoder(nn.Module):
    """ERes2NetV2 up to its pooling."""

    def __init__(self, channels: int = 64, base_width: int = 24) -> None:
        """Make the network.

        Args:
            channels: Of the stem; the published network has 64.
            base_width: Channels of one group in the first stage.
        """
        super().__init__()
        self.channels, self.base_width = channels, base_width
        self.conv1 = nn.Conv2d(1, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        n_in = channels
        for stage, (n_blocks, stride) in enumerate(zip(BLOCKS, STRIDES, strict=True)):
            planes = channels << stage
            blocks = []
            for i in range(n_blocks):
                blocks.append(
                    Block(
                        n_in,
                        planes,
                        stride if i == 0 else 1,
                        width=base_width << stage,
                        is_attentive=stage >= ATTENTIVE_FROM,
                    )
                )
                n_in = planes * EXPANSION
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
        self.layer3_ds = nn.Conv2d(n_in // 2, n_in, 3, 2, padding=1, bias=False)
        self.fuse34 = AttentiveFusion(n_in)

    @property
    def width(self) -> int:
        """Numbers in an embedding, E."""
        return self.channels * 8 * EXPANSION * BINS_LEFT

    def forward(self, features: Tensor) -> Tensor:
        """Return speaker embeddings (B, E) of log-mel energies (B, F, 80)."""
        x = features.transpose(1, 2).unsqueeze(1)
        x = torch.relu(self.bn1(self.conv1(x)))
        x = self.get_submodule("layer2")(self.get_submodule("layer1")(x))
        third = self.get_submodule("layer3")(x)
        fourth = self.get_submodule("layer4")(third)
        fused = self.fuse34(fourth, self.layer3_ds(third))
        embedding: Tensor = fused.flatten(1, 2).mean(dim=-1)
        return embedding


def _clipped(x: Tensor) -> Tensor:
    return F.hardtanh(x, 0.0, CEILING)


@torch.inference_mode()
def speaker_embedding(waveform: Waveform, encoder: SpeakerEncoder) -> Tensor:
    """The speaker embedding of a clip, (E,), fp32 on the CPU.

    Upstream takes the way over 32 kHz, and so does this: resampling twice is not the same as once.
    """
    samples = bounded_reference(waveform, REFERENCE_RATE)
    weight = next(encoder.parameters())
    features = fbank(sinc_resample(samples, REFERENCE_RATE, FBANK_RATE))
    embedding: Tensor = encoder(features.to(weight.device, weight.dtype))[0]
    return embedding.float().cpu()
