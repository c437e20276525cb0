"""A line's text as it is cut and spoken: one character for each thing in it, whatever its length.

A reading, an alias and an aside each become one private-use character, so that cutting a text into pieces can
neither tear them nor take their letters for sentence ends. What is shown and what is spoken is looked up again
for each piece, and so the two stay apart: subtitles have the written form, phonemes the other.

===================  ==============================================================
U+E000 to U+F8FF     a reading; goes on to the language frontends as it is
U+F0000 and after    an alias; its words are put in before the frontends
U+100000 and after   shown and silent: stage directions, stray private-use signs
===================  ==============================================================
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from gsvbatch.errors import MarkupError
from gsvbatch.text.lexicon import Lexicon, Match
from gsvbatch.text.nodes import Alias, Aside, Fixed, Node, Pause, Words
from gsvbatch.text.reading import FIRST_PRIVATE_USE, LAST_PRIVATE_USE, Reading
from gsvbatch.text.segment import width
from gsvbatch.units import Seconds

_FIRST_READING, _LAST_READING = ord(FIRST_PRIVATE_USE), ord(LAST_PRIVATE_USE)
_FIRST_ALIAS, _FIRST_SILENT = 0xF0000, 0x100000

_PRIVATE = re.compile(r"([\ue000-\uf8ff\U000f0000-\U0010ffff]+)")
_POSSESSIVE = re.compile("['’]s(?![A-Za-z])")
_NEWLINE = re.compile(r"\s*\n\s*")
_FULL_WIDTH = {
    0xFF01 + offset: 0x21 + offset for offset in range(94) if chr(0x21 + offset).isalnum()
}


@dataclass(slots=True)
class Stretch:
    """What is said between two marked pauses."""

    text: str = ""
    """One character for each thing."""

    languages: list[str | None] = field(default_factory=list)
    pause_before: Seconds | None = None
    """As marked; None at the beginning of a line without one."""


class Stream:
    """The stretches of one line, with what their private-use characters stand for."""

    def __init__(self, nodes: Iterable[Node], lexicon: Lexicon) -> None:
        self.readings: dict[str, Reading] = {}
        self.weights: dict[str, float] = {}
        """How long what a character stands for takes to say, in Chinese characters."""

        self._shown: dict[str, str] = {}
        self._spoken: dict[str, str] = {}
        self._lexicon = lexicon
        self.stretches = [Stretch()]
        for node in nodes:
            if isinstance(node, Pause):
                self._pause(node.duration)
            else:
                self._add(node)

    def shown(self, text: str) -> str:
        """Return a piece as it is shown to people."""
        return _NEWLINE.sub(
            " ", "".join(self._shown.get(character, character) for character in text)
        ).strip()

    def spoken(
        self, text: str, languages: Sequence[str | None]
    ) -> tuple[str, tuple[str | None, ...]]:
        """Return a piece as it goes to the language frontends, and the marked language of each character."""
        said: list[str] = []
        spread: list[str | None] = []
        for index, character in enumerate(text):
            words = self._spoken.get(character, character).translate(_FULL_WIDTH)
            if character == "\n":
                # Across a line's end the voice pauses, unless a mark makes it do so already.
                words = "，" if "".join(said).rstrip()[-1:].isalnum() else " "
            said.append(words)
            spread.extend([languages[index]] * len(words))
        return "".join(said), tuple(spread)

    def _pause(self, duration: Seconds) -> None:
        last = self.stretches[-1]
        if last.text:
            self.stretches.append(Stretch(pause_before=duration))
        else:
            last.pause_before = (last.pause_before or 0.0) + duration

    def _add(self, node: Words | Fixed | Alias | Aside) -> None:
        if isinstance(node, Aside):
            self._put(self._silent(node.text), None)
        elif isinstance(node, Fixed):
            self._put(self._reading(node.text, node.reading, node.column), node.language)
        elif isinstance(node, Alias):
            self._put(self._alias(node.text, node.spoken), node.language)
        else:
            for index, part in enumerate(_PRIVATE.split(node.text)):
                if index % 2:
                    self._put(self._silent(part), None)
                else:
                    self._add_words(replace(node, text=part))

    def _add_words(self, node: Words) -> None:
        for part in self._lexicon.split(node.text):
            if isinstance(part, str):
                last = self.stretches[-1]
                if (
                    last.text
                    and (last.text[-1] in self.readings)
                    and (found := _POSSESSIVE.match(part))
                ):
                    self._make_possessive(last.text[-1], found[0])
                    part = part[found.end() :]
                self._put(part, node.language)
            else:
                self._put(self._matched(part, node.column), node.language)

    def _matched(self, match: Match, column: int) -> str:
        spelling = match.entry.spelled(match.text)
        if isinstance(spelling, Reading):
            return self._reading(match.text, replace(spelling, is_general=True), column)
        return self._alias(match.text, spelling)

    def _put(self, text: str, language: str | None) -> None:
        stretch = self.stretches[-1]
        stretch.text += text
        stretch.languages.extend([language] * len(text))

    def _reading(self, shown: str, reading: Reading, column: int) -> str:
        code = _FIRST_READING + len(self.readings)
        if code > _LAST_READING:
            raise MarkupError(
                column,
                f"the line has more than {len(self.readings)} fixed readings; make it two lines",
            )
        self.readings[chr(code)] = reading
        self.weights[chr(code)] = width(reading.text)
        self._shown[chr(code)] = shown
        return chr(code)

    def _alias(self, shown: str, spoken: str) -> str:
        character = chr(_FIRST_ALIAS + len(self._shown))
        self._shown[character], self._spoken[character] = shown, spoken
        self.weights[character] = width(spoken)
        return character

    def _silent(self, shown: str) -> str:
        character = chr(_FIRST_SILENT + len(self._shown))
        self._shown[character], self._spoken[character] = shown, ""
        return character

    def _make_possessive(self, character: str, ending: str) -> None:
        """Give a word whose phonemes are fixed its ``'s``, as English says it after that sound."""
        reading = self.readings[character]
        if reading.kind != "arpabet":
            return
        last = reading.symbols[-1]
        said = ("AH0", "Z") if last in _HISSING else ("S",) if last in _VOICELESS else ("Z",)
        self.readings[character] = Reading(reading.text + ending, "arpabet", reading.symbols + said)
        self._shown[character] += ending


_HISSING = frozenset({"S", "Z", "SH", "ZH", "CH", "JH"})
_VOICELESS = frozenset({"P", "T", "K", "F", "TH"})
