"""Where Japanese phonemes stand in the letters that the teacher reads.

The teacher's own package spells Japanese, by rules that look at words; the phonemes come from our
frontend. Both know the same dictionary, so the one is found again in the other.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache

VOWELS: Mapping[str, str] = {"a": "aː", "i": "iː", "u": "ɯɨː", "e": "eː", "o": "oː"}
"""Letters of a vowel; a long one's second half may be a length mark."""

CONSONANTS: Mapping[str, tuple[str, ...]] = {
    "k": ("kʲ", "k"), "ky": ("kʲ",), "kw": ("kᵝ",), "g": ("ɡʲ", "ɡ"), "gy": ("ɡʲ",), "gw": ("ɡᵝ",),
    "s": ("s",), "sh": ("ɕ",), "z": ("ʣ", "z", "ʥ"), "j": ("ʥ",), "t": ("tʲ", "t"), "ty": ("tʲ",),
    "ts": ("ʦʲ", "ʦ"), "ch": ("ʨ",), "d": ("dʲ", "d"), "dy": ("dʲ",), "n": ("ɲ", "n"), "ny": ("ɲ",),
    "h": ("h", "ç", "ɸ"), "hy": ("ç",), "f": ("ɸʲ", "ɸ"), "fy": ("ɸʲ",), "b": ("bʲ", "b"), "by": ("bʲ",),
    "p": ("pʲ", "p"), "py": ("pʲ",), "m": ("mʲ", "m"), "my": ("mʲ",), "r": ("ɾʲ", "ɾ"), "ry": ("ɾʲ",),
    "w": ("β",), "y": ("j",), "v": ("vʲ", "v", "b"), "N": ("m", "ŋ", "ɲ", "n", "ɴ"), "cl": ("ʔ",),
}  # fmt: skip
"""Letters of a consonant, the longer first."""

_BETWEEN = r"[ ,.!?…;:—“”«»\"()]*?"


def locate_kana(phones: Sequence[str], letters: str) -> list[tuple[int, int] | None]:
    """Return the stretch of letters, first and end, of each phoneme; None for what has no sound.

    Marks of pitch accent are written with no letter, and a pause may be missing.

    Raises:
        ValueError: The letters say something else.
    """
    pattern = _BETWEEN.join(map(_pattern, phones))
    match = re.fullmatch(f"{_BETWEEN}{pattern}{_BETWEEN}", letters)
    if match is None:
        raise ValueError(f"{' '.join(phones)} is not what {letters!r} says")
    spans = (match.span(i) for i in range(1, len(phones) + 1))
    return [(first, end) if end > first else None for first, end in spans]


@cache
def _pattern(phone: str) -> str:
    """A group that matches a phoneme's letters."""
    sound = phone.lower() if phone in "AIUEO" else phone  # capitals are whispered
    if sound in VOWELS:
        return f"([{VOWELS[sound]}])"
    if sound in CONSONANTS:
        return f"({'|'.join(CONSONANTS[sound])})"
    if phone[0].isalnum():
        raise ValueError(f"{phone!r} is no Japanese phoneme that the teacher knows")
    return r"([,.!?…;:—]?)" if phone in ",.!?…-" else "()"
