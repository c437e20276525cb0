"""A script file to its lines.

``read_script`` raises only for what stops it reading at all; what is wrong with single lines is collected in
``Script.problems``, so that a writer mends a file in one go.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from gsvbatch.data import Line
from gsvbatch.errors import ScriptError
from gsvbatch.script.encoding import Decoded, decode, read_bytes
from gsvbatch.script.formats import format_named, format_of
from gsvbatch.script.ids import check_ids
from gsvbatch.script.source import Content, Draft, Names, Problems, ScriptFormat, Source
from gsvbatch.script.speakers import speaker_key, usual_names


@dataclass(frozen=True, slots=True)
class GuessedSpeaker:
    """A name that nobody vouches for: it looked like a speaker's, so it is not spoken."""

    name: str
    line_number: int
    """Of the first line."""

    n_lines: int
    as_text: str
    """How the first line's head is written to be text."""


@dataclass(frozen=True, slots=True)
class Script:
    """One script file, read."""

    path: Path
    lines: tuple[Line, ...]
    """In file order; those with problems too, without the values that are wrong."""

    title: str | None
    metadata: Mapping[str, str]
    problems: tuple[ScriptError, ...]
    """From the top of the file down; a script with any is not to be rendered."""

    encoding: str
    """Python's name of the file's encoding."""

    digest: str
    """SHA-256 of the file's bytes, in hex."""

    format: str
    """Name of its format."""

    guessed: tuple[GuessedSpeaker, ...] = ()
    """Speakers that neither the file nor who read it declared, in order of appearance."""

    @property
    def speakers(self) -> tuple[str, ...]:
        """Names of those who speak, in order of appearance."""
        return tuple(dict.fromkeys(line.speaker for line in self.lines if line.speaker))


@dataclass(frozen=True, slots=True)
class ReadText:
    """A script with what is needed to edit its file."""

    script: Script
    source: Source
    decoded: Decoded
    format: ScriptFormat
    content: Content


def read_script(
    path: Path,
    *,
    format: str | None = None,  # noqa: A002 - the word users know
    encoding: str | None = None,
    speakers: Collection[str] | None = None,
    known: Collection[str] = (),
) -> Script:
    """Return the lines of a script file, and what is wrong with them.

    Args:
        path: Markdown, plain text, YAML, CSV or TSV, SRT or WebVTT.
        format: Name of the format, where the file's ending and content do not tell it.
        encoding: Python's name of the encoding, where detection errs.
        speakers: The only names that ``Name: text`` may stand for; by default any that looks like one.
        known: Names that are speakers however they look, beside others.

    Raises:
        ScriptError: The file cannot be read as a whole: missing, no text, of no known format, or without a line.
    """
    path = Path(path)
    return read_text(
        path,
        read_bytes(path),
        format_name=format,
        encoding=encoding,
        speakers=speakers,
        known=known,
    ).script


def read_text(
    path: Path,
    data: bytes,
    *,
    format_name: str | None = None,
    encoding: str | None = None,
    speakers: Collection[str] | None = None,
    known: Collection[str] = (),
) -> ReadText:
    """Return a script from its file's bytes; see ``read_script``."""
    decoded = decode(path, data, encoding)
    source = Source.of(path, decoded.readable)
    names = Names(
        only=None if speakers is None else frozenset(speaker_key(name) for name in speakers),
        known=frozenset(speaker_key(name) for name in known),
        usual=usual_names(source.lines),
    )
    source = replace(source, names=names)
    if not source.text.strip():
        raise ScriptError(path, 0, "is empty; write at least one line to speak")
    chosen = format_named(format_name, path) if format_name else format_of(source)
    problems = Problems(path)
    content = chosen.read(source, problems)
    lines = _with_one_spelling([draft.line for draft in content.drafts])
    check_ids(lines, problems)
    found = problems.sorted()
    if not lines and not found:
        raise ScriptError(
            path,
            0,
            f"has no line to speak (read as {chosen.name}); headings, code and comments are not spoken",
        )
    script = Script(
        path=path,
        lines=lines,
        title=content.title,
        metadata=MappingProxyType(dict(content.metadata)),
        problems=found,
        encoding="utf-8-sig" if decoded.bom and decoded.encoding == "utf-8" else decoded.encoding,
        digest=hashlib.sha256(data).hexdigest(),
        format=chosen.name,
        guessed=_guessed(content.drafts, lines),
    )
    return ReadText(script, source, decoded, chosen, content)


def _guessed(drafts: Sequence[Draft], lines: Sequence[Line]) -> tuple[GuessedSpeaker, ...]:
    found: dict[str, GuessedSpeaker] = {}
    for draft, line in zip(drafts, lines, strict=True):
        if draft.as_text and line.speaker:
            first = GuessedSpeaker(line.speaker, line.line_number, 0, draft.as_text)
            first = found.get(line.speaker, first)
            found[line.speaker] = replace(first, n_lines=first.n_lines + 1)
    return tuple(found.values())


def _with_one_spelling(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Give every speaker the spelling of his first line: "Ａlice" and "alice " are Alice."""
    spelling: dict[str, str] = {}
    spelled = []
    for line in lines:
        if line.speaker:
            line = replace(
                line, speaker=spelling.setdefault(speaker_key(line.speaker), line.speaker)
            )
        spelled.append(line)
    return tuple(spelled)
