"""Dates and times of day, as they are read aloud in Korean."""

import re

_DATE = re.compile(
    r"(?<![0-9./-])([12][0-9]{3})\s*([-/.])\s*(0?[1-9]|1[0-2])\s*\2\s*(0?[1-9]|[12][0-9]|3[01])\2?(?![0-9])"
)
_YEAR_AND_MONTH = re.compile(r"(?<![0-9./-])((?:19|20)[0-9]{2})[-/](0[1-9]|1[0-2])(?![0-9/-])")
_CALENDAR_ZERO = re.compile(r"(?<![0-9.])0([0-9])(?=\s*[월일시분초])")
_CLOCK = r"([01]?[0-9]|2[0-4])\s*:\s*([0-5][0-9])(?:\s*:\s*([0-5][0-9]))?"
_TIME = re.compile(rf"(?<![0-9:.]){_CLOCK}(?![0-9:])(?:\s*([AaPp])\.?[Mm]\b\.?)?")


def say_dates(text: str) -> str:
    """Return text with dates as they are read: 2024-05-01 2024년 5월 1일."""
    text = _DATE.sub(lambda m: f"{m[1]}년 {int(m[3])}월 {int(m[4])}일", text)
    text = _YEAR_AND_MONTH.sub(lambda m: f"{m[1]}년 {int(m[2])}월", text)
    return _CALENDAR_ZERO.sub(r"\1", text)


def say_times(text: str) -> str:
    """Return text with clock times as they are read: 8:05am 오전 8시 5분."""
    return _TIME.sub(_say_time, text)


def _say_time(match: re.Match[str]) -> str:
    hour, minute, second, half = match.groups()
    said = f"{int(hour)}시"
    if int(minute) or second:
        said += f" {int(minute)}분"
    if second:
        said += f" {int(second)}초"
    return f"{'오전' if half in 'aA' else '오후'} {said}" if half else said
