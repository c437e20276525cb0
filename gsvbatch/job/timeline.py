"""When every line of a work is heard: a pure function of durations, pauses and times.

Lines follow one another with pauses; lines with a time of their own (subtitles) stand there, or, if
the line before still speaks, right after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gsvbatch.audio import Chapter, Cue
from gsvbatch.config import PausesConfig
from gsvbatch.data import Line
from gsvbatch.job.records import Overrun
from gsvbatch.manifest import TakeRow, UtteranceRow
from gsvbatch.units import Seconds

SHORTEST_CHAPTER: Seconds = 0.01


@dataclass(frozen=True, slots=True)
class Spoken:
    """A line with its delivered audio."""

    line_id: str
    line: Line
    chapter: str
    """Title of the chapter it is in, or empty."""

    take: TakeRow
    utterances: Sequence[UtteranceRow]

    @property
    def is_timed(self) -> bool:
        """Whether it has a place on a time line."""
        return self.line.start is not None


@dataclass(frozen=True, slots=True)
class Timeline:
    """A work as it will sound."""

    spoken: tuple[Spoken, ...]
    starts: tuple[Seconds, ...]
    """Of each line's file."""

    duration: Seconds
    overruns: tuple[Overrun, ...]

    @property
    def is_timed(self) -> bool:
        """Whether any line has a place of its own, so that nothing may be put before it."""
        return any(spoken.is_timed for spoken in self.spoken)

    def cues(self, offset: Seconds = 0.0) -> list[Cue]:
        """What is shown when: the written text of every utterance."""
        return [
            Cue(
                start=offset + start + utterance.start,
                end=offset + start + utterance.start + utterance.duration,
                text=utterance.text.strip(),
                speaker=spoken.line.speaker,
            )
            for spoken, start in zip(self.spoken, self.starts, strict=True)
            for utterance in spoken.utterances
            if utterance.text.strip()
        ]

    def chapters(self, offset: Seconds, duration: Seconds) -> tuple[Chapter, ...]:
        """Chapter marks; the first begins with the work, each lasts to the next.

        Args:
            offset: What was put before the first line.
            duration: Of the work with all that was put around it.
        """
        marks: list[tuple[Seconds, str]] = []
        for spoken, start in zip(self.spoken, self.starts, strict=True):
            if spoken.chapter and (not marks or marks[-1][1] != spoken.chapter):
                marks.append((offset + start if marks else 0.0, spoken.chapter))
        ends = [start for start, _ in marks[1:]] + [duration]
        return tuple(
            Chapter(start, end, title)
            for (start, title), end in zip(marks, ends, strict=False)  # no marks, but an end
            if end - start > SHORTEST_CHAPTER
        )


def lay_out(spoken: Sequence[Spoken], pauses: PausesConfig) -> Timeline:
    """Place the lines of a work."""
    starts: list[Seconds] = []
    overruns: list[Overrun] = []
    cursor: Seconds = 0.0
    for i, current in enumerate(spoken):
        before = spoken[i - 1] if i else None
        line = current.line
        if line.start is not None:
            start = max(line.start, cursor)
        elif before is None:
            start = pauses.start + (line.pause_before or 0.0)
        else:
            start = cursor + _pause(before, current, pauses)
        end = start + current.take.duration
        if line.end is not None and end > line.end:
            late = round((end - line.end) * 1000)
            if late > 0:
                overruns.append(Overrun(current.line_id, late))
        starts.append(start)
        cursor = end
    last = spoken[-1] if spoken else None
    tail = 0.0
    if last is not None and not last.is_timed:
        tail = pauses.end + (last.line.pause_after or 0.0)
    return Timeline(tuple(spoken), tuple(starts), cursor + tail, tuple(overruns))


def _pause(before: Spoken, after: Spoken, pauses: PausesConfig) -> Seconds:
    """Silence between two lines; what the script asks for goes before what is usual."""
    asked = (before.line.pause_after, after.line.pause_before)
    if any(pause is not None for pause in asked):
        return sum(pause for pause in asked if pause is not None)
    if before.chapter != after.chapter:
        return pauses.chapter
    if before.line.speaker != after.line.speaker:
        return pauses.speaker
    return pauses.line
