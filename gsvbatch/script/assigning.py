"""Missing ids, written back into the script's own file.

Only the places of the ids change: every other byte, the encoding and the line ends stay. The edited text is read again
before it replaces the file, and refused unless it says the same lines with their ids.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from gsvbatch.data import Line
from gsvbatch.errors import ScriptError
from gsvbatch.script.atomic import replace_bytes
from gsvbatch.script.encoding import Decoded, read_bytes
from gsvbatch.script.ids import new_ids
from gsvbatch.script.reading import ReadText, read_text
from gsvbatch.script.source import Edit


def assign_ids(
    path: Path,
    *,
    format: str | None = None,  # noqa: A002 - as in read_script
    encoding: str | None = None,
    speakers: Collection[str] | None = None,
    known: Collection[str] = (),
    taken: Collection[str] = (),
    ids: Sequence[str] | None = None,
) -> int:
    """Give an id to every line without one, in the file itself; return how many were written.

    Args:
        path: The script; replaced in one step, so that a crash leaves the old or the new file, whole.
        format: As for ``read_script``.
        encoding: As for ``read_script``.
        speakers: As for ``read_script``.
        known: As for ``read_script``.
        taken: Ids not to be used again although their lines are gone; the manifest knows them.
        ids: The ids to write, one for each line without one, in order; made up if None.

    Raises:
        ScriptError: The script has problems, which must be mended first, or an id has no place in it.
        StorageError: The file cannot be written.
    """
    path = Path(path)
    data = read_bytes(path)
    read = read_text(
        path, data, format_name=format, encoding=encoding, speakers=speakers, known=known
    )
    if read.script.problems:
        raise read.script.problems[0]
    drafts = read.content.drafts
    given = iter(new_ids(read.script.lines, taken) if ids is None else ids)
    edits: list[Edit] = []
    wanted: list[Line] = []
    for draft, line in zip(drafts, read.script.lines, strict=True):
        if line.id is not None:
            wanted.append(line)
            continue
        line_id = next(given)
        if draft.slot is None:
            raise ScriptError(path, line.line_number, "has no place for an id; add one by hand")
        edits.append(draft.slot.filled(line_id))
        wanted.append(replace(line, id=line_id))
    if not edits:
        return 0
    edited = _encoded(read, _apply(read.decoded, [*read.content.id_setup, *edits]), data)
    again = read_text(
        path,
        edited,
        format_name=read.format.name,
        encoding=read.decoded.encoding,
        speakers=speakers,
        known=known,
    )
    _require_same(again.script.lines, wanted, path)
    replace_bytes(path, edited)
    return len(edits)


def _apply(decoded: Decoded, edits: Sequence[Edit]) -> str:
    text, offsets = decoded.text, decoded.offsets()
    pieces, position = [], 0
    for edit in sorted(edits, key=lambda edit: edit.start):
        pieces += [text[position : offsets[edit.start]], edit.text]
        position = offsets[edit.end]
    return "".join([*pieces, text[position:]])


def _encoded(read: ReadText, text: str, data: bytes) -> bytes:
    # A few legacy code points have two byte forms; writing them back would change bytes that are none of ours.
    if read.decoded.encode(read.decoded.text) != data:
        problem = f"cannot be written back in {read.decoded.encoding} byte for byte; save it as UTF-8 first"
        raise ScriptError(read.script.path, 0, problem)
    return read.decoded.encode(text)


def _require_same(found: Sequence[Line], wanted: Sequence[Line], path: Path) -> None:
    for line, expected in zip(found, wanted, strict=False):
        if replace(line, line_number=0) != replace(expected, line_number=0):
            raise ScriptError(
                path,
                expected.line_number,
                f"an id cannot be written here safely; add {expected.id!r} by hand",
            )
    if len(found) != len(wanted):
        raise ScriptError(path, 0, "ids cannot be written into this file safely; add them by hand")
