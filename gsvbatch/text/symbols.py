"""The symbol tables that turn phonemes into the ids a checkpoint was trained with.

A table is an ordered list; a symbol's id is its place in it. Checkpoints of GPT-SoVITS v1 know 322
symbols, all later ones 732, of which the first 322 are the same.
"""

import json
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Literal

SymbolVersion = Literal["v1", "v2"]

UNKNOWN = "UNK"
"""Stands for every phoneme that a table does not hold."""

PUNCTUATION = ("!", "?", "…", ",", ".", "-")
"""The marks that are phonemes of their own, in every language."""

SHORT_PAUSE = "SP2"
LONG_PAUSE = "SP3"


class SymbolTable:
    """An ordered set of phoneme symbols; get one with `load`."""

    def __init__(self, version: str, symbols: Iterable[str]) -> None:
        self.version = version
        self.symbols = tuple(symbols)
        self._ids = {symbol: index for index, symbol in enumerate(self.symbols)}
        if len(self._ids) != len(self.symbols):
            raise ValueError(f"symbol table {version} holds a symbol twice")
        self._unknown_id = self._ids[UNKNOWN]

    @staticmethod
    def load(version: SymbolVersion) -> "SymbolTable":
        """Return the table of a checkpoint generation; the same object each time."""
        return _load(version)

    def ids(self, phonemes: Iterable[str]) -> tuple[int, ...]:
        """Return one id in [0, len(self)) per phoneme; a stranger gets the id of ``UNK``."""
        return tuple(self._ids.get(phoneme, self._unknown_id) for phoneme in phonemes)

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._ids

    def __len__(self) -> int:
        return len(self.symbols)

    def __repr__(self) -> str:
        return f"SymbolTable({self.version!r}, {len(self)} symbols)"


@cache
def _load(version: SymbolVersion) -> SymbolTable:
    if version not in ("v1", "v2"):
        raise ValueError(f"no symbol table {version!r}: there are 'v1' and 'v2'")
    resource = files("gsvbatch.text") / "data" / f"symbols_{version}.json"
    return SymbolTable(version, json.loads(resource.read_text(encoding="utf-8")))
