import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gsvbatch.errors import MissingExtraError
from gsvbatch.text.cantonese import Cantonese, check_jyutping
from gsvbatch.text.cantonese.jyutping import phonemes
from gsvbatch.text.reading import Reading
from gsvbatch.text.symbols import SymbolTable

GOLDEN = [
    case
    for case in json.loads(
        (Path(__file__).parents[2] / "data" / "golden_text.json").read_text(encoding="utf-8")
    )["g2p"]
    if case["lang"] == "yue"
]


@pytest.fixture(scope="module")
def cantonese() -> Cantonese:
    return Cantonese()


def said(cantonese: Cantonese, text: str) -> str:
    groups = cantonese.phonemize(cantonese.normalize(text), {})
    return " ".join(phoneme for group in groups for phoneme in group.phonemes)


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["text"][:8])
def test_text_and_phonemes_are_those_of_upstream(
    cantonese: Cantonese, case: dict[str, Any]
) -> None:
    normalized = cantonese.normalize(case["text"])
    groups = cantonese.phonemize(normalized, {})
    symbols = [phoneme for group in groups for phoneme in group.phonemes]
    assert normalized == case["norm"]
    assert [len(group.phonemes) for group in groups] == case["word2ph"]
    assert list(SymbolTable.load("v2").ids(symbols)) == case["ids"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # characters that simplification has made one are told apart again
        ("一隻", "Yj Yat1 Yz Yek3"),
        ("只係", "Yz Yi2 Yh Yai6"),
        ("头发", "Yt Yau4 Yf Yaat3"),
        # characters of Cantonese alone
        ("喺嚟嘅㗎", "Yh Yai2 Yl Yai4 Yg Ye3 Yg Yaa3"),
        ("唔該！五", "Ym Ym4 Yg Yoi1 ! Yng Yg5"),
        # numbers; one is never yao
        ("電話13800", "Yd Yin6 Yw Yaa2 Yj Yat1 Ys Yaam1 Yb Yaat3 Yl Ying4 Yl Ying4"),
        ("3年", "Ys Yaam1 Yn Yin4"),
    ],
)
def test_characters_are_read(cantonese: Cantonese, text: str, expected: str) -> None:
    assert said(cantonese, text) == expected


@pytest.mark.parametrize(
    ("syllable", "expected"),
    [
        ("gwok3", ("Ygw", "Yok3")), ("ngo5", ("Yng", "Yo5")), ("jyut6", ("Yj", "Yyut6")), ("m4", ("Ym", "Ym4")),
        ("ng5", ("Yng", "Yg5")), ("hng6", ("Yh", "Yang6")),
        # without an onset, as upstream splits them
        ("aa3", ("Yaa", "Ya3")), ("oi3", ("Yoi", "Yi3")), ("uk1", ("Yuk", "Yk1")), ("e6", ("Ye", "Ye6")),
        # upstream has no symbols for these, so its models hear UNK
        ("ung3", ("Yng", "Yung3")), ("ong3", ("Yng", "Yong3")), ("deu6", ("Yd", "Yiu6")), ("gep3", ("Yg", "Yip3")),
    ],
)  # fmt: skip
def test_a_syllable_is_two_phonemes(syllable: str, expected: tuple[str, str]) -> None:
    assert phonemes(check_jyutping(syllable)) == expected


def test_every_syllable_of_the_dictionary_has_phonemes_that_models_know() -> None:
    from ToJyutping import get_jyutping_candidates

    table = SymbolTable.load("v2")
    characters = "".join(map(chr, range(0x4E00, 0xA000)))
    read = {
        s
        for _, found in get_jyutping_candidates(characters)
        for each in found
        for s in each.split()
    }
    assert len(read) > 1500
    for syllable in read:
        assert all(symbol in table for symbol in phonemes(check_jyutping(syllable))), syllable


@pytest.mark.parametrize(
    ("spelling", "problem"),
    [("gwok", "no tone"), ("gwok7", "1 to 6"), ("zzz1", "no syllable"), ("qing3", "no syllable")],
)
def test_wrong_syllables_are_refused(spelling: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        check_jyutping(spelling)


def test_fixed_readings_are_spoken_as_given(cantonese: Cantonese) -> None:
    readings = {
        "\ue000": Reading("行長", "jyutping", ("hong4", "zoeng2")),
        "\ue001": Reading("SQL", "arpabet", ("S", "IY1", "K", "W", "AH0", "L")),
    }
    groups = cantonese.phonemize(cantonese.normalize("\ue000用\ue001"), readings)
    assert [(group.text, group.phonemes) for group in groups] == [
        ("行", ("Yh", "Yong4")),
        ("長", ("Yz", "Yoeng2")),
        ("用", ("Yj", "Yung6")),
        ("SQL", ("S", "IY1", "K", "W", "AH0", "L")),
    ]


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="我哋嘅㗎一隻廿𠵱，。！? 123.-%$A\n🎵", max_size=30))
def test_no_character_of_the_spoken_text_is_lost(text: str) -> None:
    cantonese = Cantonese()
    spoken = cantonese.normalize(text)
    assert "".join(group.text for group in cantonese.phonemize(spoken, {})) == spoken


def test_a_missing_dictionary_is_named(
    cantonese: Cantonese, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ToJyutping", None)
    with pytest.raises(MissingExtraError, match=r"Cantonese needs an extra.*gsvbatch\[yue\]"):
        cantonese.phonemize("你好", {})
