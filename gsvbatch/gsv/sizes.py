"""How much memory weights will take, told from their files before they are loaded. Needs no torch."""

import json
import math
from pathlib import Path

from gsvbatch.errors import CheckpointError
from gsvbatch.gsv.source import NATIVE_SUFFIX, ModelSource

_LENGTH_BYTES = 8
"""A safetensors file begins with the length of its header."""

_LARGEST_HEADER = 100 << 20

_PUBLISHED_VALUE_BYTES = 2
"""A value in a published checkpoint is fp16; of one in fp32 this says twice as many."""

_TRANSFORMERS_VALUE_BYTES = 4
"""What transformers wrote as ``pytorch_model.bin`` is fp32."""


def stored_values(path: Path) -> int:
    """How many numbers a file of weights holds; at most so many where its header cannot tell.

    Raises:
        CheckpointError: The file cannot be read.
    """
    try:
        if path.suffix == NATIVE_SUFFIX:
            return _in_header(path)
        is_of_transformers = path.suffix == ".bin"
        size = _TRANSFORMERS_VALUE_BYTES if is_of_transformers else _PUBLISHED_VALUE_BYTES
        return path.stat().st_size // size
    except OSError as error:
        raise CheckpointError(path, f"cannot be read ({error.strerror})") from error


def pair_values(source: ModelSource) -> int:
    """How many numbers the networks that render hold, vocoder included.

    Raises:
        CheckpointError: A file is missing or cannot be read.
    """
    files = source.for_rendering().files()
    return sum(stored_values(path) for kind, path in files.items() if kind != "base")


def _in_header(path: Path) -> int:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        head = file.read(length) if length <= _LARGEST_HEADER else b""
    try:
        tensors = json.loads(head)
        return sum(
            math.prod(tensor["shape"]) for name, tensor in tensors.items() if name != "__metadata__"
        )
    except (ValueError, KeyError, TypeError, AttributeError):  # what loads it says what is wrong
        return path.stat().st_size // _PUBLISHED_VALUE_BYTES
