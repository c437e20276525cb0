"""Words of a clause: segmentation with part-of-speech tags (jieba), and the merges that sandhi needs.

The one door to jieba. Its dictionary is read straight from its package: jieba's own way goes through a
marshalled cache in the shared temporary folder, which may be read-only, stale or another user's.
"""

import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jieba.posseg import POSTokenizer

_LONGEST_THIRD_TONE_MERGE = 3


@dataclass(frozen=True, slots=True)
class Word:
    """A stretch of a clause that sandhi treats as one word."""

    start: int
    end: int
    tag: str
    """jieba's part-of-speech tag: ``n``, ``v``, ``uj`` ..."""

    cut: int = 0
    """Where the word falls in two: an index into the clause, or 0 if it was never put together."""

    def __len__(self) -> int:
        return self.end - self.start

    def join(self, right: "Word", tag: str) -> "Word":
        """Return this word and its right neighbour as one."""
        return Word(self.start, right.end, tag, cut=right.start)


@cache
def _tagger() -> "POSTokenizer":
    with warnings.catch_warnings():
        # jieba 0.42 has invalid escapes in its patterns and may import pkg_resources.
        warnings.simplefilter("ignore")
        import jieba
        from jieba import posseg

    logging.getLogger("jieba").setLevel(logging.WARNING)
    tokenizer = jieba.dt
    with tokenizer.lock:
        if not tokenizer.initialized:
            tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
            tokenizer.initialized = True
    return posseg.dt


def segment(clause: str) -> list[Word]:
    """Return the words of a clause, in order and without gaps."""
    words, start = [], 0
    for piece in _tagger().cut(clause):
        end = start + len(piece.word)
        words.append(Word(start, end, piece.flag))
        start = end
    return words


def frequency(text: str) -> int:
    """Return how often jieba's corpus holds a word; 0 if it is none."""
    return int(_tagger().tokenizer.FREQ.get(text, 0))


def halves(clause: str, word: Word) -> tuple[int, ...]:
    """Return the bounds of a word's two halves: start, cut and end; start and end alone if it has none."""
    if len(word) < 3:
        return word.start, word.end
    if word.cut:
        return word.start, word.cut, word.end
    if len(word) == 3:
        left = frequency(clause[word.start : word.start + 2])
        right = frequency(clause[word.start + 1 : word.end])
        return word.start, word.start + (1 if right > left else 2), word.end
    return word.start, word.start + len(word) // 2, word.end


def merge(clause: str, words: Sequence[Word], pinyin: Sequence[str]) -> list[Word]:
    """Return the words as sandhi sees them.

    不 and 一 join what follows, doubled words and third tones each other, and 儿 what it colours.
    """
    merged = _merge_particle("不", clause, words)
    merged = _merge_verb_yi_verb(clause, merged)
    merged = _merge_particle("一", clause, merged)
    merged = _merge_doubled(clause, merged)
    merged = _merge_third_tones(clause, merged, pinyin, whole=True)
    merged = _merge_third_tones(clause, merged, pinyin, whole=False)
    return _merge_er(clause, merged)


def _merge_particle(particle: str, clause: str, words: Sequence[Word]) -> list[Word]:
    merged: list[Word] = []
    for word in words:
        if merged and clause[merged[-1].start : merged[-1].end] == particle:
            merged[-1] = merged[-1].join(word, word.tag)
        else:
            merged.append(word)
    return merged


def _merge_verb_yi_verb(clause: str, words: Sequence[Word]) -> list[Word]:
    """Join 看 一 看, which jieba often leaves in three."""
    merged: list[Word] = []
    index = 0
    while index < len(words):
        word = words[index]
        if index + 2 < len(words) and word.tag.startswith("v"):
            middle, right = words[index + 1 : index + 3]
            if (
                clause[middle.start : middle.end] == "一"
                and clause[word.start : word.end] == clause[right.start : right.end]
            ):
                word = word.join(middle, word.tag).join(right, word.tag)
                index += 2
        merged.append(word)
        index += 1
    return merged


def _merge_doubled(clause: str, words: Sequence[Word]) -> list[Word]:
    merged: list[Word] = []
    last = ""
    for word in words:
        text = clause[word.start : word.end]
        if merged and text == last:
            merged[-1] = merged[-1].join(word, merged[-1].tag)
        else:
            merged.append(word)
        last = text
    return merged


def _merge_third_tones(
    clause: str, words: Sequence[Word], pinyin: Sequence[str], *, whole: bool
) -> list[Word]:
    """Join neighbours in the third tone: all their syllables if ``whole``, else those that touch."""
    merged: list[Word] = []
    was_joined = False
    for word in words:
        left = merged[-1] if merged else None
        if left is None:
            touching: Sequence[str] = ()
        elif whole:
            touching = pinyin[left.start : word.end]
        else:
            touching = (pinyin[left.end - 1], pinyin[word.start])
        if (
            left is not None
            and not was_joined
            and all(syllable.endswith("3") for syllable in touching)
            and len(left) + len(word) <= _LONGEST_THIRD_TONE_MERGE
            and not _is_doubled(clause, left)
        ):
            merged[-1] = left.join(word, left.tag)
            was_joined = True
        else:
            merged.append(word)
            was_joined = False
    return merged


def _merge_er(clause: str, words: Sequence[Word]) -> list[Word]:
    merged: list[Word] = []
    for word in words:
        if merged and clause[word.start : word.end] == "儿":
            merged[-1] = merged[-1].join(word, merged[-1].tag)
        else:
            merged.append(word)
    return merged


def _is_doubled(clause: str, word: Word) -> bool:
    return len(word) == 2 and clause[word.start] == clause[word.start + 1]
