"""HiFi-GAN on an NVIDIA device: one kernel a convolution, nothing between them.

Activations are (B, L, C), so a convolution is a few shifted matrix products (``taps.py``). What follows it
(bias, residual, the mean over kernels, leaky ReLU) happens before it is stored, and what is outside a
line is never read, so padding costs nothing and needs no masks.
"""

from typing import cast

import torch
from torch import Tensor, nn

from gsvbatch.engine.taps import Taps, taps_of, upsampling_taps
from gsvbatch.gsv.generator import FINAL_SLOPE, Generator, ResidualBlock
from gsvbatch.gsv.layers import LEAKY_SLOPE


class FusedGenerator:
    """The kernels of one generator; weights are copied once, in the generator's dtype."""

    def __init__(self, generator: Generator) -> None:
        assert generator.head is None
        self._generator = generator
        self._n_kernels = generator.n_kernels
        self._pre = taps_of(generator.conv_pre)
        self._post = taps_of(generator.conv_post)
        self._ups = [upsampling_taps(cast("nn.ConvTranspose1d", up)) for up in generator.ups]
        self._blocks = [
            [
                (taps_of(cast("nn.Conv1d", first)), taps_of(cast("nn.Conv1d", second)))
                for first, second in zip(block.convs1, block.convs2, strict=True)
            ]
            for block in cast("list[ResidualBlock]", list(generator.resblocks))
        ]

    @torch.inference_mode()
    def __call__(self, latent: Tensor, style: Tensor | None, n_frames: Tensor) -> Tensor:
        """Samples (B, 1, N), fp32 in [-1, 1], zero past each row's end.

        Args:
            latent: (B, C, F); what it holds past a row's end is not read.
            style: (B, G, 1), or None for a generator without a condition.
            n_frames: Frames of each row, (B,).
        """
        lengths = n_frames.int()
        x = latent.transpose(1, 2).contiguous()
        bias = self._pre.bias
        if style is not None and self._generator.cond is not None:
            bias = bias + self._generator.cond(style)[:, :, 0].float()
        y = torch.empty(*x.shape[:2], self._pre.weight.shape[2], device=x.device, dtype=x.dtype)
        _convolve(x, self._pre, lengths, bias=bias, out_y=y)
        n_stages = len(self._ups)
        for stage, (rate, up) in enumerate(zip(self._generator.rates, self._ups, strict=True)):
            x, y = self._upsample(y, up, rate, stage, lengths)
            lengths = lengths * rate
            is_last = stage == n_stages - 1
            blocks = self._blocks[stage * self._n_kernels : (stage + 1) * self._n_kernels]
            y = self._resblocks(x, y, blocks, lengths, FINAL_SLOPE if is_last else LEAKY_SLOPE)
        samples = torch.zeros(*y.shape[:2], 1, device=y.device)
        _convolve(y, self._post, lengths, out_x=samples, tanh=True)
        return samples.transpose(1, 2)

    def _upsample(
        self, y: Tensor, up: Taps, rate: int, stage: int, lengths: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The longer signal, and leaky-rectified, (B, L * rate, C)."""
        B, L = y.shape[:2]
        wide = torch.empty(B, L + up.extra, up.weight.shape[2], device=y.device, dtype=y.dtype)
        wide_y = torch.empty_like(wide)
        _convolve(y, up, lengths, out_x=wide, out_y=wide_y)
        start = cast("int", cast("nn.ConvTranspose1d", self._generator.ups[stage]).padding[0])
        shape = (B, (L + up.extra) * rate, up.weight.shape[2] // rate)
        stop = start + L * rate
        return wide.view(shape)[:, start:stop], wide_y.view(shape)[:, start:stop]

    def _resblocks(
        self,
        x: Tensor,
        y: Tensor,
        blocks: list[list[tuple[Taps, Taps]]],
        lengths: Tensor,
        slope: float,
    ) -> Tensor:
        """The mean of the residual blocks' outputs, leaky-rectified."""
        new = [torch.empty(x.shape, device=x.device, dtype=x.dtype) for _ in range(5)]
        inner, block_x, block_y, total, out = new
        for number, block in enumerate(blocks):
            now_x, now_y = x, y
            for first, second in block[:-1]:
                _convolve(now_y, first, lengths, out_y=inner)
                _convolve(inner, second, lengths, residual=now_x, out_x=block_x, out_y=block_y)
                now_x, now_y = block_x, block_y
            first, second = block[-1]
            is_last = number == len(blocks) - 1
            _convolve(now_y, first, lengths, out_y=inner)
            _convolve(
                inner,
                second,
                lengths,
                residual=now_x,
                total=total,
                accumulate=number > 0,
                scale=1 / self._n_kernels,
                out_x=None if is_last else total,
                out_y=out if is_last else None,
                slope=slope,
            )
        return out


def is_fusable(generator: Generator) -> bool:
    """Whether this generator gains from running fused here.

    It does on an NVIDIA device with triton in half precision: in fp32 there are no tensor cores to use.
    """
    weight = generator.conv_pre.weight
    if generator.head is not None or weight.dtype == torch.float32:
        return False
    if weight.device.type != "cuda" or torch.version.hip is not None:
        return False
    try:
        import triton  # noqa: F401
    except ImportError:
        return False
    return True


def _convolve(
    x: Tensor,
    taps: Taps,
    lengths: Tensor,
    *,
    bias: Tensor | None = None,
    residual: Tensor | None = None,
    total: Tensor | None = None,
    accumulate: bool = False,
    scale: float = 1.0,
    out_x: Tensor | None = None,
    out_y: Tensor | None = None,
    slope: float = LEAKY_SLOPE,
    tanh: bool = False,
) -> None:
    """Convolve x (B, L, C_in) and store what comes out as it is, leaky-rectified, or both."""
    from gsvbatch.engine import triton_kernels as kernels

    n_taps, c_in, c_out = taps.weight.shape
    bias = taps.bias if bias is None else bias
    block_out = min(128, kernels.next_power(c_out))
    block_in = min(64, kernels.next_power(c_in))
    block_l = 128 if block_out >= 64 else 256
    if x.dtype == torch.float32:
        block_l //= 2
    grid = (-(-(x.shape[1] + taps.extra) // block_l), -(-c_out // block_out), x.shape[0])
    kernels.conv_kernel[grid](
        x, taps.weight, bias, x if residual is None else residual, x if total is None else total,
        x if out_x is None else out_x, x if out_y is None else out_y, lengths,
        x.stride(0), _row(residual), _row(total), _row(out_x), _row(out_y),
        bias.stride(0) if bias.dim() == 2 else 0,
        n_taps, taps.dilation, taps.left, taps.extra, float(scale), int(accumulate), float(slope),
        C_IN=c_in, C_OUT=c_out, BLOCK_L=block_l, BLOCK_IN=block_in, BLOCK_OUT=block_out,
        HAS_RESIDUAL=residual is not None, HAS_TOTAL=total is not None,
        STORE_X=out_x is not None, STORE_Y=out_y is not None, TANH=tanh, PRECISION="ieee",
        num_warps=8 if block_out >= 128 else 4, num_stages=3,
    )  # fmt: skip


def _row(x: Tensor | None) -> int:
    return 0 if x is None else x.stride(0)
