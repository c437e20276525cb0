"""Dates, spans of years and times of day in words."""

import re

from gsvbatch.text.english.abbreviations import MONTHS
from gsvbatch.text.english.numbers import cardinal, ordinal, plural_of_number, year
from gsvbatch.text.english.rules import Rule

MONTH_NAMES = (
    "January February March April May June July August September October November December"
).split()
_MONTH = "|".join([*MONTH_NAMES, *MONTHS])
_DAY = r"(?:3[01]|[12]\d|0?[1-9])"


def _say_date(year_text: str | None, month: int, day: str) -> str:
    words = f"{MONTH_NAMES[month - 1]} {ordinal(int(day))}"
    return f"{words}, {_say_year(year_text)}" if year_text else words


def _say_year(text: str) -> str:
    if text.startswith("'"):  # '08
        n = int(text[1:])
        return f"oh {cardinal(n)}" if 0 < n < 10 else cardinal(n)
    n = int(text)
    if n < 1000 and len(text) == 2:
        return f"oh {cardinal(n)}" if 0 < n < 10 else cardinal(n)
    return year(n)


def _iso_date(match: re.Match[str]) -> str:
    month, day = int(match[2]), int(match[3])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return match[0]
    return _say_date(match[1], month, match[3])


def _slashed_date(match: re.Match[str]) -> str:
    """Month first, as in the rest of this frontend's American wording, unless it cannot be one."""
    month, day = int(match[1]), int(match[2])
    if month > 12 >= day:
        month, day = day, month
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return match[0]
    return _say_date(match[3], month, str(day))


def _month_number(name: str) -> int:
    return next(
        i for i, full in enumerate(MONTH_NAMES, 1) if full.startswith(MONTHS.get(name, name))
    )


def _month_day(match: re.Match[str]) -> str:
    return _say_date(match[3], _month_number(match[1]), match[2])


def _day_month(match: re.Match[str]) -> str:
    words = f"{ordinal(int(match[1]))} of {MONTH_NAMES[_month_number(match[2]) - 1]}"
    if not re.search(r"\bthe\s$", match.string[: match.start()]):
        words = f"the {words}"
    return f"{words}, {year(int(match[3]))}" if match[3] else words


def _decade(match: re.Match[str]) -> str:
    return plural_of_number(int(match[1]))


def _half_of_day(hour: int, written: str | None) -> str:
    if written:
        return f"{written[0].lower()}.m."
    return "a.m." if hour < 12 else "p.m."


def _time(match: re.Match[str]) -> str:
    hour, minute, second = int(match[1]), int(match[2]), match[3]
    if hour > 24 or minute > 59 or int(second or 0) > 59 or (hour == 24 and minute):
        return match[0]
    words = cardinal((hour - 1) % 12 + 1)
    if minute:
        words += f" {'oh ' if minute < 10 else ''}{cardinal(minute)}"
    elif not (match[4] or second):
        words += " o'clock"
    if second:
        words += f" and {cardinal(int(second))} second{'' if int(second) == 1 else 's'}"
    if second and not match[4]:  # more often a duration than a time of day
        return words
    return f"{words} {_half_of_day(hour % 24, match[4])}"


def _hour(match: re.Match[str]) -> str:
    return f"{cardinal(int(match[1]))} {match[2].lower()}.m."


_HALF = r"\s?([AaPp]\.?[Mm]\b\.?)"

CALENDAR_RULES: tuple[Rule, ...] = (
    (re.compile(r"(?<![\d-])(\d{4})-(\d{2})-(\d{2})(?!\d|-\d)"), _iso_date),
    (re.compile(r"(?<![\d/])(\d{4})/(\d{1,2})/(\d{1,2})(?![\d/])"), _iso_date),
    (re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})(?![\d/])"), _slashed_date),
    (
        re.compile(
            rf"\b({_MONTH})\.?\s({_DAY})(?:st|nd|rd|th)?(?![\d:.]\d|\d|%)(?:,?\s(\d{{4}}|'\d\d)(?!\d))?"
        ),
        _month_day,
    ),
    (
        re.compile(
            rf"(?<![\w.,:])({_DAY})(?:st|nd|rd|th)?\s(?:of\s)?({_MONTH})\b(?:,?\s(\d{{4}})(?!\d))?"
        ),
        _day_month,
    ),
    (re.compile(r"(?<![\w,.])(\d{3}0)'?s\b"), _decade),
    (
        re.compile(
            r"(?:(?<![\w'])'|(?<=\bthe )|(?<=\bearly )|(?<=\blate )|(?<=\bmid[- ]))([2-9]0)'?s\b"
        ),
        _decade,
    ),
    (re.compile(rf"(?<![\d:.])(\d{{1,2}}):(\d\d)(?::(\d\d))?(?![\d:])(?:{_HALF})?"), _time),
    (re.compile(r"(?<![\d:.])(1[0-2]|0?[1-9])\s?([AaPp])\.?[Mm]\b\.?(?!\w)"), _hour),
)
"""Applied in order."""
