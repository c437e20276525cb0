"""What a project file may say: every setting, its default, its range.

The names that users of GPT-SoVITS know from its ``api_v2`` and ``tts_infer.yaml`` are accepted as
aliases (``speed_factor``, ``t2s_weights_path`` ...), so that settings can be carried over as they are.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from gsvbatch.machine import usable_cores
from gsvbatch.units import Decibels, Hertz, Seconds


class StrictModel(BaseModel):
    """A frozen model that refuses unknown keys, so that a typo is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


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


CutMethod = Literal["sentence", "cut0", "cut1", "cut2", "cut3", "cut4", "cut5"]


def _voice_name_alone(value: Any) -> Any:
    return {"voice": value} if isinstance(value, str) else value


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


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
    """Of the whole job; every line's own seed follows from it and the line's id. api_v2's -1 is 0."""

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


class AudioConfig(StrictModel):
    """One file per line: its format and level."""

    format: Literal["wav", "flac", "mp3", "opus", "m4a"] = "flac"
    """Of the files of single lines."""

    sample_rate: Hertz | None = Field(default=None, ge=8000, le=192000)
    """Hz; None keeps the model's own."""

    preset: Literal["podcast", "ebu", "game", "acx", "none"] = Field(
        default="podcast", validation_alias=AliasChoices("preset", "loudness")
    )
    """Loudness and peak level for a purpose; docs/audio.md has the figures."""

    target: float | None = Field(default=None, ge=-60, le=0)
    """LUFS; overrides the preset's."""

    ceiling: Decibels | None = Field(default=None, ge=-20, le=0)
    """dBTP; overrides the preset's."""

    trim: bool = True
    """Cut silence at both ends of every utterance; pauses are then exact."""


class PausesConfig(StrictModel):
    """Silence that assembling puts between lines, unless a line names its own."""

    line: Seconds = Field(default=0.5, ge=0, le=60)
    """Between lines of one speaker."""

    speaker: Seconds = Field(default=0.7, ge=0, le=60)
    """Between lines of different speakers."""

    chapter: Seconds = Field(default=1.5, ge=0, le=60)
    """Between chapters."""

    start: Seconds = Field(default=0.5, ge=0, le=60)
    """Before the first line."""

    end: Seconds = Field(default=1.0, ge=0, le=60)
    """After the last line."""


class AssembleConfig(StrictModel):
    """The finished works that lines are joined into."""

    formats: Annotated[
        tuple[Literal["wav", "flac", "mp3", "opus", "m4a", "m4b"], ...],
        BeforeValidator(_one_or_many),
    ] = ()
    """Empty: the lines alone are the delivery, as for a game."""

    subtitles: Annotated[
        tuple[Literal["srt", "vtt", "lrc"], ...], BeforeValidator(_one_or_many)
    ] = ("srt",)
    """Written beside each work."""

    per: Literal["script", "chapter", "project"] = "script"
    """What becomes one work; chapters of a script or project become chapter marks in it."""

    cover: Path | None = None
    """A JPEG or PNG for the works' tags."""


class AlbumConfig(StrictModel):
    """What the tags say about the whole production."""

    title: str | None = None
    """Defaults to the project's name."""

    author: str | None = None
    """Who wrote the text."""

    narrator: str | None = None
    """Defaults to the speakers' voices."""

    series: str | None = None
    """Series that the production belongs to."""

    part: str | None = None
    """Its number in the series."""

    genre: str | None = None
    """Such as Audiobook or Education."""

    publisher: str | None = None
    """Who publishes it."""

    description: str | None = None
    """What it is about, in a few sentences."""

    date: str | None = Field(default=None, pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")
    """Defaults to the day on which the project was first rendered."""

    language: str | None = None
    """Of the whole production; defaults to that of most lines."""


class LabelConfig(StrictModel):
    """The mark that says: generated by AI (GB 45438-2025 and alike)."""

    producer: str = ""
    """Name or code of who makes the content; goes into the label of every file."""

    propagator: str = ""
    """Name or code of who passes it on."""

    explicit: Literal["auto", "on", "off"] = "auto"
    """The audible mark. auto: on works that are assembled, not on single lines."""

    implicit: bool = True
    """The label in the metadata of every file."""


GptSoVitsVersion: TypeAlias = Literal["v1", "v2", "v2Pro", "v2ProPlus", "v3", "v4"]
"""Of a SoVITS checkpoint."""


class ModelsConfig(StrictModel):
    """The pair of checkpoints for voices that name none; all None is the small embedded model.

    Each is a path, or a name that `gsvbatch models list` shows; `models: NAME` takes both halves.
    """

    t2s: Path | None = Field(
        default=None, validation_alias=AliasChoices("t2s", "gpt", "t2s_weights_path")
    )
    """The GPT checkpoint, ``.ckpt``."""

    synthesizer: Path | None = Field(
        default=None, validation_alias=AliasChoices("synthesizer", "sovits", "vits_weights_path")
    )
    """The SoVITS checkpoint, ``.pth``."""

    content: Path | None = Field(
        default=None,
        validation_alias=AliasChoices(
            "content", "hubert", "cnhubert_base_path", "cnhuhbert_base_path"
        ),
    )
    """The folder chinese-hubert-base; needed to enroll voices, not to render."""

    speaker_encoder: Path | None = Field(
        default=None, validation_alias=AliasChoices("speaker_encoder", "sv", "sv_path")
    )
    """The file pretrained_eres2netv2w24s4ep4.ckpt; needed to enroll voices for v2Pro and v2ProPlus."""

    vocoder: Path | None = None
    """Of v3 the folder of BigVGAN, of v4 the file vocoder.pth; not needed for other versions."""

    base: Path | None = None
    """What a LoRA fine-tune changes: s2Gv3.pth or s2Gv4.pth."""

    version: GptSoVitsVersion | None = None
    """Of the SoVITS checkpoint; needed where its file does not say whether it is v3 or v4."""
    bert: Path | None = Field(
        default=None, validation_alias=AliasChoices("bert", "bert_base_path", "bert_path")
    )
    """The folder chinese-roberta-wwm-ext-large, for the prosody of Mandarin; ``none`` does without. Left
    out, it is the one that ``gsvbatch models list`` knows, if any."""

    g2pw: Path | None = None
    """The folder G2PWModel, for readings of Mandarin's polyphones; likewise."""

    @property
    def is_embedded(self) -> bool:
        """Whether no checkpoint is named."""
        return self.t2s is None and self.synthesizer is None


class EngineConfig(StrictModel):
    """Where and how wide rendering runs; no part of it is a reason to render again."""

    device: str = Field(default="auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")
    """``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``; auto takes a CUDA card if there is one."""

    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    """Precision; auto is float16 on CUDA and float32 elsewhere. bfloat16 pays on processors with AVX512-BF16
    or AMX."""

    slots: int | None = Field(default=None, ge=1, le=4096)
    """Utterances decoded at once; None lets memory decide."""

    max_memory: float | None = Field(default=None, gt=0)
    """GiB that slots and batches are chosen for, and models are kept in, on a CUDA card a limit; None takes what
    is free, for models half of it."""

    encoders: int | None = Field(default=None, ge=1, le=64)
    """Threads that encode and write files; None is half the cores, two at least and eight at most."""

    text_processes: int | None = Field(default=None, ge=0, le=64)
    """Processes that read texts; None is as many as pay, 0 reads them in the process itself."""

    @property
    def n_encoders(self) -> int:
        """Threads that encode and write files."""
        return self.encoders or min(8, max(2, usable_cores() // 2))

    cache_size: float = Field(default=2.0, ge=0)
    """GiB that speech kept for lines that are said again, in any job, may take; 0 keeps none."""


class ProjectConfig(StrictModel):
    """A project file, ``gsvbatch.yaml``; every part may be left out."""

    project: str = Field(default="", validation_alias=AliasChoices("project", "name"))
    """Name; the folder's name if empty."""

    scripts: Annotated[tuple[str, ...], BeforeValidator(_one_or_many)] = ()
    """Files or globs, relative to the project file; order is kept."""

    output: Path = Path("outputs")
    """Folder for audio and manifest, relative to the project file."""

    voices: Annotated[tuple[Path, ...], BeforeValidator(_one_or_many)] = (Path("voices"),)
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

    lexicon: Annotated[tuple[Path, ...], BeforeValidator(_one_or_many)] = ()
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

    rerun_on: Annotated[tuple[Trigger, ...], BeforeValidator(_one_or_many)] = DEFAULT_TRIGGERS
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
