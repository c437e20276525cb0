"""Lexicon files: the project's YAML, the WebUI's two ``.rep`` formats, and PLS 1.0.

Every entry is checked when it is read, with the line it stands on, because a wrong entry that is passed over
is a word that is wrong in every file rendered from then on.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

import yaml

from gsvbatch.errors import LexiconError
from gsvbatch.text import notation
from gsvbatch.text.lexicon import Entry, Lexicon
from gsvbatch.text.notation import NotationError
from gsvbatch.text.reading import Reading

_POLYPHONIC = re.compile(r"([^:\s]+)\s*[:：]\s*\[(.*)\]\s*,?")
_QUOTED = re.compile(r"\s*(?:'([^']*)'|\"([^\"]*)\")\s*")
_VARIANT = re.compile(r"\(\d+\)$")
_PLS_KINDS = ("pinyin", "jyutping", "arpabet", "alias")


def read_lexicon(path: Path) -> tuple[list[Entry], list[str]]:
    """Return a file's entries, and notes on those that this program cannot honour.

    Raises:
        LexiconError: The file cannot be read, is of no known format, or has a wrong entry.
    """
    readers: dict[str, Callable[[Path, str], tuple[list[Entry], list[str]]]] = {
        ".yaml": _read_yaml, ".yml": _read_yaml, ".rep": _read_rep, ".pls": _read_pls, ".xml": _read_pls,
    }  # fmt: skip
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise LexiconError(path, 0, f"is no lexicon: the name must end in {', '.join(readers)}")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise LexiconError(
            path, 0, f"is not UTF-8 (byte {error.start}); save it as UTF-8"
        ) from error
    except OSError as error:
        raise LexiconError(path, 0, f"cannot be read: {error.strerror or error}") from error
    entries, notes = reader(path, text)
    return list(_without_repeats(path, entries)), notes


def write_engdict(lexicon: Lexicon, path: Path) -> int:
    """Write the English words for the WebUI (``engdict-hot.rep``) and return how many there are."""
    lines = [
        f"{entry.grapheme.upper()} {' '.join(entry.spelling.symbols)}"
        for entry in lexicon.entries
        if isinstance(entry.spelling, Reading)
        and entry.spelling.kind == "arpabet"
        and " " not in entry.grapheme
    ]
    return _write(path, sorted(set(lines)))


def write_polyphonic(lexicon: Lexicon, path: Path) -> int:
    """Write the Chinese words for the WebUI (``polyphonic.rep``) and return how many there are."""
    lines = [
        f"{entry.grapheme}: [{', '.join(repr(symbol) for symbol in entry.spelling.symbols)}]"
        for entry in lexicon.entries
        if isinstance(entry.spelling, Reading) and entry.spelling.kind == "pinyin"
    ]
    return _write(path, lines)


def _write(path: Path, lines: list[str]) -> int:
    beside = path.with_name(path.name + ".part")
    with beside.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(line + "\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    return len(lines)


def _without_repeats(path: Path, entries: Iterable[Entry]) -> Iterator[Entry]:
    seen: dict[tuple[str, bool], Entry] = {}
    for entry in entries:
        key = (entry.grapheme if entry.match_case else entry.grapheme.lower(), entry.match_case)
        first = seen.setdefault(key, entry)
        if first is entry:
            yield entry
        elif first.spelling != entry.spelling:
            raise LexiconError(
                path,
                entry.line_number,
                f"{entry.grapheme!r} is already said otherwise on line {first.line_number}; keep one of the two",
            )


def _entry(
    path: Path, line_number: int, word: str, match_case: bool, spell: Callable[[], Reading | str]
) -> Entry:
    if not word:
        raise LexiconError(path, line_number, "the entry has no word")
    try:
        return Entry(word, spell(), match_case, path, line_number)
    except NotationError as problem:
        raise LexiconError(path, line_number, f"{word!r}: {problem}") from None


# ---------------------------------------------------------------------- YAML


def _read_yaml(path: Path, text: str) -> tuple[list[Entry], list[str]]:
    # Nodes keep their lines, and scalars as written: a word such as "no" stays a word.
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise LexiconError(path, line, f"is not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise LexiconError(path, 0, f"is not YAML: {error}") from error
    if root is None:
        return [], []
    if not isinstance(root, yaml.MappingNode):
        raise LexiconError(path, root.start_mark.line + 1, "must be lines of 'word: how to say it'")
    return [_yaml_entry(path, key, value) for key, value in root.value], []


def _yaml_entry(path: Path, key: yaml.Node, value: yaml.Node) -> Entry:
    line_number = key.start_mark.line + 1
    if not isinstance(key, yaml.ScalarNode):
        raise LexiconError(path, line_number, "a word must be plain text")
    word = str(key.value).strip()
    kind, spelling = _yaml_spelling(path, word, value)
    spell: dict[str, Callable[[], Reading | str]] = {
        "pinyin": partial(notation.pinyin, word, spelling),
        "jyutping": partial(notation.jyutping, word, spelling),
        "arpabet": partial(notation.arpabet, word, spelling.strip("/ ")),
        "alias": partial(notation.alias, word, spelling),
        "": partial(notation.free_form, word, spelling),
    }
    return _entry(path, line_number, word, word != word.lower(), spell[kind])


def _yaml_spelling(path: Path, word: str, value: yaml.Node) -> tuple[str, str]:
    """Return the kind of a spelling ("" if its form must tell), and the spelling."""
    line_number = value.start_mark.line + 1
    if isinstance(value, yaml.ScalarNode):
        return "", str(value.value)
    if isinstance(value, yaml.SequenceNode):
        items = [str(item.value) for item in value.value if isinstance(item, yaml.ScalarNode)]
        if len(items) == len(value.value):
            return "pinyin" if word and all(map(notation.is_han, word)) else "arpabet", " ".join(
                items
            )
    elif isinstance(value, yaml.MappingNode) and len(value.value) == 1:
        kind, spelling = value.value[0]
        if kind.value in _PLS_KINDS and not isinstance(spelling, yaml.MappingNode):
            return kind.value, _yaml_spelling(path, word, spelling)[1]
    raise LexiconError(
        path,
        line_number,
        f"{word!r} wants other words, [pinyin, one a character], /ARPAbet/, or one of {', '.join(_PLS_KINDS)}",
    )


# ---------------------------------------------------------------------- .rep


def _read_rep(path: Path, text: str) -> tuple[list[Entry], list[str]]:
    entries, notes = [], []
    for number, line in enumerate(text.splitlines(), 1):
        plain = line.strip()
        if not plain or plain.startswith(("#", ";;;")):
            continue
        if match := _POLYPHONIC.fullmatch(plain):
            entries.append(_polyphonic_entry(path, number, match[1], match[2]))
            continue
        word, _, phonemes = plain.partition(" ")
        if _VARIANT.search(word):
            notes.append(f"{path}:{number}: {word}: a second pronunciation; the first is used")
            continue
        if not phonemes.strip():
            raise LexiconError(
                path, number, "must be WORD and its phonemes, or 词: ['pin1', 'yin1']"
            )
        entries.append(_entry(path, number, word, False, partial(notation.arpabet, word, phonemes)))
    return entries, notes


def _polyphonic_entry(path: Path, number: int, word: str, listed: str) -> Entry:
    items = listed.rstrip().removesuffix(",").split(",")
    quoted = [_QUOTED.fullmatch(item) for item in items]
    if not all(quoted):
        raise LexiconError(path, number, f"{word!r} wants its syllables in quotes: ['hu2', 'po1']")
    spelling = " ".join(match[1] or match[2] or "" for match in quoted if match)
    return _entry(path, number, word, True, partial(notation.pinyin, word, spelling))


# ---------------------------------------------------------------------- PLS


def _read_pls(path: Path, text: str) -> tuple[list[Entry], list[str]]:
    return _PlsReader(path).read(text)


class _PlsReader:
    """Reads the W3C Pronunciation Lexicon Specification 1.0, as far as there are phonemes for it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: list[Entry] = []
        self.notes: list[str] = []
        self.alphabet = "ipa"
        self.text: list[str] = []
        self.graphemes: list[str] = []
        self.spellings: list[tuple[str, str]] = []
        self.line_number = 0
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self.text.append
        self.parser.StartDoctypeDeclHandler = self._doctype

    def read(self, text: str) -> tuple[list[Entry], list[str]]:
        try:
            # The text is decoded already, so a declaration of another encoding must not count.
            self.parser.Parse(re.sub(r"^\s*<\?xml[^>]*\?>", "", text), True)
        except expat.ExpatError as error:
            raise LexiconError(
                self.path, error.lineno, f"is not XML: {expat.ErrorString(error.code)}"
            ) from error
        return self.entries, self.notes

    def _fail(self, problem: str) -> NoReturn:
        raise LexiconError(self.path, self.parser.CurrentLineNumber, problem)

    def _doctype(self, *_: object) -> None:
        self._fail("a document type is not read; take the <!DOCTYPE> out")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.text.clear()
        if name == "lexicon":
            self.alphabet = attributes.get("alphabet", "ipa")
        elif name == "lexeme":
            self.graphemes, self.spellings = [], []
            self.line_number = self.parser.CurrentLineNumber
        elif name == "phoneme":
            self.spellings.append((attributes.get("alphabet", self.alphabet), ""))
        elif name == "alias":
            self.spellings.append(("alias", ""))

    def _end(self, name: str) -> None:
        text = "".join(self.text).strip()
        if name == "grapheme":
            self.graphemes.append(text)
        elif name in ("phoneme", "alias") and self.spellings:
            self.spellings[-1] = (self.spellings[-1][0], text)
        elif name == "lexeme":
            self._add_lexeme()
        self.text.clear()

    def _add_lexeme(self) -> None:
        if not self.graphemes or not self.spellings:
            raise LexiconError(
                self.path,
                self.line_number,
                "a lexeme needs a <grapheme>, and a <phoneme> or an <alias>",
            )
        known = [
            each for each in self.spellings if each[0] == "alias" or notation.is_alphabet(each[0])
        ]
        for word in self.graphemes:
            if not known:
                self.notes.append(
                    f"{self.path}:{self.line_number}: {word}: alphabet {self.spellings[0][0]!r} cannot be spoken "
                    "(an alias, x-pinyin, x-jyutping and x-arpabet can); the word is left to the dictionary"
                )
                continue
            alphabet, spelling = known[0]
            spell = (
                partial(notation.alias, word, spelling)
                if alphabet == "alias"
                else partial(notation.by_alphabet, word, alphabet, spelling)
            )
            self.entries.append(_entry(self.path, self.line_number, word, True, spell))
