"""Says for every line whether it will be rendered, and why."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from gsvbatch.config import Trigger
from gsvbatch.errors import StorageError
from gsvbatch.job.desk import Case, Desk
from gsvbatch.job.foresight import foresee
from gsvbatch.job.listing import line_info
from gsvbatch.job.project import Project
from gsvbatch.job.query import Query
from gsvbatch.job.records import Action, Estimate, Listener, Plan, PlanRow, Reason
from gsvbatch.job.remarks import mandarin_remarks
from gsvbatch.job.source import MEND_FIRST, speaker_remarks
from gsvbatch.manifest import LineRow, Manifest
from gsvbatch.manifest.store import Pace
from gsvbatch.text.language import spoken_in
from gsvbatch.units import Seconds

SECONDS_PER_PHONEME: Seconds = 0.1
"""A first guess; Mandarin speaks some 0.12 s, English some 0.08 s a symbol."""

MOST_NAMES = 20
"""Guessed speakers that a plan names; a novel may have hundreds."""

FIRST_SPEED = 1.0
"""Audio seconds per second; a first guess for two cores."""


def plan(
    project: Project,
    *,
    query: str = "",
    rerun_on: Sequence[Trigger] | None = None,
    force: bool = False,
    verify: bool = False,
    on_event: Listener | None = None,
) -> Plan:
    """Say for every line whether it will be rendered and why; writes nothing to disk but a cache.

    Args:
        project: What to plan.
        query: Narrows the plan to matching lines, as in `list_lines`.
        rerun_on: Triggers that count, in place of the project's.
        force: Render every line again, with the seeds it has.
        verify: Read every audio file and compare its hash, not its size alone.
        on_event: Told now and then how far the reading of new texts is.

    Raises:
        UserError: A script cannot be read as a whole, or a setting or the query is wrong.
        ManifestError: The manifest is damaged or from a newer version.
    """
    wanted = Query(query)
    with _cache_of(project) as manifest:
        desk = Desk(project, manifest)
        cases = desk.cases(rerun_on, force=force, verify=verify, listener=on_event)
        return plan_of(desk, selected(cases, wanted), reads_cache=not force)


def _cache_of(project: Project) -> Manifest:
    """The manifest; a project's is made, so that the next plan need not phonemize again."""
    try:
        return Manifest(project.manifest_path, create=project.file is not None)
    except StorageError:
        return Manifest(project.manifest_path)


def selected(cases: Sequence[Case], query: Query) -> tuple[Case, ...]:
    """The cases whose lines match a query."""
    if query.is_empty:
        return tuple(cases)
    return tuple(
        case for case in cases if query.matches(line_info(planned_row(case), case.takes, {}))
    )


def by_models(cases: Sequence[Case], resident: Collection[str] = ()) -> list[Case]:
    """Lines with the same models together, in script order otherwise, so that each pair is loaded once.

    Args:
        cases: None of them blocked.
        resident: Digests of the pairs that are loaded already; their lines go first.
    """
    groups: dict[str, list[Case]] = {models: [] for models in resident}
    for case in cases:
        assert case.part is not None  # a blocked line is never rendered
        groups.setdefault(case.part.voice.ref.models, []).append(case)
    return [case for group in groups.values() for case in group]


def planned_row(case: Case) -> LineRow:
    """A line's row as it will be: what the script says now, with what the manifest remembers."""
    values = line_values(case)
    row = case.row
    if row is not None:
        for column in ("status", "problem", "variation", "take_id", "is_picked", "accepted"):
            values[column] = getattr(row, column)
    return LineRow(**values)


def line_values(case: Case) -> dict[str, Any]:
    """What the script says of a line, as columns."""
    source, line = case.source, case.source.line
    language = (case.part.language if case.part else line.language) or spoken_in(case.utterances)
    return {
        "id": source.id,
        "script": source.script,
        "line_number": line.line_number,
        "position": source.position,
        "speaker": line.speaker or "",
        "voice": case.voice_name,
        "text": line.text,
        "language": language or "",
        "chapter": line.chapter or "",
        "has_own_id": source.has_own_id,
    }


def plan_of(desk: Desk, cases: Sequence[Case], *, reads_cache: bool = True) -> Plan:
    """Cases as a plan, with an estimate."""
    pace = desk.manifest.pace()
    origins = foresee(cases, desk.project.config.engine, reads_cache=reads_cache)
    rows = tuple(_row(case, pace, origins.get(case.source.id, "")) for case in cases)
    rendered = [row for row in rows if row.action is Action.RENDER]
    spoken = sum(row.audio_estimate for row in rendered if not row.origin)
    speed = pace.speed or FIRST_SPEED
    return Plan(
        rows=rows,
        removed=desk.removed,
        estimate=Estimate(
            audio=sum(row.audio_estimate for row in rendered),
            spoken=spoken,
            time=spoken / speed,
            speed=speed,
            basis="measured" if pace.speed else "guess",
        ),
        reasons=dict(Counter(row.reason for row in rows)),
        problems=_problems(desk, rows),
        remarks=(
            *speaker_remarks(desk.source.scripts.values(), MOST_NAMES),
            *mandarin_remarks(cases, desk.shelf.mandarin),
        ),
    )


def _row(case: Case, pace: Pace, origin: str) -> PlanRow:
    line = case.source.line
    decision = case.decision
    return PlanRow(
        line_id=case.source.id,
        action=decision.action,
        reason=decision.reason,
        detail=decision.detail,
        path=line.path,
        line_number=line.line_number,
        speaker=case.speaker,
        voice=case.voice_name,
        text=line.text,
        audio_estimate=_length(case, pace),
        origin=origin,
    )


def _length(case: Case, pace: Pace) -> Seconds:
    if case.decision.take is not None:
        return case.decision.take.duration
    if case.part is None:
        return 0.0
    rate = pace.seconds_per_phoneme.get(case.voice_name, SECONDS_PER_PHONEME)
    return case.n_phonemes * rate / case.part.sampling.speed


def _problems(desk: Desk, rows: Sequence[PlanRow]) -> tuple[str, ...]:
    """What is wrong, one line each; many lines without a voice are one problem."""
    found = dict.fromkeys(desk.source.problems)
    voiceless: dict[str, list[PlanRow]] = {}
    for row in rows:
        if row.action is Action.BLOCKED and row.reason in (Reason.NO_VOICE, Reason.BAD_VOICE):
            voiceless.setdefault(row.detail, []).append(row)
    for row in rows:
        if row.action is not Action.BLOCKED:
            continue
        if row.detail in voiceless:
            first, *others = voiceless[row.detail]
            more = f" and {len(others)} more" if others else ""
            found[f"{first.path}:{first.line_number}{more}: {row.detail}"] = None
        elif row.detail != MEND_FIRST:
            found[f"{row.path}:{row.line_number}: {row.detail}"] = None
    return tuple(found)
