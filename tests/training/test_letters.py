"""What the teacher reads for every kind of phone."""

import pytest

from gsvbatch.text.mandarin.pinyin import phonemes, syllables
from gsvbatch.training.speaking import make_frontend, read_text
from gsvbatch.training.teacher_letters import (
    ARPABET,
    letters_of,
    n_onset_letters,
    phonemes_of,
    phones_of,
    spell,
)


@pytest.mark.parametrize(
    ("phone", "letters"),
    [
        ("mian4", "mjɛ↘n"), ("zhong1", "ꭧʊ→ŋ"), ("shi2", "ʂɨ↗"), ("si1", "sɨ→"), ("yi4", "i↘"),
        ("yun2", "y↗n"), ("yuan2", "ɥɛ↗n"), ("you2", "jou↗"), ("wo3", "wo↓"), ("wu3", "u↓"),
        ("wei4", "wei↘"), ("bo1", "pwo→"), ("o2", "ɔ↗"), ("er4", "ɚ↘"), ("nv3", "ny↓"),
        ("lve4", "lɥe↘"), ("jiu3", "ʨjou↓"), ("xiong2", "ɕjʊ↗ŋ"), ("de5", "tɤ"), ("ye3", "je↓"),
        ("OW1", "ˈO"), ("AH0", "ə"), ("AH1", "ˈʌ"), ("ER0", "əɹ"), ("ER1", "ˈɜɹ"), ("AY2", "ˌI"),
        ("NG", "ŋ"), ("HH", "h"), ("DH", "ð"), ("IY0", "i"), (",", ","), ("…", "…"),
    ],
)  # fmt: skip
def test_letters_of_a_phone(phone: str, letters: str) -> None:
    assert letters_of(phone) == letters


@pytest.mark.parametrize(
    ("phone", "n"),
    [
        ("mian4", 1), ("chi1", 2), ("qu4", 2), ("yan2", 1), ("yue4", 1), ("wo3", 1), ("wai4", 1), ("yi1", 0),
        ("wu3", 0), ("yun2", 0), ("er2", 0), ("a1", 0), ("OW1", 0), ("K", 0), (",", 0),
    ],
)  # fmt: skip
def test_letters_of_an_initial(phone: str, n: int) -> None:
    assert n_onset_letters(phone) == n


@pytest.mark.parametrize("phone", ["", "mian", "QQ1", "blah3", "-", "SP2", "~"])
def test_what_is_no_phone_has_no_letters(phone: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        letters_of(phone)


def test_every_syllable_is_spelled_and_comes_back_from_its_phonemes() -> None:
    for syllable in filter(str.isascii, syllables()):
        for tone in "12345":
            (phone,) = phones_of(phonemes(syllable + tone))
            assert phonemes_of(phone) == phonemes(syllable + tone)
            assert letters_of(phone) == letters_of(syllable + tone)


def test_syllables_that_sound_different_are_written_differently() -> None:
    written: dict[str, set[tuple[str, str]]] = {}
    for syllable in filter(str.isascii, syllables()):
        written.setdefault(letters_of(syllable + "1"), set()).add(phonemes(syllable + "1"))
    # wo and yo, bo and buo: spelled with a choice, spoken alike.
    assert {k for k, v in written.items() if len(v) > 1} <= {"wo→", "lwo→", "twɤ→"}


def test_arpabet_has_every_symbol_of_the_dictionary() -> None:
    assert len(ARPABET) == 39
    assert len(set(ARPABET.values())) == 39


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([("N", "OW1"), (",",), ("K", "AE1", "T"), (".",)], "nˈO, kˈæt."),
        ([("zhong1", "guo2"), ("ren2",), ("。".replace("。", "."),)], "ꭧʊ→ŋkwo↗ ɻə↗n."),
    ],
)
def test_spell_puts_spaces_between_words_only(words: list[tuple[str, ...]], text: str) -> None:
    assert spell(words) == text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "text", "phones", "letters"),
    [
        ("zh", "你好，世界", ("ni2", "hao3", ",", "shi4", "jie4", "."), "ni↗xau↓, ʂɨ↘ʨje↘."),
        ("en", "No, a cat!", ("N", "OW1", ",", "AH0", "K", "AE1", "T", "!"), "nˈO, ə kˈæt!"),
        ("zh", "我用 Python", (), ""),
        ("en", "...", (), ""),
    ],
)
def test_read_text(language: str, text: str, phones: tuple[str, ...], letters: str) -> None:
    assert read_text(make_frontend(language), text) == (phones, letters)
