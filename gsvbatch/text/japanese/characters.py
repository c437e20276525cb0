"""One form for every character before rules look at text: width, and signs that stand for words."""

import re
import unicodedata

from gsvbatch.text.reading import is_private_use

KANA = "\u3041-\u3096\u30a1-\u30fa\u30fc"
HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af"
SPOKEN = f"{KANA}・{HAN}0-9．A-Za-z"
"""What words and numbers are made of, for use inside a regular expression's brackets; ``．`` is a decimal point."""

_SIGNS = str.maketrans(
    {
        **dict.fromkeys("−‐‑﹣", "-"),
        **dict.fromkeys("〜∼˜∽", "~"),
        **dict.fromkeys("⁄∕", "/"),
        **dict.fromkeys("✕✖╳", "×"),
        **dict.fromkeys("・･·‧•", "・"),
        **dict.fromkeys("—―─━", "—"),
        "¥": "¥", "￥": "¥", "￡": "£", "º": "°", "˚": "°", "℃": "°C", "℉": "°F", "µ": "μ", "Ω": "Ω",
        "⋯": "…", "‥": "…", "➝": "→", "⇒": "→", "№": "ナンバー", "〒": "郵便番号", "〃": "同じ",
        "ゕ": "か", "ゖ": "け", "゛": "", "゜": "",
    }
)  # fmt: skip
_HALF_WIDTH = re.compile("[\uff61-\uff9f]+")
# Squared words (㍍, ㎏, ㈱), full-width forms and the like, whose plain form is the same to a reader.
_COMPATIBLE = re.compile(
    "[\u3300-\u33ff\u32c0-\u32cb\u3358-\u3370\uff01-\uff60\uffe0-\uffe6\uf900-\ufaff]"
)
_VULGAR_FRACTION = re.compile("([0-9]?)([¼-¾⅐-⅞])")


def fold(text: str) -> str:
    """Return text with ASCII digits, letters and signs, and kana of full width; private-use characters stay."""
    text = text.replace("㈱", "株式会社").replace("㈲", "有限会社")
    text = _HALF_WIDTH.sub(lambda m: unicodedata.normalize("NFKC", m[0]), text)
    text = _VULGAR_FRACTION.sub(_spell_fraction, text)
    text = "".join(map(_fold_character, text)).translate(_SIGNS)
    return unicodedata.normalize("NFC", text)


def _fold_character(character: str) -> str:
    if "\x20" <= character < "\x7f" or is_private_use(character):
        return character
    if _COMPATIBLE.fullmatch(character):
        return unicodedata.normalize("NFKC", character)
    category = unicodedata.category(character)
    if category in ("No", "Nl") and character not in "〇²³¹":
        value = unicodedata.numeric(character, None)
        return str(int(value)) if value is not None and value == int(value) else character
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Zs":
        return " "
    if character == "\n" or category in ("Zl", "Zp"):
        return "\n"
    return "" if category[0] == "C" else character


def _spell_fraction(match: re.Match[str]) -> str:
    numerator, denominator = unicodedata.normalize("NFKC", match[2]).split("⁄")
    return (
        f"{match[1]}と{denominator}分の{numerator}" if match[1] else f"{denominator}分の{numerator}"
    )
