"""Plain-text scripts: a line of the file is a line of speech.

Headings are ``# Title`` as in Markdown, or a line of its own such as ``第三章 雨夜`` or ``Chapter 3``; ``//`` begins a comment.
"""

import re

from gsvbatch.script.narration import Outline, is_ornament, read_front_matter
from gsvbatch.script.source import Content, IdSlot, Problems, Source

_HEADING = re.compile(r"(#{1,6})[ \t]+(.*)")
# A heading is not spoken, so a sentence must not pass for one: 第三节课我睡着了, "Part of me wants it".
_CHINESE = re.compile(
    r"第[0-9０-９零〇一二三四五六七八九十百千两]{1,9}[章回节幕卷集课]"
    r"(?:[ \t\u00a0\u3000:：·—–-][^，。！？；,!?;]{0,30}|[（(《【「][^，。！？；,!?;]{1,28}[）)》】」])?"
)
_UNITS = "one|two|three|four|five|six|seven|eight|nine"
_TEENS = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_ENGLISH = re.compile(
    r"(?i:chapter|part|scene|act)\s+"
    rf"(?:[0-9]{{1,4}}[A-Za-z]?|[IVXLCDM]{{1,8}}|(?i:{_UNITS}|{_TEENS}|(?:{_TENS})(?:[- ](?:{_UNITS}))?))"
    # Past a mere blank a title has a capital: "Part one of me", "Chapter 3 was long" go on in small letters.
    r"(?:\s*[:.：–—-][^.!?。！？]{0,40}|\s+(?![a-z])[^.!?。！？]{0,40})?"
)
_SPACES = " \t\u3000\u00a0"


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
            elif _CHINESE.fullmatch(written) or _ENGLISH.fullmatch(written):
                outline.heading(2, written)
            elif not outline.mark(written):
                end = source.starts[index] + len(source.lines[index].rstrip(_SPACES))
                outline.line(index + 1, written, IdSlot(end, end, " {#", "}"))
        return outline.content()
