"""How lines are cut, read and drawn, and who speaks them."""

from typing import Literal

from pydantic import AliasChoices, Field, field_validator

from gsvbatch.config.strict import StrictModel
from gsvbatch.units import Seconds

CutMethod = Literal["sentence", "cut0", "cut1", "cut2", "cut3", "cut4", "cut5"]


class SamplingOverrides(StrictModel):
    """How one voice or speaker is drawn; None leaves it to the project."""

    top_k: int | None = Field(default=None, ge=1, le=1024)
    """As `sampling.top_k`."""

    top_p: float | None = Field(default=None, gt=0, le=1)
    """As `sampling.top_p`."""

    temperature: float | None = Field(default=None, gt=0, le=5)
    """As `sampling.temperature`."""

    repetition_penalty: float | None = Field(default=None, ge=1, le=10)
    """As `sampling.repetition_penalty`."""

    speed: float | None = Field(
        default=None, ge=0.25, le=4, validation_alias=AliasChoices("speed", "speed_factor")
    )
    """Speaking rate factor; 1 is the model's own."""

    ref_free: bool | None = Field(
        default=None, validation_alias=AliasChoices("ref_free", "ref_text_free")
    )
    """Speak without the reference's words before one's own: only its timbre counts."""

    sample_steps: int | None = Field(default=None, ge=1, le=128)
    """As `sampling.sample_steps`."""


class SpeakerConfig(SamplingOverrides):
    """Who speaks for a name in the scripts."""

    voice: str = Field(min_length=1)
    """Name of the voice."""

    style: str | None = None
    """Of lines that name none: one of the voice's styles, if it has any."""

    styles: dict[str, str] = Field(default_factory=dict)
    """The voice's styles by the words that the scripts use: `{叹气: sad, 平静: default}`."""

    language: str | None = Field(
        default=None, validation_alias=AliasChoices("language", "text_lang")
    )
    """Of lines that name none."""


class SamplingConfig(StrictModel):
    """How semantic tokens are drawn from the model's distribution."""

    top_k: int = Field(default=15, ge=1, le=1024)
    """How many of the likeliest tokens are drawn from."""

    top_p: float = Field(default=1.0, gt=0, le=1)
    """Share of probability that is drawn from; 1 cuts nothing off."""

    temperature: float = Field(default=1.0, gt=0, le=5)
    """Over 1 livelier and less sure, under 1 flatter and safer."""

    repetition_penalty: float = Field(default=1.35, ge=1, le=10)
    """How much less likely a token becomes once it was used; 1 is off."""

    speed: float = Field(
        default=1.0, ge=0.25, le=4, validation_alias=AliasChoices("speed", "speed_factor")
    )
    """Speaking rate of lines that name none; 1 is the model's own."""

    ref_free: bool = Field(
        default=False, validation_alias=AliasChoices("ref_free", "ref_text_free")
    )
    """Speak without the reference's words before one's own: only its timbre counts."""

    sample_steps: int = Field(default=32, ge=1, le=128)
    """Steps in which v3 and v4 draw a mel: more sound cleaner and take longer."""

    seed: int = Field(default=0, ge=-1, lt=2**63)
    """Of the whole job; every utterance's own follows from it and from what is said. api_v2's -1 is 0."""

    cut: CutMethod | None = Field(
        default=None, validation_alias=AliasChoices("cut", "text_split_method")
    )
    """As `text.cut`, for settings that are carried over from api_v2."""

    fragment_interval: Seconds | None = Field(default=None, ge=0, le=60)
    """As `text.fragment_interval`, likewise."""

    @field_validator("seed")
    @classmethod
    def _no_random_seed(cls, value: int) -> int:
        return max(value, 0)


class TextConfig(StrictModel):
    """How lines are cut and read."""

    max_characters: int = Field(default=60, ge=10, le=400)
    """An utterance longer than this is cut at its best pause."""

    cut: CutMethod = Field(
        default="sentence", validation_alias=AliasChoices("cut", "text_split_method")
    )
    """Where a line is cut into utterances; ``cut0`` to ``cut5`` are GPT-SoVITS's ways."""

    fragment_interval: Seconds | None = Field(default=None, ge=0, le=60)
    """Silence between the utterances of a line; None goes by the marks they end with."""

    read_parentheses: bool = False
    """Whether stage directions in brackets are spoken."""
