"""Japanese phonemes found again in the letters that the teacher reads."""

import pytest

from gsvbatch.training.kana_letters import locate_kana


def said(phones: str, letters: str) -> list[str | None]:
    places = locate_kana(phones.split(), letters)
    return [None if place is None else letters[slice(*place)] for place in places]


@pytest.mark.parametrize(
    ("phones", "letters", "wanted"),
    [
        ("k o N n i ch i w a", "konɲiʨi βa", "k o n ɲ i ʨ i β a"),
        ("t o [ o ky o o .", "toːkʲoː.", "t o - ː kʲ o ː ."),
        ("g a cl k o o , n i # i k U", "ɡaʔkoː ɲi ikɯ", "ɡ a ʔ k o ː - ɲ i - i k ɯ"),
        ("h i ts u z u", "çiʦɨzɨ", "ç i ʦ ɨ z ɨ"),
        ("a N", "aɴ!", "a ɴ"),
    ],
)
def test_every_sound_has_its_letters(phones: str, letters: str, wanted: str) -> None:
    assert said(phones, letters) == [None if w == "-" else w for w in wanted.split()]


@pytest.mark.parametrize(
    ("phones", "letters"), [("k a", "ki"), ("k a", "kaka"), ("a", ""), ("q a", "ka")]
)
def test_what_was_not_read_is_refused(phones: str, letters: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # both messages name the phonemes
        locate_kana(phones.split(), letters)
