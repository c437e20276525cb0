"""Written English to spoken English: everything that is not plain words becomes words.

The order matters: an address before its full stops, a date before its hyphens, money before its figures,
and capitals last, when every digit has become a word.
"""

import re

from gsvbatch.text.english.abbreviations import expand_abbreviations
from gsvbatch.text.english.casing import Casing
from gsvbatch.text.english.characters import strip_accents, to_ascii_forms, to_speakable
from gsvbatch.text.english.dates import CALENDAR_RULES
from gsvbatch.text.english.figures import FIGURE_RULES
from gsvbatch.text.english.measures import MEASURE_RULES
from gsvbatch.text.english.money import MONEY_RULES
from gsvbatch.text.english.names import NAME_RULES
from gsvbatch.text.english.rules import apply

_RULES = (*CALENDAR_RULES, *MONEY_RULES, *MEASURE_RULES, *FIGURE_RULES)
_PAUSES = frozenset(".,?!;:…。，、；：？！")
_FOREIGN_DIGITS = re.compile(r"(?![0-9])\d")


def normalize(text: str, casing: Casing) -> str:
    """Return ``text`` in letters, apostrophes, spaces, hyphens within words, and ``. , ? !``.

    Private-use characters come through unchanged.
    """
    begins_with_pause = text.lstrip()[:1] in _PAUSES
    ends_in_space = text[-1:].isspace()
    text = to_ascii_forms(text)
    text = _FOREIGN_DIGITS.sub(lambda match: str(int(match[0])), text)
    text = apply(NAME_RULES, text)
    text = expand_abbreviations(text)
    text = apply(_RULES, text)
    text = strip_accents(text)
    text = to_speakable(casing.respell(text)).strip()
    if not begins_with_pause:  # left by a bracket or a dash, after nothing
        text = text.lstrip(",.- ")
    return f"{text} " if text and ends_in_space else text
