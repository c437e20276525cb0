"""Words that are written alike and said differently, told apart by their neighbours.

No tagger: the words just before and after decide, which is right for most lines of a script and costs
nothing. Where they say nothing, the first reading is taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gsvbatch.text.english.dictionary import Phonemes
from gsvbatch.text.english.morphology import plural_ending

BEFORE_VERB = frozenset(
    "to will would can could shall should may might must do does did don't doesn't didn't won't wouldn't can't "
    "cannot couldn't shouldn't let's please i you we they who i'll you'll we'll they'll he'll she'll it'll i'd "
    "you'd we'd they'd never always often help let".split()
)
BEFORE_THIRD_PERSON = frozenset(
    "he she it who that which this everyone somebody nobody never always often also".split()
)
BEFORE_NOUN = frozenset(
    "a an the this that these those my your his her its our their no some any each every another of in on with "
    "for from by at as new first second next last good great old big other whose what which".split()
)
AFTER_VERB = frozenset(
    "the a an this that these those my your his her its our their it them him us me yourself himself all "
    "everything something anything".split()
)
PERFECT = frozenset(
    "have has had having was were is are be been being get got i've you've we've they've he's she's well widely".split()
)
PAST_MARKERS = frozenset("yesterday ago last was were had once".split())
QUITE = frozenset(
    "so very too quite really is are was were be been get got getting stay come came draw drew".split()
)


@dataclass(frozen=True, slots=True)
class Context:
    """Where a word stands: its neighbours in lower case, empty at the ends and across punctuation."""

    before: str = ""
    after: str = ""
    tells_of_the_past: bool = False
    """Whether a word such as "yesterday" stands anywhere in the text."""

    @classmethod
    def every(cls, words: Sequence[str]) -> "list[Context]":
        """Return the context of each of ``words`` (lower case), where punctuation marks are words too."""
        is_past = not PAST_MARKERS.isdisjoint(words)
        neighbours = ["", *(word if word[0].isalpha() else "" for word in words), ""]
        return [cls(*pair, is_past) for pair in zip(neighbours, neighbours[2:], strict=False)]

    def is_verb(self) -> bool:
        """Whether a word that may be noun or verb is a verb here."""
        if self.before in BEFORE_VERB:
            return True
        if self.before in BEFORE_NOUN:
            return False
        return self.after in AFTER_VERB


def _readings(text: str) -> tuple[Phonemes, Phonemes]:
    noun, verb = text.split("/")
    return tuple(noun.split()), tuple(verb.split())


NOUN_VERB: dict[str, tuple[Phonemes, Phonemes]] = {
    word: _readings(readings)
    for word, readings in {
        "abuse": "AH0 B Y UW1 S / AH0 B Y UW1 Z",
        "advocate": "AE1 D V AH0 K AH0 T / AE1 D V AH0 K EY2 T",
        "alternate": "AO1 L T ER0 N AH0 T / AO1 L T ER0 N EY2 T",
        "appropriate": "AH0 P R OW1 P R IY0 AH0 T / AH0 P R OW1 P R IY0 EY2 T",
        "approximate": "AH0 P R AA1 K S AH0 M AH0 T / AH0 P R AA1 K S AH0 M EY2 T",
        "articulate": "AA0 R T IH1 K Y AH0 L AH0 T / AA0 R T IH1 K Y AH0 L EY2 T",
        "associate": "AH0 S OW1 S IY0 AH0 T / AH0 S OW1 S IY0 EY2 T",
        "attribute": "AE1 T R AH0 B Y UW2 T / AH0 T R IH1 B Y UW0 T",
        "coordinate": "K OW0 AO1 R D AH0 N AH0 T / K OW0 AO1 R D AH0 N EY2 T",
        "compound": "K AA1 M P AW0 N D / K AH0 M P AW1 N D",
        "conduct": "K AA1 N D AH0 K T / K AH0 N D AH1 K T",
        "conflict": "K AA1 N F L IH0 K T / K AH0 N F L IH1 K T",
        "console": "K AA1 N S OW0 L / K AH0 N S OW1 L",
        "contest": "K AA1 N T EH0 S T / K AH0 N T EH1 S T",
        "contract": "K AA1 N T R AE2 K T / K AH0 N T R AE1 K T",
        "contrast": "K AA1 N T R AE0 S T / K AH0 N T R AE1 S T",
        "convert": "K AA1 N V ER0 T / K AH0 N V ER1 T",
        "convict": "K AA1 N V IH0 K T / K AH0 N V IH1 K T",
        "decrease": "D IY1 K R IY2 S / D IH0 K R IY1 S",
        "delegate": "D EH1 L AH0 G AH0 T / D EH1 L AH0 G EY2 T",
        "deliberate": "D IH0 L IH1 B ER0 AH0 T / D IH0 L IH1 B ER0 EY2 T",
        "desert": "D EH1 Z ER0 T / D IH0 Z ER1 T",
        "digest": "D AY1 JH EH0 S T / D AY0 JH EH1 S T",
        "duplicate": "D UW1 P L AH0 K AH0 T / D UW1 P L AH0 K EY2 T",
        "elaborate": "IH0 L AE1 B R AH0 T / IH0 L AE1 B ER0 EY2 T",
        "escort": "EH1 S K AO0 R T / EH0 S K AO1 R T",
        "estimate": "EH1 S T AH0 M AH0 T / EH1 S T AH0 M EY2 T",
        "excuse": "IH0 K S K Y UW1 S / IH0 K S K Y UW1 Z",
        "export": "EH1 K S P AO0 R T / IH0 K S P AO1 R T",
        "extract": "EH1 K S T R AE2 K T / IH0 K S T R AE1 K T",
        "graduate": "G R AE1 JH AH0 W AH0 T / G R AE1 JH AH0 W EY2 T",
        "house": "HH AW1 S / HH AW1 Z",
        "import": "IH1 M P AO2 R T / IH2 M P AO1 R T",
        "incline": "IH1 N K L AY0 N / IH0 N K L AY1 N",
        "increase": "IH1 N K R IY2 S / IH0 N K R IY1 S",
        "insult": "IH1 N S AH2 L T / IH2 N S AH1 L T",
        "moderate": "M AA1 D ER0 AH0 T / M AA1 D ER0 EY2 T",
        "object": "AA1 B JH EH0 K T / AH0 B JH EH1 K T",
        "perfect": "P ER1 F IH2 K T / P ER0 F EH1 K T",
        "permit": "P ER1 M IH2 T / P ER0 M IH1 T",
        "present": "P R EH1 Z AH0 N T / P R IH0 Z EH1 N T",
        "produce": "P R OW1 D UW0 S / P R AH0 D UW1 S",
        "progress": "P R AA1 G R EH2 S / P R AH0 G R EH1 S",
        "project": "P R AA1 JH EH0 K T / P R AH0 JH EH1 K T",
        "protest": "P R OW1 T EH2 S T / P R AH0 T EH1 S T",
        "rebel": "R EH1 B AH0 L / R IH0 B EH1 L",
        "record": "R EH1 K ER0 D / R AH0 K AO1 R D",
        "refund": "R IY1 F AH2 N D / R IH0 F AH1 N D",
        "refuse": "R EH1 F Y UW2 Z / R AH0 F Y UW1 Z",
        "reject": "R IY1 JH EH0 K T / R IH0 JH EH1 K T",
        "separate": "S EH1 P ER0 IH0 T / S EH1 P ER0 EY2 T",
        "subject": "S AH1 B JH IH0 K T / S AH0 B JH EH1 K T",
        "survey": "S ER1 V EY2 / S ER0 V EY1",
        "suspect": "S AH1 S P EH2 K T / S AH0 S P EH1 K T",
        "tear": "T IH1 R / T EH1 R",
        "torment": "T AO1 R M EH2 N T / T AO0 R M EH1 N T",
        "transfer": "T R AE1 N S F ER0 / T R AE0 N S F ER1",
        "transport": "T R AE1 N S P AO0 R T / T R AE0 N S P AO1 R T",
        "update": "AH1 P D EY2 T / AH0 P D EY1 T",
        "upset": "AH1 P S EH2 T / AH0 P S EH1 T",
        "use": "Y UW1 S / Y UW1 Z",
        "wind": "W IH1 N D / W AY1 N D",
        "wound": "W UW1 N D / W AW1 N D",
    }.items()
}
"""Noun (or adjective) first, then verb."""

_MOSTLY_VERBS = frozenset("convert export extract import produce refuse reject use".split())
"""Verbs where they open a sentence and a word follows: "Use headphones"."""

_SHOWS = frozenset(
    "music show shows stream streams streaming broadcast broadcasts performance performances concert "
    "concerts audience chat event events session sessions demo demos video videos action coverage "
    "television tv wire wires ammunition feed recording album version band".split()
)
_METAL = frozenset(
    "pipe pipes paint poisoning acid bullet bullets pencil pencils weight weights shot".split()
)
_LETTER_FOLLOWERS = frozenset("plus minus times equals divided is was squared cubed and or".split())


def _read(context: Context) -> str:
    if context.before in PERFECT:
        return "R EH1 D"
    if context.before in BEFORE_VERB:
        is_past = context.tells_of_the_past and context.before in {"i", "you", "we", "they"}
        return "R EH1 D" if is_past else "R IY1 D"
    if context.before in BEFORE_NOUN and context.before not in {"which", "that"}:
        return "R IY1 D"
    return "R IY1 D" if not context.before and context.after else "R EH1 D"


def _live(context: Context) -> str:
    is_adjective = context.after in _SHOWS or context.before in {
        "a",
        "go",
        "goes",
        "going",
        "went",
        "broadcast",
    }
    return "L AY1 V" if is_adjective else "L IH1 V"


def _lives(context: Context) -> str:
    return "L AY1 V Z" if context.before in BEFORE_NOUN - {"that", "which"} else "L IH1 V Z"


def _close(context: Context) -> str:
    if context.before in BEFORE_VERB or (
        context.after in AFTER_VERB and context.before not in QUITE
    ):
        return "K L OW1 Z"
    return "K L OW1 S"


def _lead(context: Context) -> str:
    is_metal = context.after in _METAL or (
        context.before in {"of", "molten", "liquid"} and not context.after
    )
    return "L EH1 D" if is_metal else "L IY1 D"


def _wind(context: Context) -> str:
    is_verb = context.before == "to" or context.after in {"up", "down", "back"}
    return "W AY1 N D" if is_verb else "W IH1 N D"


def _tear(context: Context) -> str:
    is_verb = context.is_verb() or context.after in {"up", "down", "apart", "off", "into", "open"}
    return "T EH1 R" if is_verb else "T IH1 R"


def _wound(context: Context) -> str:
    return "W AW1 N D" if context.after in {"up", "around", "down", "through"} else "W UW1 N D"


def _used(context: Context) -> str:
    is_habit = context.after == "to" and context.before not in {"is", "was", "be", "being", "can"}
    return "Y UW1 S T" if is_habit else "Y UW1 Z D"


def _minute(context: Context) -> str:
    is_tiny = context.after in {
        "details",
        "amounts",
        "quantities",
        "differences",
        "traces",
        "particles",
    }
    return "M AY0 N UW1 T" if is_tiny else "M IH1 N AH0 T"


def _bow(context: Context) -> str:
    is_bend = context.after in {
        "to",
        "down",
        "before",
        "deeply",
        "low",
        "out",
    } or context.before in {"to", "i", "we"}
    return "B AW1" if is_bend else "B OW1"


def _a(context: Context) -> str:
    is_letter = context.after in {"plus", "minus", "times", "equals", "divided", "squared"} or (
        context.before in {"plus", "minus", "times", "equals", "by"} and not context.after
    )
    return "EY1" if is_letter else "AH0"


_SPECIAL = {
    "a": _a,
    "bow": _bow,
    "close": _close,
    "lead": _lead,
    "live": _live,
    "lives": _lives,
    "minute": _minute,
    "read": _read,
    "tear": _tear,
    "used": _used,
    "wind": _wind,
    "wound": _wound,
}


def is_article(context: Context) -> bool:
    """Whether a capital A that opens a sentence is the article and not the letter."""
    return not context.before and len(context.after) > 1 and context.after not in _LETTER_FOLLOWERS


def choose(word: str, context: Context) -> Phonemes | None:
    """Return the reading of ``word`` (lower case) in its context; None if it has only one."""
    if word in _SPECIAL:
        return tuple(_SPECIAL[word](context).split())
    if word in NOUN_VERB:
        opens = word in _MOSTLY_VERBS and not context.before and bool(context.after)
        return NOUN_VERB[word][context.is_verb() or opens]
    base = word.removesuffix("s")
    if base != word and base in NOUN_VERB:
        stem = NOUN_VERB[base][context.before in BEFORE_THIRD_PERSON]
        return (*stem, *plural_ending(stem))
    return None
