"""The phonemes of an utterance, with the marks that the models were trained and are used with.

An utterance ends with a mark. An English word of less than four phonemes gets a comma before it; an utterance of
less than six, or whose first clause has less than four characters, gets a full stop before it, because a model
that has nothing to start on swallows it. They are put in as phonemes, never into the text, where a full stop
before a number would make a decimal of it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gsvbatch.data import Span
from gsvbatch.errors import UnpronounceableError
from gsvbatch.text.notation import is_han
from gsvbatch.text.reading import Group, Reading, is_private_use
from gsvbatch.text.symbols import PUNCTUATION
from gsvbatch.units import Seconds

MIN_PHONEMES = 6
MIN_ENGLISH_PHONEMES = 4
MIN_FIRST_CLAUSE = 4
"""Characters; a shorter start gets a full stop before it, or the model tends to swallow it."""

MARKS = frozenset(PUNCTUATION) | {"SP", "SP2", "SP3"}
_FIRST_CLAUSE = re.compile(r"(?:[^，。？！,.?!~:：—…]|(?<=\d)[.,:](?=\d))*")
_UNSPOKEN_SIGNS = re.compile(r"[\s“”‘’「」『』《》\"'（）()【】\[\]]+")

_EXAMPLES = {"zh": "ji2", "yue": "gat1", "ja": "よし", "ko": "길"}
"""Of readings: of 𠮷, and of 吉."""

_PAUSES: tuple[tuple[str, Seconds], ...] = (
    ("\n", 0.5), ("。.！!？?｡．", 0.3), ("…—~～", 0.3), ("；;：:", 0.25), ("，,、", 0.15),
)  # fmt: skip
_PAUSE_MID_CLAUSE: Seconds = 0.1
_CLOSERS = "”’」』）)》〉】]\"'"


@dataclass(frozen=True, slots=True)
class Said:
    """The phonemes of one span."""

    language: str
    groups: list[Group]
    lead: tuple[str, ...] = ()
    """Marks put in before it."""

    @property
    def phonemes(self) -> tuple[str, ...]:
        """All of them, leading marks included."""
        return self.lead + tuple(phoneme for group in self.groups for phoneme in group.phonemes)


def check_sounds(span: Span, groups: Sequence[Group]) -> None:
    """Refuse what a frontend has no phonemes for, rather than pass over it without a word.

    Raises:
        UnpronounceableError: A Chinese character is in no dictionary, or nothing of a span has a sound.
    """
    for group in groups:
        if not group.phonemes and any(map(is_han, group.text)):
            example = f"{{{group.text}|{_EXAMPLES.get(span.language, 'ji2')}}}"
            raise UnpronounceableError(
                group.text, f"no dictionary has it; give it a reading, as in {example}"
            )
    if any(map(str.isalnum, span.text)) and not any(group.phonemes for group in groups):
        text = span.text.strip()
        raise UnpronounceableError(
            text, f"no sound is known for it; give it words, as in {{{text}|...}}"
        )


def has_sound(said: Sequence[Said]) -> bool:
    """Whether there is anything in spans but marks."""
    return any(phoneme not in MARKS for each in said for phoneme in each.phonemes)


def complete(said: list[Said], is_short_start: bool) -> list[Said]:
    """Put in the marks that the models want around and between spans."""
    while said[0].groups[0].text.isspace():
        said[0].groups.pop(0)
    while said[-1].groups[-1].text.isspace():
        said[-1].groups.pop()
    if said[-1].phonemes[-1] not in MARKS:
        said[-1].groups.append(Group(".", (".",)))
    starts_silent = said[0].phonemes[0] in MARKS
    led = _lead(said, stop_first=is_short_start and not starts_silent)
    if sum(len(each.phonemes) for each in led) < MIN_PHONEMES:
        led = _lead(said, stop_first=not starts_silent)
    return led


def _lead(said: list[Said], *, stop_first: bool) -> list[Said]:
    result: list[Said] = []
    for each in said:
        lead = (".",) if stop_first and not result else ()
        follows_mark = bool(result) and result[-1].phonemes[-1] in MARKS
        if (
            each.language == "en"
            and len(lead) + len(each.phonemes) < MIN_ENGLISH_PHONEMES
            and not follows_mark
        ):
            lead = (",", *lead)
        result.append(Said(each.language, each.groups, lead))
    return result


def is_short_start(spoken: str, readings: Mapping[str, Reading]) -> bool:
    """Whether the first clause is so short that the model might pass over it."""
    match = _FIRST_CLAUSE.match(_UNSPOKEN_SIGNS.sub(" ", spoken).strip())
    first = match[0].strip() if match else ""
    n_characters = sum(
        len(readings[c].text) if is_private_use(c) and c in readings else 1 for c in first
    )
    return 0 < n_characters < MIN_FIRST_CLAUSE


def pause_after(text: str) -> Seconds:
    """Return the silence between a piece and the next of its line, by the mark it ends with."""
    if text.rstrip(" \t\r").endswith("\n"):
        return _PAUSES[0][1]
    last = text.rstrip().rstrip(_CLOSERS)[-1:]
    return next((pause for marks, pause in _PAUSES if last and last in marks), _PAUSE_MID_CLAUSE)


def flatten(said: Sequence[Said]) -> tuple[str, ...]:
    """Return the phonemes of all spans."""
    return tuple(phoneme for each in said for phoneme in each.phonemes)


def spoken_text(said: Sequence[Said]) -> str:
    """Return the normalized text of all spans, without the marks put in before them."""
    return "".join(group.text for each in said for group in each.groups).strip()


def as_span(each: Said) -> Span:
    """Return a span whose text and counts tell which phonemes belong to which character or word."""
    lead = [Group(phoneme, (phoneme,)) for phoneme in each.lead]
    groups = [*lead, *each.groups]
    counts = [
        _counts(group) if each.language == "zh" else (len(group.phonemes),) for group in groups
    ]
    return Span(
        each.language,
        "".join(group.text for group in groups),
        tuple(count for of_group in counts for count in of_group),
    )


def _counts(group: Group) -> tuple[int, ...]:
    """The phonemes of a group shared out evenly among its characters, the first ones having the more."""
    each, more = divmod(len(group.phonemes), len(group.text))
    return tuple(each + (at < more) for at in range(len(group.text)))
