"""The shape in which a line's audio is delivered: format, level, tags, label."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from gsvbatch import __version__
from gsvbatch.audio import (
    AigcLabel,
    AudioFormat,
    Encoding,
    LoudnessPreset,
    Tags,
    loudness_preset,
)
from gsvbatch.config import ProjectConfig
from gsvbatch.data import Line, Utterance
from gsvbatch.job.casting import Part
from gsvbatch.job.fingerprint import Parts, digest
from gsvbatch.text.language import spoken_in

TITLE_LENGTH = 80


@dataclass(frozen=True, slots=True)
class Delivery:
    """How the lines of a project are delivered."""

    project: str
    config: ProjectConfig
    date: str
    """Of the tags: the day of the first render, so that the same line makes the same file."""

    @property
    def audio_format(self) -> AudioFormat:
        """Of the lines."""
        return AudioFormat(self.config.audio.format)

    @property
    def preset(self) -> LoudnessPreset | None:
        """Level of the lines, or None to leave it."""
        audio = self.config.audio
        return preset_of(audio.preset, audio.target, audio.ceiling)

    @property
    def encoding(self) -> Encoding:
        """How the encoder is set."""
        preset = self.preset
        return Encoding(
            bitrate=preset.bitrate if preset else None,
            sample_rate=self.config.audio.sample_rate or (preset.sample_rate if preset else None),
        )

    def audio_part(self) -> str:
        """Digest of what decides how audio is cut, levelled and encoded."""
        preset = self.preset
        return digest(
            [
                self.audio_format.value,
                asdict(self.encoding),
                [preset.name, preset.target, preset.ceiling] if preset else None,
                self.config.audio.trim,
            ]
        )

    def tags_part(self, line: Line, speaker: str) -> str:
        """Digest of what the tags say beside what is in the other parts."""
        album = self.config.album
        label = self.config.label
        return digest(
            [
                [speaker, self.album_title, line.chapter, album.series, album.part, self.date],
                [label.implicit, self.producer, label.propagator],
            ]
        )

    @property
    def album_title(self) -> str:
        """Name of the whole production."""
        return self.config.album.title or self.project

    @property
    def producer(self) -> str:
        """Who the AI-generated label names."""
        return self.config.label.producer or self.config.album.author or "gsvbatch"

    def label(self, produce_id: str) -> AigcLabel | None:
        """The AI-generated label of one file, or None if it is switched off.

        Raises:
            ConfigError: The producer's name holds characters that readers of the label refuse.
        """
        if not self.config.label.implicit:
            return None
        return AigcLabel(
            content_producer=self.producer,
            produce_id=produce_id,
            content_propagator=self.config.label.propagator,
        )

    def tags(
        self, line: Line, line_id: str, part: Part, parts: Parts, utterances: tuple[Utterance, ...]
    ) -> Tags:
        """What a line's file says of itself, but for what only rendering knows."""
        shown = _shown([utterance.text for utterance in utterances])
        extra = {"CHAPTER": line.chapter} if line.chapter else {}
        return Tags(
            title=shown if len(shown) <= TITLE_LENGTH else shown[: TITLE_LENGTH - 1] + "…",
            speaker=line.speaker or part.voice.ref.person,
            project=self.album_title,
            date=self.date,
            language=part.language or spoken_in(utterances) or part.voice.language,
            series=self.config.album.series,
            series_part=self.config.album.part,
            text=shown,
            line_id=line_id,
            voice=part.voice.ref.name,
            profile_digest=parts.voice,
            engine=f"gsvbatch {__version__}",
            weights_digest=parts.models,
            params_digest=parts.sampling,
            fingerprint=parts.fingerprint,
            text_sha256=parts.text,
            extra=extra,
        )


def _shown(texts: Sequence[str]) -> str:
    """A line's text without its marks; words of two sentences are kept apart."""
    whole = ""
    for text in texts:
        touches = whole[-1:].isascii() and text[:1].isascii() and not whole[-1:].isspace()
        whole += f" {text}" if whole and touches and not text[:1].isspace() else text
    return whole.strip()


def preset_of(
    name: str, target: float | None = None, ceiling: float | None = None
) -> LoudnessPreset | None:
    """A preset with the project's own levels, or None for ``none``."""
    if name == "none":
        return None
    preset = loudness_preset(name)
    return LoudnessPreset(
        **{
            **asdict(preset),
            "target": preset.target if target is None else target,
            "ceiling": preset.ceiling if ceiling is None else ceiling,
        }
    )
