"""Mandarin text as it is spoken: from what is written to Han characters and six marks.

Each step rewrites what it knows and leaves the rest to later ones, so their order matters: a date is
looked for before a telephone number, both before a subtraction, and a bare run of digits last of all.
"""

import re

from gsvbatch.text.mandarin.arithmetic import say_fractions, say_operations, say_powers, say_signs
from gsvbatch.text.mandarin.characters import HAN, fold
from gsvbatch.text.mandarin.codes import say_codes, say_runs
from gsvbatch.text.mandarin.measures import (
    join_thousands,
    say_counts,
    say_money,
    say_percentages,
    say_ranges,
    say_temperatures,
    say_units,
)
from gsvbatch.text.mandarin.moments import say_dates, say_times

PAUSES = "￥^"
"""Written by users of GPT-SoVITS for a short and a long pause; they stay in the text."""

_STEPS = (
    join_thousands,
    say_times,
    say_dates,
    say_codes,
    say_fractions,
    say_money,
    say_percentages,
    say_temperatures,
    say_ranges,
    say_units,
    say_powers,
    say_operations,
    say_counts,
    say_runs,
    say_signs,
)

_DASH_BETWEEN_NUMBERS = re.compile(r"(?<=[0-9%°C])\s*(?:—+\s*(?=[-￥$€£]?[0-9])|--\s*(?=[0-9]))")
_MIDDLE_DOT_OF_NAME = re.compile(f"(?<=[{HAN}])[·‧•・](?=[{HAN}])")
_MARKS = str.maketrans(
    {
        **dict.fromkeys("：；，、､/;:", ","),
        **dict.fromkeys("。$\n", "."),
        **dict.fromkeys("~", "…"),
        "！": "!", "？": "?",
    }
)  # fmt: skip
_DOTS = re.compile(r"\.{3,}|。{3,}")
_UNSPOKEN = re.compile(f"[^{HAN}\ue000-\uf8ff!?…,.—{re.escape(PAUSES)}-]")
# A dash is a pause but at the start, as in English, and beside a mark, which says more than it does: 你——！
_MARK = f"[!?…,.{re.escape(PAUSES)}-]"
_DASH_OF_NO_PAUSE = re.compile(f"^—|(?<={_MARK})—|—(?={_MARK})")
_DASHES = re.compile("—+")
_RUN_OF_MARKS = re.compile(r"([!?…,.-])[!?…,.-]+")


def normalize(text: str) -> str:
    """Return text as spoken: Han characters, the marks ``!?…,.-``, ``￥^``, private-use characters."""
    text = _DASH_BETWEEN_NUMBERS.sub("~", fold(text))
    for say in _STEPS:
        text = say(text)
    text = _MIDDLE_DOT_OF_NAME.sub("", text)
    text = _DOTS.sub("…", text).translate(_MARKS)
    text = _UNSPOKEN.sub("", text)
    text = _DASH_OF_NO_PAUSE.sub("", _DASHES.sub("—", text)).replace("—", ",")
    return _RUN_OF_MARKS.sub(r"\1", text)
