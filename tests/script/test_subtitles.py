"""SRT and WebVTT as tools write them."""

from pathlib import Path

import pytest

from gsvbatch.script import Script, read_script


def _read(folder: Path, text: str, name: str = "dub.srt") -> Script:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_script(path)


def test_cues_are_timed_lines(tmp_path: Path) -> None:
    text = "7\n00:00:01,000 --> 01:02:03,450\n<i>你好，</i>\n世界。\n\n9\n0:00:05.5 --> 0:00:06.25 X1:0\n{\\an8}Two\nrows.\n"
    first, second = _read(tmp_path, text).lines
    assert (first.id, first.text, first.start, first.end) == (
        "srt-0007",
        "你好，世界。",
        1.0,
        3723.45,
    )
    assert (second.id, second.text, second.start, second.end) == (
        "srt-0009",
        "Two rows.",
        5.5,
        6.25,
    )


def test_a_written_id_outlives_renumbering(tmp_path: Path) -> None:
    (line,) = _read(tmp_path, "12\n00:00:01,000 --> 00:00:02,000\nHi. {#hello}\n").lines
    assert line.id == "hello"


def test_a_missing_empty_row_does_not_merge_cues(tmp_path: Path) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nOne.\n2\n00:00:02,000 --> 00:00:03,000\nTwo.\n00:00:03,000 --> 00:00:04,000\n3 left.\n"
    script = _read(tmp_path, text)
    assert [(line.id, line.text) for line in script.lines] == [
        ("srt-0001", "One."),
        ("srt-0002", "Two."),
        (None, "3 left."),
    ]
    assert script.problems == ()


def test_webvtt_blocks_names_and_speakers(tmp_path: Path) -> None:
    text = (
        "WEBVTT - title\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nNOTE\ntwo\nrows\n\n"
        "intro\n00:01.000 --> 00:02.000 line:0\n<v.loud Mary Ann>Salt &amp; <c.red>pepper</c></v>\n\n00:02.000 --> 00:03.000\n甲：好。\n"
    )
    script = _read(tmp_path, text, "dub.vtt")
    assert script.problems == ()
    rows = [(line.id, line.speaker, line.text) for line in script.lines]
    assert rows == [("intro", "Mary Ann", "Salt & pepper"), (None, "甲", "好。")]


BAD = [
    (
        "1\n00:00:01,000 --> 00:00:02\nHi.\n\n2\n00:00:03,000 --> 00:00:04,000\nYo.\n",
        1,
        "belongs to no cue",
    ),
    ("1\n00:00:02,000 --> 00:00:01,000\nHi.\n", 2, "end: 1 s is not after the start, 2 s"),
    ("1\n00:99:02,000 --> 01:00:01,000\nHi.\n", 2, "start: '00:99:02,000' is not a time"),
    ("1\n00:00:01,000 --> 00:00:02,000\n\n", 2, "has no text"),
    ("stray\n\n1\n00:00:01,000 --> 00:00:02,000\nHi.\n", 1, "belongs to no cue: 'stray'"),
    ("1\n00:00:01,000 --> 00:00:02,000\nHi.\n\n00:00:02 -> x --> 5\n", 5, "bad timing"),
    ("1\n00:00:01,000 --> 00:00:02,000\n- Hi.\n- Yo.\n", 2, "two speakers share this cue"),
    ("1\n00:00:01,000 --> 00:00:02,000\n甲：一\n乙：二\n", 2, "two speakers share this cue"),
    (
        "1\n00:00:01,000 --> 00:00:02,000\na\n\n1\n00:00:02,000 --> 00:00:03,000\nb\n",
        6,
        "'srt-0001' is taken by line 2",
    ),
]


@pytest.mark.parametrize(("text", "line_number", "problem"), BAD)
def test_bad_cues_are_problems_of_their_line(
    tmp_path: Path, text: str, line_number: int, problem: str
) -> None:
    (found,) = _read(tmp_path, text).problems
    assert problem in found.problem
    assert found.line_number == line_number
