"""SRT and WebVTT scripts: timed lines.

Subtitle libraries drop what matters here, a cue's number and its place in the file, so the cues are read by hand: a timing
row, the number or name on the row above it, and the text on the rows below it up to an empty one.
"""

import html
import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from gsvbatch.script.fields import FieldReader
from gsvbatch.script.narration import join_rows
from gsvbatch.script.source import Content, Draft, IdSlot, Names, Problems, Source
from gsvbatch.script.speakers import parse_piece, starts_line

_TIME = r"(?:\d{1,3}:)?\d{1,2}:\d{1,2}[,.]\d{1,3}"
_TIMING = re.compile(rf"\s*({_TIME})\s*-->\s*({_TIME})(?:\s.*)?")
_STYLE_TAG = re.compile(
    r"</?(?:i|b|u|s|font|c|ruby|rt|v)(?:[\s.][^<>]{0,200})?>|<[\d:.]{5,12}>|\{\\[^{}]{0,200}\}",
    re.IGNORECASE,
)
_VOICE_TAG = re.compile(r"<v(?:\.[^\s<>]{1,80})?\s+([^<>]{1,200})>")
_DASH = re.compile(r"[-–—]\s*")


@dataclass(frozen=True, slots=True)
class _Cue:
    """One cue, as rows; indices count from 0."""

    timing: int
    start: str
    stop: str
    """Times as written."""

    name: str
    """What stands above the timing; empty when nothing does."""

    first: int
    """First row of text."""

    end: int
    """One past the last row of text."""


class _Subtitles(ABC):
    """What both formats share."""

    name: str
    suffixes: tuple[str, ...]

    def read(self, source: Source, problems: Problems) -> Content:
        """Return the cues of a subtitle file."""
        reader = FieldReader(source.path, problems)
        drafts = []
        for cue in self._cues(source, problems):
            draft = self._draft(cue, source, reader, problems)
            if draft is not None:
                drafts.append(draft)
        return Content(tuple(drafts))

    def _cues(self, source: Source, problems: Problems) -> Iterator[_Cue]:
        rows = source.lines
        timings = {i: match for i, row in enumerate(rows) if (match := _TIMING.fullmatch(row))}
        end = 0
        for timing, match in timings.items():
            above = rows[timing - 1].strip() if timing > 0 and timing - 1 >= end else ""
            self._leftover(rows[end : timing - bool(above)], end, problems)
            end = timing + 1
            while (
                end < len(rows) and rows[end].strip() and not self._begins_cue(rows, end, timings)
            ):
                end += 1
            yield _Cue(timing, match[1], match[2], above, timing + 1, end)
        self._leftover(rows[end:], end, problems)

    def _begins_cue(self, rows: Sequence[str], index: int, timings: Collection[int]) -> bool:
        # Some tools forget the empty row between cues.
        return index in timings or (index + 1 in timings and rows[index].strip().isdecimal())

    def _leftover(self, rows: Sequence[str], first: int, problems: Problems) -> None:
        index = next((i for i, row in enumerate(rows) if row.strip()), None)
        if index is None:
            return
        what = (
            "bad timing; write 00:00:01,000 --> 00:00:03,500"
            if "-->" in rows[index]
            else "text that belongs to no cue"
        )
        problems.add(first + index + 1, f"{what}: {rows[index].strip()[:40]!r}")

    def _draft(
        self, cue: _Cue, source: Source, reader: FieldReader, problems: Problems
    ) -> Draft | None:
        written = source.lines[cue.first : cue.end]
        voices = [voice for row in written for voice in _VOICE_TAG.findall(row)]
        rows = [self._unescape(_STYLE_TAG.sub("", row)).strip() for row in written]
        are_turns = [_DASH.match(row) or starts_line(row, source.names) for row in rows]
        if len(set(voices)) > 1 or (len(rows) > 1 and all(are_turns)):
            problems.add(cue.timing + 1, "two speakers share this cue; give each a cue of its own")
        # A cue that names its voice needs no other speaker: "Note: …" in it is text.
        piece = parse_piece(join_rows(rows), Names(only=frozenset()) if voices else source.names)
        if piece.problem:
            problems.add(cue.timing + 1, piece.problem)
        values = dict(piece.values)
        if voices:
            values["speaker"] = self._unescape(voices[0])
        values |= {"start": cue.start, "end": cue.stop}
        if cue.name and "id" not in values:
            values["id"] = (
                f"{self.name}-{int(cue.name):04d}"
                if re.fullmatch(r"[0-9]{1,9}", cue.name)
                else cue.name
            )
        line = reader.line(cue.timing + 1, values, {}, {})
        return None if line is None else Draft(line, self._slot(cue, source), piece.as_text)

    def _unescape(self, text: str) -> str:
        return text

    @abstractmethod
    def _slot(self, cue: _Cue, source: Source) -> IdSlot | None:
        """Return where the cue's id can be written."""


class Srt(_Subtitles):
    """SubRip: cues are numbered, and cue 7 is the line ``srt-0007``."""

    name = "srt"
    suffixes = (".srt",)

    def matches(self, source: Source) -> bool:
        """Return whether a timing row stands near the top."""
        return any(_TIMING.fullmatch(row) for row in source.lines[:5])

    def _slot(self, cue: _Cue, source: Source) -> IdSlot:
        # Not a number above the cue: editors renumber, and the id must stay.
        last = cue.end - 1
        end = source.starts[last] + len(source.lines[last].rstrip())
        return IdSlot(end, end, " {#", "}")


class Vtt(_Subtitles):
    """WebVTT: a cue may have a name, which is its id; ``<v Name>`` is the speaker."""

    name = "vtt"
    suffixes = (".vtt",)

    def matches(self, source: Source) -> bool:
        """Return whether the text begins as the standard demands."""
        return source.lines[0].startswith("WEBVTT")

    def _leftover(self, rows: Sequence[str], first: int, problems: Problems) -> None:
        """Skip the header and the blocks of notes, styles and regions; note other rows."""
        skipping = first == 0
        for offset, row in enumerate(rows):
            if not row.strip():
                skipping = False
            elif not skipping and re.match(r"(WEBVTT|NOTE|STYLE|REGION)\b", row):
                skipping = True
            elif not skipping:
                super()._leftover(rows[offset : offset + 1], first + offset, problems)
                return

    def _unescape(self, text: str) -> str:
        return html.unescape(text)

    def _slot(self, cue: _Cue, source: Source) -> IdSlot:
        start = source.starts[cue.timing]
        return IdSlot(start, start, "", source.newline)
