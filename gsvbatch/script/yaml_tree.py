"""YAML as it is written: a tree of strings with their places.

No type is guessed, so that ``no``, ``on``, ``1:30`` and ``007`` stay what the author typed. The parser's events are walked
without recursion and to a fixed depth, which keeps hostile nesting and alias bombs out.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from gsvbatch.errors import ScriptError
from gsvbatch.script.source import Problems

MAX_DEPTH = 8
_LOADER = getattr(
    yaml, "CBaseLoader", yaml.BaseLoader
)  # twenty times faster, where PyYAML was built with libyaml
_NULLS = frozenset({"~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value, unquoted."""

    value: str
    line_number: int
    start: int
    """Offset of its first character, quotes included."""

    end: int
    style: str
    """``''`` plain, ``'`` or ``"`` quoted, ``|`` or ``>`` block."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys with values, in order."""

    line_number: int
    start: int
    column: int
    """Characters before it on its line."""

    is_flow: bool
    """Written with braces."""

    items: list[tuple[Scalar, "Node"]] = field(default_factory=list)

    def get(self, key: str) -> "Node | None":
        """Return the value of a key, or None."""
        return next((node for name, node in self.items if name.value == key), None)


@dataclass(frozen=True, slots=True)
class Sequence:
    """Values, in order."""

    line_number: int
    items: list["Node"] = field(default_factory=list)


Node = Scalar | Mapping | Sequence


def parse_yaml(path: Path, text: str, problems: Problems, *, first_line: int = 1) -> Node | None:
    """Return the tree of the one document in a text, or None when it is empty.

    Args:
        path: Named in errors only.
        text: YAML.
        problems: Doubled keys are noted here.
        first_line: Physical line that the text begins on.

    Raises:
        ScriptError: The text is not YAML, nests too deep, or uses what scripts have no need of.
    """
    builder = _Builder(path, problems, first_line)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line_number = first_line + (mark.line if mark else 0)
        raise ScriptError(
            path, line_number, f"is not valid YAML: {error.problem or error.context}"
        ) from error
    except yaml.YAMLError as error:
        raise ScriptError(
            path, first_line, f"is not valid YAML: {str(error).splitlines()[0]}"
        ) from error
    return builder.root


def scalars(node: "Node | None") -> Iterator[str]:
    """Yield the values of a scalar, the items of a sequence, or the keys of a mapping."""
    if isinstance(node, Scalar):
        yield node.value
    elif isinstance(node, Sequence):
        yield from (item.value for item in node.items if isinstance(item, Scalar))
    elif isinstance(node, Mapping):
        yield from (key.value for key, _ in node.items)


class _Builder:
    """Puts events together to a tree; ``stack`` holds what is still open."""

    def __init__(self, path: Path, problems: Problems, first_line: int) -> None:
        self.root: Node | None = None
        self._path = path
        self._problems = problems
        self._first_line = first_line
        self._stack: list[Mapping | Sequence] = []
        self._keys: list[Scalar | None] = []
        """Beside each open mapping, the key that waits for its value."""

        self._n_documents = 0

    def take(self, event: yaml.Event) -> None:
        start, end = event.start_mark, event.end_mark
        if start is None or end is None:  # only in the stubs: every parser sets them
            return
        line_number = self._first_line + start.line
        if isinstance(event, yaml.DocumentStartEvent):
            self._n_documents += 1
            if self._n_documents > 1:
                raise ScriptError(
                    self._path, line_number, "a second document begins here; a script is one"
                )
        elif isinstance(event, yaml.ScalarEvent):
            style = event.style or ""
            value = "" if style in {"", ":"} and event.value in _NULLS else event.value
            self._add(
                Scalar(
                    value,
                    line_number,
                    start.index,
                    end.index,
                    style.strip(":"),
                )
            )
        elif isinstance(event, yaml.MappingStartEvent):
            self._open(Mapping(line_number, start.index, start.column, bool(event.flow_style)))
        elif isinstance(event, yaml.SequenceStartEvent):
            self._open(Sequence(line_number))
        elif isinstance(event, yaml.AliasEvent):
            raise ScriptError(
                self._path,
                line_number,
                f"*{event.anchor}: references are not supported; write the value out",
            )
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._stack.pop()
            self._keys.pop()

    def _open(self, node: Mapping | Sequence) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise ScriptError(
                self._path,
                node.line_number,
                f"nests deeper than {MAX_DEPTH} levels; this is not a script",
            )
        self._add(node)
        self._stack.append(node)
        self._keys.append(None)

    def _add(self, node: Node) -> None:
        if not self._stack:
            self.root = node
            return
        parent = self._stack[-1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
            return
        key = self._keys[-1]
        if key is None:
            if not isinstance(node, Scalar):
                raise ScriptError(
                    self._path,
                    node.line_number,
                    "a key must be a word; quote what has brackets or braces",
                )
            self._keys[-1] = node
            return
        self._keys[-1] = None
        if any(known.value == key.value for known, _ in parent.items):
            self._problems.add(key.line_number, f"{key.value!r} is given twice; keep one")
            return
        parent.items.append((key, node))
