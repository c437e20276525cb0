"""A line's text in, utterances with phoneme ids out.

    text -> nodes (markup, lexicon) -> stretches between pauses -> pieces -> language spans -> phonemes

A line is refused rather than spoken in part: what has no sound, or is in a language that the model does not know,
is an error that names it.
"""

import re
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gsvbatch.data import Span, Utterance
from gsvbatch.errors import ConfigError, UnpronounceableError
from gsvbatch.text import assembly, markup, segment
from gsvbatch.text import language as languages
from gsvbatch.text.assembly import Said
from gsvbatch.text.lexicon import Lexicon, digest_entries
from gsvbatch.text.nodes import Words
from gsvbatch.text.reading import LanguageFrontend, Reading
from gsvbatch.text.stream import Stream
from gsvbatch.text.symbols import SymbolTable, SymbolVersion
from gsvbatch.units import Seconds

if TYPE_CHECKING:
    from gsvbatch.text.mandarin.g2pw import G2pwFiles

FRONTEND_VERSION = "4"
"""Part of every take's fingerprint; to be raised whenever any phoneme may change."""

_ENDS_WITH_LETTER = re.compile("[A-Za-z]$").search
_TWO_OF_NAME = re.compile(r"^2(?=[\u4e00-\u9fff])(?!个|小时)")
"""Of CO2升高 or B2层, which is part of a name and counts nothing; the letters are in the span before."""


@dataclass(frozen=True, slots=True)
class Phonemized:
    """A text said in one go, as a reference clip's transcript is."""

    spoken_text: str
    phonemes: tuple[str, ...]
    phoneme_ids: tuple[int, ...]
    spans: tuple[Span, ...]


@dataclass(slots=True)
class _Piece:
    """What will be one utterance."""

    text: str
    languages: Sequence[str | None]
    shown: str
    pause_before: Seconds = 0.0
    pause_after: Seconds = 0.0


class Frontend:
    """Turns lines into utterances; makes a language's own frontend when the first text needs it."""

    def __init__(
        self,
        symbols: SymbolVersion = "v2",
        lexicon: Lexicon | None = None,
        *,
        max_characters: int = 60,
        read_parentheses: bool = False,
        cut: str = segment.SENTENCE,
        pause: Seconds | None = None,
        g2pw: "G2pwFiles | None" = None,
    ) -> None:
        """Set up; costs next to nothing.

        Args:
            symbols: The symbol table of the model that will speak.
            lexicon: The project's pronunciations.
            max_characters: Longest utterance, in Chinese characters (see `segment.cut`).
            read_parentheses: Speak what stands in round brackets.
            cut: How a line is cut into utterances, one of `segment.METHODS`.
            pause: Silence between the utterances of a line; None goes by the marks they end with.
            g2pw: The model that reads Mandarin's polyphones; dictionaries alone do if None.

        Raises:
            ConfigError: There is no such way to cut, or ``max_characters`` is too small.
        """
        if cut not in segment.METHODS:
            raise ConfigError(f"cut {cut!r} is unknown; it is one of {', '.join(segment.METHODS)}")
        if max_characters < segment.MIN_MAX_CHARACTERS:
            raise ConfigError(
                f"max_characters is {max_characters}; it must be {segment.MIN_MAX_CHARACTERS} or more"
            )
        self.symbols: SymbolVersion = symbols
        self.lexicon = lexicon if lexicon is not None else Lexicon.empty()
        self.max_characters = max_characters
        self.read_parentheses = read_parentheses
        self.cut = cut
        self.pause = pause
        self.g2pw = g2pw
        self._frontends: dict[str, LanguageFrontend] = {}

    def __getstate__(self) -> dict[str, object]:
        """Leave the language frontends behind, so that worker processes make their own."""
        return {**self.__dict__, "_frontends": {}}

    def for_one_core(self) -> "Frontend":
        """The same frontend for one of several processes, whose network takes no more than a core."""
        twin = copy(self)
        twin._frontends = {}
        if self.g2pw is not None:
            twin.g2pw = replace(self.g2pw, n_threads=1)
        return twin

    def utterances(
        self, line_id: str, text: str, language: str | None = None
    ) -> tuple[Utterance, ...]:
        """Return what is spoken of a line, piece by piece.

        Args:
            line_id: Of the line; the utterances' ids are made from it.
            text: As written, with its marks.
            language: Of the line, as `language.spans` takes it; None to detect it.

        Raises:
            MarkupError: A mark is wrong.
            MissingExtraError: A language's dictionary is not installed.
            UnpronounceableError: There is nothing to say, or it is in a language that the model does not know.
        """
        stream = self._stream(text, language)
        pieces = self._pieces(stream)
        if not pieces:
            aside = " but what stands in round brackets" if set(text) & set("(（") else ""
            raise UnpronounceableError(
                text.strip(),
                f"there is nothing in it to say{aside}; write words, or take the line out",
            )
        table = SymbolTable.load(self.symbols)
        made = []
        for index, piece in enumerate(pieces):
            said = self._phonemize(
                stream, piece.text, piece.languages, language, stop_short_start=True
            )
            made.append(
                Utterance(
                    id=line_id if len(pieces) == 1 else f"{line_id}#{index + 1}",
                    line_id=line_id,
                    index=index,
                    text=piece.shown,
                    spoken_text=assembly.spoken_text(said),
                    phonemes=(phonemes := assembly.flatten(said)),
                    phoneme_ids=table.ids(phonemes),
                    spans=tuple(map(assembly.as_span, said)),
                    pause_before=piece.pause_before,
                    pause_after=piece.pause_after,
                )
            )
        return tuple(made)

    def phonemize(self, text: str, language: str | None = None) -> Phonemized:
        """Return a text as one utterance, however long: for the transcript of a reference clip.

        Raises:
            MarkupError: A mark is wrong.
            MissingExtraError: A language's dictionary is not installed.
            UnpronounceableError: There is nothing to say, or it is in a language that the model does not know.
        """
        stream = self._stream(text, language)
        whole = "".join(stretch.text for stretch in stream.stretches)
        marked = [name for stretch in stream.stretches for name in stretch.languages]
        if not any(map(segment.is_speakable, whole)):
            raise UnpronounceableError(
                text.strip(), "there is nothing in it to say; write the words that are spoken"
            )
        said = self._phonemize(stream, whole, marked, language, stop_short_start=False)
        phonemes = assembly.flatten(said)
        return Phonemized(
            assembly.spoken_text(said),
            phonemes,
            SymbolTable.load(self.symbols).ids(phonemes),
            tuple(map(assembly.as_span, said)),
        )

    def _stream(self, text: str, language: str | None) -> Stream:
        nodes = markup.parse(
            text,
            read_parentheses=self.read_parentheses,
            language=languages.base_language(language),
        )
        return Stream(nodes, self.lexicon)

    def lexicon_digest(self, text: str) -> str:
        """Identifies what the lexicon says in a line; an empty string if nothing."""
        found = {
            entry
            for node in markup.parse(text, read_parentheses=self.read_parentheses)
            if isinstance(node, Words)
            for entry in self.lexicon.matches(node.text)
        }
        return digest_entries(found)

    def _pieces(self, stream: Stream) -> list[_Piece]:
        """Cut a line; what is silent goes with the piece before it, or else after it."""
        pieces: list[_Piece] = []
        shown_before, waiting = "", 0.0
        for stretch in stream.stretches:
            if stretch.pause_before is not None:
                waiting += stretch.pause_before
            start, is_after_pause = 0, True
            for text in segment.cut(stretch.text, self.max_characters, self.cut, stream.weights):
                end = start + len(text)
                shown = stream.shown(text)
                if any(map(segment.is_speakable, text)):
                    if pieces and is_after_pause:
                        pieces[-1].pause_after = waiting
                    piece = _Piece(text, stretch.languages[start:end], shown_before + shown)
                    piece.pause_before = 0.0 if pieces else waiting
                    piece.pause_after = (
                        assembly.pause_after(text) if self.pause is None else self.pause
                    )
                    pieces.append(piece)
                    shown_before, waiting, is_after_pause = "", 0.0, False
                elif pieces:
                    pieces[-1].shown += shown
                else:
                    shown_before += shown
                start = end
        if pieces:
            pieces[-1].pause_after = waiting
        return pieces

    def _phonemize(
        self,
        stream: Stream,
        text: str,
        marked: Sequence[str | None],
        language: str | None,
        *,
        stop_short_start: bool,
    ) -> list[Said]:
        main = languages.base_language(language)
        if main is not None and main not in languages.NAMES:
            known = ", ".join(languages.NAMES)
            raise UnpronounceableError(
                stream.shown(text), f"language {language!r} is unknown; it is one of {known}"
            )
        spoken, forced = stream.spoken(text, marked)
        said = []
        before = ""
        for span in languages.spans(spoken, main, stream.readings, forced):
            frontend = self._frontend(span)
            written = _without(frontend.notations, span.text, stream.readings)
            if span.language in ("zh", "yue") and _ENDS_WITH_LETTER(before):
                written = _TWO_OF_NAME.sub("二", written)
            before = span.text
            normalized = frontend.normalize(written)
            groups = [
                group for group in frontend.phonemize(normalized, stream.readings) if group.text
            ]
            assembly.check_sounds(span, groups)
            if any(group.phonemes for group in groups):
                said.append(Said(span.language, groups))
        if not assembly.has_sound(said):
            raise UnpronounceableError(stream.shown(text), "no sound is known for it; write words")
        short = stop_short_start and assembly.is_short_start(spoken, stream.readings)
        return assembly.complete(said, short)

    def _frontend(self, span: Span) -> LanguageFrontend:
        found = self._frontends.get(span.language)
        if found is None:
            if span.language == "zh" and self.g2pw is not None:
                found = _mandarin_with(self.g2pw, self.symbols)
            else:
                found = _make_frontend(span, self.symbols)
            self._frontends[span.language] = found
        return found


def _mandarin_with(g2pw: "G2pwFiles", symbols: SymbolVersion) -> LanguageFrontend:
    from gsvbatch.text.mandarin import Mandarin
    from gsvbatch.text.mandarin.g2pw import Polyphones

    return Mandarin(symbols, Polyphones(g2pw))


def _without(notations: frozenset[str], text: str, readings: Mapping[str, Reading]) -> str:
    """Return a text with the readings that its language has no use for replaced by what they stand for."""
    return "".join(
        readings[c].text if c in readings and readings[c].kind not in notations else c for c in text
    )


def _make_frontend(span: Span, symbols: SymbolVersion) -> LanguageFrontend:
    # Imported here: their dictionaries take longer to load than most commands run.
    if span.language == "zh":
        from gsvbatch.text.mandarin import Mandarin

        return Mandarin(symbols)
    if span.language == "en":
        from gsvbatch.text.english import English

        return English(symbols)
    if span.language == "ja":
        from gsvbatch.text.japanese import Japanese

        return Japanese()
    name = languages.NAMES.get(span.language)
    if name and symbols == "v1":
        raise UnpronounceableError(
            span.text.strip(),
            f"models of GPT-SoVITS v1 know no {name} ({span.language}); take a voice of v2 or later",
        )
    if span.language == "ko":
        from gsvbatch.text.korean import Korean

        return Korean()
    if span.language == "yue":
        from gsvbatch.text.cantonese import Cantonese

        return Cantonese()
    shown = "".join(filter(str.isalnum, span.text))
    raise UnpronounceableError(
        span.text.strip(),
        f"{span.language!r} cannot be spoken, only {', '.join(languages.NAMES)}; "
        f"give it other words, as in {{{shown[:8]}|...}}",
    )
