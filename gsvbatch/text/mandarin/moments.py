"""Dates and times of day, as they are read aloud."""

import re

from gsvbatch.text.mandarin.numbers import say_digits, say_integer

_YEARS_FROM_TO = re.compile(
    r"(?<![0-9.])([0-9]{4})\s*年?\s*(—+|[-~至到/])\s*([0-9]{4}|0[0-9]|[0-9]{2}(?=学年|赛季|财年|年度))\s*"
    r"(?=年|学年|赛季|财年)"
)
_SHORT_YEARS_FROM_TO = re.compile(
    r"(?<![0-9./-])(0[0-9])\s*年?\s*(—+|[-~至到])\s*([01][0-9])\s*(?=年(?!级))"
)
_YEAR = re.compile(r"(?<![0-9.])((?:公元前?)?)\s*([0-9]{1,4})\s*年(?!级|来|的?历史)")
_YEAR_OF_EVENT = re.compile(
    r"(?<![0-9.])((?:19|20)[0-9]{2})(?=届|级|款|赛季|学年|财年|世界杯|奥运)"
)
_SHORT_YEAR = re.compile(r"(?<![0-9.])'?([0-9]{2})\s*年(?=\s*[0-9]{1,2}\s*月)")
_YEAR_FROM_ZERO = re.compile(r"(?<![0-9.第])'?(0[0-9])\s*年(?!级)")
_DECADE = re.compile(
    r"(?<![0-9A-Za-z.])(?<![用耗限超计]时)(?<!等待)(?<!持续)((?:19[0-9]|20[0-2])0)s(?![0-9A-Za-z]|以?内|左右)"
    r"(?:\s*年代)?"
)
# By itself 90s is 90 seconds.
_OF_A_DECADE = (
    "复古|怀旧|经典|老[歌片电]|金曲|音乐|流行|时尚|风|港[风片乐]|日系|美式|摇滚|迪斯科|爵士|嘻哈|电影|动画|动漫|辣妹"
    "|穿搭|妆|歌|情怀|回忆|潮"
)
_SHORT_DECADE = re.compile(
    r"(?<![0-9A-Za-z.])([0-9]0)s(?:\s*年代|(?<=世纪[0-9]0s)(?![0-9A-Za-z])"
    rf"|(?=(?:[、,，和与至到~—-][0-9]0s){{0,4}}的?(?:{_OF_A_DECADE})))"
)
# The day of an event: 3·15晚会, 9·11事件. With a unit after it, the dot is a decimal point of old.
_MONTH_AND_DAY = re.compile(
    r"(?<![0-9.·•・‧])(1[0-2]|[1-9])[·•・‧](3[01]|[12][0-9]|0?[1-9])"
    r"(?![0-9.·•・‧%‰]|\s*(?:[=+×÷*/A-Za-z°米元克吨升倍度千万亿毫厘]|公[里斤]))"
)
_GENERATION = re.compile(r"(?<![0-9.])([5-9][05]|[01][05])后(?![退来面边方续])")
_DATE = re.compile(
    r"(?<![0-9./-])([12][0-9]{3})\s*([-/. ])\s*(0?[1-9]|1[0-2])\s*\2\s*(0?[1-9]|[12][0-9]|3[01])"
    r"(?![0-9]|\2\s*[0-9])"
)
_YEAR_AND_MONTH = re.compile(
    r"(?<![0-9./-])((?:19|20)[0-9]{2})([-/])(0[1-9]|1[0-2])(?![0-9/-]|\s*年)"
)
_DIGIT = "[零一二三四五六七八九]"
_NUMERALS = "0-9零一二三四五六七八九十"
# A dash may also break off a sentence (2008年——一个好年份), so more is asked of what stands around it, and
# most of a long one.
_DATE_FROM_TO = re.compile(
    rf"(?<=[年月日号])\s*[-~]\s*(?=[{_NUMERALS}])"
    rf"|(?<=[{_NUMERALS}][年月日号])(?<![那这某]一[年月日])\s*—\s*"
    rf"(?=[{_NUMERALS}]+\s*[年月日号]|(?:19|20)[0-9]{{2}}(?![0-9]))"
    rf"|(?:(?<={_DIGIT}{{4}}年)|(?<=[0-9][月日号]))——(?={_DIGIT}{{4}}年|[0-9]{{1,2}}\s*[月日号])"
)
_CALENDAR_ZERO = re.compile(r"(?<![0-9.])0([0-9])(?=\s*[月日号时点])")

_CLOCK = r"([01]?[0-9]|2[0-4])\s*[:：]\s*([0-5][0-9])(?:\s*[:：]\s*([0-5][0-9]))?"
_TIME = re.compile(
    rf"(?<![0-9:：.])(?<!比分)(?<!比分是)(?<!比分为)(?<!比例)(?<!比例为){_CLOCK}(?![0-9:：])"
)
_HALF_OF_DAY = re.compile(rf"{_CLOCK}\s*([AaPp])\.?\s?[Mm](?![A-Za-z])\.?")
_TIME_FROM_TO = re.compile(rf"({_CLOCK})\s*[-~]\s*(?={_CLOCK})")


def say_dates(text: str) -> str:
    """Return text with years digit by digit, months and days as numbers: 2024-05-01, 24年3月, 1990s."""
    text = _DATE.sub(lambda m: _say_date(m[1], m[3], m[4]), text)
    text = _YEAR_AND_MONTH.sub(lambda m: f"{say_digits(m[1])}年{say_integer(m[3])}月", text)
    text = _YEARS_FROM_TO.sub(_say_years, text)
    text = _SHORT_YEARS_FROM_TO.sub(_say_years, text)
    text = _SHORT_YEAR.sub(lambda m: f"{say_digits(m[1])}年", text)
    text = _YEAR.sub(_say_year, text)
    text = _YEAR_FROM_ZERO.sub(lambda m: f"{say_digits(m[1])}年", text)
    text = _DECADE.sub(_say_decade, text)
    text = _SHORT_DECADE.sub(_say_decade, text)
    text = _MONTH_AND_DAY.sub(lambda m: say_digits(m[1] + m[2]), text)
    text = _YEAR_OF_EVENT.sub(lambda m: say_digits(m[1]), text)
    text = _GENERATION.sub(lambda m: f"{say_digits(m[1])}后", text)
    text = _CALENDAR_ZERO.sub(r"\1", text)
    return _DATE_FROM_TO.sub("至", text)


def say_times(text: str) -> str:
    """Return text with clock times in words: 8:30 八点半, 12:05:09 十二点零五分零九秒."""
    text = _TIME_FROM_TO.sub(r"\1至", text)
    text = _HALF_OF_DAY.sub(_say_half_of_day, text)
    return _TIME.sub(_say_time, text)


def _say_date(year: str, month: str, day: str) -> str:
    return f"{say_digits(year)}年{say_integer(month)}月{say_integer(day)}日"


def _say_years(match: re.Match[str]) -> str:
    joint = match[2] if match[2] in "至到" else "到"
    return f"{say_digits(match[1])}{joint}{say_digits(match[3])}"


def _say_year(match: re.Match[str]) -> str:
    era, year = match[1], match[2]
    # Without an era, 100年 and 1000年 are spans of time, and so is whatever cannot be a year yet.
    if era or (len(year) == 4 and 1000 < int(year) < 2200):
        return f"{era}{say_digits(year)}年"
    return match[0]


def _say_decade(match: re.Match[str]) -> str:
    years = match[1]
    return (say_integer if len(years) == 2 and years >= "20" else say_digits)(years) + "年代"


def _say_half_of_day(match: re.Match[str]) -> str:
    hour, half = int(match[1]), match[4].lower()
    name = "上午" if half == "a" else "下午"
    if hour == 12:
        name, hour = ("凌晨", 0) if half == "a" else ("中午", 12)
    seconds = f":{match[3]}" if match[3] else ""
    return f"{name}{hour}:{match[2]}{seconds}"


def _say_time(match: re.Match[str]) -> str:
    hour, minute, second = int(match[1]), match[2], match[3]
    said = ("两" if hour == 2 else say_integer(str(hour))) + "点"
    if second and int(second):
        return f"{said}{_say_part(minute)}分{_say_part(second)}秒"
    if minute == "30" and not second:
        return said + "半"
    return said if minute == "00" else f"{said}{_say_part(minute)}分"


def _say_part(digits: str) -> str:
    """Return minutes or seconds, with the zero that is heard in 零五分."""
    return (
        "零" + say_integer(digits) if digits[0] == "0" and digits != "00" else say_integer(digits)
    )
