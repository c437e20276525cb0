"""The weights that the golden fixtures were made with, and the comparison with their summaries.

Every tensor is drawn from a generator seeded by its own name, so any implementation with the same names
gets the same weights (``tests/data/golden_*.json`` were made by running upstream's modules with them).
"""

import math
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tests.toy import has_weight_norm

TOLERANCE = 1e-4


def golden_tensor(key: str, shape: tuple[int, ...]) -> Tensor:
    """The golden weight of a state-dict key, fp32."""
    u = np.random.RandomState(zlib.crc32(key.encode())).uniform(-1, 1, size=shape)
    u = u.astype(np.float32)
    if key.endswith("running_var"):
        u = 1 + np.float32(0.5) * u
    elif key.endswith("inited"):
        u = np.ones_like(u)
    elif key.endswith(("weight_g", "_position.alpha")):
        u = 1 + np.float32(0.1) * u
    elif key.endswith("prelu.weight"):
        u = np.float32(0.25) + np.float32(0.1) * u
    elif len(shape) >= 2:
        u = u * np.float32(math.sqrt(3 / math.prod(shape[1:])))
    elif key.endswith(("weight", "gamma")):
        u = 1 + np.float32(0.1) * u
    else:
        u = np.float32(0.1) * u
    return torch.from_numpy(np.ascontiguousarray(u))


def golden_weights(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """The golden weights of a whole state dict, without counters."""
    return {
        key: golden_tensor(key, tuple(shape))
        for key, shape in shapes.items()
        if not key.endswith("num_batches_tracked")
    }


def unfolded_shapes(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """The shapes as upstream stores them: weight-norm pairs where our modules hold one weight."""
    unfolded: dict[str, tuple[int, ...]] = {}
    for key, shape in shapes.items():
        base = key.removesuffix(".weight")
        if base != key and has_weight_norm(base):
            unfolded[f"{base}.weight_g"] = (shape[0], *[1] * (len(shape) - 1))
            unfolded[f"{base}.weight_v"] = shape
        else:
            unfolded[key] = shape
    return unfolded


def assert_matches(tensor: Tensor, summary: Mapping[str, Any], scale: float | None = None) -> None:
    """Compare a tensor with its golden summary, relative to the summary's own scale or another."""
    flat = tensor.detach().float().cpu().reshape(-1)
    assert flat.numel() == summary["numel"]
    atol = TOLERANCE * (scale or summary["absmax"])
    first = torch.tensor(summary["first"], device="cpu")
    torch.testing.assert_close(flat[: len(first)], first, rtol=0, atol=atol)
    probe = torch.tensor(summary["probe"], device="cpu")
    torch.testing.assert_close(
        flat[torch.tensor(summary["probe_index"], device="cpu")], probe, rtol=0, atol=atol
    )
    assert math.isclose(float(flat.double().mean()), summary["mean"], abs_tol=atol)
    assert math.isclose(float(flat.double().std(correction=0)), summary["std"], rel_tol=TOLERANCE)
    assert math.isclose(float(flat.abs().max()), summary["absmax"], rel_tol=TOLERANCE)
