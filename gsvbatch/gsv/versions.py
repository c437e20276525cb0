"""Which version of GPT-SoVITS a synthesizer checkpoint is.

Tensors tell all versions apart but v3 and v4, whose names and shapes are the same. For these the file
may say it: by the two digits that GPT-SoVITS writes over the start of a LoRA fine-tune, by being one of
the published files, or in its config. A full fine-tune often says nothing, and the user has to.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

from torch import Tensor

from gsvbatch.errors import CheckpointError
from gsvbatch.gsv.container import header_digits
from gsvbatch.gsv.weights import section, shape_of

SymbolVersion: TypeAlias = Literal["v1", "v2"]
Version: TypeAlias = Literal["v1", "v2", "v2Pro", "v2ProPlus", "v3", "v4"]

SYNTHESIZER_ROWS: Mapping[int, SymbolVersion] = {322: "v1", 732: "v2"}
"""Rows of the phoneme table of a synthesizer, by the symbol table it was trained with."""

_HEADER_VERSIONS: Mapping[str, Version] = {
    "00": "v1",
    "01": "v2",
    "02": "v3",
    "03": "v3",
    "04": "v4",
    "05": "v2Pro",
    "06": "v2ProPlus",
}
_PRO_CHANNELS: Mapping[int, Version] = {512: "v2Pro", 768: "v2ProPlus"}
"""First width of the generator."""

_HASHED = 8192
_PUBLISHED: Mapping[str, Version] = {
    "43797be674a37c1c83ee81081941ed0f": "v3",
    "4f26b9476d0c5033e04162c486074374": "v4",
}
"""MD5 of the first 8 KiB of s2Gv3.pth and s2Gv4.pth, as upstream knows them."""


def synthesizer_version(
    path: Path, weights: Mapping[str, Tensor], config: Any, wanted: str | None
) -> Version:
    """The version of a synthesizer's stored weights.

    Args:
        path: Its file.
        weights: As they are stored, of a LoRA fine-tune too.
        config: The file's own config.
        wanted: What the user says it is, or None.

    Raises:
        CheckpointError: It cannot be told and the user did not say, or what he says is wrong.
    """
    if any(key.startswith("cfm.") for key in weights):
        return _mel_version(path, config, wanted)
    if "sv_emb.weight" in weights:
        width = shape_of(path, weights, "dec.conv_pre.weight")[0]
        found = _PRO_CHANNELS.get(width) or _of_header(path) or "v2Pro"
    else:
        rows = shape_of(path, weights, "enc_p.text_embedding.weight")[0]
        # An unknown table is refused where symbols are compared; it is no matter of versions.
        found = SYNTHESIZER_ROWS.get(rows, "v2")
    _require(path, found, wanted)
    return found


def _mel_version(path: Path, config: Any, wanted: str | None) -> Version:
    certain = _of_header(path) or _PUBLISHED.get(_head_md5(path))
    if certain in ("v3", "v4"):
        _require(path, certain, wanted)
    elif wanted not in (None, "v3", "v4"):
        raise CheckpointError(path, f"is a v3 or v4 model, although it is given as {wanted}")
    at_top = config.get("version") if isinstance(config, Mapping) else None
    for said in (certain, wanted, section(config, "model").get("version"), at_top):
        if said == "v3":
            return "v3"
        if said == "v4":
            return "v4"
    raise CheckpointError(
        path,
        "is a v3 or a v4 model, and nothing in it says which; say so with `version: v3` or "
        "`version: v4` under `models:` of gsvbatch.yaml or of the voice's voice.yaml, or with "
        "--version where the voice is enrolled",
    )


def _of_header(path: Path) -> Version | None:
    return _HEADER_VERSIONS.get(header_digits(path) or "")


def _require(path: Path, found: str, wanted: str | None) -> None:
    if wanted not in (None, found):
        raise CheckpointError(
            path, f"is a {found} model, although it is given as {wanted}; mend `version`"
        )


def _head_md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.md5(file.read(_HASHED), usedforsecurity=False).hexdigest()
