"""YAML scripts: strings stay strings, places are kept, hostile input is refused."""

from pathlib import Path

import pytest
import yaml

from gsvbatch.errors import ScriptError
from gsvbatch.script import Script, assign_ids, read_script, yaml_tree


def _read(folder: Path, text: str) -> Script:
    path = folder / "lesson.yaml"
    path.write_text(text, encoding="utf-8")
    return read_script(path)


@pytest.mark.parametrize(
    "written",
    [
        "no",
        "Yes",
        "on",
        "OFF",
        "1:30",
        "12:30:45",
        "007",
        "1e3",
        "0x1F",
        "2024-01-02",
        "=",
        "1_000",
    ],
)
def test_no_type_is_guessed(tmp_path: Path, written: str) -> None:
    (line,) = _read(
        tmp_path, f"lines:\n  - speaker: {written}\n    text: {written}\n    mood2: {written}\n"
    ).lines
    assert (line.speaker, line.text, line.extra["mood2"]) == (written, written, written)


def test_the_whole_schema(tmp_path: Path) -> None:
    text = """\
title: 课
metadata: {author: A, tags: [x, y]}
speakers:
  老师: {voice: mei, language: zh, speed: 0.9}
  学生: bo
lines:
  - chapter: 一
  - {id: a, speaker: 老师, text: 你好。, seed: 3, pause_before: 0.5, pause_after: 1s, style: 高兴, output: x, notes: n}
  - {角色: 学生, 台词: 老师好。, voice: other}
  - 学生: 再见。
  - chapter: 二
  - |
    块里的
    文字。
  - 老师：走吧。 {#b}
  - "Quoted. {#c}"
  - {text: t, start: 1.5, end: 00:00:02.5, chapter: 三}
"""
    script = _read(tmp_path, text)
    assert script.problems == ()
    assert (script.title, dict(script.metadata)) == ("课", {"author": "A", "tags": "x, y"})
    first, second, third, block, bare, quoted, timed = script.lines
    assert (first.id, first.voice, first.language, first.speed, first.seed) == (
        "a",
        "mei",
        "zh",
        0.9,
        3,
    )
    assert (first.pause_before, first.pause_after, first.style, first.output, first.notes) == (
        0.5,
        1.0,
        "高兴",
        "x",
        "n",
    )
    assert (second.speaker, second.text, second.voice) == ("学生", "老师好。", "other")
    assert (third.speaker, third.text, third.voice, third.chapter) == ("学生", "再见。", "bo", "一")
    assert (block.text, block.chapter, block.line_number) == ("块里的\n文字。", "二", 12)
    assert (bare.id, bare.speaker, bare.text) == ("b", "老师", "走吧。")
    assert (quoted.id, quoted.text) == ("c", "Quoted.")
    assert (timed.start, timed.end, timed.chapter) == (1.5, 2.5, "三")


def test_the_quoted_line_without_words_is_told(tmp_path: Path) -> None:
    (problem,) = _read(tmp_path, 'lines:\n  - "Quoted: {#c}"\n').problems
    assert problem.line_number == 2


def test_a_list_alone_is_the_lines(tmp_path: Path) -> None:
    assert [line.text for line in _read(tmp_path, "- 甲: 一\n- 二\n").lines] == ["一", "二"]


SLOTS = [
    ("lines:\n  - text: a\n", "lines:\n  - id: line-0001\n    text: a\n"),
    ("lines:\n- text: a\n", "lines:\n- id: line-0001\n  text: a\n"),
    ("lines: [{text: a}, b c]\n", None),
    ("lines:\n  - {text: a}\n", "lines:\n  - {id: line-0001, text: a}\n"),
    ("lines:\n  - 'a b'\n", "lines:\n  - 'a b {#line-0001}'\n"),
    ("lines:\n  - a b # c\n", "lines:\n  - a b {#line-0001} # c\n"),
    ("lines:\n  - |\n    a\n    b\n\n", "lines:\n  - |\n    a\n    b {#line-0001}\n\n"),
    ("lines:\n  - id:\n    text: a\n", "lines:\n  - id: line-0001\n    text: a\n"),
    ("lines:\n  - id: ''\n    text: a\n", "lines:\n  - id: line-0001\n    text: a\n"),
    (
        "lines:\n  - 甲😀: a\n  - id: ~\n    text: b\n",
        "lines:\n  - id: line-0001\n    甲😀: a\n  - id: line-0002\n    text: b\n",
    ),
]


@pytest.mark.parametrize(("before", "after"), SLOTS)
def test_ids_are_written_where_they_belong(tmp_path: Path, before: str, after: str | None) -> None:
    path = tmp_path / "lesson.yaml"
    path.write_text(before, encoding="utf-8", newline="")
    if after is None:  # braces are no text inside a flow list: refused rather than broken
        with pytest.raises(ScriptError):
            assign_ids(path)
        after = before
    else:
        assign_ids(path)
    assert path.read_bytes().decode() == after


BROKEN = [
    ("lines:\n  - text: [a\n", "not valid YAML"),
    ("lines:\n\t- a\n", "not valid YAML"),
    ("title: a\n", "holds no 'lines:' list"),
    ("lines: text\n", "holds no 'lines:' list"),
    ("just text\n", "holds no 'lines:' list"),
    ("lines: []\n", "no line to speak"),
    ("lines:\n  - a\n---\nlines:\n  - b\n", ":3: a second document"),
    ("lines: &a\n  - *a\n", ":2: *a: references are not supported"),
    ("lines: " + "[" * 5000, "deeper than 8 levels"),
    ("lines:\n  - ? [a, b]\n    : c\n", ":2: a key must be a word"),
    ("lines:\n  - !!python/object:os.system x: y\n  - a: \x01\n", "not valid YAML"),
]


@pytest.mark.parametrize(("text", "problem"), BROKEN)
@pytest.mark.parametrize("loader", [yaml.BaseLoader, yaml_tree._LOADER], ids=["python", "libyaml"])
def test_what_is_no_script_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, problem: str, loader: object
) -> None:
    monkeypatch.setattr(yaml_tree, "_LOADER", loader)
    with pytest.raises(ScriptError) as caught:
        _read(tmp_path, text)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


PROBLEMS = [
    ("titel: a\nlines:\n  - b\n", 1, "unknown key 'titel'"),
    ("lines:\n  - text: a\n    text: b\n", 3, "'text' is given twice"),
    ("lines:\n  - a\n  - [b]\n", 3, "not a list"),
    ("lines:\n  - text: a\n    speed: quick\n", 2, "'speed': 'quick' is not a speaking rate"),
    ("lines:\n  - text: a\n    voice: [x]\n", 3, "'voice' holds a list"),
    ("lines:\n  - speaker: a\n    txt: b\n", 2, "text: has no text"),
    ("speakers: {a: {colour: red}}\nlines:\n  - a\n", 1, "'colour' is nothing a speaker sets"),
    ("metadata: x\nlines:\n  - a\n", 1, "metadata is a mapping"),
]


@pytest.mark.parametrize(("text", "line_number", "problem"), PROBLEMS)
def test_problems_know_their_line(
    tmp_path: Path, text: str, line_number: int, problem: str
) -> None:
    (found,) = _read(tmp_path, text).problems
    assert problem in found.problem
    assert found.line_number == line_number
