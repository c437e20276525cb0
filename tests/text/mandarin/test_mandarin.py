import os
import subprocess
import sys
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gsvbatch.text.mandarin import Mandarin
from gsvbatch.text.reading import Group, Reading
from gsvbatch.text.symbols import SymbolTable

# What scripts hold beside Han characters, so that hypothesis meets the rules and not only strangers.
WRITTEN = st.lists(
    st.one_of(
        st.text(max_size=4),
        st.text("0123456789.,:-~/%+=<>￥$^°℃²³①½ \n年月日点个万亿mkg", max_size=12),
        st.text("一不儿子们的地得上里个行长重还了着过三五零好小雨伞看", max_size=8),
        st.sampled_from(["2024-05-01", "8:30-9:30", "-5~10℃", "13800138000", "5km/h", "￥3.5万", "１２３", "\ue000", "\uf8ff"]),
    ),
    max_size=8,
).map("".join)  # fmt: skip

READINGS = {
    "\ue000": Reading("角", "pinyin", ("jue2",)),
    "\uf8ff": Reading("AI", "pinyin", ("ei1", "ai1", "ai5")),
}


def pinyin(groups):
    return ["".join(group.phonemes) for group in groups]


@settings(max_examples=40, deadline=None)
@given(WRITTEN, st.sampled_from(["v1", "v2"]))
def test_any_text_becomes_phonemes_of_the_table(text, version):
    mandarin = Mandarin(version)
    table = SymbolTable.load(version)
    normalized = mandarin.normalize(text)
    groups = mandarin.phonemize(normalized, READINGS)
    shown = "".join(READINGS[c].text if c in READINGS else c for c in normalized)
    assert "".join(group.text for group in groups) == shown
    assert all(phoneme in table for group in groups for phoneme in group.phonemes)


@settings(max_examples=25, deadline=None)
@given(WRITTEN)
def test_normalized_text_says_the_same_again(text):
    mandarin = Mandarin()
    normalized = mandarin.normalize(text)
    assert not any(character.isascii() and character.isalnum() for character in normalized)
    assert mandarin.normalize(normalized) == normalized


@settings(max_examples=25, deadline=None)
@given(WRITTEN)
def test_private_use_characters_stay_in_order(text):
    kept = [c for c in Mandarin().normalize(text) if "\ue000" <= c <= "\uf8ff"]
    assert kept == [c for c in text if "\ue000" <= c <= "\uf8ff"]


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=12))
def test_text_that_was_not_normalized_does_not_raise(text):
    groups = Mandarin().phonemize(text, {})
    assert "".join(group.text for group in groups) == text


def test_each_character_and_mark_has_its_group():
    assert Mandarin().phonemize("你好,世界.", {}) == (
        Group("你", ("n", "i2")),
        Group("好", ("h", "ao3")),
        Group(",", (",",)),
        Group("世", ("sh", "ir4")),
        Group("界", ("j", "ie4")),
        Group(".", (".",)),
    )


def test_fixed_reading_is_spoken_as_given():
    groups = Mandarin().phonemize("\ue000色", READINGS)
    assert groups == (Group("角", ("j", "ve2")), Group("色", ("s", "e4")))


@pytest.mark.parametrize(
    ("text", "given_syllables", "spoken"),
    [
        ("你\ue000", ("hao3",), ["ni2", "hao3"]),  # the neighbour changes beside it
        ("\ue000好", ("ni3",), ["ni3", "hao3"]),  # it does not itself
        ("不\ue000", ("qu4",), ["bu2", "qv4"]),
        ("\ue000去", ("bu4",), ["bu4", "qv4"]),
        ("一\ue000", ("tian1",), ["yi4", "tian1"]),
    ],
)
def test_tones_change_around_a_fixed_reading_only(text, given_syllables, spoken):
    original = {"hao3": "好", "ni3": "你", "qu4": "去", "bu4": "不", "tian1": "天"}[
        given_syllables[0]
    ]
    groups = Mandarin().phonemize(text, {"\ue000": Reading(original, "pinyin", given_syllables)})
    assert pinyin(groups) == spoken


def test_reading_of_a_phrase_has_a_group_for_each_character():
    groups = Mandarin().phonemize(
        "\ue000", {"\ue000": Reading("重庆", "pinyin", ("chong2", "qing4"))}
    )
    assert [group.text for group in groups] == ["重", "庆"]


def test_reading_with_other_length_is_one_group():
    groups = Mandarin().phonemize("用\uf8ff写", READINGS)
    assert groups[1] == Group("AI", ("EE", "ei1", "AA", "ai1", "AA", "ai5"))


def test_arpabet_reading_is_passed_on():
    nvidia = Reading("NVIDIA", "arpabet", ("EH0", "N", "V"))
    assert Mandarin().phonemize("买\ue000", {"\ue000": nvidia})[1] == Group(
        "NVIDIA", ("EH0", "N", "V")
    )


def test_private_use_character_without_a_reading_is_silent():
    assert Mandarin().phonemize("好\ue001", {})[1] == Group("\ue001", ())


def test_pause_signs_are_pauses_and_commas_stay_commas():
    mandarin = Mandarin()
    groups = mandarin.phonemize(mandarin.normalize("好￥，好^好"), {})
    assert [group.phonemes for group in groups if len(group.phonemes) == 1] == [
        ("SP2",),
        (",",),
        ("SP3",),
    ]


def test_latin_letters_are_left_out():
    assert Mandarin().normalize("用iPhone拍照") == "用拍照"


def run_python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
        check=False,
    )


def test_dictionaries_load_silently_and_leave_no_files(tmp_path):
    done = run_python(
        """
        from gsvbatch.text.mandarin import Mandarin
        mandarin = Mandarin()
        print(len(mandarin.phonemize(mandarin.normalize("我来到北京"), {})))
        """,
        TMPDIR=str(tmp_path), TEMP=str(tmp_path), TMP=str(tmp_path), PYTHONWARNINGS="error",
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "5", "")
    assert list(tmp_path.iterdir()) == []


def test_import_loads_no_dictionary():
    done = run_python(
        """
        import sys
        import gsvbatch.text.mandarin
        print(sorted({"jieba", "pypinyin", "opencc", "torch"} & sys.modules.keys()))
        """
    )
    assert done.stdout.strip() == "[]", done.stderr
