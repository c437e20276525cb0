"""Everything that one pair of checkpoints needs to speak, loaded and checked against one another."""

import json
import logging
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import nn

from gsvbatch.errors import CheckpointError
from gsvbatch.gsv.checkpoint import (
    SynthesizerCheckpoint,
    T2SCheckpoint,
    Weights,
    fold_weight_norm,
    load_into,
    read_synthesizer,
    read_t2s,
)
from gsvbatch.gsv.code_names import CodeNames
from gsvbatch.gsv.container import read_state_dict
from gsvbatch.gsv.mel_content import MelContentConfig, MelContentEncoder
from gsvbatch.gsv.mel_synthesizer import AnySynthesizer, MelSynthesizer, MelSynthesizerConfig
from gsvbatch.gsv.native import NativeConfig, read_synthesizer_weights, read_weights
from gsvbatch.gsv.source import (
    NATIVE_CONFIG_NAME,
    NATIVE_SUFFIX,
    ModelDigests,
    ModelSource,
    content_weights,
    embedded_source,
    native_source,
    speaker_weights,
)
from gsvbatch.gsv.speaker_encoder import SpeakerEncoder
from gsvbatch.gsv.synthesizer import Synthesizer
from gsvbatch.gsv.t2s import TextToSemantic
from gsvbatch.gsv.vocoder import Vocoder, load_vocoder, require_vocoder
from gsvbatch.gsv.weights import shape_of
from gsvbatch.units import Hertz

if TYPE_CHECKING:
    from gsvbatch.gsv.content import ContentConfig
    from gsvbatch.gsv.prompt import AnyContentEncoder

__all__ = [
    "ModelBundle",
    "ModelDigests",
    "ModelSource",
    "embedded_source",
    "load_bundle",
    "native_source",
]

logger = logging.getLogger(__name__)

Network = TypeVar("Network", bound=nn.Module)


class ModelBundle:
    """The networks of one :class:`ModelSource`, in eval mode on one device.

    Attributes:
        t2s: Text-to-semantic network.
        synthesizer: Synthesizer network.
        symbol_version: The symbol table that both were trained with.
        version: ``v1`` to ``v4``, or what native models call themselves.
        digest: What the weights are.
        vocoder: Of v3 and v4; None for the others, whose synthesizer makes audio itself.
        code_names: What the codes are named after; None where they mean nothing by themselves.
    """

    def __init__(
        self,
        source: ModelSource,
        t2s: TextToSemantic,
        synthesizer: AnySynthesizer,
        symbol_version: str,
        version: str,
        digest: ModelDigests,
        vocoder: Vocoder | None = None,
        code_names: CodeNames | None = None,
    ) -> None:
        self.source = source
        self.t2s = t2s
        self.synthesizer = synthesizer
        self.symbol_version = symbol_version
        self.version = version
        self.digest = digest
        self.vocoder = vocoder
        self.code_names = code_names

    @property
    def sample_rate(self) -> Hertz:
        """Of the audio that the models make."""
        return self.synthesizer.sample_rate

    def to(self, device: torch.device | str | None, dtype: torch.dtype | None) -> None:
        """Move the networks that render; None leaves device or precision as they are."""
        for network in (self.t2s, self.synthesizer, self.vocoder):
            if network is not None:
                network.to(device=device, dtype=dtype)

    @cached_property
    def speaker_encoder(self) -> SpeakerEncoder | None:
        """The speaker encoder, fp32 on the CPU; loaded when first asked for, None where none is given.

        Raises:
            CheckpointError: It is damaged, or does not fit the synthesizer.
        """
        if self.source.speaker_encoder is None:
            return None
        path = speaker_weights(self.source.speaker_encoder)
        encoder = load_speaker_encoder(path)
        if isinstance(self.synthesizer, Synthesizer) and self.synthesizer.config.speaker not in (
            0,
            encoder.width,
        ):
            raise CheckpointError(
                path,
                f"makes embeddings of {encoder.width} numbers, while the synthesizer was trained on "
                f"{self.synthesizer.config.speaker}; use the speaker encoder it was trained with",
            )
        return encoder

    @cached_property
    def content(self) -> "AnyContentEncoder | None":
        """The content encoder, fp32 on the CPU; loaded when first asked for, None where none is given.

        Raises:
            CheckpointError: It is damaged, or does not fit the synthesizer.
        """
        if self.source.content is None:
            return None
        encoder = load_content(self.source.content)
        if encoder.config.width != self.synthesizer.config.ssl_width:
            raise CheckpointError(
                self.source.content,
                f"makes features of width {encoder.config.width}, while the synthesizer was trained "
                f"on {self.synthesizer.config.ssl_width}; use the content encoder it was trained with",
            )
        return encoder


def load_bundle(
    source: ModelSource,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> ModelBundle:
    """The networks of a source, in eval mode.

    Args:
        source: Where the checkpoints are.
        device: Where the networks go. The content encoder stays on the CPU, in fp32: it runs once a
            voice, and its codes should not depend on the card.
        dtype: Of weights and activations.

    Raises:
        CheckpointError: A file is missing, damaged, of an unsupported version, or the two do not fit.
    """
    first, second = _t2s_checkpoint(source.t2s), _synthesizer_checkpoint(source)
    _require_fit(source, first, second)
    t2s, config = TextToSemantic(first.config), second.config
    load_into(t2s, first.weights, source.t2s)
    synthesizer: AnySynthesizer
    vocoder: Vocoder | None = None
    if isinstance(config, MelSynthesizerConfig):
        path = require_vocoder(source.synthesizer, source.vocoder, config.version)
        synthesizer = MelSynthesizer(config)
        vocoder = load_vocoder(path, config.version, config.dit.n_mels)
    else:
        synthesizer = Synthesizer(config)
    load_into(synthesizer, second.weights, source.synthesizer)
    digest = source.digests()
    logger.info(
        "loaded %s model (%s, %s) on %s",
        second.version,
        digest.t2s[:8],
        digest.synthesizer[:8],
        device,
    )
    return ModelBundle(
        source,
        _ready(t2s, device, dtype),
        _ready(synthesizer, device, dtype),
        second.symbol_version,
        second.version,
        digest,
        None if vocoder is None else _ready(vocoder, device, dtype),
        first.code_names,
    )


def load_speaker_encoder(path: Path) -> SpeakerEncoder:
    """The speaker encoder in a file, without the layers after its pooling.

    Raises:
        CheckpointError: It is missing, damaged, or none.
    """
    stored = read_state_dict(path)
    channels, *_ = shape_of(path, stored, "conv1.weight") or (0,)
    width, *_ = shape_of(path, stored, "layer1.0.convs.0.weight") or (0,)
    if not channels or not width:
        raise CheckpointError(path, "is no speaker encoder: its tensors have impossible shapes")
    encoder = SpeakerEncoder(channels, width)
    weights = {key: value for key, value in stored.items() if not key.startswith("seg_")}
    load_into(encoder, weights, path)
    return _ready(encoder, "cpu", torch.float32)


def load_content(path: Path) -> "AnyContentEncoder":
    """A content encoder: a folder like ``chinese-hubert-base``, or a native file.

    Raises:
        CheckpointError: It is missing, damaged, or of a kind that is not known.
    """
    if path.is_file() and path.suffix == NATIVE_SUFFIX:
        encoder, weights = _native_content(path), read_weights(path)
    else:
        encoder, weights = _hubert(path)
    load_into(encoder, weights, path)
    return _ready(encoder, "cpu", torch.float32)


def _native_content(path: Path) -> "AnyContentEncoder":
    config_path = path.parent / NATIVE_CONFIG_NAME
    fields = NativeConfig.read(config_path).content
    if fields is None:
        raise CheckpointError(config_path, "describes no content encoder")
    try:
        if fields.get("kind") == "mel":
            return MelContentEncoder(MelContentConfig(**fields))
        from gsvbatch.gsv.content import ContentConfig, ContentEncoder  # transformers takes seconds

        return ContentEncoder(ContentConfig(**fields))
    except TypeError as error:
        raise CheckpointError(config_path, f"content: is incomplete or wrong ({error})") from error


def _hubert(folder: Path) -> "tuple[AnyContentEncoder, Weights]":
    """The encoder of a folder as transformers writes it, and its weights, not yet loaded."""
    from gsvbatch.gsv.content import ContentEncoder

    path = content_weights(folder)
    encoder = ContentEncoder(_hubert_config(path.parent / NATIVE_CONFIG_NAME))
    stored = read_weights(path) if path.suffix == NATIVE_SUFFIX else read_state_dict(path)
    # Saved from a model with a head, the encoder's keys carry a prefix and the head has keys of its own.
    named = {f"hubert.{key.removeprefix('hubert.')}": value for key, value in stored.items()}
    wanted = encoder.state_dict()
    mask = "hubert.masked_spec_embed"  # used in training only, and absent from some files
    weights = {mask: wanted[mask], **fold_weight_norm(path, named)}
    return encoder, {key: value for key, value in weights.items() if key in wanted}


def _hubert_config(path: Path) -> "ContentConfig":
    from gsvbatch.gsv.content import ContentConfig

    try:
        return ContentConfig.from_hubert(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise CheckpointError(path, "missing; the content encoder's folder needs it") from error
    except (ValueError, TypeError, OSError) as error:
        raise CheckpointError(path, f"is no config of a content encoder ({error})") from error


def _t2s_checkpoint(path: Path) -> T2SCheckpoint:
    if path.suffix != NATIVE_SUFFIX:
        return read_t2s(path)
    config = NativeConfig.read(path.parent / NATIVE_CONFIG_NAME)
    names = CodeNames.of(path, config.t2s.n_phonemes, config.t2s.eos)
    return T2SCheckpoint(config.t2s, config.symbol_version, read_weights(path), names)


def _synthesizer_checkpoint(source: ModelSource) -> SynthesizerCheckpoint:
    path = source.synthesizer
    if path.suffix != NATIVE_SUFFIX:
        return read_synthesizer(path, version=source.version, base=source.base)
    config = NativeConfig.read(path.parent / NATIVE_CONFIG_NAME)
    return SynthesizerCheckpoint(
        config.synthesizer,
        config.version,
        config.symbol_version,
        read_synthesizer_weights(path, config.synthesizer),
    )


def _require_fit(
    source: ModelSource, t2s: T2SCheckpoint, synthesizer: SynthesizerCheckpoint
) -> None:
    """Raise where the two networks cannot speak together; upstream does not check, and babbles."""
    if t2s.symbol_version != synthesizer.symbol_version:
        raise CheckpointError(
            source.t2s,
            f"was trained on symbols {t2s.symbol_version}, but {source.synthesizer.name} on "
            f"{synthesizer.symbol_version}; pair checkpoints of the same version",
        )
    if t2s.config.eos != synthesizer.config.codebook_size:
        raise CheckpointError(
            source.t2s,
            f"speaks {t2s.config.eos} semantic codes, but {source.synthesizer.name} knows "
            f"{synthesizer.config.codebook_size}; pair checkpoints of the same model",
        )


def _ready(network: Network, device: torch.device | str, dtype: torch.dtype) -> Network:
    network.to(device=device, dtype=dtype)
    network.requires_grad_(False)
    network.eval()
    return network
