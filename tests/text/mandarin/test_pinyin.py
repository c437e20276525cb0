import pytest

from gsvbatch.text.mandarin.pinyin import check_pinyin, phonemes, syllables
from gsvbatch.text.symbols import SymbolTable


@pytest.mark.parametrize(
    ("written", "checked"),
    [
        ("jue2", "jue2"), ("NV3", "nv3"), ("nü3", "nv3"), ("nu:3", "nv3"), ("lüe4", "lve4"), ("lue4", "lve4"),
        ("lv4", "lv4"), ("qv4", "qu4"), ("JVE2", "jue2"), ("jué", "jue2"), ("lǜ", "lv4"), ("de5", "de5"), ("de0", "de5"),
        (" jue2 ", "jue2"), ("jue 2", "jue2"), ("ng4", "ng4"), ("ê1", "ê1"), ("er5", "er5"),
    ],
)  # fmt: skip
def test_spellings_are_understood(written, checked):
    assert check_pinyin(written) == checked


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("", "write its letters and the tone as a digit"),
        ("5", "write its letters and the tone as a digit"),
        ("jue", "'jue' has no tone"),
        ("jue9", "has tone 9"),
        ("jxe2", "with 'j' there are ji, jia"),
        ("xyz4", "with 'x' there are xi"),
        ("chong2qing4", "write its letters"),
        ("chongqing4", "looks like two"),
        ("huar1", "write erhua as two syllables, 'hua' with its tone and 'er5'"),
        ("角", "write its letters"),
        ("jue２", "write its letters"),
    ],
)
def test_bad_syllable_is_explained(written, problem):
    with pytest.raises(ValueError, match=problem):
        check_pinyin(written)


@pytest.mark.parametrize(
    ("syllable", "pair"),
    [
        ("zhi1", ("zh", "ir1")), ("ri4", ("r", "ir4")), ("zi5", ("z", "i05")), ("ju3", ("j", "v3")), ("yue4", ("y", "ve4")),
        ("yuan2", ("y", "van2")), ("xun4", ("x", "vn4")), ("yan2", ("y", "En2")), ("ye3", ("y", "E3")),
        ("a1", ("AA", "a1")), ("ou3", ("OO", "ou3")), ("er2", ("EE", "er2")), ("nv3", ("n", "v3")), ("wu4", ("w", "u4")),
        ("biang2", ("b", "iang2")), ("m2", ("m", "u2")), ("ng4", ("EE", "en4")), ("hm5", ("h", "eng5")), ("ê4", ("EE", "ei4")),
    ],
)  # fmt: skip
def test_two_phonemes_of_a_syllable(syllable, pair):
    assert phonemes(syllable) == pair


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_every_syllable_is_in_the_symbol_table(version):
    table = SymbolTable.load(version)
    missing = [
        s + t for s in syllables() for t in "12345" for p in phonemes(s + t) if p not in table
    ]
    assert missing == []


def test_every_syllable_of_the_dictionary_can_be_spoken():
    from pypinyin.constants import PINYIN_DICT
    from pypinyin.contrib.tone_convert import to_tone3

    marked = {syllable for listed in PINYIN_DICT.values() for syllable in listed.split(",")}
    spelled = [to_tone3(syllable, neutral_tone_with_five=True) for syllable in marked]
    table = SymbolTable.load("v1")
    assert [s for s in spelled if not all(p in table for p in phonemes(s))] == []
