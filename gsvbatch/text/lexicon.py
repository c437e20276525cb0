"""The project's pronunciations: words, and how to say them wherever they stand.

An entry matches its word where it is written, the longest entry first. A word of Latin letters matches whole
words only. Written in lower case it matches any case; written with a capital it matches as written, so that
``US`` is not ``us``. (``.rep`` files of the WebUI know no case, PLS always does.) Marks in a line's text go
before the lexicon.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from gsvbatch.text.reading import Reading

_WORD_CHARACTER = re.compile("[A-Za-z0-9\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f]")
_GOES_ON = re.compile("['’](?![sS](?![A-Za-z]))[A-Za-z]")
"""An apostrophe inside a word, as in ``don't``; a possessive ``'s`` leaves the word what it is."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One word of a lexicon."""

    grapheme: str
    spelling: Reading | str
    """How it is said; a string is an alias, other words to say instead."""

    match_case: bool = True
    path: Path | None = field(default=None, compare=False)
    line_number: int = field(default=0, compare=False)

    def spelled(self, written: str) -> Reading | str:
        """Return how to say the word as it was written in a text."""
        return (
            replace(self.spelling, text=written)
            if isinstance(self.spelling, Reading)
            else self.spelling
        )


@dataclass(frozen=True, slots=True)
class Match:
    """A place in a text that an entry stands for."""

    text: str
    entry: Entry


class Lexicon:
    """Entries by word; of two for the same word the later one counts."""

    def __init__(self, entries: Iterable[Entry] = (), notes: Iterable[str] = ()) -> None:
        self._exact: dict[str, Entry] = {}
        self._folded: dict[str, Entry] = {}
        for entry in entries:
            key = entry.grapheme if entry.match_case else entry.grapheme.lower()
            (self._exact if entry.match_case else self._folded)[key] = entry
        self.notes = tuple(notes)
        """What was left out at loading, one line each, for the user to see."""

        lengths: dict[str, set[int]] = {}
        for word in (*self._exact, *self._folded):
            lengths.setdefault(word[0].lower(), set()).add(len(word))
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}

    @classmethod
    def empty(cls) -> Self:
        """Return a lexicon without entries."""
        return cls()

    @classmethod
    def load(cls, paths: Iterable[Path]) -> Self:
        """Return the lexicon of one or more files; later files go before earlier ones.

        Raises:
            LexiconError: A file cannot be read or has a wrong entry; it names the line.
        """
        # The readers build entries, so they import this module.
        from gsvbatch.text.lexicon_files import read_lexicon

        entries: list[Entry] = []
        notes: list[str] = []
        for path in paths:
            found, left_out = read_lexicon(path)
            entries.extend(found)
            notes.extend(left_out)
        return cls(entries, notes)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All entries, by word."""
        return tuple(sorted((*self._exact.values(), *self._folded.values()), key=_order))

    @property
    def digest(self) -> str:
        """Identifies what the lexicon says, whatever files it comes from."""
        return digest_entries(self.entries)

    def __len__(self) -> int:
        return len(self._exact) + len(self._folded)

    def split(self, text: str) -> Iterator[str | Match]:
        """Yield a text's parts in order: ordinary text, and what an entry stands for."""
        start = position = 0
        while self._lengths and position < len(text):
            match = self._match(text, position)
            if match is None:
                position += 1
                continue
            if position > start:
                yield text[start:position]
            yield match
            start = position = position + len(match.text)
        if start < len(text):
            yield text[start:]

    def matches(self, text: str) -> tuple[Entry, ...]:
        """Return the entries that have a say in a text, each once, by word."""
        found = {part.entry for part in self.split(text) if isinstance(part, Match)}
        return tuple(sorted(found, key=_order))

    def digest_of(self, text: str) -> str:
        """Identifies what the lexicon says about one text: other entries may change without changing it."""
        return digest_entries(self.matches(text))

    def _match(self, text: str, position: int) -> Match | None:
        for length in self._lengths.get(text[position].lower(), ()):
            written = text[position : position + length]
            entry = self._exact.get(written) or self._folded.get(written.lower())
            if entry and len(written) == length and _is_whole(text, position, position + length):
                return Match(written, entry)
        return None


def digest_entries(entries: Iterable[Entry]) -> str:
    """Return the SHA-256 of what entries say; an empty string for none."""
    said = []
    for entry in sorted(entries, key=_order):
        spelling = entry.spelling
        how = (
            [spelling.kind, *spelling.symbols]
            if isinstance(spelling, Reading)
            else ["alias", spelling]
        )
        said.append([entry.grapheme, entry.match_case, *how])
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest() if said else ""


def _order(entry: Entry) -> tuple[str, bool]:
    return entry.grapheme, entry.match_case


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether no Latin word goes on across either end."""
    if start and _WORD_CHARACTER.match(text[start]):
        before = text[start - 1]
        if _WORD_CHARACTER.match(before):
            return False
        if before in "'’" and start > 1 and _WORD_CHARACTER.match(text[start - 2]):
            return False  # O'Neil
    if end < len(text) and _WORD_CHARACTER.match(text[end - 1]):
        return not (_WORD_CHARACTER.match(text[end]) or _GOES_ON.match(text, end))
    return True
