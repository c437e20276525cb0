"""Japanese text as it is spoken: signs, dates, money and units in words; numbers stay digits.

Each step rewrites what it knows and leaves the rest to later ones, so their order matters: a telephone number is
looked for before a date, both before a range, and a bare minus last of all.
"""

import re

from gsvbatch.text.japanese.characters import HAN, KANA, SPOKEN, fold
from gsvbatch.text.japanese.measures import say_degrees, say_money, say_parts, say_units
from gsvbatch.text.japanese.moments import say_dates, say_times
from gsvbatch.text.japanese.numbers import join_thousands, say_codes, say_ranges, say_signs

_STEPS = (
    join_thousands, say_times, say_dates, say_codes, say_ranges, say_money, say_parts, say_degrees, say_units,
    say_signs,
)  # fmt: skip

_WORDS = str.maketrans(
    {
        **dict.fromkeys("、;:", ","),
        **dict.fromkeys("。\n", "."),
        **dict.fromkeys("—→/()[]{}", ","),
        "！": "!", "？": "?", "⁉": "?", "‼": "!",
    }
)  # fmt: skip
_DOTS = re.compile(r"\.{3,}|。{3,}|・{2,}|…+")
_LONG_VOWEL = re.compile(f"(?<=[{KANA}])[~ー]+")
_NOT_A_VOWEL = re.compile(f"(?<![{KANA}{HAN}A-Za-z])ー+")
_BETWEEN_PLACES = re.compile(f"(?<=[{HAN}])~(?=[{HAN}])")
_BETWEEN_QUOTES = re.compile(r"[」』”]\s*(?=[「『“])")
_UNSPOKEN = re.compile(rf"[^{SPOKEN}\ue000-\uf8ff !?…,.]")
_RUN_OF_MARKS = re.compile(r"\s*([!?…,.])[\s!?…,.]*")
_BLANKS = re.compile(r"\s+")


def normalize(text: str) -> str:
    """Return text as spoken: kana, kanji, digits, letters, blanks, the marks ``!?…,.``, private-use characters.

    A decimal point is ``．``, which no full stop is.
    """
    text = fold(text)
    for say in _STEPS:
        text = say(text)
    text = _DOTS.sub("…", text)
    text = _BETWEEN_PLACES.sub("から", text)
    text = _LONG_VOWEL.sub("ー", text)
    text = _BETWEEN_QUOTES.sub(",", text)
    text = _UNSPOKEN.sub("", text.translate(_WORDS))
    text = _NOT_A_VOWEL.sub("", text)
    text = _BLANKS.sub(" ", _RUN_OF_MARKS.sub(r"\1", text))
    return text.lstrip(" ,.")
