"""What Markdown and plain text share: an outline of headings over lines, front matter, and marks between lines."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType

from gsvbatch.script.fields import FieldReader
from gsvbatch.script.source import Content, Draft, IdSlot, Names, Problems, Source
from gsvbatch.script.speakers import parse_piece, speaker_key, split_id
from gsvbatch.script.yaml_tree import Mapping as YamlMapping
from gsvbatch.script.yaml_tree import Sequence as YamlSequence
from gsvbatch.script.yaml_tree import parse_yaml, scalars
from gsvbatch.units import Seconds

_WIDE = re.compile(
    r"[\u2e80-\ua4cf\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\u2018-\u201d\u2026\u2014]"
)
_FENCE = re.compile(r"---[ \t]*")
_FENCE_END = re.compile(r"(---|\.\.\.)[ \t]*")
_VOICE = re.compile(r"<<VOICE:([^<>]{1,200})>>\s*")
_CHAPTER = re.compile(r"<<CHAPTER_MARKER:([^<>]{1,200})>>")
_METADATA = re.compile(r"<<METADATA_([A-Z_]{1,40}):([^<>]{0,500})>>")
_PAUSE_ALONE = re.compile(
    r"\[(?:(?:pause|break|停顿)\s*[:：=]?|#(?=\s*\d))\s*(\d{1,4}(?:\.\d{1,3})?)?\s*(s|ms|秒|毫秒)?\]"
    r"|<break\s+time=[\"'](\d{1,6}(?:\.\d{1,3})?)(s|ms)[\"']\s*/>",
    re.IGNORECASE,
)
_DEFAULT_PAUSE: Seconds = 0.5


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The YAML block that a file may open with."""

    metadata: Mapping[str, str] = field(default_factory=dict)
    title: str | None = None
    speakers: frozenset[str] | None = None
    """Keys of the names listed under ``speakers``; only these then speak."""

    n_lines: int = 0
    """Physical lines that it takes, both fences included."""


def read_front_matter(source: Source, problems: Problems) -> FrontMatter:
    """Return the front matter of a file, empty when it has none."""
    end = next(
        (i for i, line in enumerate(source.lines[1:200], 1) if _FENCE_END.fullmatch(line)), None
    )
    if end is None or not _FENCE.fullmatch(source.lines[0]):
        return FrontMatter()
    if end == 1 or not all(line.strip() for line in source.lines[1:end]):
        return FrontMatter()  # two rules with prose between them
    root = parse_yaml(source.path, "\n".join(source.lines[1:end]), problems, first_line=2)
    if not isinstance(root, YamlMapping):
        problems.add(1, "the front matter between the --- lines is not 'name: value' lines")
        return FrontMatter(n_lines=end + 1)
    speakers: frozenset[str] | None = None
    metadata: dict[str, str] = {}
    for key, node in root.items:
        if key.value.casefold() == "speakers" and isinstance(node, (YamlSequence, YamlMapping)):
            speakers = frozenset(speaker_key(name) for name in scalars(node))
        else:
            metadata[key.value] = ", ".join(scalars(node))
    title = metadata.pop("title", None) or None
    return FrontMatter(metadata, title, speakers, end + 1)


class _Open(Enum):
    """What a bare pause would be added to."""

    NOTHING = 0
    LINE = 1


class Outline:
    """Collects headings and lines in file order, then gives each line its chapter.

    Headings of the first two levels are chapters. Where a single first-level heading stands over second-level ones, it is
    the work's title instead. Deeper headings order the page only, and are not spoken.
    """

    def __init__(self, source: Source, front: FrontMatter, problems: Problems) -> None:
        self._source = source
        self._problems = problems
        only = source.names.only if source.names.only is not None else front.speakers
        self._names = replace(source.names, only=only)
        self._front = front
        self._metadata = dict(front.metadata)
        self._headings: list[tuple[int, str]] = []
        self._drafts: list[tuple[Draft, int]] = []
        """Each with the index of the heading it stands under, -1 for none."""

        self._fields = FieldReader(source.path, problems)
        self._voice: str | None = None
        self._pause_target = _Open.NOTHING
        self._pause_before = 0.0

    @property
    def names(self) -> Names:
        """Who may speak."""
        return self._names

    def heading(self, level: int, text: str) -> None:
        """Begin what a heading of level 1 to 6 heads."""
        if level <= 2 and text:
            self._headings.append((level, split_id(text)[0].strip()))
            self._pause_target = _Open.NOTHING

    def mark(self, written: str) -> bool:
        """Take a line that is a mark of its own (chapter, metadata, bare pause); return whether it was one."""
        written = written.strip()
        if chapter := _CHAPTER.fullmatch(written):
            self.heading(2, chapter[1].strip())
        elif metadata := _METADATA.fullmatch(written):
            self._metadata[metadata[1].casefold()] = metadata[2].strip()
        elif pause := _PAUSE_ALONE.fullmatch(written):
            amount, unit = pause[1] or pause[3], (pause[2] or pause[4] or "").lower()
            seconds = float(amount) if amount else _DEFAULT_PAUSE
            self._bare_pause(seconds / 1000 if unit in {"ms", "毫秒"} else seconds)
        elif voice := _VOICE.fullmatch(written):
            self._voice = voice[1].strip()
        else:
            return False
        return True

    def _bare_pause(self, seconds: float) -> None:
        if self._pause_target is _Open.NOTHING:
            self._pause_before += seconds
            return
        draft, heading = self._drafts[-1]
        line = replace(draft.line, pause_after=(draft.line.pause_after or 0.0) + seconds)
        self._drafts[-1] = (replace(draft, line=line), heading)

    def line(
        self,
        line_number: int,
        written: str,
        slot: IdSlot | None,
        render: Callable[[str], str] = str,
    ) -> None:
        """Add what is to be spoken.

        Args:
            line_number: Physical line it begins on.
            written: One logical line, its id and speaker included.
            slot: Where its id can be written.
            render: Turns the words as written into the words as shown.
        """
        if voice := _VOICE.match(written):
            self._voice = voice[1].strip()
            written = written[voice.end() :]
        if "<<VOICE:" in written or "<<CHAPTER_MARKER:" in written:
            self._problems.add(
                line_number,
                "<<…>> marks stand at the beginning of a line; break the line before it",
            )
        piece = parse_piece(written, self._names)
        if piece.problem:
            self._problems.add(line_number, piece.problem)
        values = {**piece.values, "text": render(piece.values["text"])}
        if not values["text"] and values.keys() == {"text"} and written:
            return  # an image, a tag: nothing that was meant to be heard
        if not values["text"]:
            said_by = f" after {values['speaker']!r}" if "speaker" in values else ""
            self._problems.add(
                line_number, f"has no words{said_by}; put them on the same line, or delete it"
            )
            return
        line = self._fields.line(line_number, values, {}, {})
        if line is None:
            return
        if line.voice is None and self._voice is not None:
            line = replace(line, voice=self._voice)
        if self._pause_before:
            line = replace(line, pause_before=(line.pause_before or 0.0) + self._pause_before)
            self._pause_before = 0.0
        self._drafts.append((Draft(line, slot, piece.as_text), len(self._headings) - 1))
        self._pause_target = _Open.LINE

    def content(self) -> Content:
        """Return everything added, chapters given."""
        first_level = [text for level, text in self._headings if level == 1]
        title = self._front.title or self._metadata.get("title")
        is_title_only = (
            len(first_level) == 1 and self._headings[0][0] == 1 and len(self._headings) > 1
        )
        if title is None and first_level and len(first_level) == 1:
            title = first_level[0]
        drafts = []
        for draft, heading in self._drafts:
            chapter = (
                None
                if heading < 0 or (is_title_only and heading == 0)
                else self._headings[heading][1]
            )
            drafts.append(replace(draft, line=replace(draft.line, chapter=chapter)))
        return Content(tuple(drafts), title, MappingProxyType(self._metadata))


def is_ornament(text: str) -> bool:
    """Return whether a line only draws a rule: ``***``, ``======``, ``- - -``."""
    return bool(text) and all(c in "*-_=~+#·•— \t" for c in text)


def join_rows(rows: Iterable[str]) -> str:
    """Return wrapped rows as one: Chinese and Japanese joined without a space, other scripts with one."""
    joined = ""
    for row in filter(None, rows):
        is_wide = joined and _WIDE.match(joined[-1]) and _WIDE.match(row[0])
        joined += row if not joined or is_wide else " " + row
    return joined
