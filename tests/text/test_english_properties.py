import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gsvbatch.text.english import English
from gsvbatch.text.reading import Reading
from gsvbatch.text.symbols import PUNCTUATION, SymbolTable

ENGLISH = English()
TABLE = SymbolTable.load("v1")
PIECES = st.sampled_from(
    ["$", "5", "1,000", ".5", "-", "–", "/", "a", "I", "IV", "Chapter ", "U.S.", "'s", "'", "km/h", "%", ":", "30", "pm",
     " ", ". ", "!", "@", "x.com", "&", "(", ")", "GPT", "iOS", "é", "，", "世", "\ue000", "\uf8ff", "Mr. ", "Jan. ", "²"]
)  # fmt: skip
TEXT = st.text(max_size=40) | st.lists(PIECES, max_size=12).map("".join)


@settings(max_examples=150, deadline=None)
@given(TEXT)
def test_any_text_is_read_with_known_phonemes_only(text):
    normalized = ENGLISH.normalize(text)
    groups = ENGLISH.phonemize(normalized, {})
    assert all(phoneme in TABLE for group in groups for phoneme in group.phonemes)
    assert "".join(group.text for group in groups) == normalized


@settings(max_examples=80, deadline=None)
@given(TEXT)
def test_normalized_text_holds_only_what_is_spoken(text):
    allowed = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ '.,?!-")
    normalized = ENGLISH.normalize(text)
    assert all(c in allowed or "\ue000" <= c <= "\uf8ff" for c in normalized)


@settings(max_examples=80, deadline=None)
@given(TEXT)
def test_fixed_readings_survive_in_order(text):
    def private(s):
        return [c for c in s if "\ue000" <= c <= "\uf8ff"]

    assert private(ENGLISH.normalize(text)) == private(text)


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_phonemized_even_if_not_normalized(text):
    readings = {"\ue000": Reading("x", "arpabet", ("EH1", "K", "S"))}
    groups = ENGLISH.phonemize(text, readings)
    assert "".join(group.text for group in groups) == text.replace("\ue000", "x")


@pytest.mark.parametrize("mark", PUNCTUATION)
def test_marks_are_their_own_phonemes(mark):
    assert ENGLISH.phonemize(mark, {})[0].phonemes == (mark,)
