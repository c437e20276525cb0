"""What every reader is given and what it gives back.

Offsets count characters of the decoded text from 0; line numbers count physical lines from 1. Readers keep the text as
it is, so that an offset found while reading is the place where an id can be written later.
"""

import re
from bisect import bisect_right
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from gsvbatch.data import Line
from gsvbatch.errors import ScriptError

MAX_PROBLEMS = 1000
"""A file with more is not the script it was taken for; the rest would only scroll by."""

# Not str.splitlines: it also cuts at form feeds and U+2028, which no editor counts as lines.
_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Names:
    """Who may speak; all are keys, as ``speakers.speaker_key`` makes them."""

    only: frozenset[str] | None = None
    """The only speakers, or None to go by how a name looks."""

    known: frozenset[str] = frozenset()
    """Speakers however their names look."""

    usual: frozenset[str] = frozenset()
    """Names that speak in this file often enough for a quotation after one of them to be the speaker's."""


ANYONE = Names()


@dataclass(frozen=True, slots=True)
class Source:
    """A script file's text, cut into physical lines."""

    path: Path
    text: str
    lines: tuple[str, ...]
    """Without their line ends."""

    starts: tuple[int, ...]
    """Offset of each line's first character."""

    names: Names = ANYONE
    """Who may speak."""

    @classmethod
    def of(cls, path: Path, text: str, names: Names = ANYONE) -> "Source":
        """Cut a text into lines."""
        starts, lines, start = [0], [], 0
        for end in _LINE_END.finditer(text):
            lines.append(text[start : end.start()])
            start = end.end()
            starts.append(start)
        lines.append(text[start:])
        return cls(path, text, tuple(lines), tuple(starts), names)

    def line_number(self, offset: int) -> int:
        """Return the physical line, from 1, that an offset stands in."""
        return bisect_right(self.starts, offset)

    @property
    def newline(self) -> str:
        r"""The file's own line end: that of its first line, or ``\n`` for a file of one line."""
        end = _LINE_END.search(self.text)
        return end.group() if end else "\n"


class Problems:
    """Collects what is wrong in one file, so that it can be mended in one go."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: list[ScriptError] = []

    def add(self, line_number: int, problem: str) -> None:
        """Note one problem; past ``MAX_PROBLEMS`` they are dropped."""
        if len(self._found) < MAX_PROBLEMS:
            self._found.append(ScriptError(self._path, line_number, problem))

    def sorted(self) -> tuple[ScriptError, ...]:
        """Return the problems from the top of the file to its end."""
        return tuple(sorted(self._found, key=lambda error: error.line_number))


@dataclass(frozen=True, slots=True)
class Edit:
    """Replaces ``text[start:end]`` of a source."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class IdSlot:
    """Where and how a line's id can be written into its file."""

    start: int
    end: int
    before: str = ""
    after: str = ""

    def filled(self, line_id: str) -> Edit:
        """Return the edit that writes the id."""
        return Edit(self.start, self.end, self.before + line_id + self.after)


@dataclass(frozen=True, slots=True)
class Draft:
    """A line as a reader found it, with the place of its id."""

    line: Line
    slot: IdSlot | None = None
    """None when the format has no room for an id there."""

    as_text: str = ""
    """Of a line whose speaker was only guessed: how its head is written to be text; else empty."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a reader found in a file."""

    drafts: tuple[Draft, ...]
    title: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    id_setup: tuple[Edit, ...] = ()
    """Edits needed once, before any id can be written: a new column's header, say."""


class ScriptFormat(Protocol):
    """One way to write a script down."""

    @property
    def name(self) -> str:
        """What users call it: ``markdown``, ``csv`` ..."""

    @property
    def suffixes(self) -> Collection[str]:
        """File name endings, lower-case, with the dot."""

    def matches(self, source: Source) -> bool:
        """Return whether a text of unknown kind is plainly in this format."""

    def read(self, source: Source, problems: Problems) -> Content:
        """Return the lines of a text, noting what is wrong.

        Raises:
            ScriptError: The text cannot be read as this format at all.
        """
