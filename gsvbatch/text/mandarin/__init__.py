"""Mandarin: from written text to the phonemes of GPT-SoVITS.

text -> `normalize` (numbers and signs in words) -> clauses -> words -> pinyin -> tones as spoken -> phonemes

Importing this package is cheap: rules and dictionaries (jieba, pypinyin, OpenCC) are loaded with the
first text.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gsvbatch.text.mandarin.characters import HAN
from gsvbatch.text.mandarin.pinyin import check_pinyin, phonemes
from gsvbatch.text.mandarin.readings import read
from gsvbatch.text.mandarin.sandhi import change_tones
from gsvbatch.text.mandarin.words import merge, segment
from gsvbatch.text.reading import Group, Reading, is_private_use
from gsvbatch.text.symbols import LONG_PAUSE, PUNCTUATION, SHORT_PAUSE, SymbolVersion

if TYPE_CHECKING:
    from gsvbatch.text.mandarin.g2pw import Polyphones

__all__ = ["Mandarin", "check_pinyin"]

_MARKS = {**{mark: (mark,) for mark in PUNCTUATION}, "￥": (SHORT_PAUSE,), "^": (LONG_PAUSE,)}
_IS_HAN = re.compile(f"[{HAN}]").fullmatch


@dataclass(frozen=True, slots=True)
class _Cell:
    """One character of the text, or one reading that cannot be laid out over characters."""

    text: str
    fixed: tuple[str, ...] = ()
    """Syllables that the user gave; empty where the dictionary decides."""

    phonemes: tuple[str, ...] | None = None
    """Set where no dictionary is asked: marks, ARPAbet, characters that are not spoken."""


class Mandarin:
    """The Mandarin frontend, for models of one symbol table.

    Models since v2 learnt 儿 with the tone of the syllable that it colours; those of v1 did not.
    """

    language = "zh"
    notations = frozenset({"pinyin", "arpabet"})

    def __init__(
        self, version: SymbolVersion = "v2", polyphones: "Polyphones | None" = None
    ) -> None:
        """Set up; dictionaries are read with the first text.

        Args:
            version: Symbol table of the models.
            polyphones: Reads polyphones from what stands around them; dictionaries alone do if None.
        """
        self.version = version
        self._polyphones = polyphones
        self._erhua = version != "v1"

    def normalize(self, text: str) -> str:
        """Return text as spoken: Han characters, the marks ``!?…,.-``, and the pauses ``￥`` and ``^``.

        Latin letters are left out: they belong to another language's frontend. Private-use characters
        come through unchanged and in order.
        """
        from gsvbatch.text.mandarin.normalize import normalize  # compiles many patterns

        return normalize(text)

    def phonemize(self, normalized: str, readings: Mapping[str, Reading]) -> tuple[Group, ...]:
        """Return one group a character: two phonemes for a syllable, one for a mark.

        A reading of as many syllables as it has characters yields a group for each, any other one
        group for all. Characters that are neither Han nor marks get groups without phonemes.
        """
        groups: list[Group] = []
        clause: list[_Cell] = []
        for cell in _cells(normalized, readings):
            if cell.phonemes is None:
                clause.append(cell)
            else:
                groups.extend(self._phonemize_clause(clause, cell.text))
                groups.append(Group(cell.text, cell.phonemes))
                clause = []
        groups.extend(self._phonemize_clause(clause))
        return tuple(groups)

    def _phonemize_clause(self, cells: list[_Cell], mark: str = "") -> Iterator[Group]:
        if not cells:
            return
        # A reading over several characters stands as one that no dictionary knows.
        text = "".join(cell.text if len(cell.text) == 1 else "\ue000" for cell in cells)
        words = segment(text)
        heard = None
        if self._polyphones is not None and self.version != "v1":
            heard = self._polyphones.read(text, mark if mark in PUNCTUATION else "")
        pinyin = read(text, words, heard)
        for index, cell in enumerate(cells):
            if cell.fixed:
                pinyin[index] = cell.fixed[0] if len(cell.fixed) == 1 else ""
        words = merge(text, words, pinyin)
        spoken = change_tones(text, words, pinyin, erhua=self._erhua)
        for cell, syllable in zip(cells, spoken, strict=True):
            syllables = cell.fixed or ((syllable,) if syllable else ())
            yield Group(cell.text, tuple(symbol for each in syllables for symbol in phonemes(each)))


def _cells(normalized: str, readings: Mapping[str, Reading]) -> Iterator[_Cell]:
    for character in normalized:
        reading = readings.get(character) if is_private_use(character) else None
        if reading is not None:
            yield from _reading_cells(reading)
        elif _IS_HAN(character):
            yield _Cell(character)
        else:
            yield _Cell(character, phonemes=_MARKS.get(character, ()))


def _reading_cells(reading: Reading) -> Iterator[_Cell]:
    if reading.kind == "arpabet" or not reading.symbols:
        yield _Cell(reading.text, phonemes=reading.symbols)
    elif len(reading.symbols) == len(reading.text):
        for character, syllable in zip(reading.text, reading.symbols, strict=True):
            yield _Cell(character, fixed=(syllable,))
    else:
        yield _Cell(reading.text, fixed=reading.symbols)
