"""HiFi-GAN on a processor: packed weights, fused activations, and windows that stay in the caches.

Activations are (L, C), which oneDNN convolves without rearranging them. The first stage runs over the
whole line, where it is small; the later ones, which grow to a thousand times its length, run window by window.
Neighbouring windows overlap by as much as an output sample can see, so the result is that of one pass.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gsvbatch.engine.taps import Taps, taps_of, upsampling_taps
from gsvbatch.gsv.generator import FINAL_SLOPE, Generator, ResidualBlock
from gsvbatch.gsv.layers import LEAKY_SLOPE

WINDOW = 1024
"""Frames of the first stage's output that the later stages go through at once, measured."""

_TYPICAL_LENGTH = 4096
"""Frames that weights are packed for; the order suits any length."""


class PackedConv:
    """One convolution over rows (L, C_in), its weights in oneDNN's order."""

    def __init__(self, taps: Taps, dtype: torch.dtype, scale: float = 1.0) -> None:
        """Pack a convolution.

        Args:
            taps: Its weights.
            dtype: Of weights and activations.
            scale: What its input has still to be multiplied with.
        """
        n_taps, c_in, _ = taps.weight.shape
        self._bias = taps.bias.to(dtype)
        self._dilation = [1, taps.dilation]
        self._padding = [0, taps.left]
        weight = (taps.weight * scale).permute(2, 1, 0)[:, :, None].to(dtype).contiguous()
        # Left and right padding are equal: what is read beyond the end gives the extra frames.
        assert 2 * taps.left == (n_taps - 1) * taps.dilation + taps.extra
        self._weight: Tensor = torch.ops.mkldnn._reorder_convolution_weight(
            weight, self._padding, [1, 1], self._dilation, 1, [1, c_in, 1, _TYPICAL_LENGTH]
        )

    def __call__(self, x: Tensor, slope: float | None = None, bias: Tensor | None = None) -> Tensor:
        """The convolution of x (L, C_in), leaky-rectified if there is a slope, (L', C_out)."""
        out = torch.ops.mkldnn._convolution_pointwise(
            _as_image(x),
            self._weight,
            self._bias if bias is None else bias,
            self._padding,
            [1, 1],
            self._dilation,
            1,
            "none" if slope is None else "leaky_relu",
            [] if slope is None else [slope],
            "",
        )
        return _as_rows(out)

    def plus(self, x: Tensor, residual: Tensor) -> Tensor:
        """The convolution of x (L, C_in) and what comes past it, (L, C_out)."""
        out = torch.ops.mkldnn._convolution_pointwise.binary(
            _as_image(x),
            _as_image(residual),
            self._weight,
            self._bias,
            self._padding,
            [1, 1],
            self._dilation,
            1,
            "add",
            None,
            None,
            [],
            None,
        )
        return _as_rows(out)


@dataclass(frozen=True, slots=True, eq=False)
class _Stage:
    """An upsampling and the residual blocks after it."""

    up: PackedConv
    rate: int
    start: int
    """Samples of the upsampling's output before the first that counts."""

    blocks: Sequence[Sequence[tuple[PackedConv, PackedConv]]]
    radius: int
    """Input frames to either side that an output sample may depend on, the later stages included."""


class PackedGenerator:
    """The packed weights of one generator."""

    def __init__(self, generator: Generator, window: int = WINDOW) -> None:
        """Pack a generator.

        Args:
            generator: One without a spectral head.
            window: Frames of the first stage's output that go through the later stages at once.
        """
        assert generator.head is None
        dtype = generator.conv_pre.weight.dtype
        self._window = window
        self._cond = generator.cond
        self._pre = PackedConv(taps_of(generator.conv_pre), dtype)
        self._pre_bias = taps_of(generator.conv_pre).bias.to(dtype)
        post = taps_of(generator.conv_post)
        # Leaky ReLU passes a factor through: each mean over kernels is left to the next convolution.
        mean = 1 / generator.n_kernels
        self._post = PackedConv(post, dtype, mean)
        stages: list[_Stage] = []
        radius = post.radius
        for i in reversed(range(len(generator.ups))):
            up = cast("nn.ConvTranspose1d", generator.ups[i])
            taps = upsampling_taps(up)
            blocks = [
                [
                    (taps_of(cast("nn.Conv1d", first)), taps_of(cast("nn.Conv1d", second)))
                    for first, second in zip(block.convs1, block.convs2, strict=True)
                ]
                for block in cast("list[ResidualBlock]", list(generator.resblocks))[
                    i * generator.n_kernels : (i + 1) * generator.n_kernels
                ]
            ]
            radius += max(sum(a.radius + b.radius for a, b in block) for block in blocks)
            radius = -(-(radius + up.kernel_size[0]) // up.stride[0])
            stages.insert(
                0,
                _Stage(
                    PackedConv(taps, dtype, mean if i else 1.0),
                    up.stride[0],
                    cast("int", up.padding[0]),
                    [[(PackedConv(a, dtype), PackedConv(b, dtype)) for a, b in x] for x in blocks],
                    radius,
                ),
            )
        self._stages = stages

    @torch.inference_mode()
    def __call__(self, latent: Tensor, style: Tensor | None, n_frames: Sequence[int]) -> Tensor:
        """Samples (B, 1, N) in [-1, 1], zero past each row's end; rows go through one by one.

        Args:
            latent: (B, C, F); what it holds past a row's end is not read.
            style: (B, G, 1), or None for a generator without a condition.
            n_frames: Frames of each row.
        """
        rows = [
            self._row(latent[i, :, :n], None if style is None else style[i : i + 1])
            for i, n in enumerate(n_frames)
        ]
        out = torch.zeros(len(rows), 1, max(len(row) for row in rows), dtype=latent.dtype)
        for i, row in enumerate(rows):
            out[i, 0, : len(row)] = row
        return out

    def _row(self, latent: Tensor, style: Tensor | None) -> Tensor:
        """Samples (N,) of one line's latent (C, F)."""
        bias = self._pre_bias
        if style is not None and self._cond is not None:
            bias = bias + self._cond(style)[0, :, 0]
        first, later = self._stages[0], self._stages[1:]
        y = self._pre(latent.t().contiguous(), LEAKY_SLOPE, bias)
        y = _through(first, y, is_last=not later)
        if not later:
            return torch.tanh(self._post(y)[:, 0])
        overlap, rate = later[0].radius, 1
        for stage in later:
            rate *= stage.rate
        n = y.shape[0]
        pieces = []
        for start in range(0, n, self._window):
            stop = min(start + self._window, n)
            # A window's ends are zeros to it, as a line's ends are; the overlap keeps them out of sight.
            left, right = max(0, start - overlap), min(n, stop + overlap)
            x = y[left:right]
            for stage in later:
                x = _through(stage, x, is_last=stage is later[-1])
            samples = self._post(x)[:, 0]
            pieces.append(samples[(start - left) * rate : (stop - left) * rate])
        return torch.tanh(torch.cat(pieces))


def _through(stage: _Stage, y: Tensor, *, is_last: bool) -> Tensor:
    """A stage's output, leaky-rectified and not yet divided by its kernels, (L * rate, C)."""
    wide = stage.up(y)
    length, channels = y.shape[0] * stage.rate, wide.shape[1] // stage.rate
    x = wide.view(-1, channels)[stage.start : stage.start + length]
    y = F.leaky_relu(x, LEAKY_SLOPE)
    total: Tensor | None = None
    for block in stage.blocks:
        now, now_y = x, y
        for number, (first, second) in enumerate(block):
            now = second.plus(first(now_y, LEAKY_SLOPE), now)
            if number < len(block) - 1:
                now_y = F.leaky_relu(now, LEAKY_SLOPE)
        total = now if total is None else total.add_(now)
    assert total is not None
    return F.leaky_relu_(total, FINAL_SLOPE if is_last else LEAKY_SLOPE)


def _as_image(rows: Tensor) -> Tensor:
    """Rows (L, C) as oneDNN sees them, (1, C, 1, L) with channels last."""
    return rows.view(1, 1, *rows.shape).permute(0, 3, 1, 2)


def _as_rows(image: Tensor) -> Tensor:
    return image.permute(0, 2, 3, 1).reshape(image.shape[3], image.shape[1])


def can_pack(generator: Generator) -> bool:
    """Whether this torch, on this processor, convolves with packed weights of the generator's type."""
    weight = generator.conv_pre.weight
    if generator.head is not None or weight.device.type != "cpu":
        return False
    if not torch.backends.mkldnn.is_available():
        return False
    try:
        conv = PackedConv(
            Taps(torch.ones(3, 16, 16), torch.ones(16), dilation=1, left=1), weight.dtype
        )
        rows = torch.ones(4, 16, dtype=weight.dtype)
        return conv.plus(conv(rows, 0.1), rows)[1, 0].item() == 33 * 16 + 49 * 32 + 2
    except (AttributeError, RuntimeError, NotImplementedError):
        return False
