"""The matrix products of one transformer layer, in torch's form or packed for a processor.

On a processor a decode step waits for the weights to come from memory. oneDNN reads them in an order of its
own about twice as fast as they lie; packing them costs their size in memory once more. Weights that were stored
in half precision, as published checkpoints and ours are, can be read as halves and multiplied in fp32 (FBGEMM):
the numbers are the same, half as many bytes come from memory, and a row never depends on its neighbours.
"""

import functools
from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gsvbatch.gsv.t2s import Layer

_PACKED_ROWS = 4
"""Rows that weights are packed for, measured: the order is as good for any more."""

MIN_ROWS = 4
"""One row goes through oneDNN's product of a matrix with a vector, which takes longer than four rows."""


class LayerMath(Protocol):
    """What of a layer surrounds its attention; rows are (M, D)."""

    def rows(self, n: int) -> int:
        """How many rows it is best given in place of n."""

    @property
    def itemsize(self) -> int:
        """Bytes of a weight as it is read."""

    def project(self, x: Tensor) -> Tensor:
        """Query, key and value of all heads, (M, 3D)."""

    def finish(self, x: Tensor, attended: Tensor) -> Tensor:
        """The layer's output (M, D) from its input and what attention found, before its projection."""


class PlainLayer:
    """A layer's weights as they are."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        self.itemsize = layer.linear1.weight.itemsize

    def rows(self, n: int) -> int:
        """How many rows it is best given in place of n."""
        return n

    def project(self, x: Tensor) -> Tensor:
        """Query, key and value of all heads, (M, 3D)."""
        attention = self._layer.self_attn
        return F.linear(x, attention.in_proj_weight, attention.in_proj_bias)

    def finish(self, x: Tensor, attended: Tensor) -> Tensor:
        """The layer's output (M, D)."""
        return self._layer.finish(x, self._layer.self_attn.out_proj(attended))


class PackedLinear(Protocol):
    """A linear layer whose weights were put in order for a processor; x is (M, in)."""

    def rows(self, n: int) -> int:
        """How many rows it is best given in place of n."""

    @property
    def itemsize(self) -> int:
        """Bytes of a weight as it is read."""

    def __call__(self, x: Tensor) -> Tensor:
        """The layer's output, (M, out)."""

    def rectified(self, x: Tensor) -> Tensor:
        """The output after ReLU, (M, out)."""

    def plus(self, x: Tensor, other: Tensor) -> Tensor:
        """The output plus what comes past it, (M, out)."""


class OrderedLinear:
    """Weights of any type in oneDNN's order, with what follows a product fused to it."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self.itemsize = weight.itemsize
        self._weight = packed(weight)
        self._bias = bias

    def rows(self, n: int) -> int:
        """How many rows it is best given in place of n: fewer than a few take longer."""
        return max(n, MIN_ROWS)

    def __call__(self, x: Tensor) -> Tensor:
        """The layer's output, (M, out)."""
        return product(x, self._weight, self._bias)

    def rectified(self, x: Tensor) -> Tensor:
        """The output after ReLU, (M, out)."""
        return product(x, self._weight, self._bias, then="relu")

    def plus(self, x: Tensor, other: Tensor) -> Tensor:
        """The output plus what comes past it, (M, out)."""
        return product_and_sum(x, other, self._weight, self._bias)


_BLOCK_ROWS = 120
"""FBGEMM multiplies so many rows at a time, each block as if it were alone."""


@functools.cache
def alike_rows() -> tuple[int, ...]:
    """Return how many rows to multiply in place of 0, 1, 2 ... so that each comes out as in a full block.

    FBGEMM shares the rows of a block out among kernels of one to six rows, or to fourteen with AVX-512. On
    processors with AVX2 alone those of one and two rows add up in another order, so the last bits of a row
    would tell how many others there are. This is found by trying, and costs some 10 ms once.
    """
    draw = torch.Generator().manual_seed(0)
    weight, rows = (torch.randn(n, 256, generator=draw) for n in (32, _BLOCK_ROWS))
    prepared = torch.ops.quantized.linear_prepack_fp16(weight.half().float(), None)
    block = torch.ops.quantized.linear_dynamic_fp16(rows, prepared)
    alike = [_BLOCK_ROWS]
    for n in range(_BLOCK_ROWS - 1, 0, -1):
        some = torch.ops.quantized.linear_dynamic_fp16(rows[:n], prepared)
        alike.append(n if torch.equal(some, block[:n]) else alike[-1])
    return (0, *reversed(alike))


class HalfStoredLinear:
    """Weights that halves hold exactly, read as such; x, sums and output are fp32."""

    itemsize = 2

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self._packed = torch.ops.quantized.linear_prepack_fp16(weight.detach(), bias)

    def rows(self, n: int) -> int:
        """How many rows it is best given in place of n: others it has to fill up itself."""
        blocks, rest = divmod(n, _BLOCK_ROWS)
        return blocks * _BLOCK_ROWS + alike_rows()[rest]

    def __call__(self, x: Tensor) -> Tensor:
        """The layer's output, (M, out)."""
        return self._times(x, torch.ops.quantized.linear_dynamic_fp16)

    def rectified(self, x: Tensor) -> Tensor:
        """The output after ReLU, (M, out)."""
        return self._times(x, torch.ops.quantized.linear_relu_dynamic_fp16)

    def plus(self, x: Tensor, other: Tensor) -> Tensor:
        """The output plus what comes past it, (M, out)."""
        return self(x).add_(other)

    def _times(self, x: Tensor, multiply: Callable[[Tensor, object], Tensor]) -> Tensor:
        n_rows = len(x)
        n_spare = self.rows(n_rows) - n_rows
        x = F.pad(x, (0, 0, 0, n_spare)) if n_spare else x
        return multiply(x, self._packed)[:n_rows]


def packed_linear(weight: Tensor, bias: Tensor | None) -> PackedLinear:
    """The fastest form of a weight (out, in) that changes none of its numbers; see :func:`can_pack`."""
    if is_half_exact(weight) and reads_halves():
        return HalfStoredLinear(weight, bias)
    return OrderedLinear(weight, bias)


class PackedLayer:
    """A layer's weights packed for a processor."""

    def __init__(self, layer: Layer) -> None:
        attention = layer.self_attn
        self._norms = layer.norm1, layer.norm2
        self._in = packed_linear(attention.in_proj_weight, attention.in_proj_bias)
        self._out = packed_linear(attention.out_proj.weight, attention.out_proj.bias)
        self._first = packed_linear(layer.linear1.weight, layer.linear1.bias)
        self._second = packed_linear(layer.linear2.weight, layer.linear2.bias)

    def rows(self, n: int) -> int:
        """How many rows it is best given in place of n."""
        return max(x.rows(n) for x in (self._in, self._out, self._first, self._second))

    @property
    def itemsize(self) -> int:
        """Bytes of a weight as it is read."""
        return self._first.itemsize

    def project(self, x: Tensor) -> Tensor:
        """Query, key and value of all heads, (M, 3D)."""
        return self._in(x)

    def finish(self, x: Tensor, attended: Tensor) -> Tensor:
        """The layer's output (M, D)."""
        x = self._norms[0](self._out.plus(attended, x))
        out: Tensor = self._norms[1](self._second.plus(self._first.rectified(x), x))
        return out


def packed(weight: Tensor) -> Tensor:
    """A weight (out, in) in oneDNN's order."""
    out: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), _PACKED_ROWS)
    return out


def product(x: Tensor, weight: Tensor, bias: Tensor | None, then: str = "none") -> Tensor:
    """A linear layer with packed weights, x (M, in) -> (M, out)."""
    out: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, then, [], "")
    return out


def product_and_sum(x: Tensor, other: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """A linear layer with packed weights, plus what comes past it, (M, out)."""
    out: Tensor = torch.ops.mkldnn._linear_pointwise.binary(x, other, weight, bias, "add")
    return out


def can_pack(weight: nn.Parameter | Tensor) -> bool:
    """Whether this torch, on this processor, multiplies with packed weights of such a type."""
    if weight.device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    try:
        sample = torch.ones(16, 16, dtype=weight.dtype)
        twice = product(sample[:MIN_ROWS], packed(sample), sample[0], then="relu")
        return bool((product_and_sum(twice, twice, packed(sample), None) == 289).all())
    except (AttributeError, RuntimeError, NotImplementedError):
        return False


def is_half_exact(weight: Tensor) -> bool:
    """Whether fp32 weights are numbers of half precision: those of a checkpoint that was stored so."""
    return weight.dtype == torch.float32 and bool((weight.half().float() == weight).all())


@functools.cache
def reads_halves() -> bool:
    """Whether this torch, on this processor, multiplies fp32 with weights that it reads as halves."""
    if torch.backends.quantized.engine not in ("x86", "fbgemm"):
        return False  # others have halves too, but calculate in them
    # The smallest half, the smallest normal one, the largest: none may be flushed or clipped.
    weight = torch.tensor([2.0**-24, 2.0**-14, 65504.0, -1.0]).repeat(32, 4)
    try:
        back = HalfStoredLinear(weight, None)(torch.eye(16))
    except (AttributeError, RuntimeError, NotImplementedError):
        return False
    return torch.equal(back, weight.t())
