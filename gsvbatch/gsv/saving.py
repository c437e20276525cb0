"""Writes fine-tuned networks as GPT-SoVITS writes them: ``.ckpt`` and ``.pth``, each made after its original.

Config and names come from the file that was tuned, so whatever reads that reads the result: weights in half
precision under upstream's names, weight-norm pairs where the original has them, and for the Pro versions
the two digits that upstream writes over a file's start. The posterior encoder, of use in training only,
is left out, as upstream leaves it out. The config is plain, so that the file loads without running anything.
"""

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gsvbatch.audio.storage import replacing
from gsvbatch.errors import CheckpointError
from gsvbatch.gsv.checkpoint import T2S_PREFIX
from gsvbatch.gsv.container import read_container
from gsvbatch.gsv.posterior import POSTERIOR_PREFIX
from gsvbatch.gsv.synthesizer import Synthesizer
from gsvbatch.gsv.t2s import TextToSemantic

HEADERS = {"v2Pro": b"05", "v2ProPlus": b"06"}
"""What upstream writes over the first two bytes, by version; others keep theirs."""

_GAINS = (".weight_g", ".parametrizations.weight.original0")
_DIRECTIONS = (".weight_v", ".parametrizations.weight.original1")
_LARGEST_HALF = 65504.0


def save_t2s(path: Path, network: TextToSemantic, original: Path, epoch: int) -> None:
    """Write a text-to-semantic network as a ``.ckpt``.

    Args:
        path: The file; it is replaced whole or not at all.
        network: Of the very dimensions of the original.
        original: The ``.ckpt`` that it was tuned from; its config is kept.
        epoch: For the file's ``info``, as ``GPT-e8``.

    Raises:
        CheckpointError: The original cannot be read, or the network's weights are not finite.
        StorageError: The file cannot be written.
    """
    weights = OrderedDict(
        (f"{T2S_PREFIX}{key}", _half(path, key, value))
        for key, value in network.state_dict().items()
    )
    config = read_container(original).get("config")
    _save(path, weights, config, f"GPT-e{epoch}")


def save_synthesizer(
    path: Path, network: Synthesizer, original: Path, version: str, epoch: int, step: int
) -> None:
    """Write a synthesizer of v1 to v2ProPlus as a ``.pth``.

    Args:
        path: The file; it is replaced whole or not at all.
        network: Of the very dimensions of the original.
        original: The ``.pth`` that it was tuned from; its config is kept.
        version: Of GPT-SoVITS, which decides the header.
        epoch: For the file's ``info``, as ``8epoch_200iteration``.
        step: Likewise.

    Raises:
        CheckpointError: The original cannot be read, or the network's weights are not finite.
        StorageError: The file cannot be written.
    """
    content = read_container(original)
    weights = stored_weights(path, network.state_dict(), content["weight"])
    info = f"{epoch}epoch_{step}iteration"
    _save(path, weights, content.get("config"), info, HEADERS.get(version, b""))


def stored_weights(
    path: Path, weights: Mapping[str, Tensor], original: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Weights in half precision under the names of the original, weight-norm pairs unfolded.

    Args:
        path: For errors.
        weights: Folded, as the network has them.
        original: As the original file stores them.

    Raises:
        CheckpointError: A weight is missing, or not finite.
    """
    stored: dict[str, Tensor] = OrderedDict()
    for key, value in original.items():
        if key.startswith(POSTERIOR_PREFIX):
            continue
        gain = next((name for name in _GAINS if key.endswith(name)), None)
        direction = next((name for name in _DIRECTIONS if key.endswith(name)), None)
        base = key.removesuffix(gain or direction or "")
        name = f"{base}.weight" if gain or direction else key
        if name not in weights:
            raise CheckpointError(path, f"cannot be written: {name} is missing from the network")
        found = weights[name]
        if gain:
            dims = [i for i, n in enumerate(value.shape) if n == 1]
            found = torch.linalg.vector_norm(found.float(), dim=dims, keepdim=True)
        suffix = _GAINS[0] if gain else _DIRECTIONS[0]
        stored[f"{base}{suffix}" if gain or direction else key] = _half(path, name, found)
    return stored


def _half(path: Path, key: str, value: Tensor) -> Tensor:
    value = value.detach().cpu()
    if not value.is_floating_point():
        return value.clone()
    if not bool(torch.isfinite(value).all()):
        raise CheckpointError(
            path, f"is not written: {key} is no longer finite; train anew with smaller rates"
        )
    return value.clamp(-_LARGEST_HALF, _LARGEST_HALF).half().contiguous()


def _save(
    path: Path, weights: Mapping[str, Tensor], config: Any, info: str, header: bytes = b""
) -> None:
    with replacing(path) as beside:
        torch.save(OrderedDict(weight=weights, config=config, info=info), beside)
        if header:
            with beside.open("r+b") as file:
                file.write(header)
