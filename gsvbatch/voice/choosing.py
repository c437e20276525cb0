"""Which of a speaker's clips make the best voice: 3 to 10 s long, clean, and whole."""

from collections.abc import Iterable
from dataclasses import dataclass

from gsvbatch.audio import (
    Measurements,
    ReferenceLimits,
    audio_duration,
    measure,
    read_audio,
    reference_problems,
)
from gsvbatch.errors import AudioFileError
from gsvbatch.units import Decibels, Seconds
from gsvbatch.voice.clip_list import ListedClip

BEST_LENGTH: Seconds = 6.0
"""Long enough to know a voice by, short enough to leave room for the line."""

N_MEASURED = 24
"""Clips of about the best length that are heard; a corpus of thousands holds enough good ones."""

_CLEAN: Decibels = 45.0
"""Over this, less noise is no gain."""

_PER_SECOND = 3.0
"""What a second off the best length counts, against decibels of noise."""

_CUT_OFF = 15.0
"""What a clip loses that seems to stop in the middle of a word."""

_SENTENCE_ENDS = "。．.！!？?…"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A clip that would do."""

    clip: ListedClip
    measurements: Measurements
    score: float
    """Higher is better; only the order counts."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A speaker's clips, sorted out."""

    candidates: tuple[Candidate, ...]
    """Those that would do, the best first."""

    n_clips: int
    n_fitting: int
    """How many have a fitting length."""

    problem: str
    """Of the clip that came nearest, where none would do."""


def choose(clips: Iterable[ListedClip], limits: ReferenceLimits = ReferenceLimits()) -> Choice:  # noqa: B008
    """Sort a speaker's clips by how good a voice they would make."""
    n_clips = 0
    lengths: list[tuple[float, int, ListedClip]] = []
    problem, missed = "", float("inf")
    for clip in clips:
        n_clips += 1
        try:
            duration = audio_duration(clip.path)
        except AudioFileError as error:
            problem = problem or str(error)
            continue
        off = max(limits.shortest - duration, duration - limits.longest)
        if off <= 0:
            lengths.append((abs(duration - BEST_LENGTH), clip.line_number, clip))
        elif off < missed:
            missed = off
            problem = (
                f"none is {limits.shortest:g} to {limits.longest:g} s long; the nearest, "
                f"{clip.path.name}, has {duration:.1f} s"
            )
    candidates: list[Candidate] = []
    for _, _, clip in sorted(lengths)[:N_MEASURED]:
        try:
            measurements = measure(read_audio(clip.path))
        except AudioFileError as error:
            problem = str(error)
            continue
        found = reference_problems(measurements, limits)
        if found:
            problem = f"{clip.path.name} is {'; '.join(found)}"
        else:
            candidates.append(Candidate(clip, measurements, _score(clip, measurements)))
    candidates.sort(key=lambda candidate: (-candidate.score, candidate.clip.line_number))
    return Choice(tuple(candidates), n_clips, len(lengths), "" if candidates else problem)


def _score(clip: ListedClip, m: Measurements) -> float:
    score = min(m.snr, _CLEAN) - _PER_SECOND * abs(m.duration - BEST_LENGTH)
    if m.tail_level > m.speech_level - _CUT_OFF:
        score -= _CUT_OFF
    if clip.text[-1:] in _SENTENCE_ENDS:
        score += _PER_SECOND
    return score
