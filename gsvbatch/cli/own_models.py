"""The options that name a voice's own checkpoints, and all that these need beside them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from gsvbatch.errors import ConfigError

if TYPE_CHECKING:
    from gsvbatch.gsv.source import ModelSource

T2SPath = Annotated[
    Path | None,
    typer.Option(
        "--t2s",
        help="A GPT checkpoint of its own, or a name that models list shows.",
        show_default=False,
    ),
]
SynthesizerPath = Annotated[
    Path | None,
    typer.Option(
        "--synthesizer", help="A SoVITS checkpoint of its own, or a name.", show_default=False
    ),
]
ContentPath = Annotated[
    Path | None,
    typer.Option(
        "--content",
        help="The content encoder of published checkpoints: the folder chinese-hubert-base; "
        "this and what follows are taken from the list of models where they are left out.",
        show_default=False,
    ),
]
SpeakerEncoderPath = Annotated[
    Path | None,
    typer.Option(
        "--speaker-encoder",
        help="For v2Pro and v2ProPlus: the file pretrained_eres2netv2w24s4ep4.ckpt.",
        show_default=False,
    ),
]
VocoderPath = Annotated[
    Path | None,
    typer.Option(
        "--vocoder",
        help="For v3 the folder of BigVGAN, for v4 the file vocoder.pth.",
        show_default=False,
    ),
]
BasePath = Annotated[
    Path | None,
    typer.Option(
        "--base",
        help="For LoRA fine-tunes: what they change, s2Gv3.pth or s2Gv4.pth.",
        show_default=False,
    ),
]
ModelVersion = Annotated[
    str | None,
    typer.Option(
        "--version",
        help="Of the SoVITS checkpoint: v3 or v4, where its file does not say which.",
        show_default=False,
    ),
]


def own_models(
    t2s: Path | None,
    synthesizer: Path | None,
    *,
    content: Path | None,
    speaker_encoder: Path | None,
    vocoder: Path | None,
    base: Path | None,
    version: str | None,
) -> "ModelSource | None":
    """What the options name, with what is registered for it, or None if they name nothing.

    Raises:
        ConfigError: They name only one of the pair, or a version or name that there is not.
    """
    from gsvbatch.config import GptSoVitsVersion
    from gsvbatch.models.naming import named_source

    given = (t2s, synthesizer, content, speaker_encoder, vocoder, base, version)
    if all(value is None for value in given):
        return None
    if t2s is None or synthesizer is None:
        raise ConfigError("a voice's own checkpoints are a pair: give --t2s and --synthesizer")
    known = get_args(GptSoVitsVersion)
    if version not in (None, *known):
        raise ConfigError(f"--version {version}: not known; allowed: {', '.join(known)}")
    paths = {
        "t2s": t2s,
        "synthesizer": synthesizer,
        "content": content,
        "speaker_encoder": speaker_encoder,
        "vocoder": vocoder,
        "base": base,
    }
    return named_source(paths, Path.cwd(), version=version, setting="--")
