"""One form for every character before rules look at text: width, script, and signs that are words.

Full-width digits and letters become ASCII, traditional characters simplified, ``①`` and ``Ⅳ`` their
numbers, ``㎡`` its letters. What is left for the rules is digits, ASCII signs, and Han characters.
"""

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from gsvbatch.text.mandarin.numbers import say_integer
from gsvbatch.text.reading import is_private_use

if TYPE_CHECKING:
    from opencc import OpenCC

HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af"
"""Han characters, for use inside a regular expression's brackets."""

_SIGNS = str.maketrans(
    {
        **dict.fromkeys("－−‐‑﹣", "-"),
        **dict.fromkeys("～〜∼˜∽", "~"),
        **dict.fromkeys("–―─━", "—"), "⸺": "——", "⸻": "——",
        **dict.fromkeys("＋﹢", "+"),
        **dict.fromkeys("／⁄∕", "/"),
        **dict.fromkeys("✕✖╳", "×"),
        **dict.fromkeys("⋯‥", "…"),
        **dict.fromkeys("．｡", "."),
        "％": "%", "﹪": "%", "＝": "=", "＜": "<", "＞": ">", "＾": "^", "＊": "*", "＄": "$",
        "￡": "£", "¥": "￥", "º": "°", "˚": "°", "｜": "|", "＆": "&", "＠": "@", "＃": "#",
        "µ": "μ", "Ω": "Ω", "⩽": "≤", "⩾": "≥", "≦": "≤", "≧": "≥", "嗯": "恩", "呣": "母", "〇": "零",
        "妳": "你", "牠": "它", "祂": "他",
        "㎡": "m²", "㎥": "m³", "㎏": "kg", "㎞": "km", "㎝": "cm", "㎜": "mm", "㎎": "mg", "㎖": "ml",
        "㎢": "km²", "㏄": "cc", "№": "第", "㊣": "正", "℉": "°F", "℃": "°C",
    }
)  # fmt: skip

_KAOMOJI = re.compile(r"[(（]?\^[_.oO0-]*\^[)）]?")
_ENUMERATED = re.compile("[\u2160-\u217f\u2460-\u249b\u24ea-\u24ff\u2776-\u2793\u3220-\u3229\u3251-\u325f\u3280-\u3289\u32b1-\u32bf]")  # fmt: skip
_VULGAR_FRACTION = re.compile("([0-9]?)([¼-¾⅐-⅞])")
_ZERO_AMONG_NUMERALS = re.compile("(?<=[一二三四五六七八九零])[○Ｏ](?=[一二三四五六七八九零○Ｏ年])")
_REPEATED = re.compile(f"([{HAN}])々")

# OpenCC's t2s leaves 著 alone, because it stays in 著名; as a particle it is 着.
_PARTICLE_ZHE = re.compile("(?<![原名显卓昭巨专编译论土遗拙合所新])著(?![名作称者录述有]|书立)")


def fold(text: str) -> str:
    """Return text in simplified characters and ASCII signs; private-use characters stay."""
    text = _KAOMOJI.sub("", text)
    text = _ZERO_AMONG_NUMERALS.sub("零", text)
    text = _VULGAR_FRACTION.sub(_spell_fraction, text)
    text = _ENUMERATED.sub(lambda m: say_integer(str(int(unicodedata.numeric(m[0])))), text)
    text = "".join(map(_fold_character, text)).translate(_SIGNS)
    return _simplify(_REPEATED.sub(r"\1\1", text))


def _fold_character(character: str) -> str:
    if character < "\x7f":
        return character if character.isprintable() or character == "\n" else " "
    if is_private_use(character):
        return character
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    category = unicodedata.category(character)
    if category == "Zs":
        return " "
    if category[0] == "C" or category == "Mn":  # zero-width, surrogate, combining
        return ""
    if category in ("Zl", "Zp"):
        return "\n"
    if category in ("Ll", "Lu", "No") and character not in "²³¹":
        return _fold_letter(character)
    if "\uf900" <= character <= "\ufaff":
        return unicodedata.normalize("NFKC", character)
    return character


def _fold_letter(character: str) -> str:
    """Return full-width letters and subscript digits as ASCII; Greek and superscripts stay."""
    folded = unicodedata.normalize("NFKC", character)
    if folded.isascii() and folded.isalnum() and "SUPERSCRIPT" not in unicodedata.name(character):
        return folded
    return character


def _spell_fraction(match: re.Match[str]) -> str:
    fraction = unicodedata.normalize("NFKC", match[2]).replace("⁄", "/")
    return f"{match[1]}又{fraction}" if match[1] else fraction


@cache
def _converter() -> "OpenCC":
    from opencc import OpenCC

    return OpenCC("t2s")


def _simplify(text: str) -> str:
    simplified: str = _converter().convert(text)
    # Simplified text may hold 著 for another reason; only traditional text is taken further.
    return (
        simplified
        if simplified == text
        else _PARTICLE_ZHE.sub("着", simplified).replace("甚么", "什么")
    )
