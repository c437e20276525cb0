"""What all checkpoints have in common once they are tensors: shapes, weight norm, copying into modules."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from gsvbatch.errors import CheckpointError

Weights: TypeAlias = dict[str, Tensor]

_WEIGHT_NORM_NAMES = (
    (".weight_g", ".weight_v"),
    (".parametrizations.weight.original0", ".parametrizations.weight.original1"),
)


def tensors(path: Path, stored: Mapping[Any, Any]) -> Weights:
    """The values by name.

    Raises:
        CheckpointError: One of them is no tensor.
    """
    strangers = [str(key) for key, value in stored.items() if not isinstance(value, Tensor)]
    if strangers:
        raise CheckpointError(path, f"{first(strangers)} not a tensor")
    return {str(key): value for key, value in stored.items()}


def shape_of(path: Path, weights: Mapping[str, Tensor], key: str) -> tuple[int, ...]:
    """The shape of a tensor.

    Raises:
        CheckpointError: It is missing.
    """
    if key not in weights:
        raise CheckpointError(path, f"incomplete: {key} is missing")
    return tuple(weights[key].shape)


def count(keys: Iterable[str], pattern: str) -> int:
    """How many different numbers the pattern's group takes among the keys."""
    return len({match[1] for key in keys if (match := re.match(pattern, key))})


def section(config: Any, name: str) -> Mapping[str, Any]:
    """A part of a file's config; empty where there is none."""
    part = config.get(name) if isinstance(config, Mapping) else None
    return part if isinstance(part, Mapping) else {}


def number(value: Any, default: int) -> int:
    """The value if it is a whole number above 0, else the default."""
    return value if isinstance(value, int) and value > 0 else default


def numbers(value: Any, default: tuple[int, ...]) -> tuple[int, ...]:
    """The value if it is a list of whole numbers above 0, else the default."""
    if isinstance(value, list) and value and all(isinstance(n, int) and n > 0 for n in value):
        return tuple(value)
    return default


def first(names: list[str]) -> str:
    """The first name and how many more there are, with its verb."""
    more = f" and {len(names) - 1} more are" if len(names) > 1 else " is"
    return f"{names[0]}{more}"


def fold_weight_norm(path: Path, weights: Mapping[str, Tensor]) -> Weights:
    """The weights with every weight-norm pair folded into one ``weight``, both spellings.

    A direction is scaled by ``g / |v|``, the norm taken over every dimension where ``g`` has one entry.

    Raises:
        CheckpointError: One half of a pair is missing.
    """
    folded = dict(weights)
    for gain_name, direction_name in _WEIGHT_NORM_NAMES:
        halves = {
            key.removesuffix(name)
            for key in weights
            for name in (gain_name, direction_name)
            if key.endswith(name)
        }
        for base in halves:
            gain = folded.pop(base + gain_name, None)
            direction = folded.pop(base + direction_name, None)
            if gain is None or direction is None:
                missing = base + (gain_name if gain is None else direction_name)
                raise CheckpointError(path, f"incomplete: {missing} is missing")
            v, g = direction.float(), gain.float()
            if g.dim() != v.dim() or any(
                n not in {1, m} for n, m in zip(g.shape, v.shape, strict=True)
            ):
                raise CheckpointError(
                    path,
                    f"{base}{gain_name} does not fit its weights; put together from different models",
                )
            dims = [i for i, n in enumerate(g.shape) if n == 1]
            folded[f"{base}.weight"] = v * (g / torch.linalg.vector_norm(v, dim=dims, keepdim=True))
    return folded


def load_into(module: nn.Module, weights: Mapping[str, Tensor], path: Path) -> None:
    """Copy weights into a module, in the module's dtype.

    Raises:
        CheckpointError: A key is missing or unknown, a shape differs, or a number is not finite.
    """
    wanted = module.state_dict()
    missing = [key for key in wanted if key not in weights]
    if missing:
        raise CheckpointError(path, f"incomplete: {first(missing)} missing")
    unknown = [key for key in weights if key not in wanted]
    if unknown:
        raise CheckpointError(
            path, f"of an unknown layout: {first(unknown)} not known to this version"
        )
    for key, value in wanted.items():
        if weights[key].shape != value.shape:
            raise CheckpointError(
                path,
                f"{key} has shape {list(weights[key].shape)}, but {list(value.shape)} follows from "
                "the rest of the file; it was put together from different models",
            )
        if weights[key].is_floating_point() and not bool(torch.isfinite(weights[key]).all()):
            raise CheckpointError(
                path,
                f"{key} holds numbers that are not finite; its training diverged, use an earlier epoch",
            )
    module.load_state_dict(dict(weights), strict=True)
