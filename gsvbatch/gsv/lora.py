"""Merges a LoRA fine-tune (Hu et al. 2021) of v3 or v4 into the base model that it was made from.

Such a file holds two small matrices for each attention layer it changed, and whole tensors for what was
trained as usual. Upstream sets alpha to the rank, so the product of the two is added as it is.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from gsvbatch.errors import CheckpointError
from gsvbatch.gsv.weights import Weights, first

_WRAPPED = "cfm.base_model.model."
"""How peft calls what stands as ``cfm.`` in a base model."""

_HALF = re.compile(r"(.+)\.lora_([AB])\.[^.]+\.weight")


def is_lora(weights: Mapping[str, Tensor]) -> bool:
    """Whether stored weights are changes to a base model."""
    return any(_HALF.fullmatch(key) for key in weights)


def merge_lora(path: Path, changes: Mapping[str, Tensor], base: Mapping[str, Tensor]) -> Weights:
    """The base model's weights with the changes of a LoRA file in them.

    Args:
        path: Of the LoRA file, for errors.
        changes: Its weights, as they are stored.
        base: The base model's weights, as they are stored.

    Raises:
        CheckpointError: Half of a change is missing, or it does not fit the base model.
    """
    merged = dict(base)
    halves: dict[tuple[str, str], Tensor] = {}
    for key, value in changes.items():
        name = f"cfm.{key.removeprefix(_WRAPPED)}" if key.startswith(_WRAPPED) else key
        match = _HALF.fullmatch(name)
        if match is not None:
            halves[match[1], match[2]] = value
        else:
            merged[name.replace(".base_layer.", ".")] = value
    for target in sorted({target for target, _ in halves}):
        down, up = halves.get((target, "A")), halves.get((target, "B"))
        if down is None or up is None:
            raise CheckpointError(path, f"incomplete: half of the change to {target} is missing")
        weight = merged.get(f"{target}.weight")
        if (
            weight is None
            or weight.shape != (up.shape[0], down.shape[1])
            or (up.shape[1] != down.shape[0])
        ):
            raise CheckpointError(
                path, f"its change to {target} does not fit the base model; give the right base"
            )
        merged[f"{target}.weight"] = weight.float() + up.float() @ down.float()
    strangers = [key for key in merged if key not in base]
    if strangers:
        raise CheckpointError(
            path, f"{first(strangers)} not in the base model; give the right base"
        )
    return merged
