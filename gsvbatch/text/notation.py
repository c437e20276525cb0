"""How users write readings and pauses: pinyin and Jyutping with tone numbers, ARPAbet, lengths of time.

Markup and lexicon share these rules, so that a spelling that is good in one is good in the other:

* pinyin: one syllable per Han character, tone 1 to 5 at its end (5 is neutral), ``v`` or ``ü`` for ü:
  ``jue2 se4``, ``nv3``, ``lüe4``;
* Jyutping, in Cantonese: one syllable per Han character, tone 1 to 6: ``gwok3``;
* ARPAbet: the phonemes of CMUdict, stress 0, 1 or 2 on the vowels: ``EH0 N V IH1 D IY0 AH0``;
* anything else is an alias, the words to say instead.
"""

import difflib
import re
import unicodedata
from functools import cache
from typing import Literal

from gsvbatch.text.cantonese.jyutping import check_jyutping
from gsvbatch.text.mandarin.pinyin import check_pinyin
from gsvbatch.text.reading import Reading
from gsvbatch.units import Seconds

SAPI_ALPHABETS = frozenset({"sapi", "x-pinyin", "pinyin"})
JYUTPING_ALPHABETS = frozenset({"x-jyutping", "jyutping"})
ARPABET_ALPHABETS = frozenset({"x-arpabet", "arpabet", "x-cmu", "cmu"})

VOWELS = frozenset(
    ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")
)
CONSONANTS = frozenset(
    ("B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N", "NG")
) | frozenset(("P", "R", "S", "SH", "T", "TH", "V", "W", "Y", "Z", "ZH"))

MAX_PAUSE: Seconds = 60.0
DEFAULT_PAUSE: Seconds = 0.5
"""Of a pause that names no length."""

# SSML's own scale, in the lengths that speech services give it.
_STRENGTHS: dict[str, Seconds] = {
    "": DEFAULT_PAUSE, "none": 0.0, "x-weak": 0.25, "weak": 0.5, "medium": 0.75, "strong": 1.0, "x-strong": 1.25,
}  # fmt: skip
_DURATION = re.compile(
    r"([+-]?(?:\d+(?:\.\d*)?|\.\d+))\s*(ms|毫秒|s|secs?|seconds?|秒)?", re.IGNORECASE
)
_TONE_MARKS = re.compile("[\u0300\u0301\u0304\u030c]")
_PINYIN_LIST = re.compile(r"[a-zü:]+[0-9]([\s'-]+[a-zü:]+[0-9])*", re.IGNORECASE)


# Said with a vowel, which dictionaries do not give them.
_INTERJECTIONS = {"嗯": frozenset({"en"}), "诶": frozenset({"ei", "ai"})}


class NotationError(ValueError):
    """A reading is written wrongly; the text says what is wrong and what would be right."""


def is_han(character: str) -> bool:
    """Whether a character is a Chinese character (any CJK ideograph, and 〇)."""
    return (
        "\u4e00" <= character <= "\u9fff"
        or "\u3400" <= character <= "\u4dbf"
        or "\U00020000" <= character <= "\U000323af"
        or "\uf900" <= character <= "\ufaff"
        or character == "〇"
    )


def is_pinyin(spelling: str) -> bool:
    """Whether a spelling is meant as pinyin: letters with a tone number, once or more often."""
    return _PINYIN_LIST.fullmatch(spelling.strip()) is not None


def syllable(spelling: str) -> str:
    """Return one pinyin syllable in TONE3 spelling: ``jue 2``, ``JUE2`` -> ``jue2``; ``lüe4`` -> ``lve4``.

    Raises:
        NotationError: It is not a syllable of Mandarin with a tone.
    """
    try:
        return check_pinyin(spelling)
    except ValueError as problem:
        raise NotationError(str(problem)) from None


def without_tone(spelling: str) -> str:
    """Return a spelling's letters alone: ``jué``, ``jue 2`` -> ``jue``, ``lü4`` -> ``lv``."""
    marked = unicodedata.normalize("NFD", spelling)
    plain = unicodedata.normalize("NFC", _TONE_MARKS.sub("", marked))
    return plain.replace("u:", "v").replace("ü", "v").rstrip("0123456789 ")


def known_syllables(character: str) -> frozenset[str]:
    """Return a Han character's dictionary readings without tones; empty if it is in no dictionary."""
    readings = map(without_tone, _dictionary().get(ord(character), "").split(","))
    return frozenset(filter(None, readings)) | _INTERJECTIONS.get(character, frozenset())


@cache
def stand_in(syllable: str) -> str:
    """Return a common character that is read as a syllable, for where only the syllable is written."""
    from pypinyin.contrib.tone_convert import to_tone3

    also = "〇"
    for code in range(0xB0A1, 0xD7FA):  # the first, common level of GB 2312
        character = code.to_bytes(2, "big").decode("gb2312", errors="ignore")
        if len(character) != 1:
            continue
        readings = filter(None, _dictionary().get(ord(character), "").split(","))
        spelled = [to_tone3(reading, neutral_tone_with_five=True) for reading in readings]
        if spelled[:1] == [syllable]:
            return character
        if syllable in spelled:
            also = character
    return also


def _dictionary() -> dict[int, str]:
    # pypinyin's table takes a tenth of a second to load, which most texts need not pay.
    from pypinyin.constants import PINYIN_DICT

    return PINYIN_DICT


def pinyin(text: str, spelling: str) -> Reading:
    """Return the reading of one or more Han characters from as many syllables.

    Raises:
        NotationError: A syllable is wrong, or their number is not that of the characters.
    """
    return _of_characters(text, "pinyin", spelling, _syllables(spelling))


def jyutping(text: str, spelling: str) -> Reading:
    """Return the reading in Cantonese of one or more Han characters from as many syllables.

    Raises:
        NotationError: A syllable is wrong, or their number is not that of the characters.
    """
    try:
        syllables = tuple(map(check_jyutping, _parts(spelling)))
    except ValueError as problem:
        raise NotationError(str(problem)) from None
    return _of_characters(text, "jyutping", spelling, syllables)


def _of_characters(
    text: str, kind: Literal["pinyin", "jyutping"], spelling: str, syllables: tuple[str, ...]
) -> Reading:
    if not text or not all(map(is_han, text)):
        raise NotationError(f"{kind} stands for Chinese characters only, not for {text!r}")
    if len(syllables) != len(text):
        raise NotationError(
            f"{text!r} has {len(text)} characters but {spelling.strip()!r} has {len(syllables)} syllables; "
            "write one syllable for each character"
        )
    return Reading(text, kind, syllables)


def _syllables(spelling: str) -> tuple[str, ...]:
    return tuple(map(syllable, _parts(spelling)))


def _parts(spelling: str) -> list[str]:
    return re.findall(r"[^\s'\-0-9]+\s*[0-9]?", spelling)


def arpabet(text: str, spelling: str) -> Reading:
    """Return the reading of a word from ARPAbet phonemes, separated by spaces.

    Raises:
        NotationError: A phoneme is unknown, a vowel lacks its stress, or there is none at all.
    """
    if not text.strip():
        raise NotationError("there is no word for the phonemes to stand for")
    phonemes = tuple(spelling.upper().split())
    if not phonemes:
        raise NotationError(f"{text!r} has no phonemes; write ARPAbet, as in HH AH0 L OW1")
    for phoneme in phonemes:
        if phoneme in CONSONANTS:
            continue
        base, stress = phoneme.rstrip("0123456789"), phoneme.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        if base in VOWELS and stress in ("0", "1", "2"):
            continue
        if base in VOWELS and not stress:
            raise NotationError(f"vowel {base} lacks its stress; write {base}0, {base}1 or {base}2")
        if base in VOWELS:
            raise NotationError(f"stress of {phoneme} is wrong; write {base}0, {base}1 or {base}2")
        if base in CONSONANTS:
            raise NotationError(
                f"consonant {base} takes no stress; write {base} instead of {phoneme}"
            )
        raise NotationError(
            f"{phoneme!r} is not an ARPAbet phoneme (as in CMUdict: {_examples(base)})"
        )
    return Reading(text, "arpabet", phonemes)


def by_alphabet(text: str, alphabet: str, spelling: str) -> Reading:
    """Return a reading in a named alphabet, as SSML and PLS name them.

    Raises:
        NotationError: The alphabet is not supported, or the spelling is wrong.
    """
    name = alphabet.strip().lower()
    if name in SAPI_ALPHABETS:
        return pinyin(text, spelling)
    if name in JYUTPING_ALPHABETS:
        return jyutping(text, spelling)
    if name in ARPABET_ALPHABETS:
        return arpabet(text, spelling)
    raise NotationError(
        f"alphabet {alphabet!r} is not supported; use sapi (pinyin), x-jyutping or x-arpabet"
    )


def is_alphabet(alphabet: str) -> bool:
    """Whether `by_alphabet` knows an alphabet by this name."""
    return alphabet.strip().lower() in SAPI_ALPHABETS | JYUTPING_ALPHABETS | ARPABET_ALPHABETS


def alias(text: str, spoken: str) -> str:
    """Return the words to say instead of a text.

    Raises:
        NotationError: There are none.
    """
    if not spoken.strip():
        raise NotationError(f"nothing is given to say for {text!r}")
    return spoken.strip()


def free_form(text: str, spelling: str, language: str | None = None) -> Reading | str:
    """Return the reading, or the alias, that a spelling without a named alphabet stands for.

    ``/.../`` is ARPAbet, syllables with tone numbers beside Han characters are pinyin, in Cantonese Jyutping,
    and all else is an alias.

    Raises:
        NotationError: The spelling is empty or wrong.
    """
    plain = alias(text, spelling)
    if len(plain) > 1 and plain.startswith("/") and plain.endswith("/"):
        return arpabet(text, plain[1:-1])
    if not is_pinyin(plain):
        return plain
    if all(map(is_han, text)):
        return syllabic(text, plain, language)
    try:
        _syllables(plain)
    except NotationError:
        return plain
    raise NotationError(
        f"pinyin stands for Chinese characters only, not for {text!r}; write the words to say"
    )


def syllabic(text: str, spelling: str, language: str | None = None) -> Reading:
    """Return the reading of Han characters from syllables, in the notation of a language.

    Raises:
        NotationError: A syllable is wrong, or their number is not that of the characters.
    """
    return jyutping(text, spelling) if language == "yue" else pinyin(text, spelling)


def pause(written: str) -> Seconds:
    """Return a pause from ``1.5``, ``800ms``, ``2秒``, a strength of SSML, or nothing at all.

    Raises:
        NotationError: It is none of these, negative, or longer than `MAX_PAUSE`.
    """
    plain = written.strip().lower()
    if plain in _STRENGTHS:
        return _STRENGTHS[plain]
    match = _DURATION.fullmatch(plain)
    if match is None:
        raise NotationError(
            f"{written.strip()!r} is not a length of time; write seconds, as in 1.5, or 800ms"
        )
    duration = float(match[1]) / (1000 if match[2] in ("ms", "毫秒") else 1)
    if match[1].startswith("-"):
        raise NotationError(f"a pause cannot last {written.strip()}; its length must be 0 or more")
    if duration > MAX_PAUSE:
        raise NotationError(
            f"a pause of {written.strip()} is too long; the longest is {MAX_PAUSE:g} s"
        )
    return duration


def _examples(base: str) -> str:
    close = difflib.get_close_matches(base, sorted(VOWELS | CONSONANTS), n=3, cutoff=0.4)
    return ", ".join(close or ("AH0", "B", "K"))
