"""Hangul syllables taken apart into onset, vowel and coda, and the jamo that are phonemes."""

from dataclasses import dataclass

ONSETS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
CODAS = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")

_FIRST = 0xAC00

# Vowels that are no phonemes are two that are: a glide is written like the vowel it comes from.
_PARTS = {
    "ㅑ": "ㅣㅏ", "ㅒ": "ㅣㅐ", "ㅕ": "ㅣㅓ", "ㅖ": "ㅣㅔ", "ㅛ": "ㅣㅗ", "ㅠ": "ㅣㅜ", "ㅘ": "ㅗㅏ", "ㅙ": "ㅗㅐ",
    "ㅚ": "ㅗㅣ", "ㅝ": "ㅜㅓ", "ㅞ": "ㅜㅔ", "ㅟ": "ㅜㅣ", "ㅢ": "ㅡㅣ",
}  # fmt: skip


@dataclass(slots=True)
class Syllable:
    """One syllable, as written at first and as spoken after the rules have changed it."""

    onset: str
    """One of `ONSETS`; ``ㅇ`` is none."""

    vowel: str
    coda: str
    """One of `CODAS`; empty if there is none."""

    is_stem_end: bool = False
    """The last of a verb's or adjective's stem, with its ending behind it."""

    tenses_next: bool = False
    """Ends with the ㄹ of a verb's ending, which hardens the consonant behind it."""

    @property
    def phonemes(self) -> tuple[str, ...]:
        """The jamo that models know; an onset that is none is one of them."""
        return (self.onset, *_PARTS.get(self.vowel, self.vowel), *self.coda)


def is_syllable(character: str) -> bool:
    """Whether a character is a whole Hangul syllable."""
    return "가" <= character <= "힣"


def take_apart(character: str) -> Syllable:
    """Return the parts of a Hangul syllable."""
    rest, coda = divmod(ord(character) - _FIRST, len(CODAS))
    onset, vowel = divmod(rest, len(VOWELS))
    return Syllable(ONSETS[onset], VOWELS[vowel], CODAS[coda])


def put_together(syllable: Syllable) -> str:
    """Return the character of a syllable."""
    index = ONSETS.index(syllable.onset) * len(VOWELS) + VOWELS.index(syllable.vowel)
    return chr(_FIRST + index * len(CODAS) + CODAS.index(syllable.coda))
