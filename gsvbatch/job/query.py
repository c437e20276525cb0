"""The query language of `ls`, `--only` and `retake`, after that of beets.

speaker:旁白 duration:10..        both hold
status:failed , verdict:suspect   either holds
^voice:anna*                      does not hold
text~"hello there"                contains
0012                              in the id or the text
"""

import difflib
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from fnmatch import fnmatchcase

from gsvbatch.errors import ConfigError
from gsvbatch.job.records import LineInfo

FIELDS = tuple(field.name for field in fields(LineInfo))

_TERM = re.compile(r'(?:[^\s"]|"[^"]*")+')
_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)?\.\.(-?\d+(?:\.\d+)?)?")

Test = Callable[[LineInfo], bool]


class Query:
    """A query, ready to be asked; an empty one matches every line.

    Raises:
        ConfigError: It names an unknown field or cannot be read.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        if text.count('"') % 2:
            raise ConfigError(f"query {text!r}: a quotation mark is not closed")
        self._alternatives: list[list[Test]] = [[]]
        for term in _terms(text):
            if term == ",":
                self._alternatives.append([])
            else:
                self._alternatives[-1].append(_test(term))
        if len(self._alternatives) > 1 and not all(self._alternatives):
            raise ConfigError(f"query {text!r}: there is nothing on one side of a comma")

    @property
    def is_empty(self) -> bool:
        """Whether it matches every line."""
        return self._alternatives == [[]]

    def matches(self, line: LineInfo) -> bool:
        """Whether a line is meant."""
        return any(all(test(line) for test in tests) for tests in self._alternatives)


def check_field(name: str) -> str:
    """The name of a field.

    Raises:
        ConfigError: There is no such field; the message names the nearest.
    """
    if name in FIELDS:
        return name
    near = difflib.get_close_matches(name, FIELDS, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(FIELDS)}"
    raise ConfigError(f"no field {name!r}; {hint}")


def _terms(text: str) -> Iterator[str]:
    for term in _TERM.findall(text):
        yield from (",",) if term in (",", "，") else (term,)


def _test(term: str) -> Test:
    if term[0] in "^-" and len(term) > 1:
        inner = _test(term[1:])
        return lambda line: not inner(line)
    match = re.match(r"([A-Za-z_]\w*)([:~：])(.*)", term, re.DOTALL)
    if match is None:
        return _contains_anywhere(_unquoted(term))
    field, operator, value = check_field(match[1]), match[2], _unquoted(match[3])
    if operator == "~":
        needle = value.casefold()
        return lambda line: needle in _text(line, field).casefold()
    bounds = _RANGE.fullmatch(value)
    if bounds and value != "..":
        return _between(field, bounds[1], bounds[2])
    return _equals(field, value)


def _equals(field: str, value: str) -> Test:
    pattern = value.casefold()
    if field in ("duration", "loudness"):
        raise ConfigError(f"{field}:{value}: a measured number needs a range, such as {field}:2..5")
    if "*" in value or "?" in value:
        glob = pattern.replace("[", "[[]")
        return lambda line: fnmatchcase(_text(line, field).casefold(), glob)
    return lambda line: _text(line, field).casefold() == pattern


def _between(field: str, low: str | None, high: str | None) -> Test:
    least = float(low) if low else -math.inf
    most = float(high) if high else math.inf

    def holds(line: LineInfo) -> bool:
        value = getattr(line, field)
        if isinstance(value, str):
            raise ConfigError(f"{field} is text; a range such as 2..5 needs a number field")
        return least <= float(value) <= most

    return holds


def _contains_anywhere(word: str) -> Test:
    needle = word.casefold()
    return lambda line: needle in line.id.casefold() or needle in line.text.casefold()


def _text(line: LineInfo, field: str) -> str:
    value = getattr(line, field)
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _unquoted(value: str) -> str:
    return value.replace('"', "")
