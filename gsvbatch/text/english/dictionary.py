"""The pronouncing dictionary: CMUdict, and our own additions, which take precedence.

CMUdict is kept as one sorted block of bytes and searched in place by bisection: inflating it takes a
few hundredths of a second and a look-up some microseconds, where a table of 126,000 tuples would take
half a second to build and ten times the memory.
"""

import zlib
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TypeAlias

Phonemes: TypeAlias = tuple[str, ...]

VOWELS = ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")
CONSONANTS = tuple("B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH".split())
PHONEMES: Phonemes = (*CONSONANTS, *(f"{vowel}{stress}" for vowel in VOWELS for stress in "012"))
"""ARPAbet: 24 consonants, 15 vowels with stress 0 (none), 1 (primary) or 2 (secondary)."""

PHONEME_CODES = {phoneme: chr(48 + i) for i, phoneme in enumerate(PHONEMES)}
"""One ASCII character each, ``0`` to ``t``."""

_DATA = files("gsvbatch.text.english") / "data"


class Dictionary:
    """Looks up words in lower case; files are read on first use."""

    def __init__(self, data: Traversable = _DATA) -> None:
        self._data = data

    @cached_property
    def _block(self) -> bytes:
        return zlib.decompress((self._data / "cmudict.z").read_bytes())

    @cached_property
    def _own(self) -> dict[str, Phonemes]:
        lines = (self._data / "words.txt").read_text(encoding="utf-8").splitlines()
        rows = (line.split() for line in lines if line and not line.startswith("#"))
        return {word: tuple(phonemes) for word, *phonemes in rows}

    def get(self, word: str) -> Phonemes | None:
        """Return the usual pronunciation of ``word`` (lower case), or None."""
        if word in self._own:
            return self._own[word]
        if not word.isascii() or "\n" in word:
            return None
        return self._find(word.encode())

    def __contains__(self, word: str) -> bool:
        return self.get(word) is not None

    def _find(self, word: bytes) -> Phonemes | None:
        """Bisect over byte offsets; ``low`` always stands on the newline before a line."""
        block = self._block
        low, high = 0, len(block) - 1
        while low < high:
            newline = block.rfind(b"\n", 0, (low + high) // 2 + 1)
            start = newline + 1
            tab = block.index(b"\t", start)
            here = block[start:tab]
            end = block.index(b"\n", tab)
            if here == word:
                return tuple(PHONEMES[code - 48] for code in block[tab + 1 : end])
            if here < word:
                low = end
            else:
                high = newline
        return None
