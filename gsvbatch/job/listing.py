"""Where a project stands, and its lines by query, from the manifest alone."""

import json
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from gsvbatch.errors import ConfigError
from gsvbatch.job.project import Project
from gsvbatch.job.query import Query, check_field
from gsvbatch.job.records import FailedLine, LineInfo, RunInfo, Status, WorkInfo
from gsvbatch.manifest import HeadLock, LineRow, Manifest, RunRow, TakeRow, WorkRow

N_RUNS_SHOWN = 10


def status(project: Project) -> Status:
    """Where the project stands; empty counts if nothing was rendered yet."""
    with Manifest(project.manifest_path) as manifest:
        lines = line_infos(project, manifest)
        takes = manifest.takes()
        runs, works = manifest.runs(N_RUNS_SHOWN), manifest.works()
    present = [line for line in lines if line.status != "removed"]
    return Status(
        manifest=project.manifest_path,
        lines=dict(Counter(line.status for line in lines)),
        audio=sum(line.duration for line in present),
        n_takes=sum(len(of_line) for of_line in takes.values()),
        speakers=dict(Counter(line.speaker or line.voice for line in present)),
        failed=tuple(failed_line(line) for line in present if line.status == "failed"),
        runs=tuple(_run_info(run) for run in runs),
        works=tuple(work_info(work) for work in works),
        held_by=HeadLock(project.manifest_path).held_by(),
    )


def list_lines(
    project: Project, query: str = "", *, sort: Sequence[str] = ()
) -> tuple[LineInfo, ...]:
    """The lines that match a query, in script order.

    A query is terms with spaces between, all of which must hold; a comma alone between terms starts
    an alternative. A term is ``field:value`` (equal; ``*`` and ``?`` stand for any text),
    ``field~value`` (contains), ``field:2..5`` (range of a number, either end open), ``^term`` or
    ``-term`` (not), or a bare word (in id or text). Values with spaces are quoted:
    ``text~"hello there"``. Fields are those of `LineInfo`.

    Args:
        project: Whose lines.
        query: Which of them; all if empty.
        sort: Fields to sort by, ``-field`` descending, in place of script order.

    Raises:
        ConfigError: The query names an unknown field or cannot be read.
    """
    wanted = Query(query)
    keys = [(check_field(key.removeprefix("-")), key.startswith("-")) for key in sort]
    with Manifest(project.manifest_path) as manifest:
        lines = [line for line in line_infos(project, manifest) if wanted.matches(line)]
    for field, descending in reversed(keys):
        lines.sort(key=lambda line, field=field: getattr(line, field), reverse=descending)  # type: ignore[misc]
    return tuple(lines)


def format_line(line: LineInfo, template: str) -> str:
    """A line through a template such as ``"{id} {speaker}: {duration:.1f}"``.

    Raises:
        ConfigError: The template names an unknown field or has a wrong format.
    """
    try:
        for _, field, _, _ in string.Formatter().parse(template):
            if field is not None:
                check_field(field)
        return template.format_map(asdict(line))
    except (ValueError, TypeError) as error:
        raise ConfigError(f"template {template!r}: {error}") from error


def line_infos(project: Project, manifest: Manifest) -> list[LineInfo]:
    """All lines that the manifest has, in the order of the project's scripts."""
    takes = manifest.takes()
    attempts = {
        take_id: sum(utterance.attempts for utterance in utterances)
        for take_id, utterances in manifest.utterances().items()
    }
    order = {project.script_name(path): i for i, path in enumerate(project.scripts)}
    rows = sorted(
        manifest.lines().values(),
        key=lambda row: (order.get(row.script, len(order)), row.script, row.position),
    )
    return [line_info(row, takes.get(row.id, ()), attempts) for row in rows]


def line_info(row: LineRow, takes: Sequence[TakeRow], attempts: dict[int, int]) -> LineInfo:
    """What is shown of a line."""
    take = next((take for take in takes if take.id == row.take_id), None)
    of_take: dict[str, Any] = {
        "verdict": "",
        "take": 0,
        "duration": 0.0,
        "loudness": float("-inf"),
        "seed": 0,
        "path": "",
        "sha256": "",
        "attempts": 0,
    }
    if take is not None:
        of_take = {
            "verdict": take.verdict,
            "take": take.number,
            "duration": take.duration,
            "loudness": float("-inf") if take.loudness is None else take.loudness,
            "seed": take.seed,
            "path": take.path or "",
            "sha256": take.sha256,
            "attempts": attempts.get(take.id, 0),
        }
    is_suspect = row.status == "done" and take is not None and take.verdict == "suspect"
    problem = row.problem
    if not problem and take is not None:
        problem = "; ".join(json.loads(take.problems))
    return LineInfo(
        id=row.id,
        script=row.script,
        line=row.line_number,
        chapter=row.chapter,
        speaker=row.speaker,
        voice=row.voice,
        language=row.language,
        text=row.text,
        status="suspect" if is_suspect else row.status,
        problem=problem,
        takes=len(takes),
        picked=row.is_picked,
        **of_take,
    )


def failed_line(line: LineInfo) -> FailedLine:
    """A line in the list of failures."""
    return FailedLine(line.id, f"{line.script}:{line.line}", line.problem, bool(line.path))


def work_info(work: WorkRow) -> WorkInfo:
    """What is shown of an assembled work."""
    return WorkInfo(work.name, work.path, work.format, work.duration, work.n_bytes, work.sha256)


def _run_info(run: RunRow) -> RunInfo:
    return RunInfo(
        run.id,
        run.started_at,
        run.status,
        run.n_planned,
        run.n_done,
        run.n_failed,
        run.audio,
        run.elapsed,
    )
