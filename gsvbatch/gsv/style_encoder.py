"""The style encoder: a reference's spectrogram to one global vector (Min et al. 2021)."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class NamedLinear(nn.Module):
    """A linear layer under the checkpoint's name ``fc``."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.fc = nn.Linear(n_in, n_out)

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., n_out)."""
        out: Tensor = self.fc(x)
        return out


class GatedConv(nn.Module):
    """A gated convolution with a residual, over (B, C, F)."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        # Under the checkpoint's name ``conv1.conv``.
        conv = nn.Conv1d(channels, 2 * channels, kernel, padding=kernel // 2)
        self.conv1 = nn.ModuleDict({"conv": conv})

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C, F)."""
        a, b = self.conv1["conv"](x).chunk(2, dim=1)
        out: Tensor = x + a * torch.sigmoid(b)
        return out


class StyleAttention(nn.Module):
    """Two-head self-attention; scores are scaled by the full width, as in the checkpoints."""

    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.w_qs = nn.Linear(width, width)
        self.w_ks = nn.Linear(width, width)
        self.w_vs = nn.Linear(width, width)
        self.fc = nn.Linear(width, width)

    def forward(self, x: Tensor, visible: Tensor | None) -> Tensor:
        """Return (B, F, D) for x (B, F, D); visible (B, F) or None."""
        B, L, D = x.shape
        shape = (B, L, self.n_heads, D // self.n_heads)
        query = self.w_qs(x).view(shape).transpose(1, 2)
        key = self.w_ks(x).view(shape).transpose(1, 2)
        value = self.w_vs(x).view(shape).transpose(1, 2)
        mask = None if visible is None else visible[:, None, None, :]
        out = F.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, scale=1 / math.sqrt(D)
        )
        merged: Tensor = self.fc(out.transpose(1, 2).reshape(B, L, D)) + x
        return merged


class StyleEncoder(nn.Module):
    """Mel-style encoder, the checkpoint's ``ref_enc``."""

    def __init__(self, n_bins: int, hidden: int, style: int, n_heads: int = 2) -> None:
        super().__init__()
        self.n_bins = n_bins
        # Mish and dropout sit between the two layers in the checkpoints' numbering: 0 and 3.
        self.spectral = nn.ModuleDict(
            {"0": NamedLinear(n_bins, hidden), "3": NamedLinear(hidden, hidden)}
        )
        self.temporal = nn.ModuleList(GatedConv(hidden, 5) for _ in range(2))
        self.slf_attn = StyleAttention(hidden, n_heads)
        self.fc = NamedLinear(hidden, style)

    def forward(self, spectrogram: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the style vector (B, G, 1).

        Args:
            spectrogram: linear magnitudes (B, bins, F); only the first ``n_bins`` are used.
            lengths: (B,) real frames of each row, or None when all are.
        """
        x = spectrogram[:, : self.n_bins].transpose(1, 2)
        visible: Tensor | None = None
        if lengths is not None:
            visible = torch.arange(x.shape[1], device=x.device)[None, :] < lengths[:, None]
        x = F.mish(self.spectral["0"](x))
        x = F.mish(self.spectral["3"](x)).transpose(1, 2)
        for block in self.temporal:
            if visible is not None:
                x = x * visible[:, None, :]
            x = block(x)
        x = self.fc(self.slf_attn(x.transpose(1, 2), visible))
        x = x.float()  # the mean over time in fp32: in fp16 it overflows
        if visible is None:
            pooled = (x / x.shape[1]).sum(dim=1)
        else:
            assert lengths is not None
            pooled = (x * visible[..., None] / lengths[:, None, None]).sum(dim=1)
        style: Tensor = pooled.to(spectrogram.dtype).unsqueeze(-1)
        return style
