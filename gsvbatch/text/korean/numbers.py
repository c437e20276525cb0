"""Numbers in Korean words: of Chinese and of native origin, which one decided by what is counted."""

import re

_DIGITS = "영일이삼사오육칠팔구"
_TELEPHONE_DIGITS = "공일이삼사오육칠팔구"
_UNITS = ("", "십", "백", "천")
_PLACES = ("", "만", "억", "조", "경")
_NATIVE = ("", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉")
_NATIVE_TENS = ("", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔")
LONGEST_QUANTITY = 20
"""Digits; a longer number is read digit by digit, as people do."""

# Of words that count things and number them, too, those are left out that number them more often: 3분, 3점, 3동.
_COUNTERS = (
    "가지|개(?!월|년|국|사|소|교)|건|걸음|겹|곡|곳|군데|권(?!리|한|력)|그루|그릇|달(?!러)|대(?!로|를|의|회)|마디|마리|명|모금|바퀴|"
    "발자국|방울|배(?!송)|번째|번(?!호)|벌|병|봉지|사람|살|상자|손가락|송이|시간|시(?![중청장도작리])|쌍|알|자루|잔|장|접시|줄|줌|"
    "차례|채|척|켤레|컵|토막|톨|통|팀|판|편|포기|스푼|짝"
)
_COUNTED = re.compile(rf"(?<![0-9.제])([0-9]{{1,3}})\s*(?={_COUNTERS})")
_MONTH = re.compile(r"(?<![0-9])(6|10|06)(?=\s*월)")
_MONTHS = {"6": "유", "06": "유", "10": "시"}
_DECIMAL = re.compile(r"([0-9]+)\.([0-9]+)")
_PLAIN = re.compile(r"[0-9]+")


def say_digits(digits: str) -> str:
    """Return digits one by one, as telephone numbers are read."""
    return "".join(_TELEPHONE_DIGITS[int(digit)] for digit in digits)


def say_sino(digits: str) -> str:
    """Return a number of Chinese origin: ``12345`` 만 이천삼백사십오, without the blank."""
    digits = digits.lstrip("0")
    if not digits:
        return _DIGITS[0]
    if len(digits) > LONGEST_QUANTITY:
        return say_digits(digits)
    said = ""
    n_places = -(-len(digits) // 4)
    for place, four in enumerate(re.findall("....", digits.zfill(4 * n_places))):
        part = "".join(
            ("" if digit == "1" and unit else _DIGITS[int(digit)]) + unit
            for digit, unit in zip(four, reversed(_UNITS), strict=True)
            if digit != "0"
        )
        unit = _PLACES[n_places - 1 - place]
        if part:
            said += ("" if part == "일" and unit == "만" and not said else part) + unit
    return said


def say_native(digits: str) -> str:
    """Return a number below 1000 as it stands before a counter: ``3`` 세, ``20`` 스무, ``105`` 백다섯."""
    hundreds, rest = divmod(int(digits), 100)
    if not rest:
        return say_sino(digits)
    tens, ones = divmod(rest, 10)
    native = "스무" if (tens, ones) == (2, 0) else _NATIVE_TENS[tens] + _NATIVE[ones]
    return (say_sino(str(hundreds * 100)) if hundreds else "") + native


def say_numbers(text: str) -> str:
    """Return text with all its digits in words."""
    text = _MONTH.sub(lambda m: _MONTHS[m[1]], text)
    text = _COUNTED.sub(_say_counted, text)
    text = _DECIMAL.sub(
        lambda m: f"{say_sino(m[1])}점{''.join(_DIGITS[int(d)] for d in m[2])}", text
    )
    return _PLAIN.sub(
        lambda m: say_digits(m[0]) if len(m[0]) > 1 and m[0][0] == "0" else say_sino(m[0]), text
    )


def _say_counted(match: re.Match[str]) -> str:
    # 13시 is the clock of timetables, and above a hundred things are counted the Chinese way.
    following = match.string[match.end() : match.end() + 2].strip()
    number = int(match[1])
    if following.startswith("시") and not following.startswith("시간") and number > 12:
        return say_sino(match[1])
    is_age = following.startswith("대") and not number % 10  # 20대 are people in their twenties
    return say_native(match[1]) if 0 < number < 100 and not is_age else say_sino(match[1])
