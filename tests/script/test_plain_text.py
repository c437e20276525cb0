"""Plain text: one row is one line."""

from pathlib import Path

import pytest

from gsvbatch.script import Script, read_script


def _read(folder: Path, text: str) -> Script:
    path = folder / "scene.txt"
    path.write_text(text, encoding="utf-8")
    return read_script(path)


def test_each_row_is_a_line(tmp_path: Path) -> None:
    script = _read(tmp_path, "// comment\n甲：一。\n\u3000二。\n\n----\n    三。\n;四。\n")
    rows = [(line.line_number, line.speaker, line.text) for line in script.lines]
    assert rows == [(2, "甲", "一。"), (3, None, "二。"), (6, None, "三。"), (7, None, ";四。")]


def test_numbered_headings_are_chapters(tmp_path: Path) -> None:
    text = "第一章 雨夜\n一。\n第十二回\n二。\nChapter 3: Home\nthree.\n# 尾声\n四。\n第一章，他走了。\nChapter 3 was long, he said.\n"
    chapters = [(line.chapter, line.text) for line in _read(tmp_path, text).lines]
    assert chapters == [
        ("第一章 雨夜", "一。"),
        ("第十二回", "二。"),
        ("Chapter 3: Home", "three."),
        ("尾声", "四。"),
        ("尾声", "第一章，他走了。"),
        ("尾声", "Chapter 3 was long, he said."),
    ]


@pytest.mark.parametrize(
    "written",
    [
        "第一回见面时他很紧张",
        "第三节课我睡着了",
        "第三回合开始",
        "第一章开始了",
        "第二集团军到了",
        "Part of me wants it",
        "Scene stealers were there",
        "Chapter houses are old",
        "Act now",
        "Part one of me wants it",
        "Chapter 3 was long",
    ],
)
def test_a_sentence_that_begins_like_a_heading_is_spoken(tmp_path: Path, written: str) -> None:
    assert [line.text for line in _read(tmp_path, f"{written}\n").lines] == [written]


@pytest.mark.parametrize(
    "written",
    [
        "第一章",
        "第一章 开始",
        "第一章\u3000开始",
        "第一章：开始",
        "第12章: 开始",
        "第三回·雨夜",
        "第五课《春》",
        "第一节（上）",
        "Chapter 3",
        "CHAPTER IV",
        "Part Two",
        "Part twenty-one: the end",
        "Scene 2 The Harbour",
        "Act I. Home",
        "chapter 7 — home",
    ],
)
def test_numbered_headings_are_not_spoken(tmp_path: Path, written: str) -> None:
    lines = _read(tmp_path, f"{written}\nHello.\n").lines
    assert [(line.chapter, line.text) for line in lines] == [(written, "Hello.")]


def test_a_table_or_subtitles_saved_as_txt_are_told(tmp_path: Path) -> None:
    assert _read(tmp_path, "角色\t台词\n甲\t一。\n").format == "csv"
    assert _read(tmp_path, "1\n00:00:01,000 --> 00:00:02,000\nHi.\n").format == "srt"
    assert _read(tmp_path, "text, he said, is all.\n").format == "text"


def test_markdown_signs_are_left_alone(tmp_path: Path) -> None:
    assert [line.text for line in _read(tmp_path, "2*3*4 is `code`\n").lines] == ["2*3*4 is `code`"]
