"""Who speaks: heads and tails of a line, as tables."""

import pytest

from gsvbatch.script.source import Names
from gsvbatch.script.speakers import (
    RESERVED,
    parse_piece,
    speaker_key,
    split_id,
    usual_names,
)

SPOKEN = [
    ("Alice: Hello.", "Alice", "Hello."),
    ("alice: Hello.", "alice", "Hello."),
    ("小林：你好。", "小林", "你好。"),
    ("小林:你好。", "小林", "你好。"),
    ("小林 ： 你好。", "小林", "你好。"),
    ("Dr. Li: Sit down.", "Dr. Li", "Sit down."),
    ("The Old Man of the Sea: Ahoy.", None, "The Old Man of the Sea: Ahoy."),
    ("The Old Man: Ahoy.", "The Old Man", "Ahoy."),
    ("Guard 2: Halt!", "Guard 2", "Halt!"),
    ("路人甲：让一让。", "路人甲", "让一让。"),
    ("阿里·汉：走吧。", "阿里·汉", "走吧。"),
    ("[Alice] Hello.", "Alice", "Hello."),
    ("【旁白】天黑了。", "旁白", "天黑了。"),
    ("Tom: meet me at 12:30", "Tom", "meet me at 12:30"),
    ("小林：他说：“好。”", "小林", "他说：“好。”"),
]

NOT_SPOKEN = [
    "12:30 the bell rings.",
    "12：30，铃响了。",
    "下午3:30 出发。",
    "https://example.org/a: see there",
    "http://example.org",
    "C:\\scripts are here",
    "他说：“你好。”",
    "老师问：谁知道？",
    "He said: hello there.",
    "注意：明天开会。",
    "Note: bring water.",
    "例如：苹果。",
    "今天，小林：在吗",
    "[pause:1.5] Go on.",
    "[停顿2s]走吧。",
    "[#1s] 走吧。",
    "[break] Go on.",
    "[pause=1] Go on.",
    "[en]Go on.[/en]",
    "【停顿】走吧。",
    "(叹气)好吧。",
    "比例是 3:2 左右。",
    "no colon here",
    "：没有名字",
    "a:b is a ratio",
    "一个非常非常非常长的不像名字的短语：然后",
    '"Quoted": text',
]


@pytest.mark.parametrize(("written", "speaker", "text"), SPOKEN)
def test_speakers_are_found(written: str, speaker: str | None, text: str) -> None:
    values = parse_piece(written).values
    assert (values.get("speaker"), values["text"]) == (speaker, text)


@pytest.mark.parametrize("written", NOT_SPOKEN)
def test_what_only_looks_like_a_speaker_stays_text(written: str) -> None:
    assert parse_piece(written).values == {"text": written}


@pytest.mark.parametrize(
    "written",
    [
        "妈妈告诉我：明天会下雨。",
        "爷爷摇摇头：“不行。”",
        "他补充：“还有。”",
        "她笑：「好。」",
        "小安：『好。』",
        'Tom: "No."',
        "老师宣布：放学。",
        "他解释：没电了。",
        "规则很简单：不许说话。",
        "步骤一：打开盒子。",
        "Step 2: open it.",
        "古人云：温故而知新。",
    ],
)
def test_narration_keeps_its_opening(written: str) -> None:
    assert parse_piece(written).values == {"text": written}


def test_known_names_speak_whatever_they_look_like() -> None:
    names = Names(known=frozenset({"王有为", "注意", "小安"}))
    for name, text in (("王有为", "好。"), ("注意", "好。"), ("小安", "“好。”")):
        piece = parse_piece(f"{name}：{text}", names)
        assert (piece.values, piece.as_text) == ({"speaker": name, "text": text}, "")


@pytest.mark.parametrize(
    ("written", "as_text"),
    [
        ("小安：你好。", "小安\\："),
        ("Tom : hi", "Tom\\:"),
        ("小安（笑）：“你好。”", "小安（笑）\\："),
        ("【重点】记住。", "\\【重点】"),
        ("[zh:Tom|seed:1] hi", ""),
    ],
)
def test_a_guess_says_how_to_take_it_back(written: str, as_text: str) -> None:
    piece = parse_piece(written)
    assert "speaker" in piece.values
    assert piece.as_text == as_text
    if as_text:
        again = as_text + piece.values["text"]
        assert parse_piece(again).values == {"text": again.replace("\\", "")}


def test_a_name_that_mostly_speaks_plainly_speaks_before_quotations_too() -> None:
    rows = [
        "小安：你好。",
        "小安：走吧。",
        "小安：“生存还是毁灭”，是谁写的？",
        "她笑：“好。”",
        "天黑了。",
        "**她**：“好。”",
    ]
    names = Names(usual=usual_names(rows))
    spoken = [parse_piece(row.replace("*", ""), names).values.get("speaker") for row in rows]
    assert spoken == ["小安", "小安", "小安", None, None, "她"]


def test_a_play_may_put_everything_into_quotation_marks() -> None:
    rows = ["甲：“你好。”", "乙：“你好。”", "甲：“走吧。”", "乙：“好。”", "# 二", "", "灯灭了。"]
    assert usual_names(rows) == {"甲", "乙"}
    assert usual_names([*rows, *["天黑了。"] * 9]) == frozenset()


@pytest.mark.parametrize("name", sorted(RESERVED))
@pytest.mark.parametrize("shape", ["{}: text", "{}：text", "[{}] text"])
def test_reserved_names_never_speak(name: str, shape: str) -> None:
    assert "speaker" not in parse_piece(shape.format(name)).values
    assert "speaker" not in parse_piece(shape.format(name.upper())).values


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("小林\\：你好", "小林：你好"),
        ("Alice\\: hi", "Alice: hi"),
        ("\\[Alice] hi", "[Alice] hi"),
        ("\\[pause:1] hi", "\\[pause:1] hi"),
    ],
)
def test_a_backslash_keeps_a_head_text(written: str, text: str) -> None:
    assert parse_piece(written).values == {"text": text}


def test_a_parenthesis_after_the_name_is_the_style() -> None:
    assert parse_piece("小林（生气）：走开！").values == {
        "speaker": "小林",
        "style": "生气",
        "text": "走开！",
    }
    assert parse_piece("Tom (sleepy): Yes.").values["style"] == "sleepy"


def test_a_stage_direction_in_the_text_stays() -> None:
    assert parse_piece("小林：（叹气）好吧。").values["text"] == "（叹气）好吧。"


def test_listed_speakers_are_the_only_ones() -> None:
    allowed = Names(only=frozenset({speaker_key("注意"), speaker_key("他说")}))
    assert parse_piece("注意：你好。", allowed).values["speaker"] == "注意"
    assert parse_piece("他说：你好。", allowed).values["speaker"] == "他说"
    assert parse_piece("小林：你好。", allowed).values == {"text": "小林：你好。"}
    assert parse_piece("[小林] 你好。", allowed).values == {"text": "[小林] 你好。"}


def test_a_segment_head_sets_its_line_in_any_order() -> None:
    for head in ("[zh:Alice|seed:42|TEMP:0.5|Speed:1.1]", "[zh:Alice|speed:1.1|temp:0.5|SEED:42]"):
        piece = parse_piece(f"{head} 你好。 {{#a-1}}")
        expected = {
            "speaker": "Alice",
            "text": "你好。",
            "language": "zh",
            "seed": "42",
            "speed": "1.1",
            "temperature": "0.5",
            "id": "a-1",
        }
        assert piece.values == expected
        assert piece.problem is None


@pytest.mark.parametrize(
    ("head", "problem"), [("[A|seeed:4]", "'seeed'"), ("[A|fast]", "not written as name:value")]
)
def test_a_bad_segment_setting_is_told(head: str, problem: str) -> None:
    found = parse_piece(f"{head} text").problem
    assert found is not None
    assert problem in found


@pytest.mark.parametrize(
    ("written", "text", "line_id"),
    [
        ("Hello. {#intro-001}", "Hello.", "intro-001"),
        ("Hello.{#intro-001}", "Hello.", "intro-001"),
        ("Hello. #id:intro-001", "Hello.", "intro-001"),
        ("Hello. #line:0a1b2c", "Hello.", "0a1b2c"),
        ("你好。#id:a", "你好。", "a"),
        ("See x#id:a", "See x#id:a", None),
        ("{#a} first", "{#a} first", None),
        ("Keep {#a} {#b}", "Keep {#a}", "b"),
        ("A pause [#1s]", "A pause [#1s]", None),
        ("C# is fun", "C# is fun", None),
    ],
)
def test_an_id_stands_at_the_end(written: str, text: str, line_id: str | None) -> None:
    assert split_id(written) == (text, line_id)


def test_width_case_and_spacing_make_no_new_speaker() -> None:
    assert speaker_key(" Ａlice  Ｌiddell ") == speaker_key("alice liddell")
