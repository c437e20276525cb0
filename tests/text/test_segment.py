import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gsvbatch.text import cuts
from gsvbatch.text.segment import METHODS, cut, is_speakable, width

OATH = "先帝创业未半而中道崩殂，今天下三分，益州疲弊，此诚危急存亡之秋也。"

MIXED = st.text(
    alphabet="好吗的我のべータ한a bN1.，。！？,?!…—：；;、 \n“”\"（）()《》's/@\ue000\U000f0000\U00100000",
    max_size=200,
)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("今天天气很好。我们走吧！真的好吗？", ["今天天气很好。", "我们走吧！", "真的好吗？"]),
        ("他说：“你好！我走了。”然后走了。", ["他说：“你好！", "我走了。”", "然后走了。"]),
        ("真的吗？！当然是啊！！", ["真的吗？！", "当然是啊！！"]),
        ("好的。我们现在就走。", ["好的。我们现在就走。"]),
        ("我们现在就走。好的。", ["我们现在就走。好的。"]),
        ("我……我不知道。", ["我……我不知道。"]),
        ("《你好！世界》是一本书。我读过它。", ["《你好！世界》是一本书。", "我读过它。"]),
        ("他（我问过了。真的）不知道。我也是的。", ["他（我问过了。真的）不知道。", "我也是的。"]),
        ("他（没有右括号。我问过了。", ["他（没有右括号。", "我问过了。"]),
        ("第一章 开始\n春天来了。", ["第一章 开始\n", "春天来了。"]),
        ('他说：“走吧。"我们"走了。”天就亮了。', ["他说：“走吧。", '"我们"走了。”', "天就亮了。"]),
        ("It works. Does it? Yes, it does!", ["It works. ", "Does it? ", "Yes, it does!"]),
        ("It costs 3.14 dollars. 1,234.5 more.", ["It costs 3.14 dollars. ", "1,234.5 more."]),
        (
            "Dr. Smith met J. K. Rowling. They spoke.",
            ["Dr. Smith met J. K. Rowling. ", "They spoke."],
        ),
        ("At 5 p.m. we left. It was late.", ["At 5 p.m. we left. ", "It was late."]),
        ("We left at 5 p.m. It was late.", ["We left at 5 p.m. ", "It was late."]),
        ("See No. 5 first. No. I will not.", ["See No. 5 first. ", "No. I will not."]),
        ("e.g. this one, i.e. that. Right?", ["e.g. this one, i.e. that. ", "Right?"]),
        ("1. Open the box. 2. Close it.", ["1. Open the box. ", "2. Close it."]),
        ("It was 2024. Then came more.", ["It was 2024. ", "Then came more."]),
        ("Go to www.a.com/x?b=1. Then come back.", ["Go to www.a.com/x?b=1. ", "Then come back."]),
        ("Write to a.b@c.org. It helps.", ["Write to a.b@c.org. ", "It helps."]),
        (
            "“Stop!” he said. “Please stop.” Then silence.",
            ["“Stop!” ", "he said. ", "“Please stop.” ", "Then silence."],
        ),
        (
            '"Stop!" he said. "Please stop." Then silence.',
            ['"Stop!" ', "he said. ", '"Please stop." ', "Then silence."],
        ),
        ("Well... I don't know.", ["Well... I don't know."]),
        ("我们走吧.你好吗?好得很!", ["我们走吧.", "你好吗?好得很!"]),
        ("今日はいい天気ですね。散歩しましょう！", ["今日はいい天気ですね。", "散歩しましょう！"]),
        ("오늘은 좋아요. 같이 갈까요? 네.", ["오늘은 좋아요. ", "같이 갈까요? 네."]),
        ("，，，。", ["，，，。"]),
        ("", []),
    ],
)
def test_a_line_is_cut_at_the_ends_of_its_sentences(text: str, pieces: list[str]) -> None:
    assert list(cut(text)) == pieces


@pytest.mark.parametrize(
    ("text", "limit", "pieces"),
    [
        (OATH, 20, ["先帝创业未半而中道崩殂，今天下三分，", "益州疲弊，此诚危急存亡之秋也。"]),
        (
            "我们有苹果、香蕉、梨子、桃子、葡萄和西瓜",
            12,
            ["我们有苹果、香蕉、", "梨子、桃子、葡萄和西瓜"],
        ),
        ("我们今天去了公园和动物园玩", 10, ["我们今天去了", "公园和动物园玩"]),
        (
            "the quick brown fox jumps over a lazy dog",
            10,
            ["the quick brown fox ", "jumps over a lazy dog"],
        ),
        ("价格是1234567890元整的东西", 10, ["价格是", "1234567890", "元整的东西"]),
        ("他说“今天天气真不错”然后走了", 10, ["他说“今天天气真不错”", "然后走了"]),
        # between phrases of Japanese, which end with a particle, and between words of Korean
        (
            "昨日の夜に友達と一緒に大きな公園まで歩いて行きました",
            14,
            ["昨日の夜に友達と一緒に", "大きな公園まで歩いて行きました"],
        ),
        (
            "오늘은 친구와 함께 공원까지 걸어서 갔습니다",
            10,
            ["오늘은 친구와 함께 ", "공원까지 걸어서 갔습니다"],
        ),
    ],
)
def test_a_sentence_too_long_is_cut_where_it_hurts_least(
    text: str, limit: int, pieces: list[str]
) -> None:
    assert list(cut(text, limit)) == pieces


def test_a_word_without_end_is_cut_all_the_same() -> None:
    assert [len(piece) for piece in cut("a" * 500, 60)] == [125, 125, 125, 125]


def test_what_stands_for_more_weighs_more() -> None:
    text = "\U000f0000和\U000f0001"
    assert cut(text, 10, weights={"\U000f0000": 9.0, "\U000f0001": 9.0}) == (
        "\U000f0000",
        "和\U000f0001",
    )
    assert width("\U000f0000和a", {"\U000f0000": 9.0}) == pytest.approx(10.4)


def test_a_limit_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="10 or more"):
        cut("你好", 9)


@pytest.mark.parametrize(
    ("method", "pieces"),
    [
        ("cut0", [OATH + "Hello. 3.14 is it"]),
        ("cut3", [OATH, "Hello. 3.14 is it"]),
        ("cut4", [OATH + "Hello. ", "3.14 is it"]),
        (
            "cut5",
            [
                "先帝创业未半而中道崩殂，",
                "今天下三分，",
                "益州疲弊，",
                "此诚危急存亡之秋也。",
                "Hello. ",
                "3.14 is it",
            ],
        ),
    ],
)
def test_upstream_methods_give_their_borders_and_change_nothing(
    method: str, pieces: list[str]
) -> None:
    assert list(cut(OATH + "Hello. 3.14 is it", method=method)) == pieces


@given(MIXED, st.integers(10, 40), st.sampled_from(METHODS))
@settings(max_examples=300)
def test_no_character_is_lost(text: str, limit: int, method: str) -> None:
    pieces = cut(text, limit, method)
    assert "".join(pieces) == text
    assert all(pieces)


@given(MIXED, st.integers(10, 40))
@settings(max_examples=300)
def test_no_piece_is_too_long_and_none_is_silent(text: str, limit: int) -> None:
    pieces = cut(text, limit)
    assert all(width(piece) <= limit + 1e-9 for piece in pieces)
    if any(map(is_speakable, text)):
        assert all(any(map(is_speakable, piece)) for piece in pieces)


@given(MIXED)
def test_no_piece_is_too_short_to_start_on(text: str) -> None:
    pieces = cut(text, 200)
    assert len(pieces) < 2 or all(
        len("".join(piece.split())) >= cuts.MIN_LENGTH for piece in pieces
    )


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "unit", ["没有标点的文字", "Hello there. ", "。”", '。"', "他说“好。”", "\n", "（"]
)
def test_a_very_long_line_is_cut_in_time_proportional_to_it(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    assert "".join(cut(text)) == text
