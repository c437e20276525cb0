"""Numbers that are more than a run of digits: with commas, as codes, from one to another, in sums."""

import re

from gsvbatch.text.japanese.characters import HAN

NUMBER = r"[0-9]+(?:[.．][0-9]+)?"
LONGEST_QUANTITY = 16
"""Digits; a longer number is read digit by digit, as people do."""

_DIGITS = ("ゼロ", "イチ", "ニー", "サン", "ヨン", "ゴー", "ロク", "ナナ", "ハチ", "キュー")

_THOUSANDS = re.compile(r"(?<![0-9.,])[0-9]{1,3}(?:,[0-9]{3})+(?!,?[0-9])")
_DECIMAL = re.compile(r"(?<![0-9.])([0-9]+)\.([0-9]+)(?![0-9.])")
_NO_WHOLE = re.compile(r"(?<![0-9.A-Za-z])\.(?=[0-9])")
_VERSION = re.compile(r"(?<![0-9.])[0-9]+(?:\.[0-9]+){2,}(?![0-9.])")
_TELEPHONE = re.compile(
    r"(?<![0-9A-Za-z-])(?:\+81[- ]?)?\(?0?[0-9]{1,4}\)?[- ][0-9]{2,4}-[0-9]{4}(?![0-9-])"
    r"|(?<![0-9A-Za-z-])0[0-9]{9,10}(?![0-9])|(?<![0-9A-Za-z-])0120-[0-9]{2,3}-[0-9]{3}(?![0-9-])"
)
_POSTAL_CODE = re.compile(r"(?<=郵便番号)\s*[0-9]{3}-[0-9]{4}(?![0-9-])")
_LONG = re.compile(rf"[0-9]{{{LONGEST_QUANTITY + 1},}}|(?<![0-9.．])0[0-9]+(?![.．])")

_FROM_TO = re.compile(rf"(?<![0-9.．/-])({NUMBER}[^\s0-9~!?。、,-]{{0,3}}?)\s*~\s*(?=[¥$€£]?[0-9])")
_FROM_TO_DASHED = re.compile(
    rf"(?<![0-9A-Za-z.．/-])({NUMBER})\s*-\s*(?={NUMBER}(?:[%‰°]|\s?(?:[kcm]?m|[km]?g|m?[lL]|GB|MB)\b|[{HAN}]|[ヵケヶかカ個つ]))"
)
_TO_AND_FRO = re.compile(r"(?<![0-9:])([0-9]{1,3})\s*(?:[:]|対)\s*([0-9])(?![0-9:])")
_MINUS = re.compile(r"(?<![0-9A-Za-z%)])-\s*(?=[0-9])")
_PLUS_MINUS = re.compile(r"±\s*(?=[0-9])")
_PLUS = re.compile(r"(?<![0-9A-Za-z%)])\+\s*(?=[0-9])")
_SUM = (
    (re.compile(r"(?<=[0-9)])\s*\+\s*(?=[0-9(])"), "たす"),
    (re.compile(r"(?<=[0-9)])\s*-\s*(?=[0-9(])"), "ひく"),
    (re.compile(r"(?<=[0-9)])\s*[×*]\s*(?=[0-9(])"), "かける"),
    (re.compile(r"(?<=[0-9)])\s*÷\s*(?=[0-9(])"), "わる"),
    (re.compile(r"(?<=[0-9)])\s*=\s*(?=[0-9(])"), "は"),
)
_IS_SUM = re.compile(rf"(?<![0-9-]){NUMBER}(?:\s*[+×÷*-]\s*\(?{NUMBER}\)?)+\s*=|{NUMBER}\s*[+×÷]\s*{NUMBER}|{NUMBER}\s+-\s+{NUMBER}")  # fmt: skip
_FRACTION = re.compile(r"(?<![0-9/.．])([1-9][0-9]?)/([1-9][0-9]{0,2})(?![0-9/.．])")
_SIGNS = {
    "&": "アンド", "@": "アットマーク", "=": "イコール", "+": "プラス", "×": "かける", "÷": "わる", "<": "小なり",
    ">": "大なり", "≤": "以下", "≥": "以上", "≠": "ノットイコール", "≒": "ニアリーイコール", "∞": "無限大", "℡": "電話",
    "Δ": "デルタ", "Σ": "シグマ", "Ω": "オメガ", "Φ": "ファイ", "α": "アルファ", "β": "ベータ", "γ": "ガンマ",
    "δ": "デルタ", "ε": "イプシロン", "θ": "シータ", "λ": "ラムダ", "μ": "ミュー", "π": "パイ", "ρ": "ロー",
    "σ": "シグマ", "τ": "タウ", "φ": "ファイ", "χ": "カイ", "ψ": "プサイ", "ω": "オメガ",
}  # fmt: skip
_SIGN = re.compile(f"[{''.join(_SIGNS)}]")
_HASH = re.compile(r"#\s*(?=[0-9])")


def say_digits(digits: str) -> str:
    """Return digits one by one, as telephone numbers are read: each of two moras."""
    return "".join(_DIGITS[int(digit)] for digit in digits if digit.isdigit())


def join_thousands(text: str) -> str:
    """Return text without the commas of 1,234,567."""
    return _THOUSANDS.sub(lambda m: m[0].replace(",", ""), text)


def say_codes(text: str) -> str:
    """Return text with telephone numbers, postal codes, versions and long numbers as they are read, and decimal points."""
    text = _POSTAL_CODE.sub(lambda m: "の".join(map(say_digits, m[0].split("-"))), text)
    text = _TELEPHONE.sub(_say_telephone, text)
    text = _VERSION.sub(lambda m: m[0].replace(".", "点"), text)
    text = _NO_WHOLE.sub("0.", text)
    text = _DECIMAL.sub(r"\1．\2", text)
    return _LONG.sub(lambda m: say_digits(m[0]), text)


def say_ranges(text: str) -> str:
    """Return text with the sign of a range as a word: 5~10分 5から10分, 3-4人 3から4人; 3:2 3対2."""
    text = _FROM_TO.sub(r"\1から", text)
    text = _FROM_TO_DASHED.sub(r"\1から", text)
    return _TO_AND_FRO.sub(r"\1対\2", text)


def say_signs(text: str) -> str:
    """Return text with sums, fractions, negative numbers and single signs in words."""
    if _IS_SUM.search(text):
        for sign, word in _SUM:
            text = sign.sub(word, text)
    text = _FRACTION.sub(r"\2分の\1", text)
    text = _PLUS_MINUS.sub("プラスマイナス", text)
    text = _MINUS.sub("マイナス", text)
    text = _PLUS.sub("プラス", text)
    text = _HASH.sub("ナンバー", text)
    text = re.sub(r"(?<=[0-9])-(?=[0-9])", "の", text)
    return _SIGN.sub(lambda m: _SIGNS[m[0]], text)


def _say_telephone(match: re.Match[str]) -> str:
    parts = re.findall(r"[0-9]+", match[0])
    if len(parts) == 1:  # a mobile's eleven digits, or a landline's ten, in one run
        digits = parts[0]
        first = 3 if len(digits) == 11 else 2 if digits[1] in "36" else 3
        parts = [digits[:first], digits[first:-4], digits[-4:]]
    said = "、".join(map(say_digits, parts))
    return "プラス" + said if match[0].startswith("+") else said
