"""``gsvbatch retake``, ``pick`` and ``accept``: which audio a line is delivered with."""

from typing import TYPE_CHECKING, Annotated

import typer

from gsvbatch.cli import console
from gsvbatch.cli.options import Json, Only, ProjectPath, open_project

if TYPE_CHECKING:
    from gsvbatch.job import TakeInfo

RETAKE_EXAMPLES = (
    "gsvbatch retake ch1-012",
    "gsvbatch retake --only verdict:suspect",
)
PICK_EXAMPLES = ("gsvbatch pick ch1-012", "gsvbatch pick ch1-012 2")
ACCEPT_EXAMPLES = ("gsvbatch accept ch1-012", "gsvbatch accept --only script:old.md")

LineIds = Annotated[list[str] | None, typer.Argument(help="Ids of lines.", show_default=False)]


def retake(
    line_ids: LineIds = None, only: Only = "", project: ProjectPath = None, as_json: Json = False
) -> None:
    """Have lines spoken another way by the next render; takes are kept."""
    from gsvbatch import job

    marked = job.retake(open_project(project), line_ids or (), query=only)
    if as_json:
        console.say_json({"marked": marked})
    else:
        console.say(
            f"{console.count(len(marked), 'line')} marked: {console.shorten(', '.join(marked), 70)}"
        )
        console.say("next: gsvbatch render")


def pick(
    line_id: Annotated[str, typer.Argument(help="Id of the line.", show_default=False)],
    number: Annotated[
        int | None,
        typer.Argument(
            help="Number of the take; without it the takes are listed.", show_default=False
        ),
    ] = None,
    project: ProjectPath = None,
    as_json: Json = False,
) -> None:
    """List the takes of a line, or choose the one to deliver."""
    from gsvbatch import job

    opened = open_project(project)
    if number is not None:
        take = job.pick(opened, line_id, number)
        if as_json:
            console.say_json(take)
        else:
            console.say(
                f"{line_id} is delivered with take {take.number}: {console.near(opened.output / take.path)}"
            )
            if opened.config.assemble.formats:
                console.say("next: gsvbatch assemble")
        return
    takes = job.list_takes(opened, line_id)
    if as_json:
        console.say_json(takes)
    else:
        header = ("", "take", "seconds", "verdict", "seed", "made", "file", "from", "problems")
        console.say(console.table(header, [_cells(take) for take in takes]))


def _cells(take: "TakeInfo") -> tuple[object, ...]:
    return (
        "*" if take.is_delivered else "",
        take.number,
        f"{take.duration:.1f}",
        take.verdict,
        take.seed,
        take.created_at,
        take.path or "(not kept)",
        ", ".join(origin_text(origin) for origin in take.origins),
        "; ".join(take.problems),
    )


def origin_text(origin: str) -> str:
    """Where audio is from that was not spoken for a line: ``the cache``, or ``line ch1-003``."""
    return "the cache" if origin == "cache" else f"line {origin}"


def accept(
    line_ids: LineIds = None, only: Only = "", project: ProjectPath = None, as_json: Json = False
) -> None:
    """Keep the audio of lines whose text or settings have changed."""
    from gsvbatch import job

    accepted = job.accept(open_project(project), line_ids or (), query=only)
    if as_json:
        console.say_json({"accepted": accepted})
    else:
        ids = console.shorten(", ".join(accepted), 70)
        console.say(f"{console.count(len(accepted), 'line')} accepted: {ids}")
