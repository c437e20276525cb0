import pytest
from hypothesis import given
from hypothesis import strategies as st

from gsvbatch.text.english import numbers


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (40, "forty"),
        (101, "one hundred one"),
        (1_000, "one thousand"),
        (1_005, "one thousand five"),
        (
            12_345_678,
            "twelve million, three hundred forty-five thousand, six hundred seventy-eight",
        ),
        (10**15, "one quadrillion"),
        (10**18, "one" + " zero" * 18),
    ],
)
def test_cardinal(n, words):
    assert numbers.cardinal(n) == words


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (1, "first"),
        (12, "twelfth"),
        (20, "twentieth"),
        (23, "twenty-third"),
        (100, "one hundredth"),
    ],
)
def test_ordinal(n, words):
    assert numbers.ordinal(n) == words


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (1000, "one thousand"),
        (1001, "ten oh one"),
        (1900, "nineteen hundred"),
        (2000, "two thousand"),
        (2009, "two thousand nine"),
        (2010, "twenty ten"),
        (2999, "twenty-nine ninety-nine"),
        (3000, "three thousand"),
    ],
)
def test_year(n, words):
    assert numbers.year(n) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("3.14", "three point one four"),
        (".5", "point five"),
        ("1,234.50", "one thousand, two hundred thirty-four point five zero"),
    ],
)
def test_number(text, words):
    assert numbers.number(text) == words


@given(st.integers(1, 3999))
def test_roman_numerals_round_trip(n):
    assert numbers.roman(numbers.to_roman(n)) == n


@pytest.mark.parametrize("text", ["", "IIII", "VX", "IC", "ABC", "XIVI"])
def test_malformed_roman_numerals_are_refused(text):
    assert numbers.roman(text) is None


@given(st.integers(0, numbers.LARGEST), st.integers(0, numbers.LARGEST))
def test_different_numbers_sound_different(a, b):
    assert (numbers.cardinal(a) == numbers.cardinal(b)) == (a == b)
