"""Cuts a text into the pieces that are spoken in one go, without losing a character.

A piece ends with its sentence, where a reader would breathe. Pieces too short for the model to start on are
joined to the next, and those too long for it to keep its voice are cut again at the best place there is:
after a clause, else between words, and inside a word only when nothing else is left. The cut methods of the
WebUI (`gsvbatch.text.cuts`) can be asked for by name; of them the borders are taken and no character changed.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise

from gsvbatch.text import cuts
from gsvbatch.text.notation import is_han

SENTENCE = "sentence"
METHODS = (SENTENCE, *cuts.METHODS)

MIN_MAX_CHARACTERS = 10
LATIN_WIDTH = 0.4
"""Of a Latin letter, in Chinese characters: English words take about two fifths of the time a letter."""

KANA_WIDTH, HANGUL_WIDTH = 0.6, 0.8
"""Likewise: some eight kana and six syllables of Korean are said in a second, and five Chinese characters."""

_LONGEST_WORD = 40
"""Characters looked at on either side of a period."""

_SILENT_FROM = "\U00100000"

_ENDS = "。！？!?．｡"
_CLAUSE_ENDS = "，,、；;：:…~～—"
_OPENERS = "“‘「『（(《〈【[{〔"
_CLOSERS = "”’」』）)》〉】]}〕"
_BRACKETS = dict(zip("（(《〈【[{〔", "）)》〉】]}〕", strict=True))

_UNBROKEN = re.compile(
    r"(?:https?://|www\.)[\w.~:/?#@!$&'()*+,;=%-]*[\w/]|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|\d+(?:[.,:/]\d+)+%?|\d+%?|[A-Za-zÀ-ɏ]+(?:['’.&-][A-Za-zÀ-ɏ0-9]+)*[0-9]*",
    re.ASCII,
)
_TITLE = re.compile(
    "mr|mrs|ms|dr|prof|st|gen|sen|rep|gov|capt|sgt|col|lt|rev|hon|mt|vs|e[.]g|i[.]e|cf|approx"
)
_NUMBERED = re.compile("no|nos|fig|figs|vol|ch|sec|art|p|pp|eq")
_MAY_END = re.compile(
    "etc|inc|ltd|co|corp|jr|sr|dept|al|a[.]m|p[.]m|u[.]s|u[.]k|d[.]c|b[.]c|ph[.]d"
)

# How much worse a border is than the best, in shares of the longest piece by which it may lie off centre.
_AFTER_CLAUSE, _AFTER_COMMA, _AFTER_LISTED, _BETWEEN_WORDS, _AFTER_PARTICLE, _ANYWHERE, _INSIDE = (
    0.0, 0.1, 0.6, 1.5, 2.2, 2.6, 4.0,
)  # fmt: skip
_LOOK_BACK = 16
"""Characters before a border among which the mark is looked for that it stands after."""

_HIRAGANA = re.compile("[\u3041-\u309f]").fullmatch
_KATAKANA = re.compile("[\u30a1-\u30ff]").fullmatch
_KANA = re.compile("[\u3041-\u30ff]").fullmatch
_HANGUL = re.compile("[\uac00-\ud7af]").fullmatch
_JAPANESE_PARTICLES = "はがをにでともへやの"

_STUB = 0.8
"""Added for a border that leaves a piece shorter than `cuts.MIN_LENGTH`."""


def cut(
    text: str,
    max_characters: int = 60,
    method: str = SENTENCE,
    weights: Mapping[str, float] | None = None,
) -> tuple[str, ...]:
    """Return the pieces of a text; put together again, they are the text.

    Args:
        text: Any text. Private-use characters are spoken things of unknown kind, except those from
            U+100000 on, which are silent.
        max_characters: Longest piece, in Chinese characters; a Latin letter counts as `LATIN_WIDTH` and a mark
            as nothing. For ``sentence`` only.
        method: ``sentence``, or ``cut0`` to ``cut5``.
        weights: Width of single characters that stand for something longer.

    Raises:
        KeyError: There is no such method.
        ValueError: ``max_characters`` is under `MIN_MAX_CHARACTERS`.
    """
    if max_characters < MIN_MAX_CHARACTERS:
        raise ValueError(
            f"max_characters is {max_characters}, but must be {MIN_MAX_CHARACTERS} or more"
        )
    if not text:
        return ()
    if method != SENTENCE:
        borders = _upstream_borders(text, method)
        return tuple(text[a:b] for a, b in pairwise([0, *borders, len(text)]))
    weights = weights or {}
    whole = _join_short([text[a:b] for a, b in pairwise([0, *_sentence_ends(text), len(text)])])
    return tuple(
        piece for sentence in whole for piece in _shorten(sentence, max_characters, weights)
    )


def is_speakable(character: str) -> bool:
    """Whether a character may have a sound: a letter, a digit, or what stands for a reading or an alias."""
    return (
        character.isalnum()
        or "\ue000" <= character <= "\uf8ff"
        or "\U000f0000" <= character < _SILENT_FROM
    )


def width(text: str, weights: Mapping[str, float] | None = None) -> float:
    """Return about how long a text takes to say, in Chinese characters."""
    weights = weights or {}
    return sum(_width(character, weights) for character in text)


def _width(character: str, weights: Mapping[str, float]) -> float:
    if (given := weights.get(character)) is not None:
        return given
    if not is_speakable(character):
        return 0.0
    if character.isalpha() and character < "\u0250":
        return LATIN_WIDTH
    if _KANA(character):
        return KANA_WIDTH
    return HANGUL_WIDTH if _HANGUL(character) else 1.0


# ---------------------------------------------------------------------- sentences


def _sentence_ends(text: str) -> list[int]:
    """Return the positions, but for the text's own end, at which a sentence has ended."""
    unbroken = {i for match in _UNBROKEN.finditer(text) for i in range(match.start(), match.end())}
    bracketed = _bracketed(text)
    heard = [0, *accumulate(map(is_speakable, text))]
    quoted = [0, *accumulate(character == '"' for character in text)]
    ends: list[int] = []
    start = resume = 0
    for position, character in enumerate(text):
        if position < resume:
            continue
        if character != "\n":
            if position in unbroken or position in bracketed:
                continue
            if character not in _ENDS and not (
                character == "." and _is_full_stop(text, start, position)
            ):
                continue
        resume = _after_closers(text, position + 1, quoted)
        if heard[resume] > heard[start] and resume < len(text):
            ends.append(resume)
            start = resume
    return ends


def _after_closers(text: str, position: int, quoted: Sequence[int]) -> int:
    """Return where the next sentence begins: after more marks, closing quotes and blanks.

    Args:
        text: The whole text.
        position: After the mark that ends the sentence.
        quoted: The number of straight quotes before each position; after an odd number one closes.
    """
    while position < len(text):
        character = text[position]
        closes = character in _ENDS or character in ".…" or character in _CLOSERS
        closes |= character == '"' and quoted[position] % 2 == 1
        if not closes:
            break
        position += 1
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _bracketed(text: str) -> set[int]:
    """Return the positions inside brackets that are closed on the same line."""
    inside: set[int] = set()
    stack: list[int] = []
    for position, character in enumerate(text):
        if character == "\n":
            stack.clear()
        elif character in _BRACKETS:
            stack.append(position)
        elif stack and character == _BRACKETS[text[stack[-1]]]:
            inside.update(range(stack.pop(), position))
    return inside


def _is_full_stop(text: str, start: int, position: int) -> bool:
    """Whether the period at a position ends a sentence that begins at ``start``."""
    following = text[position + 1 : position + 2]
    if following.isascii() and following.isalnum():
        return False  # example.txt
    if "." in (text[position - 1 : position], following):
        return False  # ...
    sentence = text[max(start, position - _LONGEST_WORD) : position]
    match = re.search(r"[A-Za-z]+(?:\.[A-Za-z]+)*$|\d+$", sentence)
    word = match[0] if match else ""
    rest = text[position + 1 : position + _LONGEST_WORD].lstrip()
    if not rest:
        return True
    if word.isdigit():
        return sentence.strip() != word  # "1. Open the box."
    if len(word) == 1 and word.isupper() and word != "I":
        return not (rest[0].isascii() and rest[0].isupper())  # J. K. Rowling
    lower = word.lower()
    if _TITLE.fullmatch(lower):
        return False
    if _NUMBERED.fullmatch(lower):
        return not rest[0].isdigit()
    if _MAY_END.fullmatch(lower):
        return not (rest[0].islower() or rest[0].isdigit() or rest[0] in ",;:")
    return True


def _join_short(pieces: Sequence[str]) -> list[str]:
    """Join pieces too short to be spoken alone to the next one, and the last of them to the one before."""
    result: list[str] = []
    waiting = ""
    for piece in pieces:
        waiting += piece
        if len("".join(waiting.split())) >= cuts.MIN_LENGTH and any(map(is_speakable, waiting)):
            result.append(waiting)
            waiting = ""
    if waiting and result:
        result[-1] += waiting
    elif waiting:
        result.append(waiting)
    return result


# ---------------------------------------------------------------------- pieces too long


def _shorten(piece: str, limit: int, weights: Mapping[str, float]) -> Iterator[str]:
    """Yield a piece whole if it is short enough, else in parts of about equal length."""
    said = [0.0, *accumulate(_width(character, weights) for character in piece)]
    unbroken: set[int] = set()
    if said[-1] > limit:
        for match in _UNBROKEN.finditer(piece):
            unbroken.update(range(match.start() + 1, match.end()))
    start = 0
    while said[-1] - said[start] > limit:
        border = _best_border(piece, start, said, limit, unbroken)
        if border is None:
            break
        yield piece[start:border]
        start = border
    yield piece[start:]


def _best_border(
    piece: str, start: int, said: Sequence[float], limit: int, unbroken: set[int]
) -> int | None:
    """Return where to end the part that begins at ``start``; ``said`` is the width before each position."""
    total = said[-1] - said[start]
    target = total / math.ceil(total / limit)
    best: tuple[float, int] | None = None
    for position in range(start + 1, len(piece)):
        before = said[position] - said[start]
        if before > limit:
            break
        cost = _cost(piece, position, unbroken) if 0 < before < total else None
        if cost is None:
            continue
        cost += abs(before - target) / limit
        if min(before, total - before) < cuts.MIN_LENGTH:
            cost += _STUB
        if best is None or cost < best[0]:
            best = (cost, position)
    return best[1] if best else None


def _cost(piece: str, position: int, unbroken: set[int]) -> float | None:
    """Return how bad a border before a position is, or None if it would strand a mark."""
    before, after = piece[position - 1], piece[position]
    if (
        after.isspace()
        or after in _CLOSERS
        or after in _ENDS
        or after in _CLAUSE_ENDS
        or after == "."
    ):
        return None
    if position in unbroken:
        return _INSIDE
    if before in _OPENERS:
        return _INSIDE
    mark = piece[max(0, position - _LOOK_BACK) : position].rstrip().rstrip(_CLOSERS + '"')[-1:]
    if mark and mark in _ENDS + "；;：:…—~～":
        return _AFTER_CLAUSE
    if mark and mark in "，,":
        return _AFTER_COMMA
    if mark == "、":
        return _AFTER_LISTED
    if before.isspace() or before in _CLOSERS:
        return _BETWEEN_WORDS
    if _KANA(before) or _KANA(after):
        return _cost_beside_kana(before, after)
    if _HANGUL(before) and _HANGUL(after):
        return _INSIDE
    if is_han(before) != is_han(after):
        return _BETWEEN_WORDS
    if before in "的了着过" or after in "和而但并或因所如当在从对把被":
        return _AFTER_PARTICLE
    return _ANYWHERE


def _cost_beside_kana(before: str, after: str) -> float:
    """Return how bad a border in Japanese is: a phrase begins with kanji or katakana and ends with a particle."""
    if _HIRAGANA(before) and (is_han(after) or (_KATAKANA(after) and after not in "ーッャュョ")):
        return _BETWEEN_WORDS if before in _JAPANESE_PARTICLES else _AFTER_PARTICLE
    if _HIRAGANA(before) and _HIRAGANA(after) and after not in "っゃゅょぁぃぅぇぉん":
        return _ANYWHERE
    # Inside a word of katakana, or before what bends a word and the particle behind it: 食べる, データは.
    return _INSIDE if _KANA(after) else _BETWEEN_WORDS


# ---------------------------------------------------------------------- upstream's methods


def _upstream_borders(text: str, method: str) -> list[int]:
    """Return where a cut method of the WebUI would cut, as positions in the text as it stands.

    The methods rewrite marks but keep every letter, so a border is known by the letters before it.
    """
    letters = [
        index
        for index, character in enumerate(text)
        if re.match(r"\w", character) or is_speakable(character)
    ]
    counted, borders = 0, []
    for piece in cuts.pieces(text, method, short_start=False)[:-1]:
        counted += sum(
            1 for character in piece if re.match(r"\w", character) or is_speakable(character)
        )
        if not 0 < counted < len(letters):
            continue
        border = letters[counted]
        while border > letters[counted - 1] + 1 and text[border - 1] in _OPENERS:
            border -= 1
        borders.append(border)
    return borders
