"""Korean: from written text to the phonemes of GPT-SoVITS, which are jamo as they sound.

text -> `normalize` (numbers and signs in words) -> clauses -> morphemes (MeCab) -> syllables as spoken -> jamo

Importing this package is cheap: the dictionary is loaded with the first text.
"""

import re
from collections.abc import Iterator, Mapping

from gsvbatch.text.korean.syllables import Syllable
from gsvbatch.text.reading import Group, Reading
from gsvbatch.text.symbols import PUNCTUATION

__all__ = ["Korean"]

BLANK = "空"
"""Stands between words."""

_PIECE = re.compile(r"(?P<clause>[가-힣](?:[가-힣 ]*[가-힣])?)|(?P<other>.)", re.DOTALL)


class Korean:
    """The Korean frontend, for models of the symbol table v2 and later; those of v1 know no Korean."""

    language = "ko"
    notations = frozenset({"arpabet"})

    def normalize(self, text: str) -> str:
        """Return text as spoken: Hangul, blanks, and the marks ``!?…,.``.

        Private-use characters come through unchanged and in order.

        Raises:
            MissingExtraError: There are Chinese characters, and the dictionary is not installed.
        """
        from gsvbatch.text.korean.normalize import normalize  # compiles many patterns

        return normalize(text)

    def phonemize(self, normalized: str, readings: Mapping[str, Reading]) -> tuple[Group, ...]:
        """Return one group a syllable, a blank or a mark.

        Args:
            normalized: What `normalize` returned.
            readings: For each private-use character in the text, what it stands for.

        Raises:
            MissingExtraError: The dictionary is not installed.
        """
        return tuple(_groups(normalized, readings))


def _groups(normalized: str, readings: Mapping[str, Reading]) -> Iterator[Group]:
    for match in _PIECE.finditer(normalized):
        piece = match[0]
        if match["clause"]:
            for character, syllable in zip(piece, _spoken(piece), strict=True):
                yield Group(character, syllable.phonemes if syllable else (BLANK,))
        elif piece in readings:
            yield Group(readings[piece].text, readings[piece].symbols)
        elif piece == " ":
            is_inside = match.start() > 0 and match.end() < len(normalized)
            yield Group(piece, (BLANK,) if is_inside else ())
        else:
            yield Group(piece, (piece,) if piece in PUNCTUATION else ())


def _spoken(clause: str) -> list[Syllable | None]:
    """Return the syllables of a clause as they sound, and None for its blanks."""
    from gsvbatch.text.korean.context import in_context
    from gsvbatch.text.korean.pronounce import pronounce

    cells = in_context(clause)
    pronounce(cells)
    return cells
