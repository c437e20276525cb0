"""``gsvbatch render``: speak what is missing, and join the lines into works."""

from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from gsvbatch.cli import console
from gsvbatch.cli.options import (
    Force,
    Json,
    NoCache,
    Only,
    ProjectPath,
    RerunOn,
    Scripts,
    Settings,
    Verify,
    cache_settings,
    command_line,
    open_project,
    read_triggers,
)
from gsvbatch.cli.plan import origins_text

if TYPE_CHECKING:
    from gsvbatch.job import AssembleReport, Event, Project, RenderReport

EXAMPLES = (
    "gsvbatch render",
    "gsvbatch render --only speaker:Anna --limit 20",
    "gsvbatch render --no-cache",
    "gsvbatch render story.md --set default_voice=NAME --set assemble.formats=mp3",
)

_MOST_SHOWN = 20
"""Failed lines printed one by one; ``ls status:failed`` has them all."""


def render(
    context: typer.Context,
    scripts: Scripts = None,
    project: ProjectPath = None,
    only: Only = "",
    rerun_on: RerunOn = None,
    force: Force = False,
    verify: Verify = False,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="At most so many lines in this run.", show_default=False),
    ] = None,
    assemble: Annotated[
        bool, typer.Option(help="Join the lines into the project's works afterwards.")
    ] = True,
    max_memory: Annotated[
        float | None,
        typer.Option(
            "--max-memory", help="GiB that the engine and its models may take.", show_default=False
        ),
    ] = None,
    no_cache: NoCache = False,
    cache_size: Annotated[
        float | None,
        typer.Option(
            "--cache-size", help="GiB that the cache of speech may take.", show_default=False
        ),
    ] = None,
    settings: Settings = None,
    as_json: Json = False,
) -> int:
    """Render what is new or changed, and join the lines into works.

    Safe to stop at any moment, and to start again: what is finished is never rendered twice.
    """
    from gsvbatch import job
    from gsvbatch.cli.progress import Progress

    limits = [] if max_memory is None else [f"engine.max_memory={max_memory}"]
    limits += cache_settings(no_cache=no_cache, cache_size=cache_size)
    opened = open_project(project, scripts, [*(settings or []), *limits])
    with nullcontext(_say_event) if as_json else Progress() as listener:
        report = job.render(
            opened,
            query=only,
            rerun_on=read_triggers(rerun_on),
            force=force,
            verify=verify,
            limit=limit,
            on_event=listener,
        )
        works = None
        if assemble and can_assemble(opened, report):
            works = job.assemble(opened, on_event=listener)
    if as_json:
        console.say_json(
            {"kind": "report", "exit_code": report.exit_code, **_figures(report, works)}
        )
    else:
        show(opened, report, works, again=command_line(context))
    return report.exit_code


def _say_event(event: "Event") -> None:
    console.say_json(event)


def can_assemble(project: "Project", report: "RenderReport") -> bool:
    """Whether the project wants works, and every line of it has audio, good or not so good."""
    from gsvbatch import job

    if not project.config.assemble.formats or report.interrupted or report.stopped_by:
        return False
    if report.plan.problems:
        return False
    lines = [line for line in job.list_lines(project) if line.status != "removed"]
    return bool(lines) and all(line.path for line in lines)


def show(
    project: "Project", report: "RenderReport", works: "AssembleReport | None", again: str
) -> None:
    """Print what a run did, where the audio is, and what is left to do."""
    show_failures(report)
    console.say(_summary(report))
    if report.n_rendered:
        speed = report.audio / report.elapsed if report.elapsed else 0.0
        console.say(
            f"{console.duration_text(report.audio)} of audio in "
            f"{console.duration_text(report.elapsed)} ({speed:.1f} x real time)"
        )
        busy = ", ".join(_busy(report, name) for name in report.stages)
        if report.bottleneck:
            console.say(f"busy: {busy}; the bottleneck is {report.bottleneck}")
        if report.n_pairs > 1 or report.n_loads > 1:
            pairs, times = console.count(report.n_pairs, "pair"), report.n_loads
            console.say(f"models: {pairs}, loaded {console.count(times, 'time')} in all")
    if report.suspect:
        ids = console.shorten(", ".join(report.suspect), 60)
        console.say(f"worth a listen: {ids} (gsvbatch ls verdict:suspect)")
    for remark in report.plan.remarks:
        console.say(remark)
    if works is not None:
        for warning in works.warnings:
            console.note(f"warning: {warning}")
        for work in works.works:
            where = console.near(project.output / work.path)
            console.say(f"{where} ({console.duration_text(work.duration)})")
    elif project.config.assemble.formats and report.failed:
        console.note(
            "works wait for the failed lines; without them: gsvbatch assemble --allow-missing"
        )
    console.say(f"audio: {console.near(project.output)}")
    if report.interrupted or report.stopped_by:
        console.note(f"stopped; what is finished is kept. Go on with: {again}")


def show_failures(report: "RenderReport") -> None:
    """Print what is wrong with the input, which lines failed, and what stopped the run."""
    for problem in report.plan.problems:
        console.error(problem)
    for failed in report.failed[:_MOST_SHOWN]:
        console.error(f"{failed.where}: line {failed.line_id}: {failed.problem}")
    if len(report.failed) > _MOST_SHOWN:
        console.note(f"... and {len(report.failed) - _MOST_SHOWN} more: gsvbatch ls status:failed")
    if report.stopped_by:
        console.error(report.stopped_by)


def _busy(report: "RenderReport", stage: str) -> str:
    n_threads = report.threads.get(stage, 1)
    where = f" in {n_threads} threads" if n_threads > 1 else ""
    return f"{stage} {report.stages[stage]:.1f} s{where}"


def _summary(report: "RenderReport") -> str:
    cached = origins_text(report.n_from_cache, report.n_repeats)
    parts = [
        (report.n_rendered, f"rendered ({cached})" if cached else "rendered"),
        (report.n_restored, "restored"),
        (report.n_adopted, "adopted"),
        (report.n_kept, "up to date"),
        (len(report.failed), "failed"),
    ]
    words = ", ".join(f"{n} {text}" for n, text in parts if n)
    return f"{console.count(len(report.plan.rows), 'line')}: {words or 'nothing to do'}"


def _figures(report: "RenderReport", works: "AssembleReport | None") -> dict[str, object]:
    return {
        "n_rendered": report.n_rendered,
        "n_from_cache": report.n_from_cache,
        "n_repeats": report.n_repeats,
        "n_kept": report.n_kept,
        "n_restored": report.n_restored,
        "n_adopted": report.n_adopted,
        "failed": report.failed,
        "suspect": report.suspect,
        "audio": report.audio,
        "elapsed": report.elapsed,
        "stages": report.stages,
        "threads": report.threads,
        "n_pairs": report.n_pairs,
        "n_loads": report.n_loads,
        "bottleneck": report.bottleneck,
        "interrupted": report.interrupted,
        "stopped_by": report.stopped_by,
        "problems": report.plan.problems,
        "remarks": report.plan.remarks,
        "works": [] if works is None else works.works,
    }
