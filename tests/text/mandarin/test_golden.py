"""Every Mandarin case that was recorded from GPT-SoVITS, and where and why we differ."""

import json
from pathlib import Path

import pytest

from gsvbatch.text.mandarin import Mandarin
from gsvbatch.text.symbols import SymbolTable

DATA = Path(__file__).parents[2] / "data"
NORMALIZED = json.loads((DATA / "golden_norm.json").read_text(encoding="utf-8"))["zh"]
WORDS = json.loads((DATA / "golden_norm.json").read_text(encoding="utf-8"))["zh_words"]
SENTENCES = [
    case
    for case in json.loads((DATA / "golden_text.json").read_text(encoding="utf-8"))["g2p"]
    if case["lang"] == "zh"
]

# Where upstream is plainly wrong: written text -> (what we say, why).
NORMALIZED_DIFFERS = {
    "9:00~10:30": ("九点至十点半", "upstream looks at the first time's minutes for 半"),
    "5~10度": ("五到十度", "a range, not an ellipsis"),
    "3mm": ("三毫米", "mm is not metre metre"),
    "6÷2": ("六除以二", "六除二 is two divided by six"),
    "5-10个": ("五到十个", "a range before a measure word, not a subtraction"),
    "2两": ("二两", "the weight is 二两; 两两 means in twos"),
    "100000": ("十万", "a round number is a quantity"),
    "120000000": ("一亿二千万", "a round number is a quantity"),
    "010-12345678": ("零幺零,幺二三四五六七八", "a telephone number has no minus"),
    "400-123-4567": ("四零零,幺二三,四五六七", "a telephone number has no minus"),
    "0755-1234567": ("零七五五,幺二三四五六七", "a telephone number has no minus"),
    "A/B": (",", "the stroke means or; 每 is for units"),
    "a@b.com": (".", "the m of com is not a metre"),
    "￥100": ("一百元", "a sum of money is said with its currency"),
    "$100": ("一百美元", "a sum of money is said with its currency, not after a full stop"),
    "3:2": ("三比二", "the sign of a ratio is said"),
    "——破折——": ("破折,", "a dash is a pause, as the WebUI's own cut2 has it"),
    "电话13800138000，嗯……好的——再见": (
        "电话幺三八零零幺三八零零零,恩…好的,再见",
        "a dash is a pause, as the WebUI's own cut2 has it",
    ),
    "2019-2020年": ("二零一九到二零二零年", "years from one to another"),
    "第一次买了3公斤苹果，花了￥15元。": (
        "第一次买了三公斤苹果,花了十五元.",
        "￥ before a number is money, not a pause",
    ),
}

WORDS_DIFFER = {
    "男子": ("n an2 z i03", "zi is a full syllable: a man, not a diminutive"),
    "去过": ("q v4 g uo5", "过 of experience is neutral"),
    "慢慢地": ("m an4 m an4 d e5", "the adverb's 地 is de"),
    "跑得快": ("p ao3 d e5 k uai4", "the complement's 得 is neutral"),
}
WORDS_DIFFER_V1 = {
    "朝鲜": ("ch ao2 x ian3", "Korea is Chaoxian with the third tone"),
    "手里": ("sh ou2 l i5", "as upstream's own v2: the lost third tone of 里 is still heard"),
    "还钱": ("h uan2 q ian2", "to give money back is huan"),
}

SENTENCES_DIFFER = {
    "电话13800138000，嗯……好的——再见": (
        (
            "d ian4 h ua4 y ao1 s an1 b a1 l ing2 l ing2 y ao1 s an1 b a1 l ing2 l ing2 l ing2 , EE en1 … "
            "h ao3 d e5 , z ai4 j ian4"
        ),
        "a dash is a pause",
    ),
    "2024年5月1日，气温-3°C，涨了12.5%。": (
        (
            "EE er4 l ing2 EE er4 s i04 n ian2 w u3 y ve4 y i1 r ir4 , q i4 w en1 l ing2 x ia4 s an1 d u4 , "
            "zh ang3 l e5 b ai3 f en1 zh ir1 sh ir2 EE er4 d ian3 w u3 ."
        ),
        "一 of a date is an ordinal and keeps its first tone",
    ),
    "第一次买了3公斤苹果，花了￥15元。": (
        "d i4 y i1 c i04 m ai3 l e5 s an1 g ong1 j in1 p ing2 g uo3 , h ua1 l e5 sh ir2 w u3 y van2 .",
        "￥ before a number is money, not a pause",
    ),
    "朝阳门外，他说：“好！”": (
        "ch ao2 y ang2 m en2 w ai4 , t a1 sh uo1 , h ao3 !",
        "the gate of Beijing faces the sun: chao",
    ),
    "v2.0.1版本更新": (
        "EE er4 d ian3 l ing2 d ian3 y i1 b an2 b en3 g eng1 x in1",
        "a digit of a version keeps its first tone",
    ),
}


def speak(version, text):
    mandarin = Mandarin(version)
    groups = mandarin.phonemize(mandarin.normalize(text), {})
    return " ".join(phoneme for group in groups for phoneme in group.phonemes)


@pytest.mark.parametrize("case", NORMALIZED, ids=lambda case: case["in"])
def test_numbers_and_signs_are_said_as_recorded(case):
    wanted, _ = NORMALIZED_DIFFERS.get(case["in"], (case["final_v2"], ""))
    assert Mandarin().normalize(case["in"]) == wanted


@pytest.mark.parametrize("case", WORDS, ids=lambda case: case["word"])
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_words_are_read_as_recorded(case, version):
    recorded = case["v1_pypinyin" if version == "v1" else "v2_pypinyin_stub"]
    differs = WORDS_DIFFER | (WORDS_DIFFER_V1 if version == "v1" else {})
    assert speak(version, case["word"]) == differs.get(case["word"], (recorded, ""))[0]


@pytest.mark.parametrize("case", SENTENCES, ids=lambda case: f"{case['version']}-{case['text']}")
def test_sentences_are_read_as_recorded(case):
    text = case["text"]
    assert Mandarin().normalize(text) == NORMALIZED_DIFFERS.get(text, (case["norm"], ""))[0]
    spoken = speak(case["version"], text)
    assert spoken == SENTENCES_DIFFER.get(text, (" ".join(case["phones"]), ""))[0]
    if text not in SENTENCES_DIFFER:
        assert SymbolTable.load(case["version"]).ids(spoken.split()) == tuple(case["ids"])


@pytest.mark.parametrize(
    ("table", "recorded"),
    [
        (NORMALIZED_DIFFERS, {case["in"]: case["final_v2"] for case in NORMALIZED}),
        (WORDS_DIFFER, {case["word"]: case["v2_pypinyin_stub"] for case in WORDS}),
        (WORDS_DIFFER_V1, {case["word"]: case["v1_pypinyin"] for case in WORDS}),
        (SENTENCES_DIFFER, {case["text"]: " ".join(case["phones"]) for case in SENTENCES}),
    ],
)
def test_every_listed_difference_is_one(table, recorded):
    recorded = {case["text"]: case["norm"] for case in SENTENCES} | recorded
    assert all(recorded[text] != ours for text, (ours, _) in table.items())
