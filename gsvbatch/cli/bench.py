"""``gsvbatch bench``: how fast this machine speaks."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gsvbatch.cli import console
from gsvbatch.cli.options import Device, Json
from gsvbatch.cli.own_models import BasePath, ModelVersion, VocoderPath, own_models
from gsvbatch.errors import ConfigError

if TYPE_CHECKING:
    from gsvbatch.gsv.source import ModelSource
    from gsvbatch.job.benchmark import BenchRun
    from gsvbatch.job.engine_benchmark import EngineBench

EXAMPLES = (
    "gsvbatch bench",
    "gsvbatch bench --lines 200 --device cuda --json",
    "gsvbatch bench --engine --random v2 --plot speed.png",
    "gsvbatch bench --engine --t2s NAME --synthesizer NAME --batches 1,8",
)


def bench(
    n_lines: Annotated[int, typer.Option("--lines", min=1, help="How many lines to speak.")] = 24,
    device: Device = "auto",
    voice: Annotated[
        str | None,
        typer.Option("--voice", "-v", help="One voice; else all that come with gsvbatch."),
    ] = None,
    engine: Annotated[
        bool,
        typer.Option("--engine", help="Measure the engine's stages alone, at several batches."),
    ] = False,
    random: Annotated[
        str,
        typer.Option(
            "--random", metavar="v2", help="With --engine: full-size models with random weights."
        ),
    ] = "",
    t2s: Annotated[
        Path | None,
        typer.Option(
            "--t2s", help="With --engine: a checkpoint (.ckpt), or a name of models list."
        ),
    ] = None,
    synthesizer: Annotated[
        Path | None,
        typer.Option("--synthesizer", help="With --engine: its partner (.pth), or a name."),
    ] = None,
    vocoder: VocoderPath = None,
    base: BasePath = None,
    version: ModelVersion = None,
    batches: Annotated[
        str, typer.Option("--batches", help="With --engine: lines at once, such as 1,8,64.")
    ] = "",
    dtype: Annotated[
        str, typer.Option("--dtype", help="With --engine: auto, float32, float16 or bfloat16.")
    ] = "auto",
    plot: Annotated[
        Path | None, typer.Option("--plot", help="With --engine: draw the figures (.png, .svg).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure how fast this machine speaks, line by line and batched, in one run.

    With --engine, the stages by themselves: latency of one sentence, speed at several batches, and
    how near that is to what the machine can do at all.
    """
    if engine:
        models = _Models(t2s, synthesizer, vocoder, base, version)
        _bench_engine(random, models, batches, device, dtype, plot, as_json=as_json)
        return
    if random or t2s or synthesizer or vocoder or base or version or batches or plot:
        raise ConfigError(
            "--random, --t2s, --synthesizer, --vocoder, --base, --version, --batches and --plot "
            "need --engine"
        )
    from gsvbatch.cli.progress import Progress
    from gsvbatch.job.benchmark import bench as measure

    with Progress() as progress:
        runs = measure(n_lines, device=device, voice=voice, on_event=progress)
    if as_json:
        console.say_json([{**_plain(run), "speed": run.speed} for run in runs])
    else:
        _show(runs)


@dataclass(frozen=True, slots=True)
class _Models:
    """The options that name models."""

    t2s: Path | None
    synthesizer: Path | None
    vocoder: Path | None
    base: Path | None
    version: str | None

    def source(self) -> "ModelSource | None":
        """What they name, with what is registered for it, or None if they name nothing."""
        if (self.t2s is None) != (self.synthesizer is None):
            raise ConfigError("--t2s and --synthesizer belong together")
        return own_models(
            self.t2s,
            self.synthesizer,
            content=None,
            speaker_encoder=None,
            vocoder=self.vocoder,
            base=self.base,
            version=self.version,
        )


def _bench_engine(
    random: str,
    models: _Models,
    batches: str,
    device: str,
    dtype: str,
    plot: Path | None,
    *,
    as_json: bool,
) -> None:
    from gsvbatch.config import ProjectConfig, override
    from gsvbatch.job.engine_benchmark import bench_engine, require_figure_name, write_figure

    if plot is not None:
        require_figure_name(plot)
    settings: dict[str, object] = {"engine.device": device, "engine.dtype": dtype}
    found = bench_engine(
        random=random,
        models=models.source(),
        batches=_sizes(batches),
        config=override(ProjectConfig(), settings, "bench").engine,
        tell=console.note,
    )
    if plot is not None:
        write_figure(found, plot)
        console.note(f"drawn: {console.near(plot)}")
    if as_json:
        console.say_json(found)
    else:
        _show_engine(found)


def _sizes(text: str) -> tuple[int, ...]:
    try:
        sizes = tuple(int(word) for word in text.split(",") if word.strip())
    except ValueError:
        raise ConfigError(f"--batches {text}: expected numbers, such as 1,8,64") from None
    if any(size < 1 for size in sizes):
        raise ConfigError(f"--batches {text}: a batch has at least one line")
    return sizes


def _show_engine(bench: "EngineBench") -> None:
    found = bench.figures
    ceilings = found.ceilings
    console.say(
        f"{bench.models} on {found.device}, {found.dtype}, {console.count(found.n_threads, 'thread')}"
    )
    console.say(
        f"the machine: copies {ceilings.bandwidth / 1e9:,.0f} GB/s, multiplies "
        f"{ceilings.matrix_rate / 1e12:,.2f} TFLOP/s"
    )
    stages = {"text": bench.text, **found.latency}
    console.say(
        f"one sentence of 50 phonemes, 5 s: {bench.sentence * 1e3:,.0f} ms = "
        + " + ".join(f"{name} {elapsed * 1e3:,.0f}" for name, elapsed in stages.items())
    )
    header = (
        "lines", "tokens/s", "with prefill", "step ms", "of roofline", "synthesis", "of roofline",
        "together",
    )  # fmt: skip
    rows = []
    for decoding, speaking in zip(found.decoding, found.speaking, strict=False):
        audio = decoding.tokens_per_second_with_prefill / 25
        rows.append(
            (
                decoding.n_lines,
                f"{decoding.tokens_per_second:,.0f}",
                f"{decoding.tokens_per_second_with_prefill:,.0f}",
                f"{decoding.step * 1e3:.2f}",
                f"{decoding.share:.0%}",
                f"{speaking.speed:,.1f} x",
                f"{speaking.share:.0%}",
                f"{1 / (1 / audio + 1 / speaking.speed):,.1f} x",
            )
        )
    console.say(console.table(header, rows))
    if found.sample_steps is not None:
        console.say(f"mels are drawn in {found.sample_steps} steps (sampling.sample_steps)")
    console.say(f"peak memory: {found.peak_memory / 2**30:.1f} GiB")
    console.note("x is seconds of audio a second; together is one stage after the other")


def _plain(run: "BenchRun") -> dict[str, object]:
    found = console.plain(run)
    assert isinstance(found, dict)
    return found


def _show(all_runs: "tuple[BenchRun, ...]") -> None:
    *runs, streamed = all_runs
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
    if streamed.first_audio is not None:
        console.say(
            f"a stream of {streamed.audio:.1f} s: first audio after {streamed.first_audio:.2f} s, "
            f"all of it after {streamed.elapsed:.2f} s"
        )
    console.note(
        "the columns behind the speed are busy seconds of each stage, over all its threads"
    )
