"""CSV and TSV scripts: one row is one line, the first row names the columns.

Column names are those of ``fields``, in English or Chinese; columns of other names are kept as they are. The delimiter is
found from the header, because what a spreadsheet calls CSV depends on the country it runs in.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gsvbatch.errors import ScriptError
from gsvbatch.script.cells import Row, read_rows
from gsvbatch.script.fields import FieldReader, field_of
from gsvbatch.script.source import Content, Draft, Edit, IdSlot, Problems, Source

DELIMITERS = ",\t;|"
_SEPARATOR_LINE = re.compile(
    r"sep=(.)[ \t]*(?:\r\n|\r|\n)", re.IGNORECASE
)  # Excel's own hint, on the first line
_FORMULA = re.compile(r'="([^"]*)"')  # what Excel users write so that 001 stays 001


@dataclass(frozen=True, slots=True)
class _Header:
    """What the columns mean."""

    row: Row
    names: tuple[str, ...]
    fields: tuple[str | None, ...]
    """Line field of each column; None for one that is kept as it is."""

    delimiter: str


class Table:
    """A spreadsheet saved as text."""

    name = "csv"
    suffixes = (".csv", ".tsv", ".tab")

    def matches(self, source: Source) -> bool:
        """Return whether the first row names a text column and one more that we know."""
        header = _header(source)
        known = [field for field in header.fields if field] if header else []
        return "text" in known and len(known) >= 2

    def read(self, source: Source, problems: Problems) -> Content:
        """Return the lines of a table."""
        header = _header(source)
        if header is None:
            raise ScriptError(
                source.path, 0, "is empty; the first row names the columns, such as id,speaker,text"
            )
        if "text" not in header.fields:
            found = ", ".join(repr(name) for name in header.names[:12])
            raise ScriptError(
                source.path,
                header.row.line_number,
                f"no column of text among {found}; name one 'text' or '台词'",
            )
        _check_header(header, problems)
        id_column = header.fields.index("id") if "id" in header.fields else None
        setup = [] if id_column is not None else [_insertion(header.row, f"id{header.delimiter}")]
        reader = FieldReader(source.path, problems)
        drafts = []
        for row in read_rows(source, header.delimiter, header.row.cells[-1].end, problems):
            if row.line_number <= header.row.line_number or row.is_blank:
                if (
                    id_column is None
                    and len(row.cells) > 1
                    and row.line_number > header.row.line_number
                ):
                    setup.append(_insertion(row, header.delimiter))
                continue
            draft = _draft(row, header, id_column, reader, problems)
            if draft is not None:
                drafts.append(draft)
            elif id_column is None:
                setup.append(_insertion(row, header.delimiter))
        return Content(tuple(drafts), id_setup=tuple(setup))


def _draft(
    row: Row, header: _Header, id_column: int | None, reader: FieldReader, problems: Problems
) -> Draft | None:
    values: dict[str, str] = {}
    labels: dict[str, str] = {}
    extra: dict[str, str] = {}
    for index, (name, field) in enumerate(zip(header.names, header.fields, strict=True)):
        value = row.cells[index].value if index < len(row.cells) else ""
        if field is None:
            extra[name] = value
            continue
        formula = _FORMULA.fullmatch(value.strip()) if field != "text" else None
        values[field] = formula[1] if formula else value
        labels[field] = f"column {name!r}"
    if any(cell.value.strip() for cell in row.cells[len(header.names) :]):
        problem = f"has {len(row.cells)} cells, the header {len(header.names)}; quote text that holds {header.delimiter!r}"
        problems.add(row.line_number, problem)
    line = reader.line(row.line_number, values, labels, extra)
    if line is None:
        return None
    if id_column is None:
        start = row.cells[0].start
        return Draft(line, IdSlot(start, start, "", header.delimiter))
    if id_column >= len(row.cells):
        return Draft(line)
    cell = row.cells[id_column]
    return Draft(line, IdSlot(cell.start, cell.end))


def _insertion(row: Row, text: str) -> Edit:
    start = row.cells[0].start
    return Edit(start, start, text)


def _header(source: Source) -> _Header | None:
    """Return the header under the delimiter that makes most sense of it."""
    hint = _SEPARATOR_LINE.match(source.text)
    start = hint.end() if hint else 0
    delimiters = hint[1] if hint else DELIMITERS
    best: _Header | None = None
    best_score = (-1, -1)
    for delimiter in delimiters:
        row = next((row for row in read_rows(source, delimiter, start) if not row.is_blank), None)
        if row is None:
            return None
        names = [" ".join(cell.value.split()) for cell in row.cells]
        while names and not names[-1]:
            names.pop()  # a spreadsheet's empty columns to the right
        fields = _fields(names)
        score = (len([field for field in fields if field]), len(names))
        if score > best_score:
            best, best_score = _Header(row, tuple(names), fields, delimiter), score
    return best


def _fields(names: Sequence[str]) -> tuple[str | None, ...]:
    """Return what each column means; of two columns for one field, the first counts and the other is kept as it is."""
    fields: list[str | None] = []
    # In the string tables of game engines "file" is the script that a line came from, not the audio to write.
    is_string_table = any(
        name.casefold().replace(" ", "") in {"node", "linenumber", "lock"} for name in names
    )
    for name in names:
        field = field_of(name)
        if field == "output" and is_string_table and name.casefold() == "file":
            field = None
        fields.append(None if field in fields else field)
    return tuple(fields)


def _check_header(header: _Header, problems: Problems) -> None:
    seen: set[str] = set()
    for index, name in enumerate(header.names, start=1):
        if not name:
            problems.add(
                header.row.line_number, f"column {index} has no name; name it or remove it"
            )
        elif name in seen:
            problems.add(header.row.line_number, f"two columns are named {name!r}; rename one")
        seen.add(name)
