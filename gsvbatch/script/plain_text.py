"""Plain-text scripts: a line of the file is a line of speech.

Headings are ``# Title`` as in Markdown, or a line of its own such as ``第三章 雨夜`` or ``Chapter 3``; ``//`` begins a comment.
"""

import re

from gsvbatch.script.narration import Outline, is_ornament, read_front_matter
from gsvbatch.script.source import Content, IdSlot, Problems, Source

_HEADING = re.compile(r"(#{1,6})[ \t]+(.*)")
_NUMBERED = re.compile(r"(第[0-9零〇一二三四五六七八九十百千两]{1,9}[章回节幕卷集课][^，。！？；,!?;]{0,30}|(?:chapter|part|scene)\s+\w{1,12}(?:[:.：\s][^.!?。！？]{0,40})?)", re.IGNORECASE)  # fmt: skip
_SPACES = " \t\u3000\u00a0\ufeff"


class PlainText:
    """Narration and dialogue in a ``.txt`` file."""

    name = "text"
    suffixes = (".txt", ".text")

    def matches(self, source: Source) -> bool:  # noqa: ARG002 - the role's signature
        """Return True: any text is plain text, so this is asked last."""
        return True

    def read(self, source: Source, problems: Problems) -> Content:
        """Return the lines of a plain-text script."""
        front = read_front_matter(source, problems)
        outline = Outline(source, front, problems)
        for index in range(front.n_lines, len(source.lines)):
            written = source.lines[index].strip(_SPACES)
            if not written or written.startswith("//") or is_ornament(written):
                continue
            if heading := _HEADING.fullmatch(written):
                outline.heading(len(heading[1]), heading[2].strip())
            elif _NUMBERED.fullmatch(written):
                outline.heading(2, written)
            elif not outline.mark(written):
                end = source.starts[index] + len(source.lines[index].rstrip(_SPACES))
                outline.line(index + 1, written, IdSlot(end, end, " {#", "}"))
        return outline.content()
