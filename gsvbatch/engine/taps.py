"""Convolutions as shifted matrix products over rows of (length, channels).

Both fast generators hold their activations so, each frame's channels side by side. A transposed convolution
of rate r is then an ordinary one with r times the channels: its output, read in order, is the longer
signal, a few samples early.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True, slots=True, eq=False)
class Taps:
    """A convolution's weights, tap by tap."""

    weight: Tensor
    """(taps, C_in, C_out)."""

    bias: Tensor
    """(C_out,) fp32."""

    dilation: int
    left: int
    """How many frames before an output frame the first tap reads."""

    extra: int = 0
    """Output frames beyond the input's."""

    @property
    def radius(self) -> int:
        """How far to one side an output frame reads."""
        return max(self.left, (self.weight.shape[0] - 1) * self.dilation - self.left)


def taps_of(conv: nn.Conv1d) -> Taps:
    """The taps of a convolution that keeps the length."""
    weight = conv.weight.permute(2, 1, 0).contiguous()
    bias = conv.bias
    if bias is None:
        bias = torch.zeros(conv.out_channels, device=weight.device)
    dilation = conv.dilation[0]
    return Taps(weight, bias.float(), dilation, left=(conv.kernel_size[0] - 1) * dilation // 2)


def upsampling_taps(up: nn.ConvTranspose1d) -> Taps:
    """The taps of a transposed one; C_out is (rate, channels), the first ``padding`` samples are no output."""
    rate = up.stride[0]
    c_in, c_out, kernel = up.weight.shape
    n_taps = -(-kernel // rate)
    padded = F.pad(up.weight, (0, n_taps * rate - kernel))
    # Tap m reads frame q - m and meets kernel positions m * r to m * r + r - 1; here they count upwards.
    weight = padded.view(c_in, c_out, n_taps, rate).permute(2, 0, 3, 1).flip(0)
    assert up.bias is not None
    return Taps(
        weight.reshape(n_taps, c_in, rate * c_out).contiguous(),
        up.bias.float().repeat(rate),
        dilation=1,
        left=n_taps - 1,
        extra=n_taps - 1,
    )
