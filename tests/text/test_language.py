import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gsvbatch.text.language import base_language, spans, written_in
from gsvbatch.text.reading import Reading

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "data" / "golden_text.json").read_text(encoding="utf-8")
)["segments"]

# Where upstream's answer is not ours, and why.
DIFFERENT = {
    ("你好Hello世界。", ""): "its fastText model takes a short run of Han characters for Japanese",
    (
        "当时ThinkPad T60刚刚发布，PCIe接口。",
        "",
    ): "the same; and in a Chinese sentence T60 is said with Chinese numbers",
    ("2024年5月1日", ""): "the same: without kana, Han characters are Chinese",
    ("MyGO?,你也喜欢まいご吗？", ""): "吗 is not written in Japanese",
    (
        "MyGO?,你也喜欢まいご吗？",
        "zh",
    ): "kana given to the Chinese frontend would be dropped without a word",
    (
        "ねえ、知ってる？最近、僕は天文学を勉強してるんだ。",
        "",
    ): "最近 stands in a Japanese sentence",
    (
        "ねえ、知ってる？最近、僕は天文学を勉強してるんだ。",
        "zh",
    ): "kana would be dropped without a word",
    ("안녕하세요 hello 你好", "zh"): "hangul would be dropped without a word",
    ("안녕하세요 hello 你好", "ja"): "hangul would be dropped without a word",
}


def found(text: str, language: str | None = None, **options: Any) -> list[tuple[str, str]]:
    return [(span.language, span.text) for span in spans(text, language, **options)]


@pytest.mark.parametrize(
    "case", GOLDEN, ids=lambda case: f"{case['default'] or 'auto'}-{case['text'][:8]}"
)
def test_spans_are_those_of_upstream_or_differ_for_a_reason(case: dict[str, Any]) -> None:
    expected = [(span["lang"], span["text"]) for span in case["out"]]
    same = found(case["text"], case["default"] or None) == expected
    assert same is ((case["text"], case["default"]) not in DIFFERENT)


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("你好Hello世界。", None, [("zh", "你好"), ("en", "Hello"), ("zh", "世界。")]),
        ("当时ThinkPad T60刚刚发布", None, [("zh", "当时"), ("en", "ThinkPad T"), ("zh", "60刚刚发布")]),
        ("我买了iPhone 15 Pro。", None, [("zh", "我买了"), ("en", "iPhone "), ("zh", "15 "), ("en", "Pro。")]),
        ("COVID-19疫情", "zh", [("en", "COVID-"), ("zh", "19疫情")]),
        ("气温-3°C，涨了12.5%。", "zh", [("zh", "气温-3°C，涨了12.5%。")]),
        ("3kg大米，12V电压，时速5 km/h。", "zh", [("zh", "3kg大米，12V电压，时速5 km/h。")]),
        ("5G网络", "zh", [("zh", "5"), ("en", "G"), ("zh", "网络")]),
        ("他说：I was born in 1990 and left in 2010. 然后", "zh",
         [("zh", "他说："), ("en", "I was born in 1990 and left in 2010. "), ("zh", "然后")]),
        ("I ran 5km today with Tom", None, [("en", "I ran 5km today with Tom")]),
        ("2024", "en", [("en", "2024")]),
        ("My name is 李明 and I have 3 cats.", "en",
         [("en", "My name is "), ("zh", "李明 "), ("en", "and I have 3 cats.")]),
        ("请访问https://example.com/a1?b=2。", "zh", [("zh", "请访问"), ("en", "https://example.com/a1?b=2。")]),
        ("1st place", "zh", [("en", "1st place")]),
        ("“Hello”他说", "zh", [("en", "“Hello”"), ("zh", "他说")]),
        ("ねえ？你好", None, [("ja", "ねえ？"), ("zh", "你好")]),
        ("优の良品", None, [("zh", "优"), ("ja", "の"), ("zh", "良品")]),
        ("ねえ、今日は3時？你好", "zh", [("ja", "ねえ、今日は3時？"), ("zh", "你好")]),
        ("有人在喊「おはよう」。", None, [("zh", "有人在喊「"), ("ja", "おはよう」。")]),
        ("彼は「你好」と言った。", None, [("ja", "彼は「"), ("zh", "你好」"), ("ja", "と言った。")]),
        ("彼は「世界」と言った。", "en", [("ja", "彼は「世界」と言った。")]),
        ("iPhoneは5台", None, [("en", "iPhone"), ("ja", "は5台")]),
        ("我の世界", "zh", [("zh", "我"), ("ja", "の"), ("zh", "世界")]),
        ("값은 5달러", "zh", [("ko", "값은 5달러")]),
        ("髙橋さんは", None, [("ja", "髙橋さんは")]),
        ("Привет，你好", None, [("cyrillic", "Привет，"), ("zh", "你好")]),
        ("α粒子和5µm", None, [("zh", "α粒子和5µm")]),
        ("café", None, [("en", "café")]),
        ("ＡＢＣ公司", None, [("en", "ＡＢＣ"), ("zh", "公司")]),
        ("！！", None, [("zh", "！！")]),
        ("", None, []),
    ],
)  # fmt: skip
def test_spans_follow_scripts_and_numbers_the_line(
    text: str, language: str | None, expected: object
) -> None:
    assert found(text, language) == expected


@pytest.mark.parametrize(
    ("reading", "text", "language", "expected"),
    [
        # a mark says its language; an entry of the lexicon holds only where its notation does
        (Reading("角", "pinyin", ("jue2",)), "三\ue000形です", None, ["ja", "zh", "ja"]),
        (Reading("角", "pinyin", ("jue2",), True), "三\ue000形です", None, ["ja"]),
        (Reading("角", "pinyin", ("jue2",), True), "主\ue000唔喺度", "yue", ["yue"]),
        (Reading("角", "pinyin", ("jue2",), True), "主\ue000来了", "en", ["zh"]),
        (Reading("咗", "jyutping", ("zo2",), True), "食\ue000飯", "yue", ["yue"]),
        (Reading("咗", "jyutping", ("zo2",), True), "食\ue000飯", "zh", ["zh"]),
        (Reading("咗", "jyutping", ("zo2",)), "食\ue000飯", "zh", ["zh", "yue", "zh"]),
    ],
)
def test_readings_hold_in_the_languages_of_their_notation(
    reading: Reading, text: str, language: str | None, expected: list[str]
) -> None:
    result = spans(text, language, {"\ue000": reading})
    assert [span.language for span in result] == expected


@pytest.mark.parametrize(
    ("text", "language"),
    [("今天天气很好", "zh"), ("The weather", "en"), ("今日はいい天気", "ja"), ("날씨가 좋다", "ko"), ("我用iPhone拍照", "zh"),
     ("I say 你好 to all of my friends", "en"), ("2024", "zh")],
)  # fmt: skip
def test_a_text_has_the_language_of_most_of_its_letters(text: str, language: str) -> None:
    assert written_in(text) == language


def test_a_marked_language_holds_for_numbers() -> None:
    assert found("2024年", "zh", forced=["en"] * 4 + [None]) == [("en", "2024"), ("zh", "年")]
    assert found("in 2024", "en", forced=[None] * 3 + ["zh"] * 4) == [("en", "in "), ("zh", "2024")]


def test_a_reading_is_in_the_language_of_its_notation() -> None:
    readings = {
        "\ue000": Reading("角", "pinyin", ("jue2",)),
        "\ue001": Reading("SQL", "arpabet", ("S", "IY1", "K", "W", "AH0", "L")),
    }
    assert found("\ue000色\ue001好", "zh", readings=readings) == [
        ("zh", "\ue000色"),
        ("en", "\ue001"),
        ("zh", "好"),
    ]


@pytest.mark.parametrize(
    ("tag", "language"),
    [("zh-CN", "zh"), ("zh_Hans", "zh"), ("all_zh", "zh"), ("cmn", "zh"), ("EN", "en"), ("en-GB", "en"),
     ("auto", None), (None, None), ("", None), ("fr", "fr"), ("yue", "yue")],
)  # fmt: skip
def test_language_tags_are_understood(tag: str | None, language: str | None) -> None:
    assert base_language(tag) == language


@given(
    st.text(alphabet="你好かのA b1,.。！？-%°C \n한", max_size=60),
    st.sampled_from([None, "zh", "en", "ja"]),
)
def test_no_character_is_lost(text: str, language: str | None) -> None:
    result = spans(text, language)
    assert "".join(span.text for span in result) == text
    assert all(a.language != b.language for a, b in pairwise(result))
