r"""Line ids: which can be file names, which collide, and how missing ones are made.

An id names an audio file for as long as the line lives, on every system. So it must be a safe file name on Windows, macOS
and Linux alike, two ids may not differ by letter case alone, and a made id never depends on the words of the line.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence

from gsvbatch.data import Line
from gsvbatch.script.source import Problems

MAX_CHARACTERS = 100
MAX_BYTES = 200
"""File systems allow 255; the rest is for suffixes, take numbers and temporary names."""

_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\.|$)")
_FORBIDDEN = frozenset('<>:"/\\|?*')
_CHAPTER_ID = re.compile(r"(?i)c(\d{1,6})-(\d{1,9})")
_PLAIN_ID = re.compile(r"(?i)line-(\d{1,9})")


def safe_id_problem(id: str) -> str | None:  # noqa: A002 - the field's own name
    """Return why an id cannot be a file name on Windows, macOS or Linux, or None when it can.

    Letters of any script are allowed: ``店主-0001`` is a fine file name everywhere.
    """
    if not id:
        return "it is empty"
    unseen = next(
        (c for c in id if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}), None
    )
    forbidden = next((c for c in id if c in _FORBIDDEN), None)
    checks = (
        (unseen is not None, f"it has the invisible character U+{ord(unseen or ' '):04X}"),
        (forbidden is not None, f"{forbidden!r} is not allowed in file names"),
        ("#" in id, "'#' is kept for the parts of a line"),
        (id != id.strip(), "it begins or ends with a space"),
        (id.startswith("."), "it begins with a dot, which hides the file"),
        (id.endswith("."), "it ends with a dot, which Windows drops"),
        (id.startswith("-"), "it begins with '-', which reads as an option"),
        (_RESERVED.match(id) is not None, f"{id.split('.')[0]!r} is a device name on Windows"),
        (
            len(id) > MAX_CHARACTERS,
            f"it has {len(id)} characters, over the {MAX_CHARACTERS} allowed",
        ),
        (len(id.encode("utf-8", "replace")) > MAX_BYTES, f"it is longer than {MAX_BYTES} bytes"),
    )
    return next((problem for is_bad, problem in checks if is_bad), None)


def collision_key(name: str) -> str:
    """Return what two file names share when some system takes them for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def check_ids(lines: Iterable[Line], problems: Problems) -> None:
    """Note every id and output name that is unsafe, or taken by an earlier line."""
    seen_ids: dict[str, Line] = {}
    seen_outputs: dict[str, Line] = {}
    for line in lines:
        if line.id is not None:
            _check_name(line.id, line, "id", seen_ids, problems)
        if line.output is not None:
            _check_name(line.output, line, "output name", seen_outputs, problems)


def _check_name(
    name: str, line: Line, kind: str, seen: dict[str, Line], problems: Problems
) -> None:
    problem = safe_id_problem(name)
    if problem:
        shown = name if len(name) <= MAX_CHARACTERS else name[:40] + "…"
        mend = "use letters, digits, '-', '_' and inner dots"
        problems.add(line.line_number, f"{kind} {shown!r} cannot be a file name: {problem}; {mend}")
        return
    first = seen.setdefault(collision_key(name), line)
    if first is line:
        return
    first_name = first.id if kind == "id" else first.output
    note = (
        ""
        if first_name == name
        else f" as {first_name!r}; upper and lower case are one file name on Windows and macOS"
    )
    problems.add(
        line.line_number,
        f"{kind} {name!r} is taken by line {first.line_number}{note}; give each its own",
    )


def new_ids(lines: Sequence[Line], taken: Collection[str] = ()) -> list[str]:
    """Return an id for every line without one, in order.

    ``c02-014`` is the fourteenth id given in the second chapter; ``line-0014`` stands outside chapters, in files that have
    none. Numbers only grow, past every number in the file and in ``taken``: an inserted line gets the next free number of
    its chapter, and nothing is renumbered.

    Args:
        lines: All lines of a script, with and without ids.
        taken: Ids that may not be used although no line has them now: those of deleted lines, from a manifest.
    """
    used = {collision_key(i) for i in (*taken, *(line.id for line in lines if line.id))}
    prefixes = _chapter_prefixes(lines, used)
    last: dict[int | None, int] = {}
    for known in used:
        chapter, number = _parts(known)
        last[chapter] = max(last.get(chapter, 0), number)
    made = []
    for line in lines:
        if line.id is not None:
            continue
        chapter = prefixes[line.chapter]
        last[chapter] = last.get(chapter, 0) + 1
        made.append(
            f"line-{last[chapter]:04d}"
            if chapter is None
            else f"c{chapter:02d}-{last[chapter]:03d}"
        )
    return made


def _chapter_prefixes(lines: Sequence[Line], used: Collection[str]) -> dict[str | None, int | None]:
    """Return the number each chapter's new ids begin with; None is for ids outside chapters."""
    chapters = list(dict.fromkeys(line.chapter for line in lines))
    prefixes: dict[str | None, int | None] = {}
    for line in lines:
        number = _parts(line.id)[0] if line.id else None
        if number is not None and line.chapter not in prefixes and number not in prefixes.values():
            prefixes[line.chapter] = number
    numbers = {number for number in (_parts(i)[0] for i in used) if number is not None}
    if chapters == [None]:
        return prefixes or {None: None}
    if None in chapters:
        prefixes.setdefault(None, 0)
    for position, chapter in enumerate((c for c in chapters if c is not None), start=1):
        if chapter not in prefixes:
            # A chapter moved in before others finds its ordinal in use; it then counts on from the highest.
            number = position if position not in numbers else max(numbers) + 1
            prefixes[chapter] = number
            numbers.add(number)
    return prefixes


def _parts(id: str) -> tuple[int | None, int]:  # noqa: A002
    if match := _CHAPTER_ID.fullmatch(id):
        return int(match[1]), int(match[2])
    match = _PLAIN_ID.fullmatch(id)
    return None, int(match[1]) if match else 0
