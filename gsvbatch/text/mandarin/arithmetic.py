"""Fractions, powers, operators, comparisons and the other signs of a formula."""

import re

from gsvbatch.text.mandarin.characters import HAN
from gsvbatch.text.mandarin.numbers import say_integer

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_POWER = re.compile(
    r"(?<=[0-9A-Za-z)）\]\u0370-\u03ff\u4e00-\u9fff])([⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+|\^[({]?(-?[0-9]+)[)}]?)"
)
_FRACTION = re.compile(r"((?<![0-9A-Za-z])-)?(?<![0-9./])([0-9]+)\s*/\s*([0-9]+)(?![0-9./])")
_RATIO = re.compile(r"(?<=[0-9])\s*[:：∶]\s*(?=[0-9])")
_SCORE = re.compile(r"(?<=比分)([是为]?\s*[0-9]+)\s*-\s*(?=[0-9])")

_OPERAND = f"0-9A-Za-z{HAN}\u0370-\u03ff"
_LEFT = rf"(?<=[{_OPERAND})）\]%])\s*"
_RIGHT = rf"\s*(?=[-+√({{（\[.{_OPERAND}])"
_MINUS = re.compile(
    r"(?<=[0-9)）方])\s*-\s*(?=[0-9(（.])|(?<=(?<![A-Za-z])[a-z])\s*-\s*(?=[0-9a-z](?![A-Za-z]))"
)
_PLUS_MORE = re.compile(r"(?<=[0-9])\+(?=[多余]?[个件人名位只条种次年天岁本张家项款万亿元块])")
_AND_UP = re.compile(r"(?<=[0-9万亿])\+(?![0-9A-Za-z\u4e00-\u9fff+])")
_BINARY = [
    (re.compile(_LEFT + sign + _RIGHT), word)
    for sign, word in (
        (r"\+", "加"), ("×", "乘"), ("÷", "除以"), ("=", "等于"), ("≠", "不等于"), ("≈", "约等于"),
        ("≡", "恒等于"), ("(?:≤|<=)", "小于等于"), ("(?:≥|>=)", "大于等于"), ("∈", "属于"), ("∪", "并"),
        ("∩", "交"), ("⊥", "垂直于"), ("∥", "平行于"),
    )
]  # fmt: skip
_BETWEEN_NUMBERS = [
    (re.compile(rf"(?<=[0-9A-Za-z)）])\s*{sign}\s*(?=[-0-9A-Za-z(（.])"), word)
    for sign, word in ((r"\*", "乘"), ("<", "小于"), (">", "大于"))
] + [
    (re.compile(r"(?<![-=<>/0-9A-Za-z])<(?=[0-9])"), "小于"),
    (re.compile(r"(?<![-=<>/0-9A-Za-z])>(?=[0-9])"), "大于"),
]
"""Signs that mean other things between words: emphasis, tags, arrows."""
_POSITIVE = re.compile(r"(?<![0-9A-Za-z])\+\s*(?=[.0-9])")
_NEGATIVE = re.compile(r"(?<![0-9A-Za-z])-(?=\.?[0-9])")

_WORDS = {
    "±": "正负", "√": "根号", "∞": "无穷大", "∵": "因为", "∴": "所以", "∠": "角", "△": "三角形", "∑": "求和",
    "=": "等于", "×": "乘", "÷": "除以", "≠": "不等于", "≈": "约等于", "≤": "小于等于", "≥": "大于等于",
}  # fmt: skip
_GREEK = {
    "α": "阿尔法", "β": "贝塔", "γ": "伽马", "δ": "德尔塔", "ε": "艾普西龙", "ζ": "泽塔", "η": "伊塔", "θ": "西塔",
    "ι": "约塔", "κ": "卡帕", "λ": "拉姆达", "μ": "缪", "ν": "纽", "ξ": "克西", "ο": "欧米克戎", "π": "派", "ρ": "柔",
    "σ": "西格玛", "ς": "西格玛", "τ": "陶", "υ": "宇普西龙", "φ": "斐", "χ": "希", "ψ": "普西", "ω": "欧米伽",
}  # fmt: skip
_SIGN = re.compile("[" + "".join(_WORDS) + "]")
_GREEK_LETTER = re.compile("[\u0391-\u03a9\u03b1-\u03c9]")


def say_fractions(text: str) -> str:
    """Return text with fractions in words: 3/4 四分之三, -1/2 负二分之一."""
    return _FRACTION.sub(_say_fraction, text)


def say_powers(text: str) -> str:
    """Return text with superscripts in words: x² 的二次方, 10^-3 的负三次方."""
    return _POWER.sub(_say_power, text)


def say_operations(text: str) -> str:
    """Return text with ratios, operators and signs in words; numbers stay digits."""
    text = _NEGATIVE.sub("负", text)
    text = _SCORE.sub(r"\1比", text)
    text = _RATIO.sub("比", text)
    text = _PLUS_MORE.sub("多", text)
    text = _AND_UP.sub("加", text)
    text = _MINUS.sub("减", text)
    for pattern, word in _BINARY + _BETWEEN_NUMBERS:
        text = pattern.sub(word, text)
    return _POSITIVE.sub("正", text)


def say_signs(text: str) -> str:
    """Return text with the signs and Greek letters that are left in words."""
    text = _SIGN.sub(lambda m: _WORDS[m[0]], text)
    return _GREEK_LETTER.sub(lambda m: _GREEK.get(m[0].lower(), ""), text)


def _say_fraction(match: re.Match[str]) -> str:
    sign = "负" if match[1] else ""
    return f"{sign}{say_integer(match[3])}分之{say_integer(match[2])}"


def _say_power(match: re.Match[str]) -> str:
    exponent = match[2] or match[1].translate(_SUPERSCRIPTS)
    sign = "负" if exponent.startswith("-") else ""
    return f"的{sign}{say_integer(exponent.lstrip('-'))}次方"
