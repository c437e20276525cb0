"""Lines to a script file: CSV and TSV, YAML, SRT.

What is written reads back as the same lines. A table and YAML hold every field; SRT holds ids, times, speakers and texts.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import yaml

from gsvbatch.data import Line
from gsvbatch.errors import UserError
from gsvbatch.script.atomic import replace_bytes
from gsvbatch.script.fields import FIELDS, field_of
from gsvbatch.script.speakers import is_narration_like, parse_piece
from gsvbatch.units import Seconds

_ALWAYS = ("id", "speaker", "text")
_BOM = "\ufeff"


def write_script(
    path: Path,
    lines: Sequence[Line],
    *,
    format: str | None = None,  # noqa: A002 - as in read_script
    title: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write lines as a script file, in one step.

    Args:
        path: Replaced if it exists; its ending tells the format: .csv, .tsv, .yaml, .yml or .srt.
        lines: In the order to be written.
        format: ``csv``, ``tsv``, ``yaml`` or ``srt``, where the ending does not tell it.
        title: Kept by YAML; the others have no place for it.
        metadata: Kept by YAML.

    Raises:
        UserError: The format is not written, or cannot hold a line: SRT needs times.
        StorageError: The file cannot be written.
    """
    path = Path(path)
    name = (format or path.suffix.removeprefix(".")).casefold()
    writers: Mapping[str, Callable[[], str]] = {
        "csv": lambda: _BOM + _table(lines, ","),
        "tsv": lambda: _BOM + _table(lines, "\t"),
        "yaml": lambda: _yaml(lines, title, metadata or {}),
        "yml": lambda: _yaml(lines, title, metadata or {}),
        "srt": lambda: _srt(path, lines),
    }
    if name not in writers:
        raise UserError(
            f"{path}: scripts are written as csv, tsv, yaml or srt, not as {name or 'a file without an ending'!r}"
        )
    replace_bytes(path, writers[name]().encode("utf-8"))


def _table(lines: Sequence[Line], delimiter: str) -> str:
    extras = list(dict.fromkeys(name for line in lines for name in line.extra))
    # An unknown column may carry a known name (a second one for the same field); ours must then stand before it.
    forced = {field_of(name) for name in extras}
    fields = [
        f
        for f in FIELDS
        if f in _ALWAYS or f in forced or any(getattr(line, f) is not None for line in lines)
    ]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow([*fields, *extras])
    for line in lines:
        values = [_plain(getattr(line, field)) for field in fields]
        writer.writerow([*values, *(line.extra.get(name, "") for name in extras)])
    return out.getvalue()


def _plain(value: str | float | None) -> str:
    if isinstance(value, float):
        return f"{value:.10g}" if float(f"{value:.10g}") == value else f"{value:f}"
    return "" if value is None else str(value)


def _yaml(lines: Sequence[Line], title: str | None, metadata: Mapping[str, str]) -> str:
    document: dict[str, object] = {}
    if title:
        document["title"] = title
    if metadata:
        document["metadata"] = dict(metadata)
    document["lines"] = [_yaml_line(line) for line in lines]
    text: str = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=2**20)
    return text


def _yaml_line(line: Line) -> dict[str, object]:
    forced = {field_of(name) for name in line.extra}
    values: dict[str, object] = {}
    for field in FIELDS:
        value = getattr(line, field)
        if value is not None or field in forced:
            values[field] = _plain(value) if isinstance(value, float) else value
    return values | dict(line.extra)


def _srt(path: Path, lines: Sequence[Line]) -> str:
    cues = []
    for number, line in enumerate(lines, start=1):
        if line.start is None or line.end is None:
            raise UserError(
                f"{path}: line {line.id or number!r} has no start and end, which SRT needs"
            )
        counter = _counter(line.id)
        text = _spoken_by(path, line)
        if line.id is not None and (
            counter is None or parse_piece(text).values.get("id") is not None
        ):
            text += f" {{#{line.id}}}"
        times = f"{_timecode(line.start)} --> {_timecode(line.end)}"
        cues.append(f"{counter or number}\n{times}\n{text}\n")
    return "\n".join(cues)


def _counter(line_id: str | None) -> int | None:
    digits = line_id.removeprefix("srt-") if line_id and line_id.startswith("srt-") else ""
    is_counter = digits.isascii() and digits.isdigit() and f"{int(digits):04d}" == digits
    return int(digits) if is_counter else None


def _spoken_by(path: Path, line: Line) -> str:
    """Return text and speaker in the plainest way that reads back as both."""
    text = " ".join(line.text.split())
    candidates = [f"{line.speaker}: {text}", f"{line.speaker}：{text}", f"[{line.speaker}] {text}"]
    if line.speaker is None:
        candidates = [text, text.replace(":", "\\:", 1), text.replace("：", "\\：", 1), "\\" + text]
    for candidate in candidates:
        if is_narration_like(candidate):
            continue  # what it reads as depends on the lines around it
        values = parse_piece(f"{candidate} {{#id}}").values
        if (
            values.get("text") == text
            and values.get("speaker") == line.speaker
            and values.keys() <= {"speaker", "text", "id"}
        ):
            return candidate
    raise UserError(
        f"{path}: speaker {line.speaker!r} of line {line.id!r} cannot be written in SRT; rename the speaker"
    )


def _timecode(seconds: Seconds) -> str:
    milliseconds = round(seconds * 1000)
    return f"{milliseconds // 3_600_000:02d}:{milliseconds // 60_000 % 60:02d}:{milliseconds // 1000 % 60:02d},{milliseconds % 1000:03d}"
