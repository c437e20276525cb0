"""``gsvbatch train finetune``: a pair of checkpoints is adapted to somebody's voice."""

import os
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gsvbatch.cli import console
from gsvbatch.cli.clock import Clock, watch_steps
from gsvbatch.cli.enroll import mandarin_models
from gsvbatch.cli.exit_codes import DONE, INTERRUPTED
from gsvbatch.cli.options import Device, Json, ProjectPath
from gsvbatch.cli.own_models import (
    BasePath,
    ContentPath,
    ModelVersion,
    SpeakerEncoderPath,
    SynthesizerPath,
    T2SPath,
    VocoderPath,
    own_models,
)
from gsvbatch.cli.train import Budget, Output, Seed, Threads
from gsvbatch.cli.voice import find_setting
from gsvbatch.errors import ConfigError

if TYPE_CHECKING:
    from gsvbatch.job.finetuning import FineTuned, TuneStage
    from gsvbatch.training.loop import Watch

EXAMPLES = (
    (
        "gsvbatch train finetune xiaoyu.list -o models/xiaoyu --t2s s1v3.ckpt "
        "--synthesizer s2Gv2Pro.pth --content chinese-hubert-base "
        "--speaker-encoder pretrained_eres2netv2w24s4ep4.ckpt"
    ),
    "gsvbatch train finetune clips -o models/me --name me --budget 1800",
    "gsvbatch train finetune clips -o models/me --stage t2s --steps 200 --json",
)
AUTO, BOTH = "auto", "both"
SHOWN_PROBLEMS = 5

TuneSteps = Annotated[
    int | None,
    typer.Option(
        "--steps",
        min=1,
        help="Steps of each stage, those of earlier calls included; else the recipe's.",
        show_default=False,
    ),
]
TuneRecipe = Annotated[
    Path | None,
    typer.Option(
        "--recipe",
        help="YAML with fields of t2s and synthesizer that are to differ from the usual.",
        show_default=False,
    ),
]


def finetune(
    clips: Annotated[
        Path,
        typer.Argument(
            help="A .list file of GPT-SoVITS, or a folder of recordings, each with what is said in "
            "it in a .txt file of its name.",
            show_default=False,
        ),
    ],
    output: Output,
    name: Annotated[
        str, typer.Option(help="What files are called; else as the speaker is.", show_default=False)
    ] = "",
    speaker: Annotated[str, typer.Option(help="Whom of a list to learn.", show_default=False)] = "",
    audio: Annotated[
        list[Path] | None,
        typer.Option(
            help="A folder that a list's clips are in, whatever paths are written; may be repeated.",
            show_default=False,
        ),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            help="Of the transcripts; else the list's, or what they are written in.",
            show_default=False,
        ),
    ] = None,
    stage: Annotated[
        str, typer.Option(help="What to tune: t2s, synthesizer, both, or auto for what pays.")
    ] = AUTO,
    t2s: T2SPath = None,
    synthesizer: SynthesizerPath = None,
    content: ContentPath = None,
    speaker_encoder: SpeakerEncoderPath = None,
    vocoder: VocoderPath = None,
    base: BasePath = None,
    version: ModelVersion = None,
    bert: Annotated[
        Path | None,
        typer.Option(
            help="For the prosody of Mandarin: a BERT's folder, or none; else what voice enroll takes.",
            show_default=False,
        ),
    ] = None,
    recipe: TuneRecipe = None,
    runs: Annotated[
        Path, typer.Option("--runs", help="Folder of the runs, one below it a name and stage.")
    ] = Path("runs/finetune"),
    budget: Budget = None,
    steps: TuneSteps = None,
    device: Device = "auto",
    threads: Threads = None,
    seed: Seed = 0,
    project: ProjectPath = None,
    as_json: Json = False,
) -> int:
    """Adapt a pair of checkpoints to about a minute of one speaker; the same command goes on.

    Of base models, which have a posterior encoder, everything learns; of fine-tunes, which lack it, the
    synthesizer's generator alone; native models learn in a way of their own. What is written is laid
    out as it was: .ckpt and .pth for GPT-SoVITS, or a folder of native models. Only with the consent
    of whose voice it is.
    """
    from gsvbatch.job.finetuning import FineTuning
    from gsvbatch.job.finetuning import finetune as run
    from gsvbatch.job.stopping import StopSignal

    stages = stages_of(stage)
    setting = find_setting(project, None)
    own = own_models(
        t2s,
        synthesizer,
        content=content,
        speaker_encoder=speaker_encoder,
        vocoder=vocoder,
        base=base,
        version=version,
    )
    set_threads(threads)
    wanted = FineTuning(
        path=clips,
        folder=output,
        runs=runs / (name or speaker or clips.resolve().stem),
        name=name,
        audio=tuple(audio or ()),
        speaker=speaker,
        language=language,
        source=own or setting.models,
        mandarin=mandarin_models(setting, bert),
        stages=stages,
        n_steps=steps,
        budget=float("inf") if budget is None else budget,
        device=device,
        seed=seed,
        recipe=recipe,
    )
    preparing = Clock("clips", None, None)

    def prepared(done: int, total: int) -> None:
        preparing.n_total = total
        preparing.tell(done, "")

    with StopSignal(lambda: console.note("stopping; the state is being saved")) as stop:

        def watch_of(_stage: "TuneStage", n_steps: int) -> "Watch":
            return watch_steps(n_steps, budget, stop)

        tuned = run(wanted, tell=console.note, prepared=prepared, watch_of=watch_of, stop=stop)
        is_stopped = stop()
    _show_problems(tuned.problems)
    if as_json:
        console.say_json(tuned)
    else:
        _show(tuned)
    if not tuned.is_finished:
        console.note("the same command goes on")
    return INTERRUPTED if is_stopped else DONE


def stages_of(text: str) -> "tuple[TuneStage, ...]":
    """The stages that an option means; none leaves it to the models.

    Raises:
        ConfigError: There is no such stage.
    """
    from gsvbatch.job.finetuning import TuneStage

    if text == AUTO:
        return ()
    if text == BOTH:
        return tuple(TuneStage)
    known = [stage.value for stage in TuneStage]
    if text not in known:
        raise ConfigError(f"--stage {text}: not known; allowed: {', '.join((AUTO, *known, BOTH))}")
    return (TuneStage(text),)


def set_threads(threads: int | None) -> None:
    """Let torch take so many of the processor's threads."""
    if threads is not None:
        import torch

        torch.set_num_threads(threads)


def _show_problems(problems: tuple[str, ...]) -> None:
    for problem in problems[:SHOWN_PROBLEMS]:
        console.note(f"left out: {problem}")
    if len(problems) > SHOWN_PROBLEMS:
        console.note(f"left out: {console.count(len(problems) - SHOWN_PROBLEMS, 'clip')} more")


def _show(tuned: "FineTuned") -> None:
    from gsvbatch.job.finetuning import TuneStage

    learnt = console.duration_text(tuned.duration)
    console.say(
        f"{tuned.name}: {console.count(tuned.n_clips, 'clip')} learnt from, {tuned.n_held} held out, "
        f"{learnt} in all"
    )
    units = {TuneStage.T2S: "nats a token", TuneStage.SYNTHESIZER: "between log-mels"}
    for stage, found in tuned.stages.items():
        how = f" ({tuned.way})" if stage is TuneStage.SYNTHESIZER else ""
        console.say(
            f"{stage}{how}: step {found.step} of {found.n_steps}, {found.n_new} in "
            f"{console.duration_text(found.elapsed)}; held out {found.before:.3f} -> "
            f"{found.after:.3f} {units[stage]}, best at step {found.best_step}"
        )
        if found.best_step == 0 and found.is_finished:
            console.note(
                f"{stage}: no step was better on the clips held out than none, so it is unchanged; "
                "more speech helps, or a smaller learning_rate in a --recipe"
            )
    for path in tuned.files:
        console.say(f"{path}  {path.stat().st_size / 1e6:.1f} MB")
    if tuned.files:
        console.note(f"next: {_enroll_command(tuned)}")


def _enroll_command(tuned: "FineTuned") -> str:
    """The command that makes a voice of the tuned pair."""
    words = ["gsvbatch", "voice", "enroll", tuned.name, "--reference"]
    if tuned.reference is None:
        words += ["CLIP.wav", "--transcript", "WHAT IS SAID IN IT"]
    else:
        words += [os.fspath(console.near(tuned.reference.path))]
        words += ["--transcript", tuned.reference.text]
    words += ["--consent", "RIGHT"]
    source = tuned.source
    for option, path in (
        ("--t2s", source.t2s),
        ("--synthesizer", source.synthesizer),
        ("--content", source.content),
        ("--speaker-encoder", source.speaker_encoder),
        ("--vocoder", source.vocoder),
        ("--base", source.base),
    ):
        if path is not None:
            words += [option, os.fspath(console.near(path))]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
