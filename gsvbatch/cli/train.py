"""``gsvbatch train``: from sentences to models, stage by stage; each goes on where it was stopped."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gsvbatch.cli import console
from gsvbatch.cli.clock import Clock, read_lines, watch_steps
from gsvbatch.cli.exit_codes import DONE, INTERRUPTED
from gsvbatch.cli.options import Json

if TYPE_CHECKING:
    from gsvbatch.training.recipes import Recipes

SPEAK_EXAMPLES = ("gsvbatch train speak sentences.txt --language zh --hours 2 -o spoken/zh",)
PREPARE_EXAMPLES = ("gsvbatch train prepare spoken/zh spoken/en -o corpus",)
CONTENT_EXAMPLES = ("gsvbatch train content --budget 900",)
ALIGN_EXAMPLES = ("gsvbatch train align",)
CODEBOOK_EXAMPLES = ("gsvbatch train codebook",)
T2S_EXAMPLES = ("gsvbatch train t2s --budget 3600 --threads 2",)
PRIOR_EXAMPLES = ("gsvbatch train prior --budget 3600",)
GENERATOR_EXAMPLES = ("gsvbatch train generator --budget 3600",)
EXPORT_EXAMPLES = ("gsvbatch train export -o models/mine --version mine",)
CURVE_EXAMPLES = ("gsvbatch train curve runs/train -o curves.html",)

CorpusFolder = Annotated[Path, typer.Option("--corpus", "-c", help="Prepared corpus.")]
Runs = Annotated[Path, typer.Option("--runs", help="Folder of the runs, one below it a stage.")]
RecipePath = Annotated[
    Path | None,
    typer.Option(
        "--recipe",
        help="YAML with what is to differ from the embedded model's recipes.",
        show_default=False,
    ),
]
Budget = Annotated[
    float | None,
    typer.Option("--budget", min=0, help="Seconds this call may take.", show_default=False),
]
Steps = Annotated[
    int | None,
    typer.Option(
        "--steps",
        min=1,
        help="Steps of the whole run, those of earlier calls included; else the recipe's.",
        show_default=False,
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads", min=1, help="CPU threads; else as many as torch takes.", show_default=False
    ),
]
StartFrom = Annotated[
    Path | None,
    typer.Option(
        "--start-from",
        help="Folder of trained models to begin with, of the same dimensions and codes.",
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of everything that is drawn.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="Folder to write to.")]
_CORPUS, _RUNS = Path("corpus"), Path("runs/train")


def speak(
    sentences: Annotated[Path, typer.Argument(help="Text file, a sentence a line.")],
    language: Annotated[
        str, typer.Option("--language", "-l", help="Of the sentences: zh, en or ja.")
    ],
    output: Output = Path("spoken"),
    n_voices: Annotated[
        int | None,
        typer.Option(
            "--voices", min=0, help="Fixed voices; they say every other line.", show_default="all"
        ),
    ] = None,
    n_blends: Annotated[int, typer.Option("--blends", min=0, help="Random blends.")] = 400,
    times_only: Annotated[
        bool,
        typer.Option("--times-only", help="Ask for times and pitch alone: much faster, no audio."),
    ] = False,
    hours: Annotated[
        float | None,
        typer.Option("--hours", help="Speech enough for this call.", show_default=False),
    ] = None,
    budget: Budget = None,
    threads: Threads = None,
    seed: Seed = 7,
    as_json: Json = False,
) -> int:
    """Let the teacher read sentences, in many voices; needs the extra "train"."""
    from gsvbatch.job.stopping import StopSignal
    from gsvbatch.training.speaking import VOICES, SpeakRecipe, speak_list
    from gsvbatch.training.teacher import Teacher

    texts = [line for line in read_lines(sentences) if line]
    clock = Clock("lines", len(texts), budget)
    n_fixed = len(VOICES) if n_voices is None else n_voices
    recipe = SpeakRecipe(language, n_fixed, n_blends, times_only, seed=seed)
    with StopSignal(lambda: None) as stop:
        spoken = speak_list(
            texts,
            output,
            recipe,
            Teacher(threads or 1),
            stem=sentences.stem,
            wanted=float("inf") if hours is None else hours * 3600,
            report=lambda n, audio: (
                clock.tell(n, f"{console.duration_text(audio)} of audio") and not stop()
            ),
        )
    if as_json:
        console.say_json(spoken)
    else:
        audio = console.duration_text(spoken.duration)
        console.say(f"{console.count(spoken.n_lines, 'line')} spoken, {audio}, in {output}")
        if spoken.n_skipped:
            console.note(f"{console.count(spoken.n_skipped, 'line')} cannot be spoken, left out")
    return INTERRUPTED if stop() else DONE


def prepare(
    sources: Annotated[list[Path], typer.Argument(help="Folders of spoken lines.")],
    output: Output = _CORPUS,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Align what was spoken, label every frame, and pack it for training."""
    from gsvbatch.training.prepare import prepare as make
    from gsvbatch.training.teacher import Teacher

    clock = Clock("lines", None, None)

    def report(done: int, total: int) -> None:
        clock.n_total = total
        clock.tell(done, "")

    made = make(sources, output, lambda: Teacher(threads or 1), report=report)
    for line_id, why in list(made.skipped.items())[:10]:
        console.note(f"left out: {line_id}: {why}")
    if as_json:
        console.say_json(made)
        return
    audio = console.duration_text(made.duration)
    console.say(
        f"{console.count(made.n_lines, 'line')}, {audio}, {made.n_labels} sounds in {output}"
    )
    if made.skipped:
        console.note(f"{console.count(len(made.skipped), 'line')} left out in all")


def content(
    corpus: CorpusFolder = _CORPUS,
    runs: Runs = _RUNS,
    recipe: RecipePath = None,
    budget: Budget = None,
    steps: Steps = None,
    threads: Threads = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> int:
    """Train the content encoder: what is said in every frame of a recording."""
    return _train("content", corpus, runs, recipe, budget, steps, threads, seed, as_json)


def t2s(
    corpus: CorpusFolder = _CORPUS,
    runs: Runs = _RUNS,
    recipe: RecipePath = None,
    start: StartFrom = None,
    budget: Budget = None,
    steps: Steps = None,
    threads: Threads = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> int:
    """Train the text-to-semantic stage: from phonemes to tokens."""
    return _train("t2s", corpus, runs, recipe, budget, steps, threads, seed, as_json, start)


def prior(
    corpus: CorpusFolder = _CORPUS,
    runs: Runs = _RUNS,
    recipe: RecipePath = None,
    start: StartFrom = None,
    budget: Budget = None,
    steps: Steps = None,
    threads: Threads = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> int:
    """Train the synthesizer's first half: from tokens, phonemes and a style to spectrum and pitch."""
    return _train("prior", corpus, runs, recipe, budget, steps, threads, seed, as_json, start)


def generator(
    corpus: CorpusFolder = _CORPUS,
    runs: Runs = _RUNS,
    recipe: RecipePath = None,
    start: StartFrom = None,
    budget: Budget = None,
    steps: Steps = None,
    threads: Threads = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> int:
    """Train its second half: from spectrum and pitch to audio; at last from what the prior says."""
    return _train("generator", corpus, runs, recipe, budget, steps, threads, seed, as_json, start)


def align(
    corpus: CorpusFolder = _CORPUS,
    runs: Runs = _RUNS,
    recipe: RecipePath = None,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Move labels to where the content encoder hears them; for lines whose place was guessed."""
    from gsvbatch.training.corpus import Corpus
    from gsvbatch.training.stages import realign_corpus

    recipes = prepare_torch(recipe, threads)
    moved = realign_corpus(Corpus(corpus), runs, recipes)
    if as_json:
        console.say_json(moved)
    else:
        console.say(
            f"labels of {console.count(moved.n_lines, 'line')} moved by {1000 * moved.typical:.0f} ms "
            f"typically, in {corpus}"
        )


def codebook(
    corpus: CorpusFolder = _CORPUS,
    runs: Runs = _RUNS,
    recipe: RecipePath = None,
    start: StartFrom = None,
    threads: Threads = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Make the codebook, and write the corpus in tokens; after the content encoder.

    With --start-from, codes and content encoder are those of models that there are already.
    """
    from gsvbatch.training.corpus import Corpus
    from gsvbatch.training.stages import build_tokens

    recipes = prepare_torch(recipe, threads)
    agreement = build_tokens(Corpus(corpus), runs, recipes, seed, start)
    size = recipes.prior.config.codebook_size
    if as_json:
        console.say_json({"size": size, "agreement": agreement})
    else:
        console.say(f"{size} codes, {agreement:.0%} of tokens heard as they were said, in {corpus}")


def export(
    output: Output,
    corpus: CorpusFolder = _CORPUS,
    runs: Runs = _RUNS,
    recipe: RecipePath = None,
    version: Annotated[str, typer.Option("--version", help="What the models call themselves.")] = (
        "mini"
    ),
    as_json: Json = False,
) -> None:
    """Write the trained models as gsvbatch loads them."""
    from gsvbatch.training.corpus import Corpus
    from gsvbatch.training.stages import export_models

    recipes = prepare_torch(recipe, None)
    files = export_models(Corpus(corpus), runs, recipes, output, version)
    if as_json:
        console.say_json(files)
        return
    for path in files:
        console.say(f"{path}  {path.stat().st_size / 1e6:.1f} MB")


def curve(
    runs: Annotated[Path, typer.Argument(help="Folder of runs, or one run.")] = _RUNS,
    output: Annotated[Path, typer.Option("--output", "-o", help="HTML file to write.")] = Path(
        "curves.html"
    ),
) -> None:
    """Draw the curves of all runs on one page of HTML."""
    from gsvbatch.training.curves import page, read_curves

    curves = read_curves(runs)
    output.write_text(page(curves), encoding="utf-8", newline="\n")
    console.say(f"{console.count(len(curves), 'curve')} in {output}")


def _train(
    name: str,
    corpus: Path,
    runs: Path,
    recipe: Path | None,
    budget: float | None,
    steps: int | None,
    threads: int | None,
    seed: int,
    as_json: bool,
    start: Path | None = None,
) -> int:
    from gsvbatch.job.stopping import StopSignal
    from gsvbatch.training.corpus import Corpus
    from gsvbatch.training.stages import Stage, train_stage

    recipes = prepare_torch(recipe, threads)
    stage = Stage(name)
    n_steps = steps or getattr(recipes, name).n_steps
    with StopSignal(lambda: console.note("stopping; the state is being saved")) as stop:
        trained = train_stage(
            stage,
            Corpus(corpus),
            runs,
            recipes,
            n_steps=n_steps,
            budget=float("inf") if budget is None else budget,
            seed=seed,
            watch=watch_steps(n_steps, budget, stop),
            start=start,
        )
    if as_json:
        console.say_json(trained)
    else:
        spent = console.duration_text(trained.elapsed)
        console.say(f"{name}: step {trained.step} of {trained.n_steps}, {trained.n_new} in {spent}")
        if not trained.is_finished:
            console.note("the same command goes on")
    return INTERRUPTED if stop() else DONE


def prepare_torch(recipe: Path | None, threads: int | None) -> "Recipes":
    """Give torch its threads, and return the recipes."""
    import torch

    from gsvbatch.training.recipes import read_recipes

    if threads is not None:
        torch.set_num_threads(threads)
    return read_recipes(recipe)
