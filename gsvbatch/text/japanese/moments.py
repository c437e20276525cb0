"""Dates and times of day, as they are read aloud."""

import re

_DATE = re.compile(
    r"(?<![0-9./-])([12][0-9]{3})\s*([-/.])\s*(0?[1-9]|1[0-2])\s*\2\s*(0?[1-9]|[12][0-9]|3[01])(?![0-9]|\2[0-9])"
)
_YEAR_AND_MONTH = re.compile(r"(?<![0-9./-])((?:19|20)[0-9]{2})[-/](0[1-9]|1[0-2])(?![0-9/-])")
_YEARS_FROM_TO = re.compile(
    r"(?<![0-9./-])([12][0-9]{3}年?)\s*[-~/]\s*([12][0-9]{3})(?=\s*(?:年|シーズン))"
)
_DAY = re.compile(
    r"(?<![0-9./-])(0?[1-9]|1[0-2])/(0?[1-9]|[12][0-9]|3[01])(?=\s*[(]?[月火水木金土日](?:曜|[)]))"
)
_CALENDAR_ZERO = re.compile(r"(?<![0-9.])0([0-9])(?=\s*[月日時])")
_WEEKDAY = re.compile(r"(?<=日)\s*[(]([月火水木金土日])(?:曜日?)?[)]")
_CLOCK = r"([01]?[0-9]|2[0-9])\s*:\s*([0-5][0-9])(?:\s*:\s*([0-5][0-9]))?"
_TIME = re.compile(rf"(?<![0-9:.]){_CLOCK}(?![0-9:])(?:\s*([AaPp])\.?[Mm]\b\.?)?")
_TIME_FROM_TO = re.compile(rf"((?<![0-9:.]){_CLOCK})\s*[-~]\s*(?={_CLOCK})")
_HALF_BEFORE = re.compile(rf"\b([AaPp])\.?[Mm]\b\.?\s*(?={_CLOCK}|[0-9]{{1,2}}時)")
_DATE_FROM_TO = re.compile(r"(?<=[年月日時分])\s*[-~]\s*(?=[0-9])")


def say_dates(text: str) -> str:
    """Return text with dates as they are read: 2024-05-01 2024年5月1日, 5/1(水) 5月1日水曜日."""
    text = _YEARS_FROM_TO.sub(r"\1から\2", text)
    text = _DATE.sub(lambda m: f"{m[1]}年{int(m[3])}月{int(m[4])}日", text)
    text = _YEAR_AND_MONTH.sub(lambda m: f"{m[1]}年{int(m[2])}月", text)
    text = _DAY.sub(lambda m: f"{int(m[1])}月{int(m[2])}日", text)
    text = _WEEKDAY.sub(r"\1曜日", text)
    text = _CALENDAR_ZERO.sub(r"\1", text)
    return _DATE_FROM_TO.sub("から", text)


def say_times(text: str) -> str:
    """Return text with clock times as they are read: 13:30 13時30分, 8:05am 午前8時5分."""
    text = _TIME_FROM_TO.sub(r"\1から", text)
    text = _HALF_BEFORE.sub(lambda m: _half(m[1]), text)
    return _TIME.sub(_say_time, text)


def _say_time(match: re.Match[str]) -> str:
    hour, minute, second = int(match[1]), int(match[2]), match[3]
    said = f"{_half(match[4]) if match[4] else ''}{hour}時"
    if minute or second:
        said += f"{minute}分"
    return f"{said}{int(second)}秒" if second else said


def _half(letter: str) -> str:
    return "午前" if letter in "aA" else "午後"
