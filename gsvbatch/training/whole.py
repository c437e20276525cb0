"""All stages in turn, from spoken lines to a folder of models; goes on where it was broken off."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gsvbatch.training.corpus import Corpus
from gsvbatch.training.loop import Watch
from gsvbatch.training.prepare import Times, prepare
from gsvbatch.training.recipes import Recipes
from gsvbatch.training.stages import (
    Stage,
    Trained,
    build_tokens,
    export_models,
    realign_corpus,
    train_stage,
)
from gsvbatch.units import Seconds


@dataclass(frozen=True, slots=True)
class Whole:
    """What is made of what, and where."""

    sources: Sequence[Path]
    """Folders of spoken lines."""

    corpus: Path
    runs: Path
    output: Path
    version: str
    recipes: Recipes
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Finished:
    """A step that is over."""

    name: str
    text: str
    """What came out, for people."""

    is_whole: bool = True
    """False: a stage was stopped before its last step."""


def make_whole(
    plan: Whole,
    make_teacher: Callable[[], Times],
    watch: Callable[[Stage, int], Watch],
    budgets: Callable[[], Seconds] = lambda: float("inf"),
    report: Callable[[int, int], None] = lambda _done, _total: None,
) -> Iterator[Finished]:
    """Do what is not done yet, step by step; ends after a stage that was stopped.

    Args:
        plan: What to make.
        make_teacher: Called when spoken lines tell no times.
        watch: Given a stage and its number of steps, returns who is told of them.
        budgets: Asked before every stage how many seconds it may take.
        report: Told of lines while they are prepared.

    Raises:
        ConfigError: The spoken lines cannot be used.
        CheckpointError: A run's saved state is damaged.
    """
    if not (plan.corpus / "index.jsonl").exists():
        made = prepare(plan.sources, plan.corpus, make_teacher, report=report)
        yield Finished("prepare", f"{made.n_lines} lines, {len(made.skipped)} left out")
    trained = _trained(plan, Stage.CONTENT, watch, budgets)
    yield _told(trained)
    if not trained.is_finished:
        return
    if not (plan.corpus / "tokens.npz").exists():
        moved = realign_corpus(Corpus(plan.corpus), plan.runs, plan.recipes)
        yield Finished("align", f"labels of {moved.n_lines} lines moved")
        agreement = build_tokens(Corpus(plan.corpus), plan.runs, plan.recipes, plan.seed)
        yield Finished("codebook", f"{agreement:.0%} of tokens heard as they were said")
    for stage in (Stage.T2S, Stage.PRIOR, Stage.GENERATOR):
        trained = _trained(plan, stage, watch, budgets)
        yield _told(trained)
        if not trained.is_finished:
            return
    files = export_models(Corpus(plan.corpus), plan.runs, plan.recipes, plan.output, plan.version)
    size = sum(path.stat().st_size for path in files) / 1e6
    yield Finished("export", f"{size:.1f} MB in {plan.output}")


def _trained(
    plan: Whole,
    stage: Stage,
    watch: Callable[[Stage, int], Watch],
    budgets: Callable[[], Seconds],
) -> Trained:
    n_steps = int(getattr(plan.recipes, stage).n_steps)
    return train_stage(
        stage,
        Corpus(plan.corpus),
        plan.runs,
        plan.recipes,
        budget=budgets(),
        seed=plan.seed,
        watch=watch(stage, n_steps),
    )


def _told(trained: Trained) -> Finished:
    text = f"step {trained.step} of {trained.n_steps}"
    return Finished(str(trained.stage), text, trained.is_finished)
