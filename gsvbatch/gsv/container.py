"""Tells what kind of file a checkpoint path leads to, and opens those that hold weights.

Most support threads about checkpoints are about a file that is something else: a pointer, a web page
saved under the model's name, a training file. Each of these gets a sentence of its own.
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from gsvbatch.errors import CheckpointError
from gsvbatch.gsv.unpickle import read_torch_zip

_HEAD = 512
"""Bytes that are enough to tell the kinds apart."""

_LEGACY_PICKLE = b"\x80"
_LOCAL_ENTRY = b"PK\x03\x04"


def read_container(path: Path) -> Mapping[str, Any]:
    """The content of a GPT-SoVITS inference file: ``weight``, ``config``, ``info``.

    Raises:
        CheckpointError: The file is missing, damaged, hostile, or of another kind; the message says which.
    """
    head = _head(path)
    _refuse_other_kinds(path, head)
    content = read_torch_zip(path)
    if not isinstance(content, Mapping):
        raise CheckpointError(path, "holds no dictionary of weights, as every checkpoint does")
    _refuse_other_contents(path, content)
    return content


def read_state_dict(path: Path, inside: str | None = None) -> dict[str, Tensor]:
    """The tensors of a plain state dict, as ``pytorch_model.bin``.

    Args:
        path: The file.
        inside: A key under which the state dict may stand instead of at the top.

    Raises:
        CheckpointError: The file is missing, damaged, hostile, or holds something else.
    """
    _refuse_other_kinds(path, _head(path))
    content = read_torch_zip(path)
    if isinstance(content, Mapping) and inside in content:
        content = content[inside]
    if not isinstance(content, Mapping) or not all(isinstance(v, Tensor) for v in content.values()):
        raise CheckpointError(path, "holds no plain dictionary of weights")
    return {str(key): value for key, value in content.items()}


def header_digits(path: Path) -> str | None:
    """The two digits that GPT-SoVITS writes over the start of some fine-tunes, or None."""
    digits = _head(path)[:2].decode("ascii", errors="replace")
    return digits if len(digits) == 2 and digits.isdigit() else None


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except FileNotFoundError as error:
        raise CheckpointError(path, "no such file; mend the path, or put the file there") from error
    except IsADirectoryError as error:
        raise CheckpointError(path, "is a folder; give the file inside it") from error
    except OSError as error:
        # Windows reports a folder as a refused permission.
        problem = (
            "is a folder; give the file inside it"
            if path.is_dir()
            else f"cannot be read ({error.strerror})"
        )
        raise CheckpointError(path, problem) from error


def _refuse_other_kinds(path: Path, head: bytes) -> None:
    """Raise for what is no torch zip file, judged by the first bytes."""
    text = head.lstrip().lower()
    if not head:
        problem = "is empty; download or copy it again"
    elif head.startswith(b"version https://git-lfs"):
        problem = (
            "is a Git LFS pointer, not the model itself; run `git lfs pull` in that repository, "
            "or download the file from its web page"
        )
    elif text.startswith((b"<!doctype html", b"<html", b"<?xml", b"<head")):
        problem = "is a web page saved under this name; download the file itself"
    elif _is_safetensors(head):
        problem = (
            "is a safetensors file, although it is given as a .ckpt or .pth; "
            "name it .safetensors if it is in gsvbatch's native form"
        )
    elif head.startswith(_LEGACY_PICKLE):
        problem = (
            "is in PyTorch's format from before 2020, which GPT-SoVITS does not write; "
            "is it from another program?"
        )
    elif not zipfile.is_zipfile(path):
        starts_well = head.startswith(_LOCAL_ENTRY) or (
            head[:2].isdigit() and head[2:4] == _LOCAL_ENTRY[2:]
        )
        problem = (
            "is cut short; download or copy it again"
            if starts_well
            else "is not a PyTorch checkpoint; give the .ckpt (GPT) or .pth (SoVITS) file of a voice"
        )
    else:
        return
    raise CheckpointError(path, problem)


def _is_safetensors(head: bytes) -> bool:
    """Whether the bytes start like safetensors: the header's length in eight bytes, then JSON."""
    return len(head) > 9 and int.from_bytes(head[:8], "little") < 100_000_000 and head[8:9] == b"{"


def _refuse_other_contents(path: Path, content: Mapping[str, Any]) -> None:
    """Raise for torch files that hold something else than an inference checkpoint."""
    weight = content.get("weight")
    if isinstance(weight, Mapping) and weight:
        return
    if "pytorch-lightning_version" in content or "state_dict" in content:
        problem = (
            "is a GPT training state (Lightning), not an inference file; use the file of the same "
            "epoch in GPT_weights* (its name ends -e<epoch>.ckpt)"
        )
    elif "model" in content and ("optimizer" in content or "iteration" in content):
        problem = (
            "is a SoVITS training state (as G_*.pth), not an inference file; use the file of the "
            "same epoch in SoVITS_weights* (its name ends _e<epoch>_s<step>.pth)"
        )
    elif "generator" in content or any(str(key).startswith("generator.") for key in content):
        problem = "is a vocoder, not a voice; give the SoVITS .pth file"
    else:
        names = ", ".join(sorted(map(str, content))[:3]) or "nothing"
        problem = f"lacks the key 'weight' that GPT-SoVITS writes; it holds {names} ..."
    raise CheckpointError(path, problem)
