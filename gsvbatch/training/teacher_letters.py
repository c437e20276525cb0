"""From phones, which are pinyin syllables, ARPAbet symbols and marks, to the letters that the teacher reads.

The teacher, Kokoro, reads one character a sound: IPA, with capitals for English diphthongs, arrows for Mandarin
tones and stress marks straight before English vowels. A tone arrow stands behind the vowels and before a coda.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from gsvbatch.text.mandarin.pinyin import check_pinyin, phonemes, syllables
from gsvbatch.text.symbols import PUNCTUATION

ARROWS = {"1": "→", "2": "↗", "3": "↓", "4": "↘", "5": ""}
"""By Mandarin tone; the neutral tone is not marked."""

STRESS = {"1": "ˈ", "2": "ˌ", "0": ""}
MARKS = frozenset(",.!?…")
"""What phones may hold besides sounds, and the teacher reads as pauses."""

ARPABET: Mapping[str, str] = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "W", "AY": "I", "EH": "ɛ", "ER": "ɜɹ", "EY": "A",
    "IH": "ɪ", "IY": "i", "OW": "O", "OY": "Y", "UH": "ʊ", "UW": "u",
    "B": "b", "CH": "ʧ", "D": "d", "DH": "ð", "F": "f", "G": "ɡ", "HH": "h", "JH": "ʤ", "K": "k", "L": "l",
    "M": "m", "N": "n", "NG": "ŋ", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ", "T": "t", "TH": "θ", "V": "v",
    "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ",
}  # fmt: skip
_REDUCED = {"AH0": "ə", "ER0": "əɹ"}

_INITIALS = {
    "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l",
    "g": "k", "k": "kʰ", "h": "x", "j": "ʨ", "q": "ʨʰ", "x": "ɕ",
    "zh": "ꭧ", "ch": "ꭧʰ", "sh": "ʂ", "r": "ɻ", "z": "ʦ", "c": "ʦʰ", "s": "s",
}  # fmt: skip
_FINALS = {
    # What comes before the tone arrow, and the coda behind it.
    "a": ("a", ""), "ai": ("ai", ""), "an": ("a", "n"), "ang": ("a", "ŋ"), "ao": ("au", ""),
    "e": ("ɤ", ""), "ei": ("ei", ""), "en": ("ə", "n"), "eng": ("ə", "ŋ"), "er": ("ɚ", ""),
    "o": ("wo", ""), "ou": ("ou", ""), "ong": ("ʊ", "ŋ"),
    "i": ("i", ""), "i0": ("ɨ", ""), "ir": ("ɨ", ""), "ia": ("ja", ""), "ian": ("jɛ", "n"),
    "iang": ("ja", "ŋ"), "iao": ("jau", ""), "ie": ("je", ""), "in": ("i", "n"), "ing": ("i", "ŋ"),
    "iong": ("jʊ", "ŋ"), "iu": ("jou", ""),
    "u": ("u", ""), "ua": ("wa", ""), "uai": ("wai", ""), "uan": ("wa", "n"), "uang": ("wa", "ŋ"),
    "ui": ("wei", ""), "un": ("wə", "n"), "uo": ("wo", ""),
    "v": ("y", ""), "ve": ("ɥe", ""), "van": ("ɥɛ", "n"), "vn": ("y", "n"),
}  # fmt: skip
_GLIDES = frozenset("jwɥ")
_WITH_GLIDE = {
    # Finals behind y, which are spelled short; behind w it is the glide and the final.
    "a": ("ja", ""), "En": ("jɛ", "n"), "ang": ("ja", "ŋ"), "ao": ("jau", ""), "E": ("je", ""),
    "o": ("wo", ""), "ong": ("jʊ", "ŋ"), "ou": ("jou", ""),
}  # fmt: skip


def letters_of(phone: str) -> str:
    """Return the teacher's letters of a phone: ``mian4`` mjɛ↘n, ``OW1`` ˈO, a mark itself.

    Raises:
        ValueError: It is neither a pinyin syllable with tone, an ARPAbet symbol nor a mark.
    """
    if phone in MARKS:
        return phone
    return _english(phone) if phone[:1].isupper() else _mandarin(phone)


def spell(words: Iterable[Sequence[str]]) -> str:
    """Return what the teacher reads for words of phones: a space between words, none before a mark."""
    spelled = ""
    for word in words:
        is_mark = all(phone in MARKS for phone in word)
        spelled += ("" if is_mark or not spelled else " ") + "".join(map(letters_of, word))
    return spelled


def phonemes_of(phone: str) -> tuple[str, ...]:
    """Return the symbols that our models know a phone by: two for a syllable, itself for others.

    Raises:
        ValueError: It is no phone.
    """
    if phone in PUNCTUATION:
        return (phone,)
    return (phone,) if phone[:1].isupper() else phonemes(check_pinyin(phone))


def phones_of(symbols: Sequence[str]) -> tuple[str, ...]:
    """Return the phones of one group of a language frontend: the other way round.

    Raises:
        ValueError: A symbol is of another language, or of no use to the teacher.
    """
    if len(symbols) == 2 and (symbols[0], symbols[1][:-1]) in _syllables():
        return (_syllables()[symbols[0], symbols[1][:-1]] + symbols[1][-1],)
    phones = tuple("," if symbol == "-" else symbol for symbol in symbols)
    for phone in phones:
        letters_of(phone)
    return phones


def _english(phone: str) -> str:
    base, stress = phone.rstrip("012"), phone[-1] if phone[-1] in "012" else "0"
    if base not in ARPABET:
        raise ValueError(f"{phone!r} is no ARPAbet symbol")
    return STRESS[stress] + _REDUCED.get(phone, ARPABET[base])


def n_onset_letters(phone: str) -> int:
    """Return how many of a syllable's letters its initial has; 0 where they are the final's alone, or it is none."""
    if phone in MARKS or phone[:1].isupper():
        return 0
    initial = phonemes(check_pinyin(phone))[0]
    # The initials y and w are written out only where they glide into another vowel.
    return len(_INITIALS.get(initial, "")) or int(_mandarin(phone)[0] in _GLIDES)


def _mandarin(phone: str) -> str:
    initial, final = phonemes(check_pinyin(phone))
    final, arrow = final[:-1], ARROWS[final[-1]]
    onset = _INITIALS.get(initial, "")
    if initial == "y" and final in _WITH_GLIDE:
        vowels, coda = _WITH_GLIDE[final]
    else:
        vowels, coda = _FINALS[final]
    if initial == "w" and final not in ("u", "o"):
        onset = "w"
    elif initial == "OO" and final == "o":
        vowels = "ɔ"  # the interjection, with no glide
    return onset + vowels + arrow + coda


@cache
def _syllables() -> dict[tuple[str, str], str]:
    """Initial and final without tone -> syllable."""
    found: dict[tuple[str, str], str] = {}
    # Interjections (m, ng, eh) share their phonemes with the syllables that they stand for: heng, en, ei.
    for syllable in sorted(syllables(), reverse=True):
        if syllable.isascii() and set(syllable) & set("aeiouv"):
            initial, final = phonemes(syllable + "1")
            found.setdefault((initial, final[:-1]), syllable)
    return found
