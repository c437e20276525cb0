"""What the tables of spoken forms share: the shape of a rule, and how a quantity is written."""

import re
from collections.abc import Callable, Iterable
from typing import TypeAlias

from gsvbatch.text.english.numbers import number

Rule: TypeAlias = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]
"""A pattern, and what is said for a match of it."""

NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|(?<![\w.])\.\d+)"
"""A quantity; thousands may be set off by commas."""

SIGNED = rf"(?:(?<![\w.)])[-+])?{NUMBER}"


def apply(rules: Iterable[Rule], text: str) -> str:
    """Return ``text`` after every rule, in order."""
    for pattern, say in rules:
        text = pattern.sub(say, text)
    return text


def alternatives(names: Iterable[str]) -> str:
    """Return a pattern for any of ``names``, the longest first."""
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True))


def signed(text: str) -> str:
    """Return a quantity with its sign in words: ``"-2.5"`` -> ``"negative two point five"``."""
    sign = {"-": "negative ", "+": "plus "}.get(text[:1], "")
    return sign + number(text.lstrip("+-"))
