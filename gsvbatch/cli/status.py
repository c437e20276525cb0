"""``gsvbatch status``: where a project stands."""

from typing import TYPE_CHECKING

from gsvbatch.cli import console
from gsvbatch.cli.options import Json, ProjectPath, open_project

if TYPE_CHECKING:
    from gsvbatch.job import Status

EXAMPLES = ("gsvbatch status", "gsvbatch status --project my-book --json")


def status(project: ProjectPath = None, as_json: Json = False) -> None:
    """Show where the project stands: lines, failures, works, runs."""
    from gsvbatch import job

    found = job.status(open_project(project))
    if as_json:
        console.say_json(found)
    else:
        _show(found)


def _show(found: "Status") -> None:
    if not found.lines:
        console.say(
            f"nothing has been rendered yet ({console.near(found.manifest)}); next: gsvbatch render"
        )
        return
    counts = ", ".join(f"{n} {state}" for state, n in found.lines.items() if n)
    console.say(f"lines: {counts}")
    console.say(
        f"audio: {console.duration_text(found.audio)} in {console.count(found.n_takes, 'take')}"
    )
    if found.speakers:
        speakers = ", ".join(f"{name or '(none)'} {n}" for name, n in found.speakers.items())
        console.say(f"speakers: {console.shorten(speakers, 90)}")
    for failed in found.failed:
        console.say(f"failed: {failed.where}: line {failed.line_id}: {failed.problem}")
    for work in found.works:
        console.say(
            f"work: {console.near(found.manifest.parent / work.path)} ({console.duration_text(work.duration)})"
        )
    if found.runs:
        console.say()
        header = ("run", "started", "ended", "planned", "done", "failed", "audio", "time")
        rows = [
            (
                run.id,
                run.started_at,
                run.status,
                run.n_planned,
                run.n_done,
                run.n_failed,
                console.duration_text(run.audio),
                console.duration_text(run.elapsed),
            )
            for run in found.runs
        ]
        console.say(console.table(header, rows))
    if found.held_by:
        console.say(f"being rendered now by {found.held_by}")
