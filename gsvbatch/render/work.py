"""The records that cross between job, runner and renderer; no tensors, so that they can travel.

LineWork -> SpeechRequest -> SpeechResult -> TakeRecord -> LineOutcome
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gsvbatch.audio import AigcLabel, AudioFormat, Encoding, Loudness, LoudnessPreset, Tags, Written
from gsvbatch.data import StopReason, Utterance, Waveform
from gsvbatch.gsv.source import ModelSource
from gsvbatch.render.record import TakeRecord

Stop = Callable[[], bool]
"""Asked between utterances; True ends the work at hand."""


@dataclass(frozen=True, slots=True)
class SpeechSampling:
    """How one line is spoken; decides the audio together with the seed."""

    top_k: int
    top_p: float
    temperature: float
    repetition_penalty: float
    speed: float
    style: str | None = None
    """The voice's style that speaks; None is the voice as it is."""

    ref_free: bool = False
    """Whether the reference's words and tokens are left out before the line's own."""

    sample_steps: int | None = None
    """Of v3 and v4; None for models that take no such steps."""


def person_of(voice: str) -> str:
    """The voice's name without its style."""
    return voice.partition("/")[0]


@dataclass(frozen=True, slots=True)
class VoiceRef:
    """A voice by name, with what tells whether it is still the same."""

    name: str
    """``anna``, or ``anna/happy`` for a style."""

    folder: Path
    """Its profile."""

    digest: str
    """Of what conditions the audio: prompt phonemes and tokens, style embedding."""

    models: str
    """Digest of the pair of checkpoints; voices with equal ones are rendered together."""

    source: ModelSource
    """Where that pair is."""

    bert: Path | None = None
    """Folder of the BERT whose prosody features Mandarin is spoken with; None for zeros."""

    bert_digest: str = ""
    """Of its weights; empty for zeros."""

    lacks_prompt_bert: bool = False
    """Whether the voice was enrolled without prosody features, although its transcript is in Mandarin."""

    @property
    def person(self) -> str:
        """Who speaks, in whatever style: the name to show where a line has no speaker."""
        return person_of(self.name)


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """Where a line's file goes, and in what shape."""

    path: Path
    audio_format: AudioFormat
    encoding: Encoding
    preset: LoudnessPreset | None
    """None leaves the level as the model made it."""

    trim: bool


@dataclass(frozen=True, slots=True)
class LineWork:
    """One line to render."""

    line_id: str
    written: str
    """The line's text as the script has it; for the record."""

    speaker: str
    chapter: str
    take: int
    """Number that the take will have."""

    variation: int
    """How many retakes were asked for; part of every seed."""

    fingerprint: str
    parts: Mapping[str, str]
    """What the fingerprint is made of, for the record."""

    frontend: str
    lexicon: str
    utterances: tuple[Utterance, ...]
    voice: VoiceRef
    probe: Utterance | None
    """What the voice says once to have its level measured, the same for all its lines; None where the
    level is known or makes no difference, or where ``problem`` says why there is nothing to say."""

    level: Loudness | None
    """The voice's level, if it was measured before."""

    sampling: SpeechSampling
    seed: int
    """Of the job, or of the line where the script names one."""

    retries: int
    output: OutputSpec
    tags: Tags
    """All but what only the render knows (seed, verdict), which is filled in by it."""

    label: AigcLabel | None
    problem: str = ""
    """Why the line cannot be rendered, although it can be spoken; empty for all others."""


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """One attempt at one utterance."""

    id: str
    voice: VoiceRef
    utterance: Utterance
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
    origin: str = ""
    """Empty for what was spoken now; ``cache``, or the id of the line that was spoken in its place."""


class Speech(Protocol):
    """What speaks utterances: an engine with its voices."""

    def speak(self, requests: Iterable[SpeechRequest]) -> Iterator[SpeechResult]:
        """Yield one result per request, in whatever order they finish.

        Requests are drawn as there is room for them; an utterance that cannot be spoken gives a
        result with an error and does not end the others. Closing the iterator abandons the rest.
        """
        ...


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """A finished take, its file written and checked; or an error."""

    work: LineWork
    record: TakeRecord | None = None
    file: Written | None = None
    error: str = ""
    """Why there is no audio; one line, or empty."""

    level: Loudness | None = None
    """The voice's level that was gone by."""

    origins: tuple[str, ...] = ()
    """Where each utterance's audio is from, as in `SpeechResult`. Not in the record: the file of a line
    is the same whoever was first to speak it."""
