"""Ids for lines whose script names none, kept through edits by what stands around them.

An id is never made from a line's words. The first time, lines are numbered; after that the script
is compared with what the manifest remembers: an unchanged line keeps its id, a changed line between
unchanged ones keeps it too, and a new line gets the next free number.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from gsvbatch.data import Line
from gsvbatch.manifest import LineRow
from gsvbatch.script import safe_id_problem

_UNSAFE = re.compile(r"[^\w.-]+")
_GIVEN = re.compile(r".+-\d{4,}")
_STEM_LENGTH = 60

Said = tuple[str, str]
"""Speaker and text."""


def with_ids(
    lines: Sequence[Line], stem: str, known: Mapping[str, LineRow], taken: Collection[str]
) -> tuple[Line, ...]:
    """Lines of one script, each with an id.

    Args:
        lines: In script order.
        stem: The script's name, which new ids begin with.
        known: The lines that the manifest has of this script, in script order.
        taken: Ids that no new line may have, whatever its script.
    """
    nameless = [i for i, line in enumerate(lines) if line.id is None]
    if not nameless:
        return tuple(lines)
    own = {line.id for line in lines if line.id is not None}
    earlier = [row for row in known.values() if not row.has_own_id and row.id not in own]
    earlier = [row for row in earlier if row.status != "removed"]
    kept = _align(
        [(row.speaker, row.text) for row in earlier],
        [(lines[i].speaker or "", lines[i].text) for i in nameless],
    )
    numbering = _Numbering(stem, {*taken, *own, *known})
    named = list(lines)
    for order, i in enumerate(nameless):
        before = kept.get(order)
        line_id = earlier[before].id if before is not None else next(numbering)
        named[i] = replace(lines[i], id=line_id)
    return tuple(named)


def _align(before: Sequence[Said], after: Sequence[Said]) -> dict[int, int]:
    """For each line now, which line it was before."""
    kept: dict[int, int] = {}
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for kind, start, end, new_start, new_end in matcher.get_opcodes():
        if kind == "equal":
            kept.update(zip(range(new_start, new_end), range(start, end), strict=True))
        elif kind == "replace":
            kept.update(_pair(before, after, range(start, end), range(new_start, new_end)))
    return kept


def _pair(before: Sequence[Said], after: Sequence[Said], old: range, new: range) -> dict[int, int]:
    """Edited lines in a stretch where as many went as came, or else the ones most alike."""
    if len(old) == len(new):
        return dict(zip(new, old, strict=True))
    pairs: dict[int, int] = {}
    free = list(old)
    for i in new:
        alike = [(SequenceMatcher(None, before[j][1], after[i][1]).ratio(), -j) for j in free]
        likeness, minus_j = max(alike, default=(0.0, 0))
        if likeness >= 0.6:
            pairs[i] = -minus_j
            free = [j for j in free if j > -minus_j]  # order is kept: lines do not cross
    return pairs


def is_given_id(line_id: str) -> bool:
    """Whether an id looks like one that was given here."""
    return _GIVEN.fullmatch(line_id) is not None


def stem_of(name: str) -> str:
    """What the ids given to lines of a script begin with."""
    cleaned = _UNSAFE.sub("-", name).strip("-.")[:_STEM_LENGTH]
    return cleaned if cleaned and safe_id_problem(f"{cleaned}-0001") is None else "line"


class _Numbering:
    """The next free ``<stem>-0001``."""

    def __init__(self, stem: str, taken: Collection[str]) -> None:
        self.stem = stem_of(stem)
        pattern = re.compile(re.escape(self.stem.casefold()) + r"-(\d+)")
        numbers = (pattern.fullmatch(line_id.casefold()) for line_id in taken)
        self.last = max((int(match[1]) for match in numbers if match), default=0)

    def __next__(self) -> str:
        self.last += 1
        return f"{self.stem}-{self.last:04d}"
