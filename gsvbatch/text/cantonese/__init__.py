"""Cantonese: from written text to the phonemes of GPT-SoVITS.

text -> the Mandarin normalizer (numbers and signs in words) -> ToJyutping -> onset, rhyme and tone

Importing this package is cheap: the dictionary is loaded with the first text.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from gsvbatch.errors import MissingExtraError
from gsvbatch.text.cantonese.jyutping import check_jyutping, phonemes
from gsvbatch.text.reading import Group, Reading, is_private_use
from gsvbatch.text.symbols import PUNCTUATION

if TYPE_CHECKING:
    from opencc import OpenCC

__all__ = ["Cantonese", "check_jyutping"]


class Cantonese:
    """The Cantonese frontend, for models of the symbol table v2 and later; those of v1 know no Cantonese."""

    language = "yue"
    notations = frozenset({"jyutping", "arpabet"})

    def normalize(self, text: str) -> str:
        """Return text as spoken: simplified Han characters and the marks ``!?…,.-``.

        Private-use characters come through unchanged and in order.
        """
        from gsvbatch.text.mandarin.normalize import PAUSES, normalize  # compiles many patterns

        spoken = normalize(text)
        # Of a telephone number's ones, which Mandarin calls yao.
        return spoken.translate({ord("幺"): "一"} | {ord(pause): "," for pause in PAUSES})

    def phonemize(self, normalized: str, readings: Mapping[str, Reading]) -> tuple[Group, ...]:
        """Return one group a character: two phonemes for a syllable, one for a mark.

        Args:
            normalized: What `normalize` returned.
            readings: For each private-use character in the text, what it stands for.

        Raises:
            MissingExtraError: The dictionary is not installed.
        """
        said = iter(_read(normalized))
        groups: list[Group] = []
        for character in normalized:
            syllables = next(said)
            if is_private_use(character) and (reading := readings.get(character)):
                groups.extend(_fixed(reading))
            elif character in PUNCTUATION:
                groups.append(Group(character, (character,)))
            else:
                groups.append(Group(character, _phonemes(syllables)))
        return tuple(groups)


def _read(text: str) -> list[tuple[str, ...]]:
    """Return the syllables of each character, empty where the dictionary has none."""
    try:
        from ToJyutping import get_jyutping_list
    except ImportError as error:
        raise MissingExtraError("Cantonese", "yue") from error
    # The dictionary is of traditional characters, some of which simplification has made one: 隻 and 只.
    traditional = _converter().convert(text)
    found = get_jyutping_list(traditional if len(traditional) == len(text) else text)
    return [tuple(jyutping.split()) if jyutping else () for _, jyutping in found]


@cache
def _converter() -> "OpenCC":
    from opencc import OpenCC

    return OpenCC("s2hk")


def _phonemes(syllables: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(symbol for syllable in syllables for symbol in phonemes(syllable))


def _fixed(reading: Reading) -> Iterator[Group]:
    if reading.kind == "jyutping" and len(reading.symbols) == len(reading.text):
        for character, syllable in zip(reading.text, reading.symbols, strict=True):
            yield Group(character, phonemes(syllable))
    elif reading.kind == "jyutping":
        yield Group(reading.text, _phonemes(reading.symbols))
    else:
        yield Group(reading.text, reading.symbols)
