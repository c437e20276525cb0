"""What passes between the markup parser and the language frontends.

A reading that the user has fixed travels through normalization as one private-use character, which no
normalizer touches and which is looked up again when phonemes are made. So a normalizer may rewrite
whatever stands around it without losing its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

FIRST_PRIVATE_USE = "\ue000"
LAST_PRIVATE_USE = "\uf8ff"


def is_private_use(character: str) -> bool:
    """Whether a character may stand for a `Reading` (U+E000 to U+F8FF)."""
    return FIRST_PRIVATE_USE <= character <= LAST_PRIVATE_USE


@dataclass(frozen=True, slots=True)
class Reading:
    """A reading fixed by the user, in markup or in a lexicon."""

    text: str
    """The grapheme or graphemes that it stands for: ``角``, ``重庆``, ``NVIDIA``."""

    kind: Literal["pinyin", "arpabet", "jyutping"]

    symbols: tuple[str, ...]
    """Checked syllables ``("jue2",)``, ``("gwok3",)``, or phonemes ``("EH0", "N", "V", "IH1", "D", "IY0", "AH0")``."""

    is_general: bool = False
    """From a lexicon, not from a mark: of no concern to a language that its notation is not made for."""


@dataclass(frozen=True, slots=True)
class Group:
    """The phonemes of one character (zh, ko, yue), one word (en, ja) or one punctuation mark.

    The texts of all groups, put together, are the normalized text with every private-use character
    replaced by its reading's text. A character that nothing is said for is a group without phonemes.
    """

    text: str
    phonemes: tuple[str, ...]


class LanguageFrontend(Protocol):
    """Turns text of one language into phonemes."""

    language: str
    """``zh``, ``en`` ..."""

    notations: frozenset[str]
    """Kinds of readings that it speaks; it is given the text that any other stands for."""

    def normalize(self, text: str) -> str:
        """Return the text as it is spoken: numbers, dates and signs written out in words.

        Private-use characters come through unchanged and in order.
        """
        ...

    def phonemize(self, normalized: str, readings: Mapping[str, Reading]) -> tuple[Group, ...]:
        """Return the phonemes of a normalized text, piece by piece, in the order of the text.

        Args:
            normalized: What `normalize` returned.
            readings: For each private-use character in the text, what it stands for. A tone may
                change beside a fixed reading, but a fixed reading is spoken as it is given.
        """
        ...
