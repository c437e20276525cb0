"""The records that cross between job, runner and renderer; no tensors, so that they can travel.

LineWork -> SpeechRequest -> SpeechResult -> UtteranceOutcome -> LineOutcome
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from gsvbatch.audio import AigcLabel, AudioFormat, Tags
from gsvbatch.data import StopReason, Utterance, Waveform
from gsvbatch.units import Decibels, Hertz, Seconds


class Verdict(StrEnum):
    """What the quality gates say."""

    OK = "ok"
    SUSPECT = "suspect"
    """Worth a listen; delivered."""

    FAILED = "failed"
    """Not fit for use; kept only as the best of all attempts."""


@dataclass(frozen=True, slots=True)
class SpeechSampling:
    """How one line is spoken; decides the audio together with the seed."""

    top_k: int
    top_p: float
    temperature: float
    repetition_penalty: float
    speed: float
    style: str | None = None


@dataclass(frozen=True, slots=True)
class VoiceRef:
    """A voice by name, with what tells whether it is still the same."""

    name: str
    folder: Path
    digest: str
    """Of what conditions the audio: prompt phonemes and tokens, style embedding."""

    models: str
    """Digest of the pair of checkpoints; voices with equal ones are rendered together."""


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """Where a line's file goes, and in what shape."""

    path: Path
    audio_format: AudioFormat
    sample_rate: Hertz | None
    """Hz; None keeps the model's own."""

    target: float | None
    """LUFS; None leaves the level as the model made it."""

    ceiling: Decibels
    """dBTP."""

    trim: bool


@dataclass(frozen=True, slots=True)
class LineWork:
    """One line to render."""

    line_id: str
    take: int
    """Number that the take will have."""

    variation: int
    """How many retakes were asked for; part of every seed."""

    fingerprint: str
    utterances: tuple[Utterance, ...]
    voice: VoiceRef
    sampling: SpeechSampling
    seed: int
    """Of the job, or of the line where the script names one."""

    retries: int
    output: OutputSpec
    tags: Tags
    """All but what only the render knows (seed, verdict), which is filled in by it."""

    label: AigcLabel | None


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """One attempt at one utterance."""

    id: str
    voice: VoiceRef
    text: str
    spoken_text: str
    phonemes: tuple[str, ...]
    phoneme_ids: tuple[int, ...]
    sampling: SpeechSampling
    seed: int
    """63 bits; all randomness of the attempt follows from it."""


@dataclass(frozen=True, slots=True)
class SpeechResult:
    """What came of an attempt: a waveform, or the reason why there is none."""

    request_id: str
    waveform: Waveform | None
    stop_reason: StopReason
    n_tokens: int
    error: str = ""


class Speech(Protocol):
    """What speaks utterances: an engine with its voices."""

    def speak(self, requests: Iterable[SpeechRequest]) -> Iterator[SpeechResult]:
        """Yield one result per request, in whatever order they finish.

        Requests are drawn as there is room for them; an utterance that cannot be spoken gives a
        result with an error and does not end the others.
        """
        ...


@dataclass(frozen=True, slots=True)
class UtteranceOutcome:
    """The best attempt at an utterance."""

    position: int
    text: str
    spoken_text: str
    start: Seconds
    """Within the line's file."""

    duration: Seconds
    seed: int
    attempts: int
    n_tokens: int
    stop_reason: StopReason
    verdict: Verdict
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """A finished take, its file written and checked; or an error."""

    work: LineWork
    error: str = ""
    """Why there is no audio; one line, or empty."""

    duration: Seconds = 0.0
    sample_rate: Hertz = 0
    sha256: str = ""
    n_bytes: int = 0
    loudness: Decibels = float("-inf")
    """LUFS."""

    peak: Decibels = float("-inf")
    """dBTP."""

    verdict: Verdict = Verdict.OK
    problems: tuple[str, ...] = ()
    utterances: tuple[UtteranceOutcome, ...] = field(default=())
