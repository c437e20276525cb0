"""Cues: what is shown while something is said, cut to the width a screen and an eye take.

Lines break where Chinese subtitles break: after ，。！？；, never before a closing mark or after
an opening one, never inside a word or number. A long cue becomes several, each given time in
proportion to what is spoken in it. Cues are never put together, so that two speakers never share
one.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from gsvbatch.units import Seconds

_CLAUSE_ENDS = frozenset("，。！？；：、…,.!?;:—")
_CLOSING = frozenset("，。！？；：、…,.!?;:—·）】」』》〉”’)]}%％℃")
_OPENING = frozenset("（【「『《〈“‘([{￥$¥")
_UNIT = re.compile(r"[0-9A-Za-zÀ-ɏ]+(?:['’.,:/@_&+-][0-9A-Za-zÀ-ɏ]+)*|\s+|.", re.DOTALL)
_LATIN_SHARE = 0.35
"""Of a Chinese character's time that a Latin letter takes: six letters speak like two of them."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A text and when it is heard."""

    start: Seconds
    end: Seconds
    text: str
    """As written: digits and markup-free, not the spoken form."""

    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class CueLayout:
    """How much text is shown at a time."""

    max_width: int = 18
    """Of a line, in full-width characters; a Latin letter is half of one."""

    max_lines: int = 1
    """Of a cue."""


def split_cues(cues: Iterable[Cue], layout: CueLayout) -> tuple[Cue, ...]:
    """Return cues that fit a layout, in order of time; those without text are left out."""
    ordered = sorted(cues, key=lambda cue: (cue.start, cue.end))
    return tuple(part for cue in ordered for part in _split_cue(cue, layout))


def break_lines(text: str, max_width: int) -> tuple[str, ...]:
    """Return text as lines of at most ``max_width`` full-width characters.

    A single word wider than that stays whole. Line ends in the text are kept as such.
    """
    lines: list[str] = []
    for paragraph in text.splitlines():
        line = ""
        for clause in _clauses(paragraph):
            if display_width(line + clause.rstrip()) <= max_width:
                line += clause
                continue
            lines.append(line)
            *full, line = _balanced(clause, max_width)
            lines += full
        lines.append(line)
    return tuple(line.strip() for line in lines if line.strip())


def display_width(text: str) -> float:
    """Return the width of a text in full-width characters."""
    return sum(_width(character) for character in text)


def _split_cue(cue: Cue, layout: CueLayout) -> Iterator[Cue]:
    lines = break_lines(cue.text, layout.max_width)
    groups = [
        "\n".join(lines[i : i + layout.max_lines]) for i in range(0, len(lines), layout.max_lines)
    ]
    weights = [max(0.1, _spoken_weight(group)) for group in groups]
    start = cue.start
    for number, group in enumerate(groups):
        share = sum(weights[: number + 1]) / sum(weights)
        end = cue.start + (cue.end - cue.start) * share
        yield replace(cue, start=start, end=end, text=group)
        start = end


def _clauses(text: str) -> Iterator[str]:
    """Yield stretches that each end after a clause mark and what closes with it."""
    clause: list[str] = []
    ended = False
    for unit in _units(text):
        if ended:
            yield "".join(clause)
            clause = []
        clause.append(unit)
        ended = any(character in _CLAUSE_ENDS for character in unit)
    if clause:
        yield "".join(clause)


def _units(text: str) -> Iterator[str]:
    """Yield what may not be broken: a character or word with the marks that cling to it."""
    unit = ""
    for piece in _UNIT.findall(text):
        clings = piece[0] in _CLOSING or piece.isspace()
        if unit and not clings and unit[-1] not in _OPENING:
            yield unit
            unit = ""
        unit += piece
    if unit:
        yield unit


def _balanced(clause: str, max_width: int) -> list[str]:
    """Return a clause as lines of about the same width, rather than one full and one short."""
    n_lines = max(1, -(-int(display_width(clause.rstrip()) * 2) // (max_width * 2)))
    goal = display_width(clause) / n_lines
    lines = [""]
    for unit in _units(clause):
        line = lines[-1]
        is_full = display_width(line) + display_width(unit) / 2 > goal and len(lines) < n_lines
        if line and (is_full or display_width(line + unit.rstrip()) > max_width):
            lines.append("")
        lines[-1] += unit
    return lines


def _width(character: str) -> float:
    if unicodedata.combining(character):
        return 0.0
    return 1.0 if unicodedata.east_asian_width(character) in "WFA" else 0.5


def _spoken_weight(text: str) -> float:
    """Return about how many Chinese characters' time a text takes to say."""
    weight = 0.0
    for character in text:
        if character.isdigit() or (character.isalpha() and _width(character) == 1):
            weight += 1
        elif character.isalpha():
            weight += _LATIN_SHARE
        elif character in _CLAUSE_ENDS:
            weight += 0.5
    return weight
