"""What a syllable's place in its word says of its sound, before the rules of neighbours apply."""

import re
from collections.abc import Sequence

from gsvbatch.text.korean.morphemes import Morpheme, analyze
from gsvbatch.text.korean.syllables import Syllable, is_syllable, take_apart
from gsvbatch.text.korean.words import RESPELLED

_LONGEST = max(map(len, RESPELLED))
_SIX = re.compile("(?<=[십백천만억육])육")
_IN_TENS = re.compile("(?<=[열물른흔쉰순든])여(?=[섯덟])")
_LENIS = "ㄱㄷㅂㅅㅈ"


def in_context(clause: str) -> list[Syllable | None]:
    """Return the syllables of a clause, respelled where their word is irregular; None for each blank.

    Raises:
        MissingExtraError: The dictionary is not installed.
    """
    morphemes = list(analyze(clause))
    spelled = _respell(clause, morphemes)
    cells = [take_apart(character) if is_syllable(character) else None for character in spelled]
    for index, morpheme in enumerate(morphemes):
        following = morphemes[index + 1] if index + 1 < len(morphemes) else None
        last = cells[morpheme.start + len(morpheme.text) - 1]
        if last is None:
            continue
        tag = morpheme.tags[-1]
        if tag in ("VV", "VA", "VX") and following and following.tags[0].startswith("E"):
            last.is_stem_end = True
        elif tag == "ETM" and last.coda == "ㄹ":
            last.tenses_next = True
        if tag.startswith("E"):
            _harden_within(morpheme, cells)
    return cells


def _respell(clause: str, morphemes: Sequence[Morpheme]) -> str:
    """Return a clause with its irregular words spelled by their sound; its length stays."""
    said = list(clause)
    for morpheme in morphemes:
        start = morpheme.start
        for length in range(_LONGEST, 1, -1):
            word = clause[start : start + length]
            # Two syllables are too easily a word and a particle (물가, 물 + 가) unless they begin one word.
            is_one = length > 2 or len(morpheme.text) >= 2 or word[-1] in "없있익"
            if word in RESPELLED and is_one:
                said[start : start + length] = RESPELLED[word]
                break
    text = "".join(said)
    return _IN_TENS.sub("녀", _SIX.sub("뉵", text))


def _harden_within(morpheme: Morpheme, cells: Sequence[Syllable | None]) -> None:
    """Mark the ㄹ of an ending like ㄹ게, ㄹ수록 and 을지도, which hardens what follows in the ending itself."""
    ending = morpheme.parts[-1][0] if morpheme.parts else morpheme.text
    if ending[:1] not in ("ᆯ", "을") or len(ending) < 2:
        return
    if not is_syllable(ending[1]) or take_apart(ending[1]).onset not in _LENIS:
        return
    before = cells[morpheme.start + len(morpheme.text) - len(ending)]
    if before is not None and before.coda == "ㄹ":
        before.tenses_next = True
