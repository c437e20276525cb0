"""Pinyin syllables: their spelling, and the two phonemes each is spoken with.

A syllable is written with its tone as a digit, ``ü`` as ``v`` and the neutral tone as 5 (``nv3``,
``de5``). Every syllable becomes an initial and a final, and the final carries the tone; a syllable
without an initial gets the symbol ``AA``, ``OO`` or ``EE`` in its place.
"""

import re
import unicodedata
from functools import cache

# Which finals follow which initial. Spelled, not phonological: "iu" for iou, "v" only where
# it contrasts with "u" in writing (l, n) or is written so by input methods (j, q, x, y).
_FINALS_OF_INITIAL = {
    "": "a ai an ang ao e ei en eng er o ou",
    "b": "a ai an ang ao ei en eng i ian iang iao ie in ing o u",
    "p": "a ai an ang ao ei en eng i ian iao ie in ing o ou u",
    "m": "a ai an ang ao e ei en eng i ian iao ie in ing iu o ou u",
    "f": "a an ang ei en eng iao o ou u",
    "d": "a ai an ang ao e ei en eng i ia ian iao ie in ing iu ong ou u uan ui un uo",
    "t": "a ai an ang ao e ei eng i ian iao ie ing ong ou u uan ui un uo",
    "n": "a ai an ang ao e ei en eng i ia ian iang iao ie in ing iu ong ou u uan un uo v ve",
    "l": "a ai an ang ao e ei en eng i ia ian iang iao ie in ing iu o ong ou u uan un uo v ve",
    "g": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
    "k": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
    "h": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
    "j": "i ia ian iang iao ie in ing iong iu u uan ue un",
    "q": "i ia ian iang iao ie in ing iong iu u uan ue un",
    "x": "i ia ian iang iao ie in ing iong iu u uan ue un",
    "zh": "a ai an ang ao e ei en eng i ong ou u ua uai uan uang ui un uo",
    "ch": "a ai an ang ao e en eng i ong ou u ua uai uan uang ui un uo",
    "sh": "a ai an ang ao e ei en eng i ou u ua uai uan uang ui un uo",
    "r": "an ang ao e en eng i ong ou u ua uan ui un uo",
    "z": "a ai an ang ao e ei en eng i ong ou u uan ui un uo",
    "c": "a ai an ang ao e ei en eng i ong ou u uan ui un uo",
    "s": "a ai an ang ao e en eng i ong ou u uan ui un uo",
    "y": "a an ang ao e i in ing o ong ou u uan ue un",
    "w": "a ai an ang ei en eng o ong u",
}

# Interjections without a vowel, and ê: the nearest syllable that the models know.
_STAND_INS = {
    "m": "mu",
    "hm": "heng",
    "n": "en",
    "ng": "en",
    "hn": "heng",
    "hng": "heng",
    "ê": "ei",
    "eh": "ei",
}

_INITIALS = sorted(filter(None, _FINALS_OF_INITIAL), key=len, reverse=True)
_FRONT_ROUNDED = {"u": "v", "ue": "ve", "uan": "van", "un": "vn"}
_TONE_MARKS = {"\u0304": "1", "\u0301": "2", "\u030c": "3", "\u0300": "4"}
_DIAERESIS, _CIRCUMFLEX = "\u0308", "\u0302"


@cache
def syllables() -> frozenset[str]:
    """Return every toneless syllable that can be spoken, as `check_pinyin` spells it."""
    spelled = {i + f for i, finals in _FINALS_OF_INITIAL.items() for f in finals.split()}
    return frozenset(spelled | _STAND_INS.keys())


def check_pinyin(syllable: str) -> str:
    """Return a user's pinyin syllable in the one spelling used inside: ``nv3``, ``jue2``, ``de5``.

    Upper case, ``ü``, ``u:``, ``v`` after j q x y, tone marks (``jué``) and 0 for the neutral tone
    are understood.

    Raises:
        ValueError: It is not one syllable of Mandarin with its tone; the message says what is wrong.
    """
    shown = syllable.strip()
    letters, tone = _split_tone(shown)
    if not re.fullmatch("[a-zê]+", letters):
        raise ValueError(
            f"{shown!r} is not a pinyin syllable: write its letters and the tone as a digit, like 'jue2' or 'nv3'"
        )
    if letters[0] in "jqxy":
        letters = letters.replace("v", "u")
    elif letters in ("lue", "nue"):
        letters = letters.replace("u", "v")
    if letters not in syllables():
        raise ValueError(f"{shown!r} is not a pinyin syllable: {_hint(letters)}")
    if not tone:
        raise ValueError(
            f"pinyin {shown!r} has no tone: add 1, 2, 3 or 4, or 5 for the neutral tone, like '{letters}4'"
        )
    if tone not in "12345":
        raise ValueError(f"pinyin {shown!r} has tone {tone}: tones are 1 to 4, and 5 is neutral")
    return letters + tone


def _split_tone(syllable: str) -> tuple[str, str]:
    """Return letters (with v for ü) and tone ("" if none) of a syllable however it is written."""
    text = syllable.lower().replace("u:", "v")
    tone = ""
    if text and text[-1] in "0123456789":
        text, tone = text[:-1].rstrip(), text[-1].replace("0", "5")
    letters: list[str] = []
    for character in unicodedata.normalize("NFD", text):
        if character in _TONE_MARKS and not tone:
            tone = _TONE_MARKS[character]
        elif character == _DIAERESIS and letters and letters[-1] == "u":
            letters[-1] = "v"
        elif character == _CIRCUMFLEX and letters and letters[-1] == "e":
            letters[-1] = "ê"
        else:
            letters.append(character)
    return "".join(letters), tone


def _hint(letters: str) -> str:
    if letters.endswith("r") and letters[:-1] in syllables():
        return f"write erhua as two syllables, {letters[:-1]!r} with its tone and 'er5'"
    for cut in range(1, len(letters)):
        if letters[:cut] in syllables() and letters[cut:] in syllables():
            return "it looks like two; give one syllable for each character"
    initial = next((i for i in _INITIALS if letters.startswith(i)), "")
    if initial and initial != letters:
        finals = ", ".join(initial + final for final in _FINALS_OF_INITIAL[initial].split())
        return f"with {initial!r} there are {finals}"
    return "check its spelling, like 'jue2' or 'nv3'"


@cache
def phonemes(syllable: str) -> tuple[str, str]:
    """Return the two symbols of a checked syllable.

    >>> phonemes("nv3"), phonemes("yan2"), phonemes("ai4")
    (('n', 'v3'), ('y', 'En2'), ('AA', 'ai4'))
    """
    letters, tone = syllable[:-1], syllable[-1]
    letters = _STAND_INS.get(letters, letters)
    initial = next((i for i in _INITIALS if letters.startswith(i)), "")
    if not initial:
        return letters[0].upper() * 2, letters + tone
    final = letters[len(initial) :]
    if final == "i" and initial in ("zh", "ch", "sh", "r"):
        final = "ir"
    elif final == "i" and initial in ("z", "c", "s"):
        final = "i0"
    elif initial in ("j", "q", "x", "y"):
        final = _FRONT_ROUNDED.get(final, final)
    if initial == "y":
        final = {"an": "En", "e": "E"}.get(final, final)
    return initial, final + tone
