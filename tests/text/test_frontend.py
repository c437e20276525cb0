import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gsvbatch.data import Utterance
from gsvbatch.errors import ConfigError, MarkupError, UnpronounceableError
from gsvbatch.text.frontend import Frontend
from gsvbatch.text.lexicon import Entry, Lexicon
from gsvbatch.text.reading import Reading
from gsvbatch.text.symbols import PUNCTUATION, SymbolTable


@pytest.fixture(scope="module")
def frontend() -> Frontend:
    return Frontend()


def phonemes(utterances: tuple[Utterance, ...]) -> list[str]:
    return [" ".join(utterance.phonemes) for utterance in utterances]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # a start of less than four characters gets a full stop, and so does what is shorter than six phonemes
        ("你好。", ". n i2 h ao3 ."),
        ("好吧，我们走。", ". h ao3 b a5 , w o3 m en5 z ou3 ."),
        ("我们走吧，好。", "w o3 m en5 z ou3 b a5 , h ao3 ."),
        ("“好！”他说。", ". h ao3 ! t a1 sh uo1 ."),
        ("OK.", ". OW1 K EY1 ."),
        ("A", ", . EY1 ."),
        # in front of a number it must not make a decimal of it, nor a decimal make a start short
        ("2", ". EE er4 ."),
        ("3.14是圆周率。", "s an1 d ian3 y i1 s i04 sh ir4 y van2 zh ou1 l v4 ."),
        ("100%", "b ai3 f en1 zh ir1 y i1 b ai3 ."),
        # the end has a mark
        ("我们走吧", "w o3 m en5 z ou3 b a5 ."),
        ("我们走吧！", "w o3 m en5 z ou3 b a5 !"),
        ("他说“我们走”", "t a1 sh uo1 w o3 m en5 z ou3 ."),
        ("……我们走吧", "… w o3 m en5 z ou3 b a5 ."),
        # a short English word gets a comma, unless a mark stands there
        ("我们用AI写作", "w o3 m en5 y ong4 , EY1 AY1 x ie3 z uo4 ."),
        ("我们走吧，OK。", "w o3 m en5 z ou3 b a5 , OW1 K EY1 ."),
        # a dash is a pause, but none where a line begins; tones do not change across it
        ("我——我不知道", ". w o3 , w o3 b u4 zh ir1 d ao4 ."),
        ("——他走了。", "t a1 z ou3 l e5 ."),
        ("我想——", ". w o2 x iang3 ,"),
        ("“你——！”", ". n i3 !"),
        ("OK——我走了", ". OW1 K EY1 , w o2 z ou3 l e5 ."),
        # a 2 at the end of a name counts nothing
        ("CO2排放", ", S IY1 OW1 EE er4 p ai2 f ang4 ."),
        ("去B2层", "q v4 , B IY1 EE er4 c eng2 ."),
        ("买VIP2个月", "m ai3 V IY1 AY1 P IY1 l iang3 g e5 y ve4 ."),
        # full-width letters and digits are letters and digits
        ("我今年８岁了", "w o3 j in1 n ian2 b a1 s ui4 l e5 ."),
        # a line's end is a pause
        ("我们走吧\n天黑了", "w o3 m en5 z ou3 b a5 , t ian1 h ei1 l e5 ."),
        # Japanese, alone and among others
        ("今日もいい天気ですね！", "ky o ] o m o # i ] i # t e ] N k i d e s u n e !"),
        ("[ja]世界[/ja]很大。", "s e ] k a i h en3 d a4 ."),
        ("他说「ありがとう」就走了。", "t a1 sh uo1 a [ r i ] g a t o o j iu4 z ou3 l e5 ."),
        # Korean and Cantonese, alone and among others
        ("[ko]안녕[/ko]很好。", "ㅇ ㅏ ㄴ ㄴ ㅣ ㅓ ㅇ h en2 h ao3 ."),
        (
            "값은 5달러예요.",
            "ㄱ ㅏ ㅂ ㅆ ㅡ ㄴ 空 ㅇ ㅗ ㄷ ㅏ ㄹ ㄹ ㅓ ㅇ ㅣ ㅔ ㅇ ㅣ ㅗ .",
        ),
        (
            "他說[yue]唔該晒，三隻[/yue]就走了。",
            "t a1 sh uo1 Ym Ym4 Yg Yoi1 Ys Yaai3 , Ys Yaam1 Yz Yek3 j iu4 z ou3 l e5 .",
        ),
        (
            "彼は5時にHelloと言った。",
            "k a ] r e w a # g o ] j i n i HH AH0 L OW1 t o # i [ cl t a .",
        ),
    ],
)
def test_models_get_the_marks_they_want(frontend: Frontend, text: str, expected: str) -> None:
    assert phonemes(frontend.utterances("a", text)) == [expected]


@pytest.mark.parametrize(
    ("text", "expected", "shown"),
    [
        ("主角(jue2)来了。", "zh u3 j ve2 l ai2 l e5 .", "主角来了。"),
        ("主<tone as=jiao3>角</tone>来了。", "zh u2 j iao3 l ai2 l e5 .", "主角来了。"),
        ("做DE5很好。", "z uo4 d e5 h en2 h ao3 .", "做DE5很好。"),
        ("这是{SQL|/S IY1 K W AH0 L/}的。", "zh e4 sh ir4 S IY1 K W AH0 L d e5 .", "这是SQL的。"),
        ("{SQL|/S IY1 K W AH0 L/}'s fine.", "S IY1 K W AH0 L Z F AY1 N .", "SQL's fine."),
        ("我喜欢{NVIDIA|英伟达}。", "w o2 x i3 h uan5 y ing1 w ei3 d a2 .", "我喜欢NVIDIA。"),
        (
            "[en]2024[/en]年到了。",
            "T W EH1 N T IY0 T W EH1 N T IY0 F AO2 R n ian2 d ao4 l e5 .",
            "2024年到了。",
        ),
        ("（叹气）我们走吧(笑)。", "w o3 m en5 z ou3 b a5 .", "（叹气）我们走吧(笑)。"),
        (r"\(我们\)走吧。", "w o3 m en5 z ou3 b a5 .", "(我们)走吧。"),
        ("{𠮷|ji2}野家到了。", "j i2 y E3 j ia1 d ao4 l e5 .", "𠮷野家到了。"),
        ("我们\ue000走吧。", "w o3 m en5 z ou3 b a5 .", "我们\ue000走吧。"),
    ],
)
def test_marks_change_what_is_said_and_not_what_is_shown(
    frontend: Frontend, text: str, expected: str, shown: str
) -> None:
    (utterance,) = frontend.utterances("a", text)
    assert " ".join(utterance.phonemes) == expected
    assert utterance.text == shown


def test_a_line_of_one_utterance_has_its_id_and_one_of_more_has_numbers(frontend: Frontend) -> None:
    (only,) = frontend.utterances("ch1_003", "我们现在走吧。")
    assert (only.id, only.line_id, only.index) == ("ch1_003", "ch1_003", 0)
    several = frontend.utterances("ch1_003", "我们现在走吧。天已经黑了！")
    assert [(u.id, u.line_id, u.index) for u in several] == [
        ("ch1_003#1", "ch1_003", 0),
        ("ch1_003#2", "ch1_003", 1),
    ]


@pytest.mark.parametrize(
    ("text", "pauses"),
    [
        ("我们现在走吧。天已经黑了。", [(0.0, 0.3), (0.0, 0.0)]),
        ("我们现在走吧。\n天已经黑了。", [(0.0, 0.5), (0.0, 0.0)]),
        ("“我们现在走吧！”天已经黑了。", [(0.0, 0.3), (0.0, 0.0)]),
        ("[#1s]我们走吧[pause:1.5]天黑了[break]", [(1.0, 1.5), (0.0, 0.5)]),
        ("我们走吧。[pause:0]天黑了。", [(0.0, 0.0), (0.0, 0.0)]),
        ("走[#1s]（笑）[#2s]吧。[#1s][#1s]", [(0.0, 3.0), (0.0, 2.0)]),
        ("（笑）[#1s]我们走吧。", [(1.0, 0.0)]),
    ],
)
def test_pauses_are_exact_where_marked_and_by_punctuation_elsewhere(
    frontend: Frontend, text: str, pauses: list[tuple[float, float]]
) -> None:
    assert [(u.pause_before, u.pause_after) for u in frontend.utterances("a", text)] == pauses


def test_pause_after_a_clause_is_shorter_than_after_a_sentence() -> None:
    short = Frontend(max_characters=10)
    first, second = short.utterances("a", "我们今天去了公园，明天去动物园。")
    assert (first.pause_after, second.pause_after) == (0.15, 0.0)


@pytest.mark.parametrize(
    ("text", "language", "problem"),
    [
        ("", None, "nothing in it to say"),
        ("  \n", None, "nothing in it to say"),
        ("……！", None, "nothing in it to say"),
        ("“——”", None, "nothing in it to say"),
        ("[zh]——[/zh]", None, "nothing in it to say"),
        ("♪♪ 🎵", None, "nothing in it to say"),
        ("（叹气）", None, "nothing in it to say but what stands in round brackets"),
        ("[pause:2]", None, "nothing in it to say"),
        ("{我们走|♪}", None, "no sound is known"),
        ("{我们走|……}", None, "no sound is known"),
        ("Привет。", None, r"'cyrillic' cannot be spoken, only zh, en, ja, ko, yue.*\{Привет\|"),
        ("𪚥이다", "ko", r"'𪚥'.*no dictionary has it; give it a reading, as in \{𪚥\|길\}"),
        ("𪚥好", "yue", r"'𪚥'.*no dictionary has it; give it a reading, as in \{𪚥\|gat1\}"),
        ("bonjour", "fr", "language 'fr' is unknown"),
        ("𠮷野家到了", None, r"'𠮷'.*no dictionary has it"),
    ],
)
def test_what_cannot_be_spoken_is_refused_with_its_reason(
    frontend: Frontend, text: str, language: str | None, problem: str
) -> None:
    with pytest.raises(UnpronounceableError, match=problem):
        frontend.utterances("a", text, language)


@pytest.mark.parametrize(
    ("text", "language", "name"), [("안녕", None, "Korean"), ("你好", "yue", "Cantonese")]
)
def test_models_of_v1_know_no_korean_and_no_cantonese(
    text: str, language: str | None, name: str
) -> None:
    with pytest.raises(UnpronounceableError, match=f"v1 know no {name}.*v2 or later"):
        Frontend("v1").utterances("a", text, language)


def test_models_of_v1_hear_no_melody() -> None:
    (utterance,) = Frontend("v1").utterances("a", "今日もいい天気ですね！")
    table = SymbolTable.load("v1")
    assert utterance.phoneme_ids == table.ids(utterance.phonemes)
    assert utterance.phoneme_ids.count(table.ids(["UNK"])[0]) == 5


def test_a_wrong_mark_is_an_error(frontend: Frontend) -> None:
    with pytest.raises(MarkupError, match="column 3"):
        frontend.utterances("a", "主角(jeu2)")


@pytest.mark.parametrize("options", [{"cut": "cut9"}, {"max_characters": 5}])
def test_wrong_settings_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Frontend(**options)


def test_lexicon_speaks_where_no_mark_does() -> None:
    lexicon = Lexicon(
        [
            Entry("角", Reading("角", "pinyin", ("jue2",))),
            Entry("NVIDIA", "英伟达"),
            Entry(
                "sql",
                Reading("sql", "arpabet", ("S", "IY1", "K", "W", "AH0", "L")),
                match_case=False,
            ),
        ]
    )
    frontend = Frontend(lexicon=lexicon)
    first, second, third = frontend.utterances(
        "a", "主角和NVIDIA。主角(jiao3)来了。This is SQL's end."
    )
    assert " ".join(first.phonemes) == "zh u3 j ve2 h e2 y ing1 w ei3 d a2 ."
    assert first.text == "主角和NVIDIA。"
    assert "j iao3" in " ".join(second.phonemes)
    assert "S IY1 K W AH0 L Z" in " ".join(third.phonemes)
    assert third.text == "This is SQL's end."
    assert frontend.lexicon_digest("主角(jiao3)来了。") == ""
    assert frontend.lexicon_digest("主角来了。") == lexicon.digest_of("角") != lexicon.digest


def test_lexicon_says_nothing_of_other_languages() -> None:
    lexicon = Lexicon(
        [
            Entry("角", Reading("角", "pinyin", ("jue2",))),
            Entry("行長", Reading("行長", "jyutping", ("hong4", "zoeng2"))),
        ]
    )
    frontend = Frontend(lexicon=lexicon)

    def said(text: str, language: str | None = None) -> str:
        (utterance,) = frontend.utterances("a", text, language)
        return " ".join(utterance.phonemes)

    assert said("これは三角です。") == " ".join(
        Frontend().utterances("a", "これは三角です。")[0].phonemes
    )
    assert "j ve2" in said("主角来了。")
    assert "Yh Yong4 Yz Yoeng2" in said("行長嚟咗。", "yue")
    assert "h ang2 zh ang3" in said("行長来了。")


def test_parentheses_are_read_on_request() -> None:
    (utterance,) = Frontend(read_parentheses=True).utterances("a", "我们（你和我）走吧。")
    assert utterance.spoken_text == "我们你和我走吧."


@pytest.mark.parametrize(("cut", "n"), [("sentence", 2), ("cut0", 1), ("cut5", 4)])
def test_cut_methods_are_chosen_by_name(cut: str, n: int) -> None:
    text = "今天天气好，我们去公园。明天天气好，我们去动物园。"
    utterances = Frontend(cut=cut).utterances("a", text)
    assert len(utterances) == n
    assert "".join(u.text for u in utterances) == text


def test_spans_say_which_phonemes_belong_to_what(frontend: Frontend) -> None:
    (utterance,) = frontend.utterances("a", "重庆的OpenAI，{重|chong2}。")
    for span in utterance.spans:
        if span.language == "zh":
            assert len(span.phoneme_counts) == len(span.text)
    assert sum(sum(span.phoneme_counts) for span in utterance.spans) == len(utterance.phonemes)


def test_transcripts_are_one_piece_without_a_stop_before_them(frontend: Frontend) -> None:
    said = frontend.phonemize("好吧。我们走，[#1s]天黑了\n真的")
    assert said.phonemes[0] == "h"
    assert said.phonemes[-1] == "."
    assert said.spoken_text == "好吧.我们走,天黑了,真的."
    assert said.phoneme_ids == SymbolTable.load("v2").ids(said.phonemes)
    assert " ".join(frontend.phonemize("好").phonemes) == ". h ao3 ."
    with pytest.raises(UnpronounceableError):
        frontend.phonemize("……")


def test_ids_are_those_of_the_models_table() -> None:
    text = "小院儿里的花儿开了。Hello there!"
    for version in ("v1", "v2"):
        table = SymbolTable.load(version)  # type: ignore[arg-type]
        for utterance in Frontend(version).utterances("a", text):  # type: ignore[arg-type]
            assert utterance.phoneme_ids == table.ids(utterance.phonemes)
            assert all(phoneme in table for phoneme in utterance.phonemes)


def test_a_frontend_travels_to_worker_processes(frontend: Frontend) -> None:
    frontend.utterances("a", "我们走吧。")
    there = pickle.loads(pickle.dumps(frontend))  # noqa: S301
    assert there.utterances("a", "我们走吧。") == frontend.utterances("a", "我们走吧。")


GOLDEN = json.loads(
    (Path(__file__).parents[1] / "data" / "golden_text.json").read_text(encoding="utf-8")
)["g2p"]


@pytest.mark.parametrize(
    "case",
    [
        case
        for case in GOLDEN
        if case["lang"] == "zh"
        and case["version"] == "v2"
        and case["text"].startswith(("今天", "银行", "老虎"))
    ],
    ids=lambda case: case["text"],
)
def test_a_plain_line_has_upstreams_phonemes(frontend: Frontend, case: dict[str, Any]) -> None:
    assert frontend.phonemize(case["text"], "zh").phonemes == tuple(case["phones"])


@given(
    st.text(
        alphabet="你好我们走吧的a bTo2.5%，。！？,?!…—：；\n“”（）()[]", min_size=1, max_size=60
    ),
    st.sampled_from([None, "zh", "en"]),
)
@settings(max_examples=60, deadline=None)
def test_any_line_is_spoken_or_refused(frontend: Frontend, text: str, language: str | None) -> None:
    try:
        utterances = frontend.utterances("a", text, language)
    except UnpronounceableError:
        assert (
            not any(character in "你好我们走吧的2" for character in text)
            or "（" in text
            or "(" in text
        )
        return
    for utterance in utterances:
        assert len(utterance.phonemes) >= 4
        assert utterance.phonemes[-1] in PUNCTUATION
        assert len(utterance.phonemes) == len(utterance.phoneme_ids)
        assert sum(sum(span.phoneme_counts) for span in utterance.spans) == len(utterance.phonemes)
