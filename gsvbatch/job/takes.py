"""New takes asked for, a take chosen, old audio accepted."""

import difflib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gsvbatch.errors import ConfigError
from gsvbatch.job.desk import Case, Desk
from gsvbatch.job.files import LINES, OutputFolder, is_delivered
from gsvbatch.job.listing import line_infos
from gsvbatch.job.project import Project
from gsvbatch.job.query import Query
from gsvbatch.job.records import Action, Reason
from gsvbatch.job.takebook import TakeBook, file_facts
from gsvbatch.manifest import HeadLock, LineRow, Manifest, TakeRow, UtteranceRow
from gsvbatch.units import Seconds


@dataclass(frozen=True, slots=True)
class TakeInfo:
    """One take of a line."""

    number: int
    is_delivered: bool
    verdict: str
    problems: tuple[str, ...]
    duration: Seconds
    seed: int
    path: str
    """Relative to the output folder; empty if the file was not kept."""

    created_at: str
    origins: tuple[str, ...] = ()
    """Where its audio is from, if not spoken for it: ``cache``, or lines that say the same."""


def list_takes(project: Project, line_id: str) -> tuple[TakeInfo, ...]:
    """The takes of a line, oldest first.

    Raises:
        ConfigError: No such line.
    """
    with Manifest(project.manifest_path) as manifest:
        row = _line(manifest, line_id)
        takes = manifest.takes(line_id).get(line_id, [])
        utterances = manifest.utterances([take.id for take in takes])
        return tuple(_info(take, row, utterances.get(take.id, ())) for take in takes)


def retake(project: Project, line_ids: Sequence[str] = (), *, query: str = "") -> tuple[str, ...]:
    """Ask for a new take, with a new seed, of the lines named or matched; the next render makes it.

    Asking twice before rendering asks for one take. Lines that were never rendered are left alone.

    Returns:
        The ids that were marked.

    Raises:
        ConfigError: No such line, or neither ids nor a query were given.
    """
    with _open(project) as manifest:
        takes = manifest.takes()
        marked = [
            line_id for line_id in _meant(project, manifest, line_ids, query) if line_id in takes
        ]
        for line_id in marked:
            last = max(take.variation for take in takes[line_id])
            manifest.change_lines(
                [line_id], variation=last + 1, is_picked=False, accepted="", status="pending"
            )
            manifest.add_event("retake", line_id=line_id)
        return tuple(marked)


def pick(project: Project, line_id: str, number: int) -> TakeInfo:
    """Deliver this take of a line, now; later renders keep it until the line itself changes.

    Raises:
        ConfigError: No such line or take, or the take's file was not kept.
    """
    output = OutputFolder(project.output)
    with _open(project) as manifest:
        row = _line(manifest, line_id)
        takes = manifest.takes(line_id).get(line_id, [])
        take = next((take for take in takes if take.number == number), None)
        if take is None:
            numbers = ", ".join(str(take.number) for take in takes) or "none yet"
            raise ConfigError(f"line {line_id!r} has no take {number}; it has {numbers}")
        delivered = _delivered_path(line_id, takes, take)
        if output.find(take, delivered, verify=True) is None:
            raise ConfigError(
                f"the file of take {number} of line {line_id!r} was not kept or was changed since "
                f"(keep_takes: {project.config.keep_takes}); `gsvbatch retake {line_id}` makes a new one"
            )
        book = TakeBook(manifest, output, keep=project.config.keep_takes)
        book.give_way({line_id: delivered})
        book.restore(line_id, number, delivered, is_picked=True)
        manifest.change_lines([line_id], variation=take.variation, accepted="")
        manifest.add_event("pick", line_id=line_id, message=f"take {number}")
        row = _line(manifest, line_id)
        return _info(next(t for t in manifest.takes(line_id)[line_id] if t.id == take.id), row)


def accept(project: Project, line_ids: Sequence[str] = (), *, query: str = "") -> tuple[str, ...]:
    """Keep the audio that lines have although their text, voice or settings have changed since.

    It also accepts a file that was changed by hand, and a take that failed its checks.

    Returns:
        The ids whose audio is now taken as up to date.

    Raises:
        ConfigError: No such line, or neither ids nor a query were given.
        UserError: As for `plan`.
    """
    with _open(project) as manifest:
        meant = set(_meant(project, manifest, line_ids, query))
        desk = Desk(project, manifest)
        cases = desk.cases(force=False, verify=False)
        return tuple(
            case.source.id
            for case in cases
            if case.source.id in meant and _accept(case, desk, manifest)
        )


def _accept(case: Case, desk: Desk, manifest: Manifest) -> bool:
    decision, row = case.decision, case.row
    take = next((t for t in case.takes if row and t.id == row.take_id), None)
    if decision.action is not Action.RENDER or take is None or row is None:
        return False
    if decision.reason is Reason.FILE_CHANGED:
        assert take.path is not None  # it is what stands there that was changed
        sha256, n_bytes = file_facts(desk.output.absolute(take.path))
        manifest.change_take(take.id, sha256=sha256, n_bytes=n_bytes)
    elif desk.output.find(take, case.delivered) is None:
        return False
    elif decision.reason is Reason.QA_FAILED:
        manifest.change_lines([case.source.id], is_picked=True)
    fingerprint = case.parts_for(row.variation).fingerprint
    manifest.change_lines([case.source.id], accepted=fingerprint, status="done", problem="")
    manifest.add_event("accept", line_id=case.source.id, message=decision.reason.value)
    return True


@contextmanager
def _open(project: Project) -> Iterator[Manifest]:
    """The manifest, to be written, with nobody else writing."""
    if not project.manifest_path.exists():
        raise ConfigError(f"{project.output}: nothing was rendered here yet")
    with HeadLock(project.manifest_path), Manifest(project.manifest_path) as manifest:
        yield manifest


def _meant(
    project: Project, manifest: Manifest, line_ids: Sequence[str], query: str
) -> tuple[str, ...]:
    """Ids named or matched, in script order where a query matched them."""
    if not line_ids and not query.strip():
        raise ConfigError("name the lines, or give a query such as verdict:suspect")
    wanted = Query(query)
    named = [_line(manifest, line_id).id for line_id in line_ids]
    matched = (
        [line.id for line in line_infos(project, manifest) if wanted.matches(line)]
        if query.strip()
        else []
    )
    return tuple(dict.fromkeys([*named, *matched]))


def _line(manifest: Manifest, line_id: str) -> LineRow:
    lines = manifest.lines()
    if line_id in lines:
        return lines[line_id]
    near = difflib.get_close_matches(line_id, list(lines), n=1, cutoff=0.6)
    hint = f"did you mean {near[0]!r}?" if near else "`gsvbatch ls` lists them"
    raise ConfigError(f"no line {line_id!r}; {hint}")


def _delivered_path(line_id: str, takes: Sequence[TakeRow], take: TakeRow) -> str:
    """Where a take of the line is delivered: under the line's own name, with the take's suffix."""
    in_place = next((t.path for t in takes if t.path is not None and is_delivered(t.path)), None)
    stem = Path(in_place).stem if in_place else line_id
    suffix = Path(take.path or in_place or "").suffix
    return f"{LINES}/{stem}{suffix}"


def _info(take: TakeRow, row: LineRow, utterances: Sequence[UtteranceRow] = ()) -> TakeInfo:
    return TakeInfo(
        number=take.number,
        is_delivered=take.id == row.take_id,
        verdict=take.verdict,
        problems=tuple(json.loads(take.problems)),
        duration=take.duration,
        seed=take.seed,
        path=take.path or "",
        created_at=take.created_at,
        origins=tuple(dict.fromkeys(u.origin for u in utterances if u.origin)),
    )
