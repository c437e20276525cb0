"""Markdown scripts: headings are chapters, paragraphs are lines.

A paragraph is one line of speech however it is wrapped; a speaker at the head of a wrapped row, or a hard break before it,
begins the next. Code, tables, comments, images and the signs of emphasis are not spoken.

Four rules of CommonMark are off, because in prose they swallow words: four spaces (or ``---`` under a paragraph, or
``[name]: text``) do not make code (a heading, a reference), and a tag at the head of a row does not hide what follows it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from gsvbatch.script.fields import MAX_TEXT
from gsvbatch.script.narration import Outline, is_ornament, join_rows, read_front_matter
from gsvbatch.script.source import Content, IdSlot, Names, Problems, Source
from gsvbatch.script.speakers import split_id, starts_line

_HEADING = re.compile(r"(?m)^ {0,3}#{1,6}[ \t]+\S")
_BOLD_SPEAKER = re.compile(
    r"(\*\*|__|\*|_)([^*_:：\n]{1,60})"
    r"(?:\1(?=\s{0,4}(?:[(（][^()（）\n]{1,30}[)）]\s{0,4})?[:：])|([:：])\1)"
)
_HARD_BREAKS = ("\\", "  ")
_SPEECH_TAG = re.compile(
    r"</?(?:break|tone|phoneme|sub|say-as|lang|prosody|emphasis|voice|speak)\b", re.IGNORECASE
)
_SIGNS = re.compile(r"[\\`*_\[\]<&!]")
_ESCAPED_MARKS = frozenset("\\[]<>(){}|")
_OFF = ["code", "lheading", "reference", "html_block"]
_INLINE = MarkdownIt("commonmark").disable([*_OFF, "text_join"])
# Inline signs are read only after speaker and id are taken off, so the first pass leaves them alone.
_BLOCKS = MarkdownIt("commonmark").disable([*_OFF, "inline"]).enable("table")


class Markdown:
    """Narration and dialogue in a ``.md`` file."""

    name = "markdown"
    suffixes = (".md", ".markdown", ".mdown")

    def matches(self, source: Source) -> bool:
        """Return whether the text has a Markdown heading."""
        return _HEADING.search(source.text[:100_000]) is not None

    def read(self, source: Source, problems: Problems) -> Content:
        """Return the lines of a Markdown script."""
        front = read_front_matter(source, problems)
        outline = Outline(source, front, problems)
        rows = _blank_comments(source, problems)
        rows[: front.n_lines] = [""] * front.n_lines
        heading_level = 0
        is_table = False
        for token in _BLOCKS.parse("\n".join(rows)):
            if token.type in {"table_open", "table_close"}:
                is_table = token.type == "table_open"
            elif token.type == "heading_open":
                heading_level = int(token.tag[1:])
            elif token.type == "inline" and heading_level:
                outline.heading(heading_level, _spoken(split_id(token.content)[0]))
                heading_level = 0
            elif token.type == "inline" and not is_table and token.map is not None:
                for row in _paragraph_lines(token, token.map[0], rows, source, outline.names):
                    if row.written and not outline.mark(row.written):
                        outline.line(row.line_number, row.written, row.slot, render=_spoken)
        return outline.content()


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of speech: the joined rows of a paragraph or of a part of it."""

    line_number: int
    written: str
    slot: IdSlot


def _paragraph_lines(
    token: Token, first: int, rows: Sequence[str], source: Source, names: Names
) -> Iterator[_Row]:
    """Cut a paragraph where a speaker begins, an id ends a line, or the author broke it hard."""
    parts: list[str] = []
    begun_at = first
    for offset, as_written in enumerate(token.content.split("\n")):
        index = first + offset
        is_broken = as_written.endswith(_HARD_BREAKS)
        content = as_written.removesuffix("\\").strip()
        if bold := _BOLD_SPEAKER.match(content):
            content = f"{bold[2]}{bold[3] or ''}{content[bold.end() :]}"
        if parts and starts_line(content, names):
            yield _row(begun_at, index - 1, parts, rows, source)
            parts = []
        if not parts:
            begun_at = index
        parts.append("" if is_ornament(content) else content)
        if is_broken or split_id(content)[1] is not None:
            yield _row(begun_at, index, parts, rows, source)
            parts = []
    if parts:
        yield _row(begun_at, index, parts, rows, source)


def _row(first: int, last: int, parts: Sequence[str], rows: Sequence[str], source: Source) -> _Row:
    # Comments are blanked, not cut, so the last visible character stands where it does in the file.
    end = source.starts[last] + len(rows[last].rstrip().removesuffix("\\").rstrip())
    return _Row(first + 1, join_rows(parts), IdSlot(end, end, " {#", "}"))


def _spoken(written: str) -> str:
    """Return words without the signs of Markdown, speech marks kept."""
    if _SIGNS.search(written) is None or len(written) > MAX_TEXT:  # too long: refused further on
        return written.strip()
    inline = _INLINE.parseInline(written)[0].children or []
    return re.sub(" {2,}", " ", "".join(_inline_text(token) for token in inline)).strip()


def _inline_text(token: Token) -> str:
    if token.type == "text_special" and token.content in _ESCAPED_MARKS:
        return token.markup  # still needed: an escaped bracket is no mark of speech either
    if token.type in {"text", "code_inline", "text_special"}:
        return token.content
    if token.type in {"softbreak", "hardbreak"}:
        return " "
    if token.type == "html_inline" and _SPEECH_TAG.match(token.content):
        return token.content
    return ""


def _blank_comments(source: Source, problems: Problems) -> list[str]:
    """Return the file's rows with comments as spaces, so that offsets hold."""
    text = "\n".join(source.lines)
    pieces, position = [], 0
    while (opened := text.find("<!--", position)) >= 0:
        closed = text.find("-->", opened + 4)
        if closed < 0:
            problems.add(
                text.count("\n", 0, opened) + 1, "this comment is never closed; end it with -->"
            )
            closed = len(text)
        pieces += [text[position:opened], re.sub(r"[^\n]", " ", text[opened : closed + 3])]
        position = closed + 3
    rows = "".join([*pieces, text[position:]]).split("\n")
    # Blanks that a comment leaves at the end of a row would read as a hard break.
    return [
        row if row == as_written else row.rstrip()
        for row, as_written in zip(rows, source.lines, strict=True)
    ]
