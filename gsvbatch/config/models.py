"""What a project file may say: every setting, its default, its range.

The names that users of GPT-SoVITS know from its ``api_v2`` and ``tts_infer.yaml`` are accepted as
aliases (``speed_factor``, ``t2s_weights_path`` ...), so that settings can be carried over as they are.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from gsvbatch.config.engine import EngineConfig, ModelsConfig
from gsvbatch.config.production import (
    AlbumConfig,
    AssembleConfig,
    AudioConfig,
    LabelConfig,
    PausesConfig,
)
from gsvbatch.config.speech import SamplingConfig, SpeakerConfig, TextConfig
from gsvbatch.config.strict import StrictModel, one_or_many


class Trigger(StrEnum):
    """A reason for which a line that was rendered before is rendered again."""

    TEXT = "text"
    VOICE = "voice"
    MODELS = "models"
    BERT = "bert"
    LEXICON = "lexicon"
    FRONTEND = "frontend"
    SAMPLING = "sampling"
    SEED = "seed"
    AUDIO = "audio"
    TAGS = "tags"
    FILE_MISSING = "file-missing"
    FILE_CHANGED = "file-changed"
    QA_FAILED = "qa-failed"
    RETAKE = "retake"


DEFAULT_TRIGGERS = tuple(trigger for trigger in Trigger if trigger is not Trigger.TAGS)
"""All but tags: a new album title is no reason to render a whole book again."""


def _voice_name_alone(value: Any) -> Any:
    return {"voice": value} if isinstance(value, str) else value


class ProjectConfig(StrictModel):
    """A project file, ``gsvbatch.yaml``; every part may be left out."""

    project: str = Field(default="", validation_alias=AliasChoices("project", "name"))
    """Name; the folder's name if empty."""

    scripts: Annotated[tuple[str, ...], BeforeValidator(one_or_many)] = ()
    """Files or globs, relative to the project file; order is kept."""

    output: Path = Path("outputs")
    """Folder for audio and manifest, relative to the project file."""

    voices: Annotated[tuple[Path, ...], BeforeValidator(one_or_many)] = (Path("voices"),)
    """Folders of voice profiles, searched in this order before those that come with gsvbatch."""

    speakers: dict[str, Annotated[SpeakerConfig, BeforeValidator(_voice_name_alone)]] = Field(
        default_factory=dict
    )
    """Who speaks for a name in the scripts."""

    default_voice: str | None = None
    """Of lines whose speaker has no voice, or that have no speaker."""

    language: str | None = Field(
        default=None, validation_alias=AliasChoices("language", "text_lang")
    )
    """Of lines that name none; None detects it."""

    lexicon: Annotated[tuple[Path, ...], BeforeValidator(one_or_many)] = ()
    """Files of pronunciations; docs/markup.md has their formats."""

    album: AlbumConfig = Field(
        default_factory=AlbumConfig, validation_alias=AliasChoices("album", "metadata")
    )
    sampling: SamplingConfig = Field(default_factory=SamplingConfig)
    text: TextConfig = Field(default_factory=TextConfig)
    audio: AudioConfig = Field(default_factory=AudioConfig)
    pauses: PausesConfig = Field(default_factory=PausesConfig)
    assemble: AssembleConfig = Field(default_factory=AssembleConfig)
    label: LabelConfig = Field(default_factory=LabelConfig)
    models: ModelsConfig = Field(default_factory=ModelsConfig)
    engine: EngineConfig = Field(default_factory=EngineConfig)
    retries: int = Field(default=2, ge=0, le=20)
    """New attempts for an utterance that fails its checks."""

    keep_takes: int = Field(default=3, ge=1, le=100)
    """Files kept per line; older takes keep their row."""

    rerun_on: Annotated[tuple[Trigger, ...], BeforeValidator(one_or_many)] = DEFAULT_TRIGGERS
    """Changes for which a rendered line is rendered again."""

    @field_validator("text")
    @classmethod
    def _said_once(cls, value: TextConfig, info: ValidationInfo) -> TextConfig:
        sampling: SamplingConfig | None = info.data.get("sampling")
        for name in value.model_fields_set if sampling else ():
            if getattr(sampling, name, None) is not None:
                raise PydanticCustomError(
                    "given_twice",
                    "{name} is given under sampling as well; keep one of them",
                    {"name": name},
                )
        return value

    @property
    def cutting(self) -> TextConfig:
        """The settings of ``text``, those that stand under ``sampling`` as in api_v2 included."""
        given = {"cut": self.sampling.cut, "fragment_interval": self.sampling.fragment_interval}
        update = {name: value for name, value in given.items() if value is not None}
        return self.text.model_copy(update=update)

    @field_validator("models", mode="before")
    @classmethod
    def _embedded_by_name(cls, value: Any) -> Any:
        if value == "embedded":
            return {}
        return {"t2s": value, "synthesizer": value} if isinstance(value, str) and value else value
