"""What commands print with: results to stdout, everything else to stderr.

Tables count a Chinese, Japanese or Korean character as two columns, as terminals do.
"""

import json
import math
import os
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import TextIO

from gsvbatch.units import Seconds

_RED = "\x1b[31m"
_BOLD = "\x1b[1m"
_PLAIN = "\x1b[0m"


def prepare_streams() -> None:
    """Let any character be printed: a Windows console may be GBK, a pipe may be ASCII."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is None:  # replaced by a test or a host program
            continue
        if os.name == "nt" and not stream.isatty():
            reconfigure(encoding="utf-8", errors="replace")
        else:
            reconfigure(errors="replace")


def use_color(stream: TextIO) -> bool:
    """Whether to color what goes to ``stream``; see https://no-color.org."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def say(text: str = "") -> None:
    """Print a result."""
    print(text)


def note(text: str) -> None:
    """Print something beside the results: progress, advice. A progress bar stays whole."""
    if "tqdm" in sys.modules:
        from tqdm import tqdm

        tqdm.write(text, file=sys.stderr)
    else:
        print(text, file=sys.stderr, flush=True)


def error(message: str) -> None:
    """Print an error as one line, or several problems as one line each."""
    label = f"{_RED}error:{_PLAIN}" if use_color(sys.stderr) else "error:"
    for line in message.splitlines() or ["unknown"]:
        if line.strip():
            note(f"{label} {one_line(line)}")


def say_json(value: object) -> None:
    """Print one JSON value on one line."""
    print(json.dumps(plain(value), ensure_ascii=False, allow_nan=False))


def plain(value: object) -> object:
    """A record in the words that JSON has; a number that JSON cannot hold is null."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    return str(value)


def one_line(text: str) -> str:
    """``text`` with every run of white space and line ends as one space."""
    return " ".join(text.split())


def near(path: Path) -> Path:
    """``path`` as one would type it here: relative to the working folder, if it is below it."""
    try:
        return path.resolve().relative_to(Path.cwd().resolve())
    except (ValueError, OSError):
        return path


def width(text: str) -> int:
    """Columns that ``text`` takes on a terminal."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def shorten(text: str, columns: int) -> str:
    """``text`` on one line, cut to at most ``columns`` with an ellipsis."""
    text = one_line(text)
    if width(text) <= columns:
        return text
    kept, room = "", columns - 1
    for character in text:
        room -= _columns(character)
        if room < 0:
            break
        kept += character
    return f"{kept}…"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table with columns wide enough for their cells, two blanks apart; numbers to the right."""
    cells = [[_cell(value) for value in row] for row in rows]
    numeric = [bool(cells) and all(_is_number(row[i]) for row in cells) for i in range(len(header))]
    widths = [max(map(width, column)) for column in zip(header, *cells, strict=True)]
    lines = [_row(header, widths, numeric), *(_row(row, widths, numeric) for row in cells)]
    if use_color(sys.stdout):
        lines[0] = f"{_BOLD}{lines[0]}{_PLAIN}"
    return "\n".join(lines)


def _cell(value: object) -> str:
    return "" if value is None else one_line(str(value))


def _is_number(text: str) -> bool:
    return not text or text.replace(".", "", 1).replace(",", "").isdecimal()


def _row(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    padded = []
    for cell, columns, is_numeric in zip(cells, widths, numeric, strict=True):
        gap = " " * (columns - width(cell))
        padded.append(gap + cell if is_numeric else cell + gap)
    return "  ".join(padded).rstrip()


def duration_text(duration: Seconds) -> str:
    """A length of time to read: ``4.2 s``, ``3 min 05 s``, ``1 h 02 min``."""
    if duration < 60:
        return f"{duration:.1f} s"
    minutes, seconds = divmod(round(duration), 60)
    if minutes < 60:
        return f"{minutes} min {seconds:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def count(n: int, noun: str) -> str:
    """``1 line``, ``2 lines``."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
