"""Japanese: from written text to the phonemes of GPT-SoVITS, with the marks of its pitch accent.

text -> `normalize` (signs in words, digits left) -> clauses -> Open JTalk (words, readings, accents) -> phonemes

Numbers stay digits until Open JTalk reads them, for what they count decides how they sound: 三本 is read sanbon
and 一日 tsuitachi. Importing this package is cheap: the dictionary is loaded with the first text.
"""

import re
from collections.abc import Iterator, Mapping

from gsvbatch.text.japanese.accents import read_clause
from gsvbatch.text.japanese.characters import SPOKEN
from gsvbatch.text.reading import Group, Reading
from gsvbatch.text.symbols import PUNCTUATION

__all__ = ["Japanese"]

LONGEST_CLAUSE = 200
"""Characters; what goes on without a mark for longer is read in parts, as Open JTalk takes 8 KiB at most."""

_PIECE = re.compile(rf"(?P<clause>[{SPOKEN}]{{1,{LONGEST_CLAUSE}}})|(?P<other>.)", re.DOTALL)


class Japanese:
    """The Japanese frontend; the same for models of both symbol tables.

    Accents are written as ``[`` (the pitch rises), ``]`` (it falls) and ``#`` (a new phrase begins). The symbol
    table of v1 has none of them and that of v2 lacks ``#``: the models learnt ``UNK`` in their places.
    """

    language = "ja"
    notations = frozenset({"arpabet"})

    def normalize(self, text: str) -> str:
        """Return text as spoken: kana, kanji, digits, letters, blanks, and the marks ``!?…,.``.

        Private-use characters come through unchanged and in order.
        """
        from gsvbatch.text.japanese.normalize import normalize  # compiles many patterns

        return normalize(text)

    def phonemize(self, normalized: str, readings: Mapping[str, Reading]) -> tuple[Group, ...]:
        """Return one group a word, which is a dictionary's word and not always one with blanks around it.

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
            yield from read_clause(piece)
        elif piece in readings:
            yield Group(readings[piece].text, readings[piece].symbols)
        else:
            yield Group(piece, (piece,) if piece in PUNCTUATION else ())
