"""Jyutping syllables: whether there is such a one, and the phonemes that models know it by."""

import re

from gsvbatch.text.symbols import SymbolTable

ONSETS = ("kw", "gw", "ng", *"bpmfdtnlgkhwzcsj")
RHYMES = frozenset(
    [
        "aa",
        "aai",
        "aau",
        "aam",
        "aan",
        "aang",
        "aap",
        "aat",
        "aak",
        "a",
        "ai",
        "au",
        "am",
        "an",
        "ang",
        "ap",
        "at",
        "ak",
        "e",
        "ei",
        "eu",
        "em",
        "en",
        "eng",
        "ep",
        "et",
        "ek",
        "i",
        "iu",
        "im",
        "in",
        "ing",
        "ip",
        "it",
        "ik",
        "o",
        "oi",
        "ou",
        "on",
        "ong",
        "ot",
        "ok",
        "u",
        "ui",
        "un",
        "ung",
        "ut",
        "uk",
        "oe",
        "oeng",
        "oek",
        "oet",
        "eoi",
        "eon",
        "eot",
        "yu",
        "yun",
        "yut",
    ]
)
_SHAPE = re.compile(rf"({'|'.join(ONSETS)})?([aeiouy][a-z]*)([1-6])")
_NASAL = re.compile(r"(h?)(m|ng)([1-6])")

# A syllable without an onset is written with its vowel in the onset's place and its last letter behind it.
_BARE = re.compile(r"(aa|ai|ak|au|a|e|ong|on|ou|oi|ok|o|uk|ung|u)([a-z]*)")

# Rhymes of a few colloquial words, which models do not know, and the ones that are nearest to them.
_NEAR = {"eu": "iu", "em": "im", "en": "in", "ep": "ip", "et": "it", "oet": "eot"}

PREFIX = "Y"
"""Before every phoneme, to keep them apart from those of other languages."""


def check_jyutping(spelling: str) -> str:
    """Return a syllable as it is written: ``GWOK 3`` -> ``gwok3``.

    Raises:
        ValueError: It is no syllable of Cantonese with a tone.
    """
    plain = spelling.replace(" ", "").lower()
    match = _SHAPE.fullmatch(plain)
    if _NASAL.fullmatch(plain) or (match and match[2] in RHYMES):
        return plain
    if not plain[-1:].isdigit():
        raise ValueError(f"{spelling!r} has no tone; write 1 to 6 behind it, as in {plain}3")
    if plain[-1] not in "123456":
        raise ValueError(f"{spelling!r} has tone {plain[-1]}, but Jyutping has 1 to 6")
    raise ValueError(f"{spelling!r} is no syllable of Cantonese in Jyutping, as gwok3 is")


def phonemes(syllable: str) -> tuple[str, str]:
    """Return the two phonemes of a checked syllable: ``gwok3`` -> ``Ygw``, ``Yok3``.

    A few without an onset have no phonemes of their own; they get the onset ng, as many speakers say them. Models
    do not know the rhymes eu, em, en, ep, et and oet either.
    """
    letters, tone = syllable[:-1], syllable[-1]
    match = _SHAPE.fullmatch(syllable)
    if match is None:  # m4, ng5, hng6
        onset, rhyme = ("h", "ang") if letters.startswith("h") else (letters, letters[-1])
        return PREFIX + onset, f"{PREFIX}{rhyme}{tone}"
    onset, rhyme = match[1], _NEAR.get(match[2], match[2])
    if onset:
        return PREFIX + onset, f"{PREFIX}{rhyme}{tone}"
    bare = _BARE.fullmatch(rhyme)
    if bare:
        pair = (PREFIX + bare[1], f"{PREFIX}{bare[2] or bare[1][-1]}{tone}")
        if all(symbol in SymbolTable.load("v2") for symbol in pair):
            return pair
    return f"{PREFIX}ng", f"{PREFIX}{rhyme}{tone}"
