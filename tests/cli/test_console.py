"""Tables, JSON and lengths of time as they are printed."""

import json
import math
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

import pytest

from gsvbatch.cli import console


class Color(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Record:
    path: Path
    numbers: tuple[float, ...]
    color: Color
    more: MappingProxyType[Color, int]


@pytest.mark.parametrize(
    ("text", "columns"),
    [("abc", 3), ("旁白", 4), ("a旁白，b", 8), ("e\u0301", 1), ("", 0), ("ｱｱ", 2), ("Ａ", 2)],
)
def test_width_counts_terminal_columns(text: str, columns: int) -> None:
    assert console.width(text) == columns


@pytest.mark.parametrize(
    ("text", "columns", "short"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("旁白旁白", 5, "旁白…"),
        ("旁白旁白", 6, "旁白…"),
        ("a\n b\tc", 9, "a b c"),
    ],
)
def test_shorten_never_exceeds_its_columns(text: str, columns: int, short: str) -> None:
    assert console.shorten(text, columns) == short
    assert console.width(console.shorten(text, columns)) <= columns


def test_table_aligns_chinese_and_latin_columns() -> None:
    lines = console.table(["名", "n"], [["旁白", 5], ["Bob", 12]]).splitlines()
    assert lines == ["名     n", "旁白   5", "Bob   12"]
    assert len({console.width(line) for line in lines}) == 1


def test_table_without_rows_is_its_header() -> None:
    assert console.table(["a", "b"], []) == "a  b"


@pytest.mark.parametrize(
    ("duration", "text"),
    [(0, "0.0 s"), (4.24, "4.2 s"), (60, "1 min 00 s"), (185, "3 min 05 s"), (3725, "1 h 02 min")],
)
def test_duration_reads_well(duration: float, text: str) -> None:
    assert console.duration_text(duration) == text


def test_json_is_one_valid_line_for_any_record(capsys: pytest.CaptureFixture[str]) -> None:
    record = Record(
        Path("甲.md"), (1.5, -math.inf, math.nan), Color.RED, MappingProxyType({Color.RED: 1})
    )
    console.say_json(record)
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "甲.md" in out
    assert json.loads(out) == {
        "path": "甲.md",
        "numbers": [1.5, None, None],
        "color": "red",
        "more": {"red": 1},
    }


def test_error_of_several_problems_is_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    console.error("a.yaml:1: x\n\na.yaml:2: y\tz")
    assert capsys.readouterr().err.splitlines() == ["error: a.yaml:1: x", "error: a.yaml:2: y z"]


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert console.use_color(Terminal())  # type: ignore[arg-type]
    monkeypatch.setenv("NO_COLOR", "1")
    assert not console.use_color(Terminal())  # type: ignore[arg-type]
