"""Reads the checkpoints that GPT-SoVITS writes: ``.ckpt`` (text-to-semantic) and ``.pth`` (synthesizer).

    path -> container (dicts and tensors) -> version -> dimensions -> weights under our modules' names

Every dimension is read off the tensors; the file's own config only settles what tensors cannot tell.
Weight-norm pairs are folded here, once, and LoRA fine-tunes merged into their base.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gsvbatch.errors import CheckpointError
from gsvbatch.gsv.code_names import CodeNames
from gsvbatch.gsv.container import read_container
from gsvbatch.gsv.dimensions import mel_synthesizer_config, synthesizer_config, t2s_config
from gsvbatch.gsv.lora import is_lora, merge_lora
from gsvbatch.gsv.mel_synthesizer import MelSynthesizerConfig
from gsvbatch.gsv.synthesizer import SynthesizerConfig
from gsvbatch.gsv.t2s import T2SConfig
from gsvbatch.gsv.versions import SYNTHESIZER_ROWS, SymbolVersion, synthesizer_version
from gsvbatch.gsv.weights import (
    Weights,
    fold_weight_norm,
    load_into,
    shape_of,
    tensors,
)

__all__ = [
    "SymbolVersion",
    "SynthesizerCheckpoint",
    "T2SCheckpoint",
    "Weights",
    "fold_weight_norm",
    "load_into",
    "read_synthesizer",
    "read_t2s",
]

T2S_ROWS: Mapping[int, SymbolVersion] = {512: "v1", 732: "v2"}
"""Rows of the phoneme table of a T2S checkpoint, by the symbol table it was trained with."""

_TRAINING_ONLY = ("enc_q.", "linear_mel.")
T2S_PREFIX = "model."
"""Of every key of a T2S checkpoint."""

_NO_SHAPES = (IndexError, ValueError, ZeroDivisionError)
"""What reading dimensions ends with where a tensor has other axes than it should."""


@dataclass(frozen=True, slots=True)
class T2SCheckpoint:
    """A text-to-semantic checkpoint, ready for the module."""

    config: T2SConfig
    symbol_version: SymbolVersion
    weights: Weights
    code_names: CodeNames | None = None
    """Of native models whose maker knows them."""


@dataclass(frozen=True, slots=True)
class SynthesizerCheckpoint:
    """A synthesizer checkpoint, ready for the module."""

    config: SynthesizerConfig | MelSynthesizerConfig
    version: str
    symbol_version: SymbolVersion
    weights: Weights


def read_t2s(path: Path) -> T2SCheckpoint:
    """The weights and dimensions of a ``.ckpt``.

    Raises:
        CheckpointError: It is missing, damaged, hostile, or no T2S checkpoint; the message says which.
    """
    content = read_container(path)
    weights = tensors(path, content["weight"])
    if any(key.startswith(("enc_p.", "dec.", "cfm.")) for key in weights):
        raise CheckpointError(
            path, "is a SoVITS file given where the GPT file (.ckpt) belongs; swap the two paths"
        )
    weights = {key.removeprefix(T2S_PREFIX): value for key, value in weights.items()}
    try:
        config = t2s_config(path, weights, content.get("config"))
    except _NO_SHAPES as error:
        raise CheckpointError(path, f"its tensors have impossible shapes ({error})") from error
    return T2SCheckpoint(config, _symbol_version(path, config.n_phonemes, T2S_ROWS), weights)


def read_synthesizer(
    path: Path, *, version: str | None = None, base: Path | None = None
) -> SynthesizerCheckpoint:
    """The weights and dimensions of a ``.pth``, a LoRA fine-tune's merged into its base model.

    Args:
        path: The file.
        version: What the user says it is; needed where the file does not say whether it is v3 or v4.
        base: The base model, s2Gv3.pth or s2Gv4.pth, that a LoRA fine-tune needs.

    Raises:
        CheckpointError: It is missing, damaged, hostile, no SoVITS checkpoint, of a version that
            cannot be told, or a LoRA fine-tune without its base; the message says which.
    """
    content = read_container(path)
    stored, config = _synthesizer_weights(path, content), content.get("config")
    found = synthesizer_version(path, stored, config, version)
    if is_lora(stored):
        stored, config = _with_base(path, stored, found, base)
    weights = fold_weight_norm(path, stored)
    rows = shape_of(path, weights, "enc_p.text_embedding.weight")[0]
    symbols = _symbol_version(path, rows, SYNTHESIZER_ROWS)
    dimensions: SynthesizerConfig | MelSynthesizerConfig
    try:
        if found == "v3" or found == "v4":
            dimensions = mel_synthesizer_config(path, weights, config, found)
        else:
            dimensions = synthesizer_config(path, weights, config)
    except (
        IndexError,
        ValueError,
        ZeroDivisionError,
    ) as error:  # a tensor of fewer axes than it has
        raise CheckpointError(path, f"its tensors have impossible shapes ({error})") from error
    return SynthesizerCheckpoint(dimensions, found, symbols, weights)


def _with_base(
    path: Path, changes: Weights, version: str, base: Path | None
) -> tuple[Weights, Any]:
    """The weights of a LoRA fine-tune with those of its base model, and the base model's config."""
    published = f"s2G{version}.pth"
    if base is None:
        raise CheckpointError(
            path,
            f"is a LoRA fine-tune of {version}, which changes the base model {published} and cannot "
            "speak without it; give that file as `base` under `models:`, or with --base",
        )
    content = read_container(base)
    weights, config = _synthesizer_weights(base, content), content.get("config")
    if is_lora(weights) or not any(key.startswith("cfm.") for key in weights):
        raise CheckpointError(
            base, f"is no base model of a LoRA fine-tune; {path.name} needs {published}"
        )
    synthesizer_version(base, weights, config, version)
    return merge_lora(path, changes, weights), config


def _synthesizer_weights(path: Path, content: Mapping[str, Any]) -> Weights:
    """The stored weights that speaking needs, unless they are a T2S network's."""
    weights = tensors(path, content["weight"])
    if any(key.startswith("model.h.layers.") for key in weights):
        raise CheckpointError(
            path,
            "is a GPT file (.ckpt) given where the SoVITS file (.pth) belongs; swap the two paths",
        )
    return {key: value for key, value in weights.items() if not key.startswith(_TRAINING_ONLY)}


def _symbol_version(path: Path, rows: int, known: Mapping[int, SymbolVersion]) -> SymbolVersion:
    version = known.get(rows)
    if version is None:
        expected = " or ".join(f"{n} ({name})" for n, name in known.items())
        raise CheckpointError(
            path,
            f"its phoneme table has {rows} rows, where {expected} are known; "
            "it was trained with a changed symbol list",
        )
    return version
