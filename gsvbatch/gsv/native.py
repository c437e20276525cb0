"""gsvbatch's own form of models: one folder of safetensors files and a ``config.json``.

    config.json           format, version, symbol table, and the dimensions of each network
    t2s.safetensors       text-to-semantic
    synthesizer.safetensors
    content.safetensors   content encoder; may be absent, then no voice can be enrolled

Weights are stored under the modules' names, weight norm folded, in fp32 or fp16.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from gsvbatch.config.speech import SamplingOverrides
from gsvbatch.errors import CheckpointError
from gsvbatch.gsv.checkpoint import SymbolVersion, Weights
from gsvbatch.gsv.code_names import CodeNames
from gsvbatch.gsv.source import NATIVE_CONFIG_NAME, NATIVE_SUFFIX, ModelSource
from gsvbatch.gsv.synthesizer import CODEBOOK_KEY, Synthesizer, SynthesizerConfig
from gsvbatch.gsv.t2s import T2SConfig, TextToSemantic

if TYPE_CHECKING:
    from gsvbatch.gsv.prompt import AnyContentEncoder

FORMAT_NAME = "gsvbatch-models"
FORMAT_VERSION = 1

STATISTICS = CODEBOOK_KEY.removesuffix("embed")
"""Before the names of what nobody reads but the quantizer's own training, which is over."""


@dataclass(frozen=True, slots=True)
class NativeConfig:
    """What ``config.json`` says."""

    version: str
    """What the models call themselves, as ``mini``."""

    symbol_version: SymbolVersion
    t2s: T2SConfig
    synthesizer: SynthesizerConfig
    content: Mapping[str, Any] | None
    """Fields of ``ContentConfig``, or of ``MelContentConfig`` where ``kind`` is ``mel``."""

    sampling: SamplingOverrides = field(default_factory=SamplingOverrides)
    """How the models are best drawn from; voices take it over when they are enrolled."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """The config at this path.

        Raises:
            CheckpointError: It is missing, damaged, or of a newer format.
        """
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise CheckpointError(path, "missing; native weights need it beside them") from error
        except (ValueError, OSError) as error:
            raise CheckpointError(
                path, f"cannot be read ({error}); copy the folder again"
            ) from error
        if not isinstance(stored, dict) or stored.get("format") != FORMAT_NAME:
            raise CheckpointError(path, "does not describe models in gsvbatch's native form")
        if stored.get("format_version") != FORMAT_VERSION:
            raise CheckpointError(
                path,
                f"is of format {stored.get('format_version')}, this version of gsvbatch reads "
                f"{FORMAT_VERSION}; update gsvbatch",
            )
        try:
            return cls(
                version=str(stored["version"]),
                symbol_version=_symbol_version(stored["symbol_version"]),
                t2s=T2SConfig(**stored["t2s"]),
                synthesizer=SynthesizerConfig(**_as_tuples(stored["synthesizer"])),
                content=stored.get("content") and _as_tuples(stored["content"]),
                sampling=SamplingOverrides.model_validate(stored.get("sampling") or {}),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CheckpointError(path, f"is incomplete or wrong ({error})") from error


def save_native(
    folder: Path,
    t2s: TextToSemantic,
    synthesizer: Synthesizer,
    content: "AnyContentEncoder | None" = None,
    *,
    version: str,
    symbol_version: SymbolVersion = "v2",
    dtype: torch.dtype = torch.float16,
    sampling: SamplingOverrides | None = None,
    code_names: CodeNames | None = None,
) -> None:
    """Write models to a folder in native form.

    Args:
        folder: Made if need be; files of the same names are replaced.
        t2s: Text-to-semantic network.
        synthesizer: Synthesizer network.
        content: Content encoder, or None to leave it out.
        version: What the models are to be called.
        symbol_version: The symbol table they were trained with.
        dtype: In which weights are stored; buffers that count are kept as they are.
        sampling: How they are best drawn from.
        code_names: What the codes are named after, where that is known.
    """
    folder.mkdir(parents=True, exist_ok=True)
    networks: dict[str, nn.Module] = {"t2s": t2s, "synthesizer": synthesizer}
    if content is not None:
        networks["content"] = content
    for name, network in networks.items():
        metadata = code_names.dump() if code_names is not None and network is t2s else None
        save_weights(folder / f"{name}{NATIVE_SUFFIX}", network, dtype, metadata)
    stored = {
        "format": FORMAT_NAME,
        "format_version": FORMAT_VERSION,
        "version": version,
        "symbol_version": symbol_version,
        "t2s": asdict(t2s.config),
        "synthesizer": asdict(synthesizer.config),
        "content": None if content is None else asdict(content.config),
        "sampling": {} if sampling is None else sampling.model_dump(exclude_none=True),
    }
    text = json.dumps(stored, indent=2) + "\n"
    (folder / NATIVE_CONFIG_NAME).write_text(text, encoding="utf-8")


def recommended_sampling(source: ModelSource) -> SamplingOverrides:
    """How models are best drawn from, where they say so; published checkpoints do not.

    Raises:
        CheckpointError: The config of native models is missing or damaged.
    """
    if source.t2s.suffix != NATIVE_SUFFIX:
        return SamplingOverrides()
    return NativeConfig.read(source.t2s.parent / NATIVE_CONFIG_NAME).sampling


def read_synthesizer_weights(path: Path, config: SynthesizerConfig) -> Weights:
    """The tensors of a native synthesizer, with the quantizer's statistics, which need not be stored.

    Raises:
        CheckpointError: The file is missing or damaged.
    """
    size, width = config.codebook_size, config.ssl_width
    statistics = {
        "inited": torch.ones(1),
        "cluster_size": torch.zeros(size),
        "embed_avg": torch.zeros(size, width),
    }
    return {f"{STATISTICS}{key}": x for key, x in statistics.items()} | read_weights(path)


def save_weights(
    path: Path,
    network: nn.Module,
    dtype: torch.dtype,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write one network's weights, floating-point ones in the given dtype, and what is to be said of them."""
    weights = {
        key: value.detach().to("cpu", dtype if value.is_floating_point() else value.dtype)
        for key, value in network.state_dict().items()
        if not key.startswith(STATISTICS) or key == CODEBOOK_KEY
    }
    contiguous = {key: value.contiguous() for key, value in weights.items()}
    save_file(contiguous, path, None if metadata is None else dict(metadata))


def read_weights(path: Path) -> Weights:
    """The tensors of a safetensors file, in their stored dtype.

    Raises:
        CheckpointError: The file is missing or damaged.
    """
    try:
        return load_file(path)
    except FileNotFoundError as error:
        raise CheckpointError(path, "no such file; mend the path, or put the file there") from error
    except (SafetensorError, OSError) as error:
        raise CheckpointError(path, f"damaged or cut short ({error}); copy it again") from error


def _symbol_version(value: Any) -> SymbolVersion:
    if value not in ("v1", "v2"):
        raise ValueError(f"symbol_version {value!r} is neither v1 nor v2")
    return cast("SymbolVersion", value)


def _as_tuples(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with JSON's lists turned into tuples, all the way down."""

    def convert(value: Any) -> Any:
        return tuple(convert(item) for item in value) if isinstance(value, list) else value

    return {key: convert(value) for key, value in stored.items()}
