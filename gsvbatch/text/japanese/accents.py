"""Words, their phonemes and the melody over them, as Open JTalk reads a clause.

The melody is written as Kurihara and others proposed (Prosodic features control by symbols as input of
sequence-to-sequence acoustic modeling, 2021), and as the models were trained on it: in Tokyo's accent a phrase
is low or high by mora, and only where it rises ``[``, where it falls ``]``, and where the next phrase begins
``#`` is marked. Vowels that are whispered (``U`` in desU) are written like any other.
"""

import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING

from gsvbatch.errors import MissingExtraError
from gsvbatch.text.reading import Group

if TYPE_CHECKING:
    from pyopenjtalk.types import SurfaceProsodyMapping

RISE, FALL, NEXT_PHRASE = "[", "]", "#"

# Open JTalk writes complaints to the console for a clause without a sound.
_HAS_SOUND = re.compile(r"[^ー々〆っッ・．]")


def read_clause(text: str) -> Iterator[Group]:
    """Yield the words of a clause, whose texts put together are the clause.

    Args:
        text: Kana, kanji, digits and letters, without marks.

    Raises:
        MissingExtraError: pyopenjtalk-plus is not installed.
    """
    if not _HAS_SOUND.search(text):
        yield Group(text, ())
        return
    try:
        # It prints that onnxruntime is missing, to where programs read results, when first imported.
        with redirect_stdout(StringIO()):
            from pyopenjtalk import g2p_mapping_prosody
    except ImportError as error:
        raise MissingExtraError("Japanese", "ja") from error
    yield from _spread(text, g2p_mapping_prosody(text))


def _spread(text: str, words: "list[SurfaceProsodyMapping]") -> Iterator[Group]:
    """Yield the words by what of the text is theirs; the ten that 24 is read with has nothing of its own."""
    start = end = 0
    phonemes: list[str] = []
    for word, said in zip(words, _with_marks(words), strict=True):
        first, last = word["char_span"]
        if last > end and phonemes:
            yield Group(text[start:first], tuple(phonemes))
            start, phonemes = first, []
        phonemes.extend(said)
        end = max(end, last)
    yield Group(text[start:], tuple(phonemes))


def _with_marks(words: "list[SurfaceProsodyMapping]") -> Iterator[list[str]]:
    """Yield the phonemes of each word, with the marks of its melody behind the phoneme that they follow."""
    sounds = [
        (index, sound)
        for index, word in enumerate(words)
        for sound in word["phonemes"]
        if sound["kind"] != "Phoneme" or sound["pitch"] is not None
    ]
    said: list[list[str]] = [[] for _ in words]
    for position, (index, sound) in enumerate(sounds):
        following = sounds[position + 1][1] if position + 1 < len(sounds) else None
        if sound["kind"] != "Phoneme":
            # A border is one whether the library has it as such or, at a middle dot, as a pause.
            if position and following and following["kind"] == "Phoneme":
                said[index].append(NEXT_PHRASE)
            continue
        phoneme = sound["phoneme"]
        said[index].append(phoneme.lower() if phoneme in "AIUEO" else phoneme)
        if following and following["kind"] == "Phoneme" and following["pitch"] != sound["pitch"]:
            said[index].append(RISE if following["pitch"] == "High" else FALL)
    yield from said
