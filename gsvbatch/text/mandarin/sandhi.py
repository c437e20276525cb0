"""How tones change beside each other: 不 and 一, the neutral tone, third tones, and erhua.

Rules work word by word on syllables like ``ni3``, in that order; a word is what `words.merge` made.
"""

from collections.abc import Sequence
from itertools import pairwise

from gsvbatch.text.mandarin.lists import (
    erhua_words,
    full_tone_words,
    neutral_words,
    plain_er_words,
)
from gsvbatch.text.mandarin.words import Word, halves

_DIGITS = frozenset("零一二三四五六七八九幺")
_COUNTED = _DIGITS | frozenset("两几有半多各整每做是这那哪某十百千万亿")
_PARTICLES = frozenset("吧呢哈啊呐噻嘛吖嗨哦哒额滴哩哟喽啰耶喔诶")
_DIRECTIONS = frozenset("上下进出回过起开")
_LONGEST_TAIL = 2
"""Characters after a word that may make it part of a listed one: 地方 of 地方政府."""

_ORDINAL_YI_BEFORE = ("号", "楼", "年级", "等奖", "把手", "月份")


def change_tones(
    clause: str, words: Sequence[Word], pinyin: Sequence[str], *, erhua: bool
) -> list[str]:
    """Return the syllables as they are spoken in their words.

    Args:
        clause: The text.
        words: Its words, merged.
        pinyin: One syllable a character; "" where a character has none.
        erhua: Whether 儿 takes the tone of the syllable that it colours (models since v2).
    """
    spoken = list(pinyin)
    for word in words:
        _change_bu(clause, word, spoken)
        _change_yi(clause, word, spoken)
        _neutralize(clause, word, spoken)
        _change_third(clause, word, spoken)
        if erhua:
            _colour(clause, word, spoken)
    return spoken


def _tone(syllable: str) -> str:
    return syllable[-1:]


def _set_tone(pinyin: list[str], index: int, tone: str) -> None:
    if pinyin[index]:
        pinyin[index] = pinyin[index][:-1] + tone


def _change_bu(clause: str, word: Word, pinyin: list[str]) -> None:
    text = clause[word.start : word.end]
    if len(text) == 3 and text[1] == "不":
        _set_tone(pinyin, word.start + 1, "5")
        return
    for index in range(word.start, word.end - 1):
        if clause[index] == "不" and _tone(pinyin[index + 1]) == "4":
            _set_tone(pinyin, index, "2")


def _change_yi(clause: str, word: Word, pinyin: list[str]) -> None:
    text = clause[word.start : word.end]
    if len(text) == 3 and text[1] == "一" and text[0] == text[2] and text[0] not in _DIGITS:
        _set_tone(pinyin, word.start + 1, "5")
        return
    for index in range(word.start, word.end):
        if clause[index] != "一" or pinyin[index] != "yi1" or _is_ordinal(clause, index):
            continue
        if index + 1 < word.end and pinyin[index + 1]:
            # 个 is neutral here, but 一 hears its fourth tone.
            before_fourth = _tone(pinyin[index + 1]) == "4" or clause[index + 1] == "个"
            _set_tone(pinyin, index, "2" if before_fourth else "4")


def _is_ordinal(clause: str, index: int) -> bool:
    """Whether 一 is a digit or a rank and keeps its tone: 二十一天, 三点一四, 第一, 五月一日, 一号."""
    before, after = clause[:index], clause[index + 1 :]
    if before.endswith(("第", "初", "十", "之")) or after[:1] in _DIGITS or after.startswith("十"):
        return True
    if after.startswith(("百", "千", "万", "亿")):
        return False
    if before[-1:] in _DIGITS or before.endswith(("百", "千", "万", "亿")):
        return True
    if before.endswith("点") and before[-2:-1] in _DIGITS:
        return not after.startswith("刻")
    if before.endswith("月") and after.startswith(("日", "号")):
        return True
    return after.startswith(_ORDINAL_YI_BEFORE) or (
        after.startswith("月") and before[-1:] in ("", "年")
    )


def _neutralize(clause: str, word: Word, pinyin: list[str]) -> None:
    text = clause[word.start : word.end]
    last = word.end - 1
    is_listed_full = any(
        clause[word.start : word.end + more] in full_tone_words()
        for more in range(_LONGEST_TAIL + 1)
    )
    for index in range(word.start + 1, word.end - 1):
        if clause[index] == "个" and clause[index - 1] in _COUNTED:
            _set_tone(pinyin, index, "5")
    if not is_listed_full:
        _neutralize_doubled(text, word, pinyin)
        if _ends_lightly(clause, word):
            # Its third tone is gone, but still heard by the one before: 手里 is shou2 li5.
            if text[-1] == "里" and len(text) > 1 and _tone(pinyin[last - 1]) == "3":
                _set_tone(pinyin, last - 1, "2")
            _set_tone(pinyin, last, "5")
            if pinyin[last] == "di5":
                pinyin[last] = "de5"
        elif text in neutral_words() or text[-2:] in neutral_words():
            _set_tone(pinyin, last, "5")
        for start, end in pairwise(halves(clause, word)):
            if clause[start:end] in neutral_words():
                _set_tone(pinyin, end - 1, "5")
    elif text[-1] == "子":
        _set_tone(pinyin, last, "3")


def _neutralize_doubled(text: str, word: Word, pinyin: list[str]) -> None:
    # Adjectives of two keep both tones (高高的); in fours both seconds weaken (高高兴兴).
    weakens = word.tag[:1] in ("n", "v") or (word.tag[:1] == "a" and len(text) > 2)
    if not weakens or word.tag.startswith("nr"):
        return
    seconds = (1, 3) if len(text) == 4 else range(1, len(text))  # 银行行长 doubles nothing
    for offset in seconds:
        if text[offset] == text[offset - 1]:
            _set_tone(pinyin, word.start + offset, "5")


def _ends_lightly(clause: str, word: Word) -> bool:
    """Whether a rule, not a list, makes the last syllable neutral."""
    text, tag = clause[word.start : word.end], word.tag
    last = text[-1]
    before = text[-2] if len(text) > 1 else clause[word.start - 1 : word.start]
    if last == "个":
        return text == "个" or before in _COUNTED
    return (
        last in _PARTICLES
        or (last in "的地得" and len(text) > 1 and tag[:1] not in ("n", "s"))
        or (len(text) == 1 and last in "了着过" and tag in ("ul", "uz", "ug"))
        or (len(text) > 1 and last in "们子" and tag[:1] in ("r", "n"))
        or (len(text) > 1 and last in "上下里" and tag[:1] in ("s", "l", "f"))
        or (len(text) > 1 and last in "来去" and before in _DIRECTIONS)
    )


def _change_third(clause: str, word: Word, pinyin: list[str]) -> None:
    thirds = [_tone(pinyin[index]) == "3" for index in range(word.start, word.end)]
    bounds = halves(clause, word)
    for start, end in pairwise(bounds):
        _change_pairs(start, end, pinyin)
    if len(word) == 3:
        cut = bounds[1] - word.start
        # 展览|馆 is 2 2 3 and 纸|老虎 is 3 2 3; a lone third tone after a mixed pair (行长|走) moves nothing.
        moves = cut == 2 if all(thirds) else not all(thirds[cut:])
        if thirds[cut - 1] and thirds[cut] and moves:
            _set_tone(pinyin, bounds[1] - 1, "2")


def _change_pairs(start: int, end: int, pinyin: list[str]) -> None:
    """In a run of third tones, all but the last of each two become second."""
    thirds = [_tone(syllable) == "3" for syllable in pinyin[start:end]]
    for offset in range(len(thirds) - 1):
        if thirds[offset] and thirds[offset + 1]:
            _set_tone(pinyin, start + offset, "2")


def _colour(clause: str, word: Word, pinyin: list[str]) -> None:
    """Give 儿 the tone of the syllable before it, unless it means child or is spoken by itself."""
    text, last = clause[word.start : word.end], word.end - 1
    if len(text) < 2 or text[-1] != "儿" or pinyin[last][:-1] != "er":
        return
    if text not in erhua_words():
        if text in plain_er_words() or text[-2:] in plain_er_words() or word.tag[:1] == "a":
            return
        if word.tag in ("j", "nr"):
            return
    if pinyin[last - 1]:
        _set_tone(pinyin, last, _tone(pinyin[last - 1]))
