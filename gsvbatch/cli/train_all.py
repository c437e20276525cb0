"""``gsvbatch train all``: one command from spoken lines to a folder of models."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gsvbatch.cli import console
from gsvbatch.cli.clock import Clock, watch_steps
from gsvbatch.cli.exit_codes import DONE, INTERRUPTED
from gsvbatch.cli.options import Json
from gsvbatch.cli.train import (
    Budget,
    CorpusFolder,
    Output,
    RecipePath,
    Runs,
    Seed,
    Threads,
    prepare_torch,
)

if TYPE_CHECKING:
    from gsvbatch.training.loop import Watch

EXAMPLES = ("gsvbatch train all spoken/zh spoken/en -o models/mine --version mine",)


def train_all(
    sources: Annotated[list[Path], typer.Argument(help="Folders of spoken lines.")],
    output: Output,
    corpus: CorpusFolder = Path("corpus"),
    runs: Runs = Path("runs/train"),
    recipe: RecipePath = None,
    version: Annotated[str, typer.Option("--version", help="What the models call themselves.")] = (
        "mini"
    ),
    budget: Budget = None,
    threads: Threads = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> int:
    """Do all stages in turn, from spoken lines to models; the same command goes on after a break."""
    from gsvbatch.job.stopping import StopSignal
    from gsvbatch.training.teacher import Teacher
    from gsvbatch.training.whole import Finished, Whole, make_whole

    plan = Whole(sources, corpus, runs, output, version, prepare_torch(recipe, threads), seed)
    started = time.monotonic()
    lines = Clock("lines", None, None)

    def report(done: int, total: int) -> None:
        lines.n_total = total
        lines.tell(done, "")

    def left() -> float:
        return float("inf") if budget is None else budget - (time.monotonic() - started)

    if (corpus / "index.jsonl").exists():
        console.note(
            f"{corpus} is there: spoken lines are not read again; delete it to prepare others"
        )
    finished: list[Finished] = []
    with StopSignal(lambda: console.note("stopping; the state is being saved")) as stop:

        def watch(stage: str, n_steps: int) -> "Watch":
            console.note(f"{stage}: {n_steps} steps")
            return watch_steps(n_steps, None if budget is None else left(), stop, stage)

        for step in make_whole(plan, lambda: Teacher(threads or 1), watch, left, report):
            finished.append(step)
            if not as_json:
                console.say(f"{step.name}: {step.text}")
            if stop():
                break
    if as_json:
        console.say_json(finished)
    if not finished[-1].is_whole or stop():
        console.note("the same command goes on")
    return INTERRUPTED if stop() else DONE
