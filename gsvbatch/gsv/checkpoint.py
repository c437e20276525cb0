"""Reads the checkpoints that GPT-SoVITS writes: ``.ckpt`` (text-to-semantic) and ``.pth`` (synthesizer).

    path -> container (dicts and tensors) -> version -> dimensions -> weights under our modules' names

Every dimension is read off the tensors; the file's own config only settles what tensors cannot tell
(head counts, upsampling rates, sample rate). Weight-norm pairs are folded here, once.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn

from gsvbatch.errors import CheckpointError
from gsvbatch.gsv.container import header_digits, read_container
from gsvbatch.gsv.synthesizer import SynthesizerConfig
from gsvbatch.gsv.t2s import T2SConfig

SymbolVersion: TypeAlias = Literal["v1", "v2"]
Weights: TypeAlias = dict[str, Tensor]

T2S_ROWS: Mapping[int, SymbolVersion] = {512: "v1", 732: "v2"}
"""Rows of the phoneme table of a T2S checkpoint, by the symbol table it was trained with."""

SYNTHESIZER_ROWS: Mapping[int, SymbolVersion] = {322: "v1", 732: "v2"}

_HEADER_VERSIONS = {"02": "v3", "03": "v3", "04": "v4", "05": "v2Pro", "06": "v2ProPlus"}
_PRO_CHANNELS = {512: "v2Pro", 768: "v2ProPlus"}
_TRAINING_ONLY = "enc_q."
_T2S_PREFIX = "model."
_HEAD_WIDTH = 32
"""Of every published T2S; used where a file's config does not say."""

_WEIGHT_NORM_NAMES = (
    (".weight_g", ".weight_v"),
    (".parametrizations.weight.original0", ".parametrizations.weight.original1"),
)


@dataclass(frozen=True, slots=True)
class T2SCheckpoint:
    """A text-to-semantic checkpoint, ready for the module."""

    config: T2SConfig
    symbol_version: SymbolVersion
    weights: Weights


@dataclass(frozen=True, slots=True)
class SynthesizerCheckpoint:
    """A synthesizer checkpoint, ready for the module."""

    config: SynthesizerConfig
    version: str
    symbol_version: SymbolVersion
    weights: Weights


def read_t2s(path: Path) -> T2SCheckpoint:
    """The weights and dimensions of a ``.ckpt``.

    Raises:
        CheckpointError: It is missing, damaged, hostile, or no T2S checkpoint; the message says which.
    """
    content = read_container(path)
    weights = _tensors(path, content["weight"])
    if any(key.startswith(("enc_p.", "dec.", "cfm.")) for key in weights):
        raise CheckpointError(
            path, "is a SoVITS file given where the GPT file (.ckpt) belongs; swap the two paths"
        )
    weights = {key.removeprefix(_T2S_PREFIX): value for key, value in weights.items()}
    shape = partial(_shape, path, weights)
    rows, width = shape("ar_text_embedding.word_embeddings.weight")
    vocabulary, _ = shape("ar_predict_layer.weight")
    model = _section(content.get("config"), "model")
    n_heads = _number(model.get("head"), max(1, width // _HEAD_WIDTH))
    if width % n_heads:
        raise CheckpointError(
            path, f"its config asks for {n_heads} heads, which do not divide {width}"
        )
    config = T2SConfig(
        n_layers=_count(weights, r"h\.layers\.(\d+)\."),
        width=width,
        n_heads=n_heads,
        feed_forward=shape("h.layers.0.linear1.weight")[0],
        n_phonemes=rows,
        vocabulary=vocabulary,
        bert_width=shape("bert_proj.weight")[1],
    )
    return T2SCheckpoint(config, _symbol_version(path, rows, T2S_ROWS), weights)


def read_synthesizer(path: Path) -> SynthesizerCheckpoint:
    """The weights and dimensions of a ``.pth``.

    Raises:
        CheckpointError: It is missing, damaged, hostile, no SoVITS checkpoint, or of a version that
            is not supported; the message says which.
    """
    content = read_container(path)
    stored = _tensors(path, content["weight"])
    _refuse_unsupported(path, stored, content)
    kept = {key: value for key, value in stored.items() if not key.startswith(_TRAINING_ONLY)}
    weights = fold_weight_norm(path, kept)
    rows = _shape(path, weights, "enc_p.text_embedding.weight")[0]
    symbols = _symbol_version(path, rows, SYNTHESIZER_ROWS)
    config = synthesizer_config(path, weights, content.get("config"))
    return SynthesizerCheckpoint(config, symbols, symbols, weights)


def synthesizer_config(path: Path, weights: Mapping[str, Tensor], stored: Any) -> SynthesizerConfig:
    """The dimensions of a synthesizer's folded weights; ``stored`` is the file's own config.

    Raises:
        CheckpointError: A tensor that tells a dimension is missing.
    """
    shape = partial(_shape, path, weights)
    model, data = _section(stored, "model"), _section(stored, "data")
    plain = SynthesizerConfig()
    n_stages = _count(weights, r"dec\.ups\.(\d+)\.")
    n_kernels = _count(weights, r"dec\.resblocks\.(\d+)\.") // max(1, n_stages)
    n_dilations = _count(weights, r"dec\.resblocks\.0\.convs1\.(\d+)\.")
    rates = _numbers(model.get("upsample_rates"), plain.upsample_rates)
    dilations = [_numbers(d, (1, 3, 5)) for d in model.get("resblock_dilation_sizes") or ()]
    if not dilations:
        dilations = [(1, 3, 5)] * n_kernels
    if len(rates) != n_stages or [len(d) for d in dilations] != [n_dilations] * n_kernels:
        raise CheckpointError(
            path, "its config does not fit its weights (upsample_rates, resblocks)"
        )
    hidden = shape("enc_p.text_embedding.weight")[1]
    return SynthesizerConfig(
        n_phonemes=shape("enc_p.text_embedding.weight")[0],
        ssl_width=shape("enc_p.ssl_proj.weight")[1],
        codebook_size=shape("quantizer.vq.layers.0._codebook.embed")[0],
        latent=shape("enc_p.proj.weight")[0] // 2,
        hidden=hidden,
        feed_forward=shape("enc_p.encoder_text.ffn_layers.0.conv_1.weight")[0],
        n_heads=hidden // shape("enc_p.encoder_text.attn_layers.0.emb_rel_k")[2],
        n_layers=_count(weights, r"enc_p\.encoder_text\.attn_layers\.(\d+)\."),
        kernel=shape("enc_p.encoder_text.ffn_layers.0.conv_1.weight")[2],
        style=shape("ref_enc.fc.fc.weight")[0],
        style_hidden=shape("ref_enc.spectral.0.fc.weight")[0],
        style_bins=shape("ref_enc.spectral.0.fc.weight")[1],
        flow_layers=_count(weights, r"flow\.flows\.0\.enc\.in_layers\.(\d+)\."),
        flow_kernel=shape("flow.flows.0.enc.in_layers.0.weight")[2],
        upsample_rates=rates,
        upsample_kernels=tuple(shape(f"dec.ups.{i}.weight")[2] for i in range(n_stages)),
        initial_channels=shape("dec.conv_pre.weight")[0],
        resblock_kernels=tuple(
            shape(f"dec.resblocks.{j}.convs1.0.weight")[2] for j in range(n_kernels)
        ),
        resblock_dilations=tuple(dilations),
        sample_rate=_number(data.get("sampling_rate"), plain.sample_rate),
        filter_length=_number(data.get("filter_length"), plain.filter_length),
        hop_length=_number(data.get("hop_length"), plain.hop_length),
    )


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
        raise CheckpointError(path, f"incomplete: {_first(missing)} missing")
    unknown = [key for key in weights if key not in wanted]
    if unknown:
        raise CheckpointError(
            path, f"of an unknown layout: {_first(unknown)} not known to this version"
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


def _refuse_unsupported(
    path: Path, weights: Mapping[str, Tensor], content: Mapping[str, Any]
) -> None:
    """Raise for a T2S file, and for the versions that this version of gsvbatch cannot render."""
    if any(key.startswith("model.h.layers.") for key in weights):
        raise CheckpointError(
            path,
            "is a GPT file (.ckpt) given where the SoVITS file (.pth) belongs; swap the two paths",
        )
    if any(key.startswith("cfm.") for key in weights):
        stored = content.get("config")
        named = _HEADER_VERSIONS.get(header_digits(path) or "") or _section(stored, "model").get(
            "version"
        )
        if named not in {"v3", "v4"} and isinstance(stored, Mapping):
            named = stored.get("version")
        version = named if named in {"v3", "v4"} else "v3 or v4"
        if any("lora_" in key for key in weights):
            version += " (LoRA)"
    elif "sv_emb.weight" in weights:
        version = _PRO_CHANNELS.get(_shape(path, weights, "dec.conv_pre.weight")[0], "v2Pro")
    else:
        return
    raise CheckpointError(
        path,
        f"is a GPT-SoVITS {version} model, which is not supported yet by this version of gsvbatch; "
        "use a v1 or v2 model",
    )


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


def _tensors(path: Path, stored: Mapping[Any, Any]) -> Weights:
    strangers = [str(key) for key, value in stored.items() if not isinstance(value, Tensor)]
    if strangers:
        raise CheckpointError(path, f"{_first(strangers)} not a tensor")
    return {str(key): value for key, value in stored.items()}


def _shape(path: Path, weights: Mapping[str, Tensor], key: str) -> tuple[int, ...]:
    """The shape of a tensor; names the file and the key where it is missing."""
    if key not in weights:
        raise CheckpointError(path, f"incomplete: {key} is missing")
    return tuple(weights[key].shape)


def _count(keys: Iterable[str], pattern: str) -> int:
    """How many different numbers the pattern's group takes among the keys."""
    return len({match[1] for key in keys if (match := re.match(pattern, key))})


def _section(config: Any, name: str) -> Mapping[str, Any]:
    section = config.get(name) if isinstance(config, Mapping) else None
    return section if isinstance(section, Mapping) else {}


def _number(value: Any, default: int) -> int:
    return value if isinstance(value, int) and value > 0 else default


def _numbers(value: Any, default: tuple[int, ...]) -> tuple[int, ...]:
    if isinstance(value, list) and value and all(isinstance(n, int) and n > 0 for n in value):
        return tuple(value)
    return default


def _first(names: list[str]) -> str:
    """The first name and how many more there are, with its verb."""
    more = f" and {len(names) - 1} more are" if len(names) > 1 else " is"
    return f"{names[0]}{more}"
