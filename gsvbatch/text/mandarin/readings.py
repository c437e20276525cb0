"""The pinyin of every character of a clause, before sandhi.

The one door to pypinyin. Words are looked up in its phrase dictionary; characters that stand alone are
decided by a g2pW where there is one, else by their part of speech and their neighbours; our own phrases
have the last word.
"""

from collections.abc import Sequence
from functools import cache

from gsvbatch.text.mandarin.lists import polyphones
from gsvbatch.text.mandarin.words import Word, frequency

_NUMBERS = frozenset("零一二三四五六七八九十百千万亿两几半数")
_COUNTERS_FOLLOW = _NUMBERS | frozenset("多每各这那哪某此该整")

# A character that is a word by itself -> first letters of its tag -> reading. "" is any other tag.
_BY_TAG: dict[str, dict[str, str]] = {
    "为": {"p": "wei4", "v": "wei2", "": "wei4"},
    "还": {"v": "huan2", "": "hai2"},
    "地": {"u": "de5", "": "di4"},
    "的": {"": "de5"},
    "着": {"": "zhe5"},
    "了": {"": "le5"},
    "过": {"ug": "guo5", "": "guo4"},
    "都": {"": "dou1"},
    "数": {"v": "shu3", "": "shu4"},
    "教": {"v": "jiao1", "": "jiao4"},
    "种": {"v": "zhong4", "": "zhong3"},
    "干": {"a": "gan1", "": "gan4"},
    "重": {"d": "chong2", "": "zhong4"},
    "调": {"v": "tiao2", "": "diao4"},
    "量": {"v": "liang2", "": "liang4"},
    "处": {"v": "chu3", "": "chu4"},
    "切": {"v": "qie1", "": "qie1"},
    "盛": {"v": "cheng2", "": "sheng4"},
    "藏": {"": "cang2"},
    "弹": {"n": "dan4", "": "tan2"},
    "降": {"": "jiang4"},
    "传": {"n": "zhuan4", "": "chuan2"},
    "转": {"": "zhuan3"},
    "挑": {"": "tiao1"},
    "铺": {"n": "pu4", "": "pu1"},
    "钻": {"v": "zuan1", "": "zuan4"},
    "挣": {"": "zheng4"},
    "卷": {"v": "juan3", "": "juan4"},
    "钉": {"v": "ding4", "": "ding1"},
    "更": {"": "geng4"},
    "便": {"": "bian4"},
    "尽": {"": "jin4"},
    "落": {"": "luo4"},
    "露": {"": "lu4"},
    "闷": {"": "men4"},
    "散": {"a": "san3", "": "san4"},
    "扎": {"": "zha1"},
    "和": {"": "he2"},
    "没": {"": "mei2"},
    "系": {"": "xi4"},
    "吐": {"": "tu3"},
    "少": {"": "shao3"},
    "好": {"": "hao3"},
    "谁": {"": "shei2"},
    "血": {"": "xue4"},
    "把": {"": "ba3"},
    "给": {"": "gei3"},
    "要": {"": "yao4"},
    "儿": {"": "er2"},
    "乐": {"": "le4"},
    "曲": {"": "qu3"},
    "劲": {"": "jin4"},
    "累": {"": "lei4"},
    "磨": {"": "mo2"},
    "折": {"": "zhe2"},
    "涨": {"": "zhang3"},
    "泊": {"": "bo2"},
    "剥": {"": "bo1"},
    "削": {"": "xiao1"},
    "薄": {"": "bao2"},
    "嚼": {"": "jiao2"},
    "熟": {"": "shu2"},
    "长": {"": "chang2"},
    "佛": {"": "fo2"},
    "似": {"": "si4"},
    "翘": {"": "qiao4"},
    "晃": {"": "huang4"},
    "幢": {"": "zhuang4"},
    "帖": {"": "tie3"},
    "琢": {"": "zhuo2"},
}
_GROWS_BEFORE = ("得", "着", "了", "成", "出", "满", "高", "大", "胖", "到")


def read(clause: str, words: Sequence[Word], heard: Sequence[str] | None = None) -> list[str]:
    """Return one syllable a character (``ni3``); "" for a character without a known reading.

    Args:
        clause: Characters alone.
        words: Of the clause.
        heard: What a g2pW says of each character, "" where nothing; None without one. It is heeded where
            the dictionary of phrases does not know the word.
    """
    pinyin: list[str] = []
    for index, word in enumerate(words):
        text = clause[word.start : word.end]
        left = words[index - 1] if index else None
        right = (
            clause[words[index + 1].start : words[index + 1].end] if index + 1 < len(words) else ""
        )
        if len(word) == 1 and text in _BY_TAG:
            by_tag = _BY_TAG[text]
            pinyin.append(by_tag.get(word.tag[:2]) or by_tag.get(word.tag[:1]) or by_tag[""])
        else:
            pinyin.extend(_look_up(text))
        _read_de(text, left, word.start, pinyin)
        _read_counted(clause, word, pinyin)
        if text == "长" and right[:1] in _GROWS_BEFORE:
            pinyin[word.start] = "zhang3"
    if heard is not None:
        for word in words:
            if len(word) == 1 or not _is_phrase(clause[word.start : word.end]):
                for index in range(word.start, word.end):
                    pinyin[index] = heard[index] or pinyin[index]
    _read_phrases(clause, words, pinyin)
    for index, character in enumerate(clause):
        # Dictionaries print some phrases with 一 and 不 already changed; sandhi starts from their own tones.
        if character == "一" and pinyin[index]:
            pinyin[index] = "yi1"
        elif character == "不" and pinyin[index] == "bu2":
            pinyin[index] = "bu4"
    return pinyin


@cache
def _look_up(text: str) -> tuple[str, ...]:
    """Return pypinyin's reading of a word, or of each character alone where it does not know them all."""
    from pypinyin import Style, lazy_pinyin
    from pypinyin.constants import PINYIN_DICT

    if not all(ord(character) in PINYIN_DICT for character in text):
        return ("",) if len(text) == 1 else tuple(_look_up(character)[0] for character in text)
    return tuple(lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True))


@cache
def _is_phrase(text: str) -> bool:
    """Whether pypinyin's dictionary has a reading for the word as a whole."""
    from pypinyin.constants import PHRASES_DICT

    return text in PHRASES_DICT


def _read_de(text: str, left: Word | None, start: int, pinyin: list[str]) -> None:
    """得 after what is done or how (跑得快) is de5; where something has to be done (我得走), dei3."""
    if text == "得" or (text[0] == "得" and not frequency(text)):
        after_verb = left is not None and left.tag[:1] in ("v", "a", "z", "i")
        pinyin[start] = "de5" if after_verb else "dei3"
    elif len(text) == 3 and text[1] == "得" and text[0] not in "不自只":
        pinyin[start + 1] = "de5"


def _read_counted(clause: str, word: Word, pinyin: list[str]) -> None:
    """After a number 只 and 行 count, and 种 does not sow; 长 before one tells a length."""
    text = clause[word.start : word.end]
    if len(text) > 2 and frequency(text):
        return
    for index in range(word.start, word.end):
        before, after = clause[index - 1 : index], clause[index + 1 : index + 2]
        character = clause[index]
        if character == "长" and index == word.start and after and after in _NUMBERS:
            pinyin[index] = "chang2"
        elif before and before in _COUNTERS_FOLLOW:
            if character == "只" and after not in tuple("是有能会要好"):
                pinyin[index] = "zhi1"
            elif character == "行" and before in _NUMBERS and after != "人":
                pinyin[index] = "hang2"
            elif character == "种":
                pinyin[index] = "zhong3"


@cache
def _longest_phrase() -> int:
    return max(map(len, polyphones()))


def _read_phrases(clause: str, words: Sequence[Word], pinyin: list[str]) -> None:
    """Overwrite readings where one of our phrases fits the word bounds; the longest wins."""
    phrases = polyphones()
    starts = {word.start: word.end for word in words}
    ends = {word.end for word in words}
    word_end = index = 0
    while index < len(clause):
        word_end = starts.get(index, word_end)
        for length in range(min(_longest_phrase(), len(clause) - index), 0, -1):
            phrase, end = clause[index : index + length], index + length
            if phrase in phrases and (end <= word_end or (index in starts and end in ends)):
                pinyin[index:end] = phrases[phrase]
                index = end
                break
        else:
            index += 1
