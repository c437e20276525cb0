"""Which language each part of a text is spoken in.

Scripts decide first: Latin letters are English, Han characters Chinese (Japanese in a sentence that is written
in kana), kana Japanese, hangul Korean. Cantonese is written with the characters of Mandarin and is never guessed: a
line's language or a mark says it. A number is read in the language of the line, for that is what people
do with the "4" of "GPT-4" and the "15" of "iPhone 15" in a Chinese sentence; only inside a longer English
stretch is it English. Marks and blanks go with what stands before them, or else with what follows.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from gsvbatch.data import Span, Utterance
from gsvbatch.text.mandarin.measures import LATIN_QUANTITY
from gsvbatch.text.notation import is_han
from gsvbatch.text.reading import Reading, is_private_use

NAMES = {"zh": "Chinese", "en": "English", "ja": "Japanese", "ko": "Korean", "yue": "Cantonese"}

ENGLISH_STRETCH = 4
"""Words of two letters or more that make a stretch of text English, numbers included."""

_ALIASES = {"cmn": "zh", "chinese": "zh", "english": "en", "jp": "ja", "kr": "ko"}

_LATIN = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff\uff21-\uff3a\uff41-\uff5a"
_TOKEN = re.compile(
    r"(?P<english>(?:https?://|www\.)[\w.~:/?#@!$&'()*+,;=%-]*[\w/]|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    rf"|\d+(?:st|nd|rd|th)\b|[{_LATIN}]+(?:['’][{_LATIN}]+)*)"
    rf"|(?P<number>(?<![{_LATIN}]\s)[+\-−]?(?:{LATIN_QUANTITY.pattern})"
    rf"|(?<![{_LATIN}\d])[+\-−±]?[$€£¥￥]?\d+(?:[.,:/~-]\d+)*[%‰]?|[0-9０-９]+)"
    r"|(?P<kana>[\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f]+)"
    r"|(?P<hangul>[\uac00-\ud7af\u1100-\u11ff\u3130-\u318f]+)"
    r"|(?P<reading>[\ue000-\uf8ff])"
    r"|(?P<other>.)",
    re.DOTALL | re.ASCII,
)
_SENTENCE = re.compile(r"[^。！？!?\n]*[。！？!?\n]*")
_QUOTED = re.compile(r"([「『“][^「」『』“”]*[」』”])")
_KANA = re.compile(r"[\u3041-\u30fa\u31f0-\u31ff\uff66-\uff9f]")
_HANGUL = re.compile(r"[\uac00-\ud7af\u1100-\u11ff\u3130-\u318f]")
_HAN_WRITING = ("zh", "ja", "ko")
# Japanese dictionaries list some of them, Japanese sentences have none.
_CHINESE_ONLY = frozenset("你妳您她它們們这這吗嗎吧呢啊喔哦很没說还還么麼")
# Letters of no script's own alphabet: signs of measure and mathematics, which go with their neighbours.
_SIGN_NAMES = ("MICRO", "FEMININE", "MASCULINE", "MODIFIER", "MATHEMATICAL", "DOUBLE-STRUCK", "SCRIPT", "BLACK-LETTER",
               "ANGSTROM", "KELVIN", "OHM", "GREEK", "LATIN", "CIRCLED", "PARENTHESIZED", "SQUARE", "COMBINING")  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Token:
    """A piece of text that is of one language; None until its neighbours decide."""

    text: str
    kind: str
    language: str | None
    home: str | None = None
    """The language of the numbers around it, where its sentence tells."""


def base_language(tag: str | None) -> str | None:
    """Return the language a line is in, from what users write: ``zh-CN``, ``all_zh``, ``en``; None for ``auto``."""
    name = (
        (tag or "auto").strip().lower().replace("-", "_").removeprefix("all_").removeprefix("auto_")
    )
    name = name.split("_")[0]
    return None if name in ("auto", "") else _ALIASES.get(name, name)


def spans(
    text: str,
    language: str | None = None,
    readings: Mapping[str, Reading] | None = None,
    forced: Sequence[str | None] = (),
) -> tuple[Span, ...]:
    """Return the runs of one language, which put together are the text.

    Args:
        text: What is to be spoken, not yet normalized.
        language: Of the line. ``zh`` (and ``ja``, ``ko``, ``yue``): its numbers and Han characters are in that
            language, Latin letters in English. ``en``: all but the characters of other scripts is English.
            None or ``auto``: ``zh`` if there are Han characters or nothing to go by, else what there is.
        readings: For each private-use character what it stands for: pinyin is Chinese, Jyutping Cantonese,
            ARPAbet English.
        forced: For each character the language that a mark gives it, or None.

    A language without a frontend comes out by its name (``ja``), a script without one by its own (``cyrillic``).
    """
    main = base_language(language)
    tokens: list[_Token] = []
    for forced_language, part in _runs(text, forced):
        found = list(_tokens(part, forced_language or main, readings or {}))
        if forced_language == "en" or (
            forced_language and not any(token.language for token in found)
        ):
            found = [replace(token, language=token.language or forced_language) for token in found]
        tokens.extend(found)
    settled = _settle(tokens, main)
    return tuple(
        Span(name, "".join(token.text for token in group))
        for name, group in groupby(settled, key=lambda token: token.language or "zh")
    )


def spoken_in(utterances: Iterable[Utterance]) -> str | None:
    """Return the language that most of a line is spoken in, by its phonemes; None if nothing is."""
    n_phonemes: Counter[str] = Counter()
    for utterance in utterances:
        for span in utterance.spans:
            n_phonemes[span.language] += sum(span.phoneme_counts)
    return max(n_phonemes, key=lambda name: n_phonemes[name], default=None)


def written_in(text: str) -> str:
    """Return the language that most of a text is written in; a Chinese character says as much as three letters."""
    n_letters: Counter[str] = Counter()
    for span in spans(text):
        letters = [character for character in span.text if character.isalpha()]
        n_letters[span.language] += len(letters) * (1 if span.language == "en" else 3)
    return max(n_letters, key=lambda name: n_letters[name], default="zh")


def _runs(text: str, forced: Sequence[str | None]) -> Iterator[tuple[str | None, str]]:
    if not forced:
        yield None, text
        return
    start = 0
    for name, group in groupby(forced):
        end = start + len(list(group))
        yield name, text[start:end]
        start = end


def _tokens(text: str, main: str | None, readings: Mapping[str, Reading]) -> Iterator[_Token]:
    """Yield a text's tokens; marks and most numbers, which no script decides, have no language yet."""
    homes = list(_homes(text, main))
    # The micro sign is written for the Greek letter, which is what the table of units has.
    for match in _TOKEN.finditer(text.replace("µ", "μ")):
        kind, found = match.lastgroup or "other", text[match.start() : match.end()]
        home = homes[match.start()]
        language: str | None = None
        if kind == "english":
            language = "en"
        elif kind == "kana":
            language = "ja"
        elif kind == "hangul":
            language = "ko"
        elif kind == "reading":
            language = _language_of_reading(readings.get(found), home)
        elif kind == "other" and (is_han(found) or found in "々〆"):
            kind, language = "han", home or "zh"
        elif kind == "other" and found.isalpha():
            language = _script(found)
        yield _Token(found, kind, language, home)


def _language_of_reading(reading: Reading | None, home: str | None) -> str:
    """Return the language of a reading's notation, or of its sentence if that has no use for it."""
    if reading is None:
        return home or "zh"
    if reading.kind == "arpabet":
        return "en"
    own = "yue" if reading.kind == "jyutping" else "zh"
    return (home or "zh") if reading.is_general else own


def _homes(text: str, main: str | None) -> Iterator[str | None]:
    """Yield for each character the language that its sentence's Han characters and numbers are in, if known.

    What stands in quotation marks is looked at by itself, and goes with its sentence if that tells nothing.
    """
    for sentence in _SENTENCE.findall(text):
        parts = _QUOTED.split(sentence)
        outer = _home("".join(parts[::2]), main)
        for index, part in enumerate(parts):
            home = (_home(part, main) or outer) if index % 2 else outer
            yield from (home for _ in part)


def _home(text: str, main: str | None) -> str | None:
    """Return the language of a sentence's Han characters and numbers, None if only the line can tell.

    Kana make it Japanese, unless there is a character that Japanese does not use, as 你 or 这, or no kana but
    the の that Chinese shop signs are fond of.
    """
    if main in ("ja", "ko", "yue"):
        return main
    han = "".join(filter(is_han, text))
    if _is_chinese_only(han):
        return "zh"
    kana = set(_KANA.findall(text))
    if kana and (kana != {"の"} or main is None):
        return "ja"
    return "ko" if _HANGUL.search(text) and not han else None


def _is_chinese_only(han: str) -> bool:
    """Whether there is a Han character that Japanese sentences do not have."""
    if not _CHINESE_ONLY.isdisjoint(han):
        return True
    try:
        han.encode("cp932")
    except UnicodeEncodeError:
        return True
    return False


def _script(letter: str) -> str | None:
    """Return the name of the script of a letter that no language here is written in, or None for a sign."""
    name = unicodedata.name(letter, "")
    if not name or name.startswith(_SIGN_NAMES) or is_private_use(letter):
        return None
    return name.split()[0].lower()


def _settle(tokens: list[_Token], main: str | None) -> list[_Token]:
    """Give a language to each token that has none."""
    known = [token.language for token in tokens if token.language]
    line = main or next((name for name in (*_HAN_WRITING, *known) if name in known), "zh")
    result = list(tokens)
    for start, end in _stretches(tokens):
        n_words = sum(t.language == "en" and len(t.text) > 1 for t in tokens[start:end])
        is_english = line == "en" or n_words >= ENGLISH_STRETCH
        for index in range(start, end):
            token = tokens[index]
            if token.language is None and token.kind == "number":
                touches = index + 1 < len(tokens) and tokens[index + 1].kind == "han"
                home = token.home or line
                result[index] = replace(
                    token, language="en" if is_english and not touches else home
                )
    previous: str | None = None
    for index, token in enumerate(result):
        if token.language is None and previous:
            result[index] = replace(token, language=previous)
        previous = result[index].language
    first = next((token.language for token in result if token.language), line)
    return [token if token.language else replace(token, language=first) for token in result]


def _stretches(tokens: Sequence[_Token]) -> Iterator[tuple[int, int]]:
    """Yield the ranges of tokens without any of another script than Latin between them."""
    start = 0
    for index, token in enumerate([*tokens, _Token("", "end", "end")]):
        if token.language not in (None, "en"):
            if index > start:
                yield start, index
            start = index + 1
