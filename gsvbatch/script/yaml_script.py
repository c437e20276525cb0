"""YAML scripts: ``title``, ``metadata``, ``speakers`` and a list of ``lines``.

A line is a mapping of the fields of ``fields``; ``- Name: text`` is short for a speaker and a text, a bare string is read
as a line of narration, and ``- chapter: title`` begins a chapter.
"""

from dataclasses import replace

from gsvbatch.data import Line
from gsvbatch.errors import ScriptError
from gsvbatch.script.fields import FieldReader, field_of
from gsvbatch.script.source import Content, Draft, IdSlot, Problems, Source
from gsvbatch.script.speakers import parse_piece, speaker_key
from gsvbatch.script.yaml_tree import Mapping, Node, Scalar, Sequence, parse_yaml, scalars

_TOP = {"title": "title", "标题": "title", "metadata": "metadata", "元数据": "metadata", "speakers": "speakers", "角色": "speakers", "lines": "lines", "台词": "lines"}  # fmt: skip
_DEFAULTS = frozenset(
    {"voice", "language", "style", "speed", "top_k", "top_p", "temperature", "repetition_penalty"}
)
"""What a speaker may set for all lines of his."""


class Yaml:
    """A script in a ``.yaml`` file."""

    name = "yaml"
    suffixes = (".yaml", ".yml")

    def matches(self, source: Source) -> bool:
        """Return whether the text has a list of lines at its top level."""
        return any(row.startswith(("lines:", "台词:")) for row in source.lines[:500])

    def read(self, source: Source, problems: Problems) -> Content:
        """Return the lines of a YAML script."""
        root = parse_yaml(source.path, source.text, problems)
        if isinstance(root, Sequence):
            root = Mapping(1, 0, 0, is_flow=False, items=[(Scalar("lines", 1, 0, 0, ""), root)])
        if not isinstance(root, Mapping):
            raise ScriptError(
                source.path,
                0,
                "holds no 'lines:' list; see the YAML schema in the guide to scripts",
            )
        top: dict[str, Node] = {}
        for key, node in root.items:
            name = _TOP.get(key.value.strip().casefold())
            if name is None:
                problems.add(
                    key.line_number,
                    f"unknown key {key.value!r}; a script has title, metadata, speakers and lines",
                )
            else:
                top[name] = node
        lines = top.get("lines")
        if not isinstance(lines, Sequence):
            raise ScriptError(
                source.path,
                0,
                "holds no 'lines:' list; see the YAML schema in the guide to scripts",
            )
        title = next(scalars(top.get("title")), None) or None
        metadata = _metadata(top.get("metadata"), problems)
        speakers = _speakers(top.get("speakers"), problems)
        return Content(_Lines(source, speakers, problems).read(lines), title, metadata)


class _Lines:
    """Reads the list of lines from top to bottom."""

    def __init__(
        self, source: Source, speakers: dict[str, dict[str, str]], problems: Problems
    ) -> None:
        self._source = source
        self._speakers = speakers
        self._names = replace(source.names, known=source.names.known | speakers.keys())
        self._problems = problems
        self._fields = FieldReader(source.path, problems)
        self._chapter = ""

    def read(self, lines: Sequence) -> tuple[Draft, ...]:
        drafts = []
        for node in lines.items:
            if isinstance(node, Mapping):
                draft = self._mapping(node)
            elif isinstance(node, Scalar):
                draft = self._scalar(node)
            else:
                self._problems.add(node.line_number, "a line is a mapping or a text, not a list")
                continue
            if draft is not None:
                drafts.append(draft)
        return tuple(drafts)

    def _mapping(self, node: Mapping) -> Draft | None:
        values: dict[str, str] = {}
        labels: dict[str, str] = {}
        extra: dict[str, str] = {}
        for key, value in node.items:
            field = field_of(key.value)
            if not isinstance(value, Scalar):
                self._problems.add(
                    key.line_number,
                    f"{key.value!r} holds a list or mapping; a line's values are single ones",
                )
            elif field is None or field in values:
                extra[key.value] = value.value
            else:
                values[field] = value.value
                labels[field] = repr(key.value)
        if values.keys() == {"chapter"} and not extra:
            self._chapter = values["chapter"].strip()
            return None
        if "text" not in values and "speaker" not in values and len(extra) == 1:
            # "- 老师: 你好": the one key that is not a field is who speaks
            values["speaker"], values["text"] = extra.popitem()
        line = self._line(node.line_number, values, labels, extra)
        return None if line is None else Draft(line, self._mapping_slot(node))

    def _mapping_slot(self, node: Mapping) -> IdSlot | None:
        empty = next((value for key, value in node.items if field_of(key.value) == "id"), None)
        if isinstance(empty, Scalar):
            is_bare = self._source.text[empty.start - 1 : empty.start] == ":"
            return IdSlot(empty.start, empty.end, " " if is_bare else "")
        if node.is_flow:
            return IdSlot(node.start + 1, node.start + 1, "id: ", ", ")
        return IdSlot(node.start, node.start, "id: ", self._source.newline + " " * node.column)

    def _scalar(self, node: Scalar) -> Draft | None:
        piece = parse_piece(node.value, self._names)
        if piece.problem:
            self._problems.add(node.line_number, piece.problem)
        line = self._line(node.line_number, dict(piece.values), {}, {})
        if line is None:
            return None
        end = node.end - 1 if node.style in {"'", '"'} else node.end
        if node.style not in {"'", '"'}:
            end = node.start + len(self._source.text[node.start : end].rstrip())
        return Draft(line, IdSlot(end, end, " {#", "}"), piece.as_text)

    def _line(
        self, number: int, values: dict[str, str], labels: dict[str, str], extra: dict[str, str]
    ) -> Line | None:
        defaults = self._speakers.get(speaker_key(values.get("speaker", "")), {})
        values = {**defaults, **{field: value for field, value in values.items() if value.strip()}}
        line = self._fields.line(number, values, labels, extra)
        if line is not None and line.chapter is None and self._chapter:
            line = replace(line, chapter=self._chapter)
        return line


def _metadata(node: Node | None, problems: Problems) -> dict[str, str]:
    if node is None or (isinstance(node, Scalar) and not node.value):
        return {}
    if not isinstance(node, Mapping):
        problems.add(node.line_number, "metadata is a mapping of names to values")
        return {}
    return {key.value: ", ".join(scalars(value)) for key, value in node.items}


def _speakers(node: Node | None, problems: Problems) -> dict[str, dict[str, str]]:
    """Return what each speaker sets for his lines, by the key of his name."""
    if node is None or (isinstance(node, Scalar) and not node.value):
        return {}
    if isinstance(node, Sequence):
        return {speaker_key(name): {} for name in scalars(node)}  # a cast list
    if not isinstance(node, Mapping):
        problems.add(node.line_number, "speakers is a mapping of names to voices")
        return {}
    speakers: dict[str, dict[str, str]] = {}
    for name, settings in node.items:
        own: dict[str, str] = {}
        if isinstance(settings, Scalar):
            own = {"voice": settings.value} if settings.value else {}
        elif isinstance(settings, Mapping):
            for key, value in settings.items:
                field = field_of(key.value)
                if field not in _DEFAULTS or not isinstance(value, Scalar):
                    problems.add(
                        key.line_number,
                        f"{key.value!r} is nothing a speaker sets; voice, language, style, speed and sampling are",
                    )
                else:
                    own[field] = value.value
        else:
            problems.add(
                settings.line_number,
                f"speaker {name.value!r} is given a list; give a voice, or a mapping",
            )
        speakers[speaker_key(name.value)] = own
    return speakers
