"""The matrix products of one transformer layer, in torch's form or packed for a processor.

On a processor a decode step waits for the weights to come from memory. oneDNN reads them in an order of its
own about twice as fast as they lie; packing them costs their size in memory once more.
"""

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

    def project(self, x: Tensor) -> Tensor:
        """Query, key and value of all heads, (M, 3D)."""

    def finish(self, x: Tensor, attended: Tensor) -> Tensor:
        """The layer's output (M, D) from its input and what attention found, before its projection."""


class PlainLayer:
    """A layer's weights as they are."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer

    def project(self, x: Tensor) -> Tensor:
        """Query, key and value of all heads, (M, 3D)."""
        attention = self._layer.self_attn
        return F.linear(x, attention.in_proj_weight, attention.in_proj_bias)

    def finish(self, x: Tensor, attended: Tensor) -> Tensor:
        """The layer's output (M, D)."""
        return self._layer.finish(x, self._layer.self_attn.out_proj(attended))


class PackedLayer:
    """A layer's weights packed for oneDNN, with what follows a product fused to it."""

    def __init__(self, layer: Layer) -> None:
        attention = layer.self_attn
        self._norms = layer.norm1, layer.norm2
        self._in = packed(attention.in_proj_weight), attention.in_proj_bias
        self._out = packed(attention.out_proj.weight), attention.out_proj.bias
        self._first = packed(layer.linear1.weight), layer.linear1.bias
        self._second = packed(layer.linear2.weight), layer.linear2.bias

    def project(self, x: Tensor) -> Tensor:
        """Query, key and value of all heads, (M, 3D)."""
        return product(x, *self._in)

    def finish(self, x: Tensor, attended: Tensor) -> Tensor:
        """The layer's output (M, D)."""
        x = self._norms[0](product_and_sum(attended, x, *self._out))
        inner = product(x, *self._first, then="relu")
        out: Tensor = self._norms[1](product_and_sum(inner, x, *self._second))
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
