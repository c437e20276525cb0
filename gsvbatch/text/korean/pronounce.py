"""How Korean syllables sound beside one another, after the Standard Pronunciation (표준 발음법, articles 5 to 30).

A coda and the onset behind it decide each other: they join, grow alike, harden or fuse. Across a blank they do so
as in flowing speech, but for a coda that would have to move over it.
"""

from collections.abc import Sequence

from gsvbatch.text.korean.syllables import Syllable

# What is heard of a coda with no vowel behind it (articles 8 to 11): seven sounds are left.
_PLAIN = {
    **dict.fromkeys(("ㄱ", "ㄲ", "ㅋ", "ㄳ", "ㄺ"), "ㄱ"),
    **dict.fromkeys(("ㄷ", "ㅅ", "ㅆ", "ㅈ", "ㅊ", "ㅌ", "ㅎ"), "ㄷ"),
    **dict.fromkeys(("ㅂ", "ㅍ", "ㅄ", "ㄿ"), "ㅂ"),
    **dict.fromkeys(("ㄴ", "ㄵ", "ㄶ"), "ㄴ"),
    **dict.fromkeys(("ㄹ", "ㄼ", "ㄽ", "ㄾ", "ㅀ"), "ㄹ"),
    **dict.fromkeys(("ㅁ", "ㄻ"), "ㅁ"),
    "ㅇ": "ㅇ",
}
# A coda of two before a vowel: the second moves to the next syllable (article 14).
_SPLIT = {
    "ㄳ": ("ㄱ", "ㅆ"), "ㄵ": ("ㄴ", "ㅈ"), "ㄺ": ("ㄹ", "ㄱ"), "ㄻ": ("ㄹ", "ㅁ"), "ㄼ": ("ㄹ", "ㅂ"), "ㄽ": ("ㄹ", "ㅆ"),
    "ㄾ": ("ㄹ", "ㅌ"), "ㄿ": ("ㄹ", "ㅍ"), "ㅄ": ("ㅂ", "ㅆ"), "ㄶ": ("", "ㄴ"), "ㅀ": ("", "ㄹ"), "ㅎ": ("", "ㅇ"),
}  # fmt: skip
_WITH_H = {"ㅎ": "", "ㄶ": "ㄴ", "ㅀ": "ㄹ"}
_ASPIRATED = {"ㄱ": "ㅋ", "ㄷ": "ㅌ", "ㅂ": "ㅍ", "ㅈ": "ㅊ"}
# A coda before ㅎ: what stays of it, and what the ㅎ becomes (article 12).
_BEFORE_H = {
    "ㄱ": ("", "ㅋ"), "ㄲ": ("", "ㅋ"), "ㅋ": ("", "ㅋ"), "ㄳ": ("", "ㅋ"), "ㄺ": ("ㄹ", "ㅋ"), "ㄷ": ("", "ㅌ"),
    "ㅅ": ("", "ㅌ"), "ㅆ": ("", "ㅌ"), "ㅊ": ("", "ㅌ"), "ㅌ": ("", "ㅌ"), "ㅈ": ("", "ㅊ"), "ㄵ": ("ㄴ", "ㅊ"),
    "ㅂ": ("", "ㅍ"), "ㅍ": ("", "ㅍ"), "ㅄ": ("", "ㅍ"), "ㄼ": ("ㄹ", "ㅍ"), "ㄿ": ("ㄹ", "ㅍ"), "ㄾ": ("ㄹ", "ㅌ"),
    "ㅎ": ("", "ㅎ"), "ㄶ": ("ㄴ", "ㅎ"), "ㅀ": ("ㄹ", "ㅎ"),
}  # fmt: skip
_TENSE = {"ㄱ": "ㄲ", "ㄷ": "ㄸ", "ㅂ": "ㅃ", "ㅅ": "ㅆ", "ㅈ": "ㅉ"}
_NASAL = {"ㄱ": "ㅇ", "ㄷ": "ㄴ", "ㅂ": "ㅁ"}
_TO_I = {"ㄷ": ("", "ㅈ"), "ㅌ": ("", "ㅊ"), "ㄾ": ("ㄹ", "ㅊ")}


def pronounce(cells: Sequence[Syllable | None]) -> None:
    """Change syllables from how they are written to how they sound.

    Args:
        cells: The syllables of a clause, and None for each blank between its words.
    """
    syllables = [cell for cell in cells if cell is not None]
    for syllable in syllables:
        if syllable.onset != "ㅇ" and syllable.vowel == "ㅢ":
            syllable.vowel = "ㅣ"  # article 5.3: 무늬, but not 협의, whose ㅂ is yet to move
    for index, cell in enumerate(cells):
        if cell is None:
            continue
        following = cells[index + 1] if index + 1 < len(cells) else None
        is_next = following is not None
        if following is None and index + 2 < len(cells):
            following = cells[index + 2]
        _meet(cell, following, is_next)
    for syllable in syllables:
        if syllable.onset in "ㅈㅉㅊ" and syllable.vowel == "ㅕ":
            syllable.vowel = "ㅓ"  # article 5.1: 가져, and 닫혀, whose ㅊ is new


def _meet(syllable: Syllable, following: Syllable | None, is_next: bool) -> None:
    """Let a coda and the onset behind it change each other."""
    coda = syllable.coda
    if not coda:
        return
    if following is None:
        syllable.coda = _PLAIN[coda]
    elif following.onset == "ㅇ":
        if is_next and coda != "ㅇ":
            _join(syllable, following)
        else:
            syllable.coda = _PLAIN[coda]
    elif following.onset == "ㅎ" and coda in _BEFORE_H:
        syllable.coda, following.onset = _BEFORE_H[coda]
        if coda == "ㅈ" and not is_next:
            following.onset = "ㅌ"  # of another word, it has become ㄷ first: 낮 한때
        elif coda in ("ㄷ", "ㄾ") and is_next and _is_suffix(following):
            following.onset = "ㅊ"  # article 17: 굳히다, but not 맏형
    elif coda in _WITH_H and following.onset in _ASPIRATED and following.onset != "ㅂ":
        syllable.coda, following.onset = _WITH_H[coda], _ASPIRATED[following.onset]
    elif coda in _WITH_H and following.onset == "ㅅ":
        syllable.coda, following.onset = _WITH_H[coda], "ㅆ"
    else:
        _assimilate(syllable, following, is_next)


def _join(syllable: Syllable, following: Syllable) -> None:
    """Move a coda to the syllable behind it, which begins with its vowel."""
    coda = syllable.coda
    if coda in _TO_I and _is_suffix(following):
        syllable.coda, following.onset = _TO_I[coda]
    elif coda in _SPLIT:
        syllable.coda, following.onset = _SPLIT[coda]
    else:
        syllable.coda, following.onset = "", coda


def _is_suffix(syllable: Syllable) -> bool:
    """Whether a syllable may be 이 or 히, alone or with the past in it."""
    return syllable.vowel == "ㅣ" or (syllable.vowel == "ㅕ" and syllable.coda in ("", "ㅆ"))


def _assimilate(syllable: Syllable, following: Syllable, is_next: bool) -> None:
    coda, onset = syllable.coda, following.onset
    plain = _plain_before(syllable, following)
    if onset in _TENSE and _tenses(syllable, plain):
        following.onset = _TENSE[onset]
    elif onset in ("ㄴ", "ㅁ"):
        plain = _NASAL.get(plain, plain)
        if plain == "ㄹ" and onset == "ㄴ" and is_next:
            following.onset = "ㄹ"
        elif coda == "ㅎ":
            plain = "ㄴ"
    elif onset == "ㄹ":
        if plain == "ㄴ":
            plain = "ㄹ"
        elif plain != "ㄹ":
            plain, following.onset = _NASAL.get(plain, plain), "ㄴ"
    syllable.coda = plain


def _plain_before(syllable: Syllable, following: Syllable) -> str:
    coda = syllable.coda
    if coda == "ㄺ" and syllable.is_stem_end and following.onset in "ㄱㄲ":
        return "ㄹ"  # article 11: 읽고, but 닭과
    if coda == "ㄼ" and (syllable.onset, syllable.vowel) == ("ㅂ", "ㅏ"):
        return "ㅂ"  # article 10: 밟다
    if coda == "ㄼ" and (syllable.onset, syllable.vowel) == ("ㄴ", "ㅓ"):
        is_flat = following.vowel == "ㅜ" and following.onset in "ㅈㄷ"
        return "ㅂ" if is_flat else "ㄹ"  # 넓죽하다, 넓둥글다
    return _PLAIN[coda]


def _tenses(syllable: Syllable, plain: str) -> bool:
    """Whether a lenis consonant behind a coda hardens (articles 23 to 27)."""
    if syllable.tenses_next or plain in _NASAL:
        return True
    if syllable.coda in ("ㄺ", "ㄽ"):
        return True
    return syllable.is_stem_end and syllable.coda in ("ㄴ", "ㄵ", "ㅁ", "ㄻ", "ㄼ", "ㄾ")
