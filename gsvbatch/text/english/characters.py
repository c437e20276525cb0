"""Which characters English text is made of, before and after numbers are written out.

Before: full-width forms, curly quotes, dashes and the like become ASCII, so that every later rule needs to
know one form only. After: nothing is left but letters, apostrophes, spaces, the marks ``. , ? ! -``, and
the private-use characters that stand for fixed readings.
"""

import re
import unicodedata

from gsvbatch.text.reading import FIRST_PRIVATE_USE, LAST_PRIVATE_USE

PRIVATE_USE = f"{FIRST_PRIVATE_USE}-{LAST_PRIVATE_USE}"
"""A range for character classes."""

_ASCII_FORMS = str.maketrans(
    {
        **{chr(0xFF01 + i): chr(0x21 + i) for i in range(94)},
        **dict.fromkeys("\u00a0\u2002\u2003\u2009\u202f\u3000\t\r\n\u2028\u2029", " "),
        **dict.fromkeys("‘’‛′ʼ´`", "'"),
        **dict.fromkeys("“”„‟″«»《》「」『』〈〉", '"'),
        **dict.fromkeys("‐‑‒−﹣", "-"),
        **dict.fromkeys("【〔［", "("),
        **dict.fromkeys("】〕］", ")"),
        **dict.fromkeys("—―─", " , "),
        "〜": "~",
        "～": "~",
        "。": ". ",
        "．": ".",
        "、": ", ",
        "，": ", ",
        "；": ", ",
        "：": ":",
        "？": "? ",
        "！": "! ",
        "…": "...",
        "⋯": "...",
        "·": " ",
        "•": " ",
        "ß": "ss",
        "ẞ": "SS",
        "æ": "ae",
        "Æ": "Ae",
        "œ": "oe",
        "Œ": "Oe",
        "ø": "o",
        "Ø": "O",
        "đ": "d",
        "Đ": "D",
        "ð": "th",
        "þ": "th",
        "Þ": "Th",
        "ł": "l",
        "Ł": "L",
        "ı": "i",
        **{chr(0x2080 + i): str(i) for i in range(10)},
        "μ": "µ",
        "º": "°",
        "℃": "°C",
        "℉": "°F",
        "㎞": "km",
        "㎏": "kg",
        "㎝": "cm",
        "㎜": "mm",
        "㎡": "m²",
        "￥": "¥",
        "￡": "£",
        "￦": "₩",
        "½": " 1/2",
        "⅓": " 1/3",
        "⅔": " 2/3",
        "¼": " 1/4",
        "¾": " 3/4",
        "⅕": " 1/5",
        "⅛": " 1/8",
        "⅜": " 3/8",
        "⅝": " 5/8",
        "⅞": " 7/8",
    }
)

_DOUBLE_HYPHEN = re.compile(r"\s*(?<!-)--+(?!-)\s*")
_PAUSE = re.compile(r"\s*[;:]+\s*|\s+[-–]+\s+|(?<=[\w.'])\s*[(\[{]\s*|\s*[)\]}]\s+(?=\w)")
_UNSPOKEN = re.compile(rf"[^A-Za-z'.,?!\- {PRIVATE_USE}]")
_LOOSE_APOSTROPHE = re.compile(
    r"(?<![A-Za-z])'(?!(?:em|cause|til|twas|tis|bout|n)\b)|(?<!\bo)'(?![A-Za-z])", re.IGNORECASE
)
_LOOSE_HYPHEN = re.compile(rf"(?<![A-Za-z{PRIVATE_USE}])-+|-+(?![A-Za-z{PRIVATE_USE}])")
_SPACE_BEFORE_MARK = re.compile(r"\s+(?=[.,?!])")
_REPEATED_MARKS = re.compile(r"([.,?!])(?:\s*[.,?!])+")
_MARK_WITHOUT_SPACE = re.compile(r"(?<!\b[a-z]\.)(?<=[.,?!])(?=[A-Za-z])(?!(?<=\b[a-z]\.)[a-z]\.)")


def to_ascii_forms(text: str) -> str:
    """Return ``text`` with typographic and full-width characters as their plain forms."""
    text = re.sub(" {2,}", " ", text.translate(_ASCII_FORMS))
    return _DOUBLE_HYPHEN.sub(" , ", text)


def strip_accents(text: str) -> str:
    """Return ``text`` without accents: ``"café"`` -> ``"cafe"``."""
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(c for c in decomposed if unicodedata.category(c) != "Mn")


def to_speakable(text: str) -> str:
    """Return ``text`` reduced to what is spoken, each run of marks to its first.

    Brackets, colons and dashes become the pause that they stand for.
    """
    text = _PAUSE.sub(", ", text).replace("–", "-")
    text = _UNSPOKEN.sub(" ", text)
    text = _LOOSE_APOSTROPHE.sub("", text)
    text = _LOOSE_HYPHEN.sub(" ", text)
    text = _SPACE_BEFORE_MARK.sub("", text)
    text = _REPEATED_MARKS.sub(r"\1", text)
    text = _MARK_WITHOUT_SPACE.sub(" ", text)
    return re.sub(r" {2,}", " ", text)
