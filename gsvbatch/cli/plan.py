"""``gsvbatch plan``: what a render would do, and why."""

from collections import Counter
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
    open_project,
    read_triggers,
)
from gsvbatch.cli.takes import origin_text

if TYPE_CHECKING:
    from gsvbatch.job import Estimate, Plan, PlanRow

EXAMPLES = (
    "gsvbatch plan",
    "gsvbatch plan chapter1.md --only speaker:Anna",
    "gsvbatch plan --rerun-on text,voice --json",
)


def plan(
    scripts: Scripts = None,
    project: ProjectPath = None,
    only: Only = "",
    rerun_on: RerunOn = None,
    force: Force = False,
    verify: Verify = False,
    show_all: Annotated[
        bool, typer.Option("--all", help="Show the lines that are up to date, too.")
    ] = False,
    no_cache: NoCache = False,
    settings: Settings = None,
    as_json: Json = False,
) -> int:
    """Say what a render would do with every line, why, and how long it takes."""
    from gsvbatch import job

    planned = job.plan(
        open_project(project, scripts, [*(settings or []), *cache_settings(no_cache=no_cache)]),
        query=only,
        rerun_on=read_triggers(rerun_on),
        force=force,
        verify=verify,
        on_event=lambda event: console.note(event.message),
    )
    if as_json:
        console.say_json(planned)
    else:
        _show(planned, show_all=show_all)
    return planned.exit_code


def _show(planned: "Plan", *, show_all: bool) -> None:
    from gsvbatch.job import Action

    rows = [row for row in planned.rows if show_all or row.action is not Action.KEEP]
    if rows:
        header = ("action", "line", "voice", "why", "text")
        console.say(console.table(header, [_cells(row) for row in rows]))
        console.say()
    for problem in planned.problems:
        console.error(problem)
    if planned.removed:
        ids = console.shorten(", ".join(planned.removed), 60)
        console.say(f"no longer in the scripts: {ids} (the files stay)")
    for remark in planned.remarks:
        console.say(remark)
    console.say(summary(planned))
    if estimate := estimate_text(planned.estimate):
        console.say(estimate)


def _cells(row: "PlanRow") -> tuple[str, ...]:
    why = f"{row.reason}: {row.detail}" if row.detail else row.reason
    if row.origin:
        why = f"{why} (from {origin_text(row.origin)})"
    return (
        row.action,
        row.line_id,
        row.voice,
        console.shorten(why, 48),
        console.shorten(row.text, 40),
    )


def summary(planned: "Plan") -> str:
    """``12 lines: 3 to render, 9 up to date``."""
    from gsvbatch.job import Action

    words = {
        Action.RENDER: "to render",
        Action.RESTORE: "to restore",
        Action.ADOPT: "to adopt",
        Action.KEEP: "up to date",
        Action.BLOCKED: "blocked",
    }
    numbers = Counter(row.action for row in planned.rows)
    parts = [f"{numbers[action]} {text}" for action, text in words.items() if numbers[action]]
    n_cached = sum(row.origin == "cache" for row in planned.rows)
    n_repeats = sum(bool(row.origin) for row in planned.rows) - n_cached
    if cached := origins_text(n_cached, n_repeats):
        parts[0] += f" ({cached})"
    return f"{console.count(len(planned.rows), 'line')}: {', '.join(parts) or 'nothing to do'}"


def origins_text(n_from_cache: int, n_repeats: int) -> str:
    """``3 from the cache, 2 as repeats of other lines``; empty if there are none."""
    numbers = ((n_from_cache, "from the cache"), (n_repeats, "as repeats of other lines"))
    return ", ".join(f"{n} {text}" for n, text in numbers if n)


def estimate_text(estimate: "Estimate") -> str:
    """``about 3 min of audio in about 1 min``; empty if there is nothing to render."""
    if not estimate.audio:
        return ""
    if not estimate.spoken:
        return f"about {console.duration_text(estimate.audio)} of audio, none of it to be spoken"
    part = ""
    if estimate.spoken < estimate.audio:
        part = f", {console.duration_text(estimate.spoken)} of it to be spoken,"
    basis = "" if estimate.basis == "measured" else ", a guess until something has been rendered"
    return (
        f"about {console.duration_text(estimate.audio)} of audio{part} in about "
        f"{console.duration_text(estimate.time)} ({estimate.speed:.1f} x real time{basis})"
    )
