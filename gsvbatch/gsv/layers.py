"""Small building blocks that the synthesizer's parts share.

Convolutions hold plain weights: weight-norm pairs of a checkpoint are folded when it is loaded.
Sequences are channels first, (B, C, L); masks are (B, 1, L) with 1 where a frame is real.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LEAKY_SLOPE = 0.1


class ChannelNorm(nn.Module):
    """Layer normalization over channels of (B, C, L), with VITS's names gamma and beta."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return x normalized, same shape."""
        normed = F.layer_norm(x.transpose(1, 2), (x.shape[1],), self.gamma, self.beta, 1e-5)
        return normed.transpose(1, 2)


class WaveNet(nn.Module):
    """Gated convolutions with a global condition, VITS's ``WN`` (van den Oord et al. 2016)."""

    def __init__(self, hidden: int, kernel: int, n_layers: int, condition: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.in_layers = nn.ModuleList(
            nn.Conv1d(hidden, 2 * hidden, kernel, padding=kernel // 2) for _ in range(n_layers)
        )
        self.res_skip_layers = nn.ModuleList(
            nn.Conv1d(hidden, 2 * hidden if i < n_layers - 1 else hidden, 1)
            for i in range(n_layers)
        )
        self.cond_layer = nn.Conv1d(condition, 2 * hidden * n_layers, 1)

    def forward(self, x: Tensor, mask: Tensor, style: Tensor) -> Tensor:
        """Return the summed skips (B, C, L) for x (B, C, L) and style (B, G, 1)."""
        conditions = self.cond_layer(style).chunk(len(self.in_layers), dim=1)
        skips = torch.zeros_like(x)
        for i, (inner, outer) in enumerate(zip(self.in_layers, self.res_skip_layers, strict=True)):
            a, b = (inner(x) + conditions[i]).chunk(2, dim=1)
            out = outer(torch.tanh(a) * torch.sigmoid(b))
            if i < len(self.in_layers) - 1:
                residual, skip = out.chunk(2, dim=1)
                x = (x + residual) * mask
                skips = skips + skip
            else:
                skips = skips + out
        return skips * mask


def length_mask(lengths: Tensor, longest: int) -> Tensor:
    """Return (B, 1, longest) float, 1 where the position is below the row's length (B,)."""
    positions = torch.arange(longest, device=lengths.device)
    return (positions[None, :] < lengths[:, None]).unsqueeze(1).float()
