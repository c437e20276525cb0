"""What a line's text is made of, once its marks are read.

Each node knows its column, counted in characters from 1, for messages to the user.
"""

from dataclasses import dataclass
from typing import TypeAlias

from gsvbatch.text.reading import Reading
from gsvbatch.units import Seconds


@dataclass(frozen=True, slots=True)
class Words:
    """Ordinary text."""

    text: str
    column: int
    language: str | None = None
    """Given by a language mark around it."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Text whose reading the user has fixed."""

    text: str
    """As shown."""

    reading: Reading
    column: int
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Alias:
    """Text that is shown as it stands, with other words spoken."""

    text: str
    spoken: str
    column: int
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Aside:
    """Text that is shown and not spoken, its brackets included."""

    text: str
    column: int


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence of an exact length."""

    duration: Seconds
    column: int


Node: TypeAlias = Words | Fixed | Alias | Aside | Pause
