"""Korean text as it is spoken: from what is written to Hangul, blanks and five marks.

Each step rewrites what it knows and leaves the rest to later ones, so their order matters: a date is looked for
before a telephone number, both before a range, and bare digits last of all.
"""

import re
import unicodedata

from gsvbatch.text.korean.measures import say_degrees, say_money, say_units
from gsvbatch.text.korean.moments import say_dates, say_times
from gsvbatch.text.korean.morphemes import read_hanja
from gsvbatch.text.korean.numbers import say_digits, say_numbers, say_sino
from gsvbatch.text.reading import is_private_use

_LETTERS = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        [
            "에이",
            "비",
            "시",
            "디",
            "이",
            "에프",
            "지",
            "에이치",
            "아이",
            "제이",
            "케이",
            "엘",
            "엠",
            "엔",
            "오",
            "피",
            "큐",
            "아르",
            "에스",
            "티",
            "유",
            "브이",
            "더블유",
            "엑스",
            "와이",
            "제트",
        ],
        strict=True,
    )
)
_JAMO_NAMES = {
    "ㄱ": "기역", "ㄴ": "니은", "ㄷ": "디귿", "ㄹ": "리을", "ㅁ": "미음", "ㅂ": "비읍", "ㅅ": "시옷", "ㅇ": "이응", "ㅈ": "지읒",
    "ㅊ": "치읓", "ㅋ": "키읔", "ㅌ": "티읕", "ㅍ": "피읖", "ㅎ": "히읗", "ㄲ": "쌍기역", "ㄸ": "쌍디귿", "ㅃ": "쌍비읍",
    "ㅆ": "쌍시옷", "ㅉ": "쌍지읒", "ㅏ": "아", "ㅐ": "애", "ㅑ": "야", "ㅒ": "얘", "ㅓ": "어", "ㅔ": "에", "ㅕ": "여", "ㅖ": "예",
    "ㅗ": "오", "ㅘ": "와", "ㅙ": "왜", "ㅚ": "외", "ㅛ": "요", "ㅜ": "우", "ㅝ": "워", "ㅞ": "웨", "ㅟ": "위", "ㅠ": "유",
    "ㅡ": "으", "ㅢ": "의", "ㅣ": "이",
}  # fmt: skip
_CHAT = (
    (re.compile("ㅋ{2,}"), lambda m: "크" * min(len(m[0]), 4)),
    (re.compile("ㅎ{2,}"), lambda m: "흐" * min(len(m[0]), 4)),
)
_TEARS = re.compile("[ㅠㅜ]{2,}")
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("−‐‑–", "-"),
        **dict.fromkeys("〜∼～", "~"),
        **dict.fromkeys("⁄∕", "/"),
        "℃": "°C", "℉": "°F", "º": "°", "￦": "₩", "⋯": "…", "㈜": "주식회사 ", "№": "넘버 ", "µ": "μ",
    }
)  # fmt: skip
_WORDS = {
    "%": "퍼센트", "‰": "퍼밀", "&": " 앤드 ", "@": " 골뱅이 ", "+": " 더하기 ", "×": " 곱하기 ", "÷": " 나누기 ", "=": " 는 ",
    "±": "플러스마이너스 ", "#": "샵 ", "α": "알파", "β": "베타", "γ": "감마", "δ": "델타", "λ": "람다", "μ": "뮤", "π": "파이",
    "σ": "시그마", "ω": "오메가", "Ω": "오메가",
}  # fmt: skip
_MARKS = str.maketrans(
    {
        **dict.fromkeys("、，;；:：·ㆍ/()[]{}", ","),
        **dict.fromkeys("。．\n", "."),
        "！": "!",
        "？": "?",
        "~": " ",
    }
)
_THOUSANDS = re.compile(r"(?<![0-9.,])[0-9]{1,3}(?:,[0-9]{3})+(?!,?[0-9])")
_TELEPHONE = re.compile(r"(?<![0-9A-Za-z-])(?:0[0-9]{1,2}[- ][0-9]{3,4}|1[568][0-9]{2})-[0-9]{4}(?![0-9-])|(?<![0-9])01[016789][0-9]{7,8}(?![0-9])")  # fmt: skip
_VERSION = re.compile(r"(?<![0-9.])[0-9]+(?:\.[0-9]+){2,}(?![0-9.])")
_FRACTION = re.compile(r"(?<![0-9/.])([1-9][0-9]?)/([1-9][0-9]{0,2})(?![0-9/.])")
_RANGE = re.compile(r"(?<=[0-9가-힣%])\s*~\s*(?=[0-9])|(?<=[가-힣])~(?=[가-힣])")
_RANGE_DASHED = re.compile(r"(?<![0-9-])([0-9]+)-(?=[0-9]+[가-힣%])")
_RATIO = re.compile(r"(?<![0-9:])([0-9]{1,3})\s*:\s*([0-9]{1,3})(?![0-9:])")
_EQUALS = re.compile(r"([0-9])\s*=\s*(?=[0-9])")
_WITH_CODA = "013678"
"""Digits whose names end with a consonant, which changes the particle behind them."""

_MINUS = re.compile(r"(?<![0-9A-Za-z가-힣])-\s*(?=[0-9])")
_MINUS_SIGN = re.compile(r"(?<=[0-9])\s+-\s+(?=[0-9])")
_DOTS = re.compile(r"\.{3,}|…+|(?<=\S)~+(?=\s|$|[!?.])")
_UNSPOKEN = re.compile(
    r"[^가-힣\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af\ue000-\uf8ff !?…,.]"
)
_RUN_OF_MARKS = re.compile(r"\s*([!?…,.])[\s!?…,.]*(?<=[!?…,.])")
_BLANKS = re.compile(" +")


def normalize(text: str) -> str:
    """Return text as spoken: Hangul, blanks, the marks ``!?…,.``, private-use characters.

    Chinese characters become Hangul where the dictionary has them and stay where it has not.

    Raises:
        MissingExtraError: There are Chinese characters, and the dictionary is not installed.
    """
    text = "".join(map(_fold, unicodedata.normalize("NFC", text))).translate(_SIGNS)
    text = read_hanja(text)
    text = _TEARS.sub("", text)
    for pattern, say in _CHAT:
        text = pattern.sub(say, text)
    text = _THOUSANDS.sub(lambda m: m[0].replace(",", ""), text)
    text = say_dates(say_times(text))
    text = _TELEPHONE.sub(_say_telephone, text)
    text = _VERSION.sub(lambda m: "점".join(map(say_sino, m[0].split("."))), text)
    text = _RANGE_DASHED.sub(r"\1에서 ", _RANGE.sub("에서 ", text))
    text = say_units(say_degrees(say_money(text)))
    text = _FRACTION.sub(lambda m: f"{say_sino(m[2])}분의 {say_sino(m[1])}", text)
    text = _RATIO.sub(lambda m: f"{say_sino(m[1])} 대 {say_sino(m[2])}", text)
    text = _MINUS.sub("마이너스 ", _MINUS_SIGN.sub(" 빼기 ", text))
    text = _EQUALS.sub(lambda m: m[1] + ("은 " if m[1] in _WITH_CODA else "는 "), text)
    text = "".join(_WORDS.get(character, character) for character in text)
    text = say_numbers(text)
    text = "".join(_JAMO_NAMES.get(c, _LETTERS.get(c.upper(), c)) for c in text)
    text = _DOTS.sub("…", text).translate(_MARKS)
    text = _UNSPOKEN.sub("", text)
    return _BLANKS.sub(" ", _RUN_OF_MARKS.sub(r"\1", text))


def _fold(character: str) -> str:
    """Return full-width letters and signs, squared words and circled numbers in their plain form."""
    if is_private_use(character) or "\u3131" <= character <= "\u318e":
        return character
    if (
        "\uff01" <= character <= "\uffe6"
        or "\u3200" <= character <= "\u33ff"
        or "\uf900" <= character <= "\ufaff"
    ):
        return character if character in "￦㈜" else unicodedata.normalize("NFKC", character)
    category = unicodedata.category(character)
    if category in ("No", "Nl") and character not in "〇²³¹":
        return str(int(unicodedata.numeric(character)))
    if category == "Zs":
        return " "
    return "" if category[0] == "C" and character != "\n" else character


def _say_telephone(match: re.Match[str]) -> str:
    parts = re.findall("[0-9]+", match[0])
    if len(parts) == 1:
        parts = [parts[0][:3], parts[0][3:-4], parts[0][-4:]]
    return ", ".join(map(say_digits, parts))
