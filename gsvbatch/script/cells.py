"""The cells of a delimited table, with their places in the file.

RFC 4180 as spreadsheets write it: a quoted cell may hold delimiters, line ends and doubled quotes. The standard library's
reader says neither where a cell stands nor which physical line a row begins on, and both are needed here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gsvbatch.script.source import Problems, Source


@dataclass(frozen=True, slots=True)
class Cell:
    """One value, unquoted."""

    value: str
    """Line ends inside are ``\\n``."""

    start: int
    """Offset of the cell's first character, quote included."""

    end: int


@dataclass(frozen=True, slots=True)
class Row:
    """One record."""

    line_number: int
    """First physical line."""

    cells: tuple[Cell, ...]

    @property
    def is_blank(self) -> bool:
        """Whether no cell holds anything: an empty line, or the ``,,,`` that spreadsheets leave behind."""
        return not any(cell.value.strip() for cell in self.cells)


def read_rows(
    source: Source, delimiter: str, start: int, problems: Problems | None = None
) -> Iterator[Row]:
    """Yield the rows of a table from an offset on; a quote that is never closed is noted, and read as a plain character."""
    text, position = source.text, start
    cell_end = re.compile(rf"[{re.escape(delimiter)}\r\n]")
    # One search for the whole file: when no quote follows, looking for it from every cell would take quadratic time.
    last_quote = text.rfind('"')
    while position < len(text):
        line_number = source.line_number(position)
        cells: list[Cell] = []
        while True:
            cell = _quoted(source, position, last_quote, delimiter, problems)
            if cell is None:
                match = cell_end.search(text, position)
                end = match.start() if match else len(text)
                cell = Cell(text[position:end], position, end)
            cells.append(cell)
            position = cell.end
            if position < len(text) and text[position] == delimiter:
                position += 1
                continue
            break
        yield Row(line_number, tuple(cells))
        position += 2 if text.startswith("\r\n", position) else 1


def _quoted(
    source: Source, start: int, last_quote: int, delimiter: str, problems: Problems | None
) -> Cell | None:
    """Return the quoted cell at an offset, or None when there is none; blanks around the quotes are dropped."""
    text = source.text
    opening = start
    while opening < len(text) and text[opening] == " ":
        opening += 1
    if opening >= len(text) or text[opening] != '"':
        return None
    parts: list[str] = []
    position = opening + 1
    while True:
        closing = text.find('"', position) if position <= last_quote else -1
        if closing < 0:
            if problems is not None:
                problems.add(
                    source.line_number(opening),
                    "the quote opened here is never closed; close it, or double it to keep it",
                )
            return None
        parts.append(text[position:closing])
        if not text.startswith('"', closing + 1):
            break
        parts.append('"')
        position = closing + 2
    end = closing + 1
    while end < len(text) and text[end] == " ":
        end += 1
    if end < len(text) and text[end] not in (delimiter, "\r", "\n"):
        if problems is not None:
            problems.add(
                source.line_number(end),
                "text follows a closing quote; inside a quoted cell a quote is written twice",
            )
        return None
    value = "".join(parts).replace("\r\n", "\n").replace("\r", "\n")
    return Cell(value, start, end)
