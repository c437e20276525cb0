"""What the diffusion transformer is conditioned with: frames with positions, through ConvNeXt-V2's blocks.

Sequences are frames first, (B, F, C); rows may differ in length, see :mod:`gsvbatch.gsv.dit`.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

MAX_POSITION = 4095
BASE = 10000.0
BLOCK_EPS = 1e-6


class ResponseNorm(nn.Module):
    """Global response normalization over time (Woo et al. 2023)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, 1, width))
        self.beta = nn.Parameter(torch.zeros(1, 1, width))

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Return (B, F, C)."""
        real = x if mask is None else x * mask
        energy = torch.linalg.vector_norm(real, dim=1, keepdim=True, dtype=torch.float32)
        share = (energy / (energy.mean(dim=2, keepdim=True) + 1e-6)).to(x.dtype)
        out: Tensor = self.gamma * (x * share) + self.beta + x
        return out


class ConditionBlock(nn.Module):
    """ConvNeXt-V2's block (Woo et al. 2023)."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv1d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width, eps=BLOCK_EPS)
        self.pwconv1 = nn.Linear(width, inner)
        self.grn = ResponseNorm(inner)
        self.pwconv2 = nn.Linear(inner, width)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Return (B, F, C)."""
        real = x if mask is None else x * mask
        y = self.norm(self.dwconv(real.transpose(1, 2)).transpose(1, 2))
        out: Tensor = x + self.pwconv2(self.grn(F.gelu(self.pwconv1(y)), mask))
        return out


class ConditionEmbedding(nn.Module):
    """The condition's frames with positions, through convolutions; upstream's ``TextEmbedding``."""

    def __init__(self, width: int, n_layers: int, inner: int) -> None:
        super().__init__()
        self.text_blocks = nn.ModuleList(ConditionBlock(width, inner) for _ in range(n_layers))

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Return (B, F, C)."""
        n_frames, width = x.shape[1:]
        position = torch.arange(n_frames, device=x.device).clamp(max=MAX_POSITION).float()
        steps = torch.arange(0, width, 2, device=x.device).float() / width
        angles = position[:, None] * BASE ** -steps[None, :]
        x = x + torch.cat([angles.cos(), angles.sin()], dim=1).to(x.dtype)
        for block in self.text_blocks:
            x = block(x, mask)
        return x
