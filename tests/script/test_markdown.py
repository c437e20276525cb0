"""Markdown: what is spoken, under which chapter, and what is not."""

from pathlib import Path

import pytest

from gsvbatch.errors import ScriptError
from gsvbatch.script import Script, read_script


def _read(folder: Path, text: str) -> Script:
    path = folder / "story.md"
    path.write_text(text, encoding="utf-8")
    return read_script(path)


SPOKEN = [
    ("One.\n\nTwo.", ["One.", "Two."]),
    ("One goes\non here.", ["One goes on here."]),
    ("第一行，\n第二行。", ["第一行，第二行。"]),
    ("他说 hello\n然后走了。", ["他说 hello 然后走了。"]),
    ("A poem  \nof two lines\\\nand three.", ["A poem", "of two lines", "and three."]),
    ("He said **no** and *left* the `shop`.", ["He said no and left the shop."]),
    ("See [the page](https://example.org) now.", ["See the page now."]),
    ("An ![image](a.png) here.", ["An here."]),
    ("![only an image](a.png)\n\nText.", ["Text."]),
    ("- one\n- two\n\n1. three", ["one", "two", "three"]),
    ("> quoted\n> text", ["quoted text"]),
    ("    Indented prose.", ["Indented prose."]),
    ("\u3000\u3000缩进的段落。", ["缩进的段落。"]),
    ("Before a rule.\n---\nAfter it.", ["Before a rule.", "After it."]),
    ("Text.\n===\n", ["Text."]),
    ("***\n\nText.", ["Text."]),
    ("```\ncode\n```\nText.", ["Text."]),
    ("~~~python\ncode: 1\n~~~\n\nText.", ["Text."]),
    ("| a | b |\n|---|---|\n| c | d |\n\nText.", ["Text."]),
    ("<!-- a -->Text. <!-- b\nc --> More.", ["Text. More."]),
    ("<!-- 小林：不读 -->小林：读。", ["读。"]),
    ("<div>Text.</div>", ["Text."]),
    ("角(jue2)色 [pause:0.5] 好。", ["角(jue2)色 [pause:0.5] 好。"]),
    ('Wait <break time="800ms"/> here <tone as=jue2>角</tone>.', ['Wait <break time="800ms"/> here <tone as=jue2>角</tone>.']),
    ("[Alice]: no reference.", ["no reference."]),
    ("重\\(chong2) and 5\\_a \\[pause:1]", ["重\\(chong2) and 5_a \\[pause:1]"]),
    ("[en]Tom: hi[/en]，{NVIDIA|英伟达}", ["[en]Tom: hi[/en]，{NVIDIA|英伟达}"]),
    ("Fish &amp; chips, 5 \\* 3.", ["Fish & chips, 5 * 3."]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "spoken"), SPOKEN)
def test_what_is_spoken(tmp_path: Path, text: str, spoken: list[str]) -> None:
    script = _read(tmp_path, text)
    assert [line.text for line in script.lines] == spoken
    assert script.problems == ()


SPEAKERS = [
    (
        "甲：一。\n乙：二。\n丙说话\n乙：三。",
        [("甲", "一。"), ("乙", "二。丙说话"), ("乙", "三。")],
    ),
    ("**小林**：你好。", [("小林", "你好。")]),
    ("**小林：** 你好。", [("小林", "你好。")]),
    ("*Tom* (sleepy): Yes.\n**Ann**: No.", [("Tom", "Yes."), ("Ann", "No.")]),
    ("甲：一。 {#a}\n还有。", [("甲", "一。"), (None, "还有。")]),
    ("小林\\：你好。", [(None, "小林：你好。")]),
    ("Note\\: this.", [(None, "Note: this.")]),
    ("- 甲：一。\n- 乙：二。", [("甲", "一。"), ("乙", "二。")]),
    ("It was 12:30.\n12:31 came.", [(None, "It was 12:30. 12:31 came.")]),
]


@pytest.mark.parametrize(("text", "spoken"), SPEAKERS)
def test_who_speaks(tmp_path: Path, text: str, spoken: list[tuple[str | None, str]]) -> None:
    assert [(line.speaker, line.text) for line in _read(tmp_path, text).lines] == spoken


def _chapters(script: Script) -> list[str | None]:
    return [line.chapter for line in script.lines]


def test_a_single_first_heading_over_others_is_the_title(tmp_path: Path) -> None:
    script = _read(
        tmp_path,
        "# Book {#book}\n\nOpening.\n\n## One\n\nA.\n\n### Deeper\n\nB.\n\n## *Two*\n\nC.\n",
    )
    assert script.title == "Book"
    assert _chapters(script) == [None, "One", "One", "Two"]


def test_first_level_headings_are_chapters_when_there_are_several(tmp_path: Path) -> None:
    script = _read(tmp_path, "# One\n\nA.\n\n# Two\n\nB.\n")
    assert script.title is None
    assert _chapters(script) == ["One", "Two"]


def test_a_lone_heading_is_title_and_chapter(tmp_path: Path) -> None:
    script = _read(tmp_path, "# One\n\nA.\n")
    assert script.title == "One"
    assert _chapters(script) == ["One"]


def test_front_matter_is_metadata(tmp_path: Path) -> None:
    script = _read(
        tmp_path,
        "---\ntitle: 书\nyear: 007\ntags: [a, b]\nspeakers: [他说]\n---\n他说：一。\n小林：二。\n",
    )
    assert script.title == "书"
    assert dict(script.metadata) == {"year": "007", "tags": "a, b"}
    assert [(line.speaker, line.line_number) for line in script.lines] == [("他说", 7)]
    assert script.lines[0].text == "一。小林：二。"


def test_two_rules_with_prose_between_are_no_front_matter(tmp_path: Path) -> None:
    assert [
        line.text for line in _read(tmp_path, "---\n\nFirst: part.\n\n---\n\nSecond.").lines
    ] == ["part.", "Second."]


def test_broken_front_matter_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match=r"story\.md:[34]: is not valid YAML"):
        _read(tmp_path, "---\ntitle: a\nauthor: [b\n---\nText.")


def test_a_pause_on_its_own_belongs_to_the_line_before(tmp_path: Path) -> None:
    lines = _read(
        tmp_path,
        "[pause:1]\n\nA.\n\n[停顿]\n\n[#1s]\n\nB.\n\n# New\n\n<break time='250ms'/>\n\nC.",
    ).lines
    assert [(line.pause_before, line.pause_after) for line in lines] == [
        (1.0, 1.5),
        (None, None),
        (0.25, None),
    ]


def test_voice_chapter_and_metadata_marks(tmp_path: Path) -> None:
    script = _read(
        tmp_path,
        "<<METADATA_TITLE:Book>>\n\n<<CHAPTER_MARKER:One>>\n\n<<VOICE:mei>>\n\nA.\n\n<<VOICE:bo>> B.\n",
    )
    assert script.title == "Book"
    assert [(line.voice, line.chapter, line.text) for line in script.lines] == [
        ("mei", "One", "A."),
        ("bo", "One", "B."),
    ]


def test_every_problem_is_found(tmp_path: Path) -> None:
    text = "甲：\n\nA {#x/y}\n\nB <<VOICE:q>> c\n\n[甲|seed:many] d\n\n[甲|hue:1] e\n\nF {#ok}\n\nG {#OK}\n\n<!-- open"
    script = _read(tmp_path, text)
    assert [problem.line_number for problem in script.problems] == [1, 3, 5, 7, 9, 13, 15]
    assert "put them on the same line" in script.problems[0].problem
    assert "seed: 'many' is not a whole number" in script.problems[3].problem
    assert "never closed" in script.problems[6].problem


def test_only_headings_is_an_empty_script(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="no line to speak"):
        _read(tmp_path, "# One\n\n```\ncode\n```\n")


def test_spellings_of_a_speaker_are_shown_as_the_first(tmp_path: Path) -> None:
    script = _read(tmp_path, "Alice: a\n\nＡlice: b\n\nALICE: c\n")
    assert script.speakers == ("Alice",)
