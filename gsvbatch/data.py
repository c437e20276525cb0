"""The records that flow from script to audio file.

Line -> Utterance -> (phoneme ids, BERT features) -> SemanticTokens -> Waveform -> Take -> Rendition

Each is frozen: a stage makes the next record and never edits the one it was given.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from gsvbatch.units import Hertz, Seconds

if TYPE_CHECKING:  # `status` deals in lines alone, and numpy takes longer to import than it runs
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Line:
    """One who-says-what of a script file, as written there."""

    path: Path
    line_number: int
    """Counted from 1 in the file; for CSV the row's first physical line."""

    text: str
    """As written, inline markup included."""

    id: str | None = None
    """Stable id from the file, or None until one is assigned."""

    speaker: str | None = None
    voice: str | None = None
    """Voice named on the line itself; overrides the project's speaker map."""

    language: str | None = None
    """``zh``, ``en`` ... or None for detection."""

    style: str | None = None
    speed: float | None = None
    """Speaking rate factor; 1 is the model's own."""

    seed: int | None = None
    top_k: int | None = None
    """Of sampling, as the three below: None leaves it to the speaker, voice or project."""

    top_p: float | None = None
    temperature: float | None = None
    repetition_penalty: float | None = None
    pause_before: Seconds | None = None
    pause_after: Seconds | None = None
    start: Seconds | None = None
    """Of a timed line (SRT), where it begins on the time line."""

    end: Seconds | None = None
    chapter: str | None = None
    """Heading that the line stands under."""

    output: str | None = None
    """File name wanted by the script, without suffix."""

    notes: str | None = None
    extra: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Unknown columns, kept as they were."""


@dataclass(frozen=True, slots=True)
class Span:
    """A run of one language inside an utterance's spoken text."""

    language: str
    text: str
    phoneme_counts: tuple[int, ...] = ()
    """Phonemes of each character (zh), or of each word, blank and mark (en), in order of the text."""

    @property
    def has_prosody(self) -> bool:
        """Whether models know prosody features of it: of Mandarin alone there are any."""
        return self.language == "zh" and sum(self.phoneme_counts) > 0


@dataclass(frozen=True, slots=True)
class Utterance:
    """What is spoken in one go: a piece of a line."""

    id: str
    """``<line id>`` for a line of one utterance, else ``<line id>#<n>`` with n from 1."""

    line_id: str
    index: int
    """Position within its line, from 0."""

    text: str
    """As shown in subtitles and tags: markup removed, digits kept."""

    spoken_text: str
    """Normalized: what the phonemes say."""

    phonemes: tuple[str, ...]
    """Symbols of the symbol table, punctuation included."""

    phoneme_ids: tuple[int, ...]
    spans: tuple[Span, ...] = ()
    pause_before: Seconds = 0.0
    pause_after: Seconds = 0.0


class StopReason(StrEnum):
    """Why decoding of semantic tokens ended."""

    END = "end"
    """The model said so."""

    LIMIT = "limit"
    """The token limit was reached: the model ran on."""

    LOST = "lost"
    """The model said so, but stood still on the way, and had to be led on: what it says there is not the text."""


@dataclass(frozen=True, slots=True)
class SemanticTokens:
    """What the text-to-semantic stage made."""

    tokens: tuple[int, ...]
    """At 25 Hz, prompt excluded."""

    stop_reason: StopReason


@dataclass(frozen=True, slots=True)
class Waveform:
    """Mono audio."""

    samples: "NDArray[np.float32]"
    """Shape ``(n_samples,)``, in [-1, 1]."""

    sample_rate: Hertz

    @property
    def duration(self) -> Seconds:
        """Length of the audio."""
        return len(self.samples) / self.sample_rate
