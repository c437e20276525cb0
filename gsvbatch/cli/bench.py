"""``gsvbatch bench``: how fast this machine speaks."""

from typing import TYPE_CHECKING, Annotated

import typer

from gsvbatch.cli import console
from gsvbatch.cli.options import Device, Json

if TYPE_CHECKING:
    from gsvbatch.job.benchmark import BenchRun

EXAMPLES = ("gsvbatch bench", "gsvbatch bench --lines 200 --device cuda --json")


def bench(
    n_lines: Annotated[int, typer.Option("--lines", min=1, help="How many lines to speak.")] = 24,
    device: Device = "auto",
    voice: Annotated[
        str | None,
        typer.Option("--voice", "-v", help="One voice; else all that come with gsvbatch."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure how fast this machine speaks, line by line and batched, in one run."""
    from gsvbatch.cli.progress import Progress
    from gsvbatch.job.benchmark import bench as measure

    with Progress() as progress:
        runs = measure(n_lines, device=device, voice=voice, on_event=progress)
    if as_json:
        console.say_json([{**_plain(run), "speed": run.speed} for run in runs])
    else:
        _show(runs)


def _plain(run: "BenchRun") -> dict[str, object]:
    found = console.plain(run)
    assert isinstance(found, dict)
    return found


def _show(runs: "tuple[BenchRun, ...]") -> None:
    stages = list(dict.fromkeys(stage for run in runs for stage in run.stages))
    header = ("run", "lines", "failed", "audio s", "time s", "x real time", *stages)
    rows = [
        (
            run.name,
            run.n_lines,
            run.n_failed,
            f"{run.audio:.1f}",
            f"{run.elapsed:.1f}",
            f"{run.speed:.2f}",
            *(f"{run.stages.get(stage, 0.0):.1f}" for stage in stages),
        )
        for run in runs
    ]
    console.say(console.table(header, rows))
    first, last = runs[0], runs[-1]
    if first.speed:
        console.say(f"{last.name} is {last.speed / first.speed:.2f} x as fast as {first.name}")
    console.note(
        "the columns behind the speed are busy seconds of each stage, over all its threads"
    )
