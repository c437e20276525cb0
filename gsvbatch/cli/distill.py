"""``gsvbatch train distill``: a voice of large models gets small ones of its own."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gsvbatch.cli import console
from gsvbatch.cli.clock import Clock, read_lines, watch_steps
from gsvbatch.cli.enroll import mandarin_models
from gsvbatch.cli.exit_codes import DONE, INTERRUPTED
from gsvbatch.cli.finetune import SHOWN_PROBLEMS, TuneSteps, set_threads
from gsvbatch.cli.options import Device, Json, ProjectPath
from gsvbatch.cli.train import Budget, Output, Seed, Threads
from gsvbatch.cli.voice import VoiceFolders, find_setting
from gsvbatch.units import Seconds

if TYPE_CHECKING:
    from gsvbatch.job.distillation import Distilled
    from gsvbatch.job.finetuning import TuneStage
    from gsvbatch.training.loop import Watch

EXAMPLES = (
    "gsvbatch train distill sentences.txt --voice xiaoyu -o models/xiaoyu-small --hours 2",
    "gsvbatch train distill sentences.txt --voice xiaoyu -o models/xiaoyu-small --budget 3600 --json",
)


def distill(
    sentences: Annotated[
        Path, typer.Argument(help="Text file, a sentence a line.", show_default=False)
    ],
    output: Output,
    voice: Annotated[
        str, typer.Option("--voice", "-v", help="Whom to make small.", show_default=False)
    ],
    name: Annotated[
        str,
        typer.Option(help="Of the small voice; else the voice's with -small.", show_default=False),
    ] = "",
    language: Annotated[
        str | None,
        typer.Option(
            "--language", "-l", help="Of the sentences; else detected.", show_default=False
        ),
    ] = None,
    hours: Annotated[
        float | None,
        typer.Option("--hours", min=0, help="Speech that is enough.", show_default=False),
    ] = None,
    recipe: Annotated[
        Path | None,
        typer.Option(
            "--recipe",
            help="YAML with fields of t2s, synthesizer, t2s_model and synthesizer_model that are to "
            "differ from the usual.",
            show_default=False,
        ),
    ] = None,
    runs: Annotated[
        Path, typer.Option("--runs", help="Folder of the runs, one below it a name.")
    ] = Path("runs/distill"),
    budget: Budget = None,
    steps: TuneSteps = None,
    device: Device = "auto",
    threads: Threads = None,
    seed: Seed = 0,
    folders: VoiceFolders = None,
    project: ProjectPath = None,
    as_json: Json = False,
) -> int:
    """Make a small student of a voice: it reads the sentences, and a small pair learns to read so.

    Writes native models and a voice that speaks with them, and compares both on sentences that were not
    learnt from: size, speed, quality gates, and how far apart they sound. The same command goes on where
    it was stopped. --budget counts learning, not reading.
    """
    from gsvbatch.job.distillation import Distillation
    from gsvbatch.job.distilling import distill as run
    from gsvbatch.job.stopping import StopSignal

    texts = tuple(line for line in read_lines(sentences) if line)
    setting = find_setting(project, folders)
    set_threads(threads)
    wanted = Distillation(
        texts=texts,
        voice=voice,
        library=setting.voices,
        folder=output,
        runs=runs / (name or voice),
        name=name,
        language=language,
        project_models=setting.models,
        mandarin=mandarin_models(setting),
        hours=hours,
        n_steps=steps,
        budget=float("inf") if budget is None else budget,
        device=device,
        seed=seed,
        recipe=recipe,
    )
    reading = Clock("lines", None, None)
    with StopSignal(lambda: console.note("stopping; the state is being saved")) as stop:

        def spoken(done: int, total: int, audio: Seconds) -> bool:
            reading.n_total = total
            reading.tell(done, f"{console.duration_text(audio)} of audio")
            return not stop()

        def watch_of(_stage: "TuneStage", n_steps: int) -> "Watch":
            return watch_steps(n_steps, budget, stop)

        made = run(wanted, tell=console.note, spoken=spoken, watch_of=watch_of, stop=stop)
        is_stopped = stop()
    for problem in made.problems[:SHOWN_PROBLEMS]:
        console.note(f"left out: {problem}")
    if as_json:
        console.say_json(made)
    else:
        _show(made)
    if not made.is_finished:
        console.note("the same command goes on")
    return INTERRUPTED if is_stopped else DONE


def _show(made: "Distilled") -> None:
    failed = f", {made.n_failed} failed" if made.n_failed else ""
    console.say(
        f"{made.name}: {console.count(made.n_lines, 'line')} learnt from, "
        f"{console.duration_text(made.duration)}{failed}"
    )
    for stage, found in made.stages.items():
        console.say(
            f"{stage}: step {found.step} of {found.n_steps}, {found.n_new} in "
            f"{console.duration_text(found.elapsed)}; held out {found.before:.3f} -> "
            f"{found.after:.3f}, best at step {found.best_step}"
        )
    if not made.scores:
        return
    header = ("", "MB", "real-time factor", "ok", "suspect", "failed", "pitch Hz", "nats a token")
    rows = [
        (
            each.who, f"{each.n_bytes / 1e6:.1f}", f"{each.real_time_factor:.3f}", each.n_ok,
            each.n_suspect, each.n_failed, each.pitch, f"{each.t2s_loss:.3f}",
        )
        for each in made.scores
    ]  # fmt: skip
    console.say(console.table(header, rows))
    old, new = made.scores
    console.say(
        f"{old.n_bytes / max(1, new.n_bytes):.1f} times smaller, {made.speed_up:.2f} x as fast, lines "
        f"{made.length_ratio:.2f} times as long, {made.distance:.1f} dB apart between log-mels of the "
        "same tokens"
    )
    assert made.voice_folder is not None
    console.say(f"models in {made.voice_folder.parent.parent}, voice {made.voice_folder}")
    console.note(
        f"next: gsvbatch say TEXT --voice {made.name} --output small.wav, in a project with "
        f"voices: [{made.voice_folder.parent}]"
    )
