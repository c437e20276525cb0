"""How fast this machine speaks: the same lines one at a time and batched, in one run.

Only figures of one run compare: machines differ, and the same machine differs from hour to hour.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from gsvbatch.assets import asset_folder
from gsvbatch.config import EngineConfig, ProjectConfig, override
from gsvbatch.data import Line
from gsvbatch.errors import ConfigError, StorageError
from gsvbatch.job.project import Project
from gsvbatch.job.records import Listener
from gsvbatch.job.rendering import render
from gsvbatch.job.saying import STDOUT, say
from gsvbatch.render.work import LineWork, Speech
from gsvbatch.script import read_script, write_script
from gsvbatch.units import Seconds
from gsvbatch.voice import VoiceLibrary

SCRIPT = Path("dialogue") / "bank.csv"
"""The example whose lines are spoken; ordinary, short, by several voices."""

STREAMED = (
    "The shop opens at nine. Until then we sit on the stairs and read. Shall I wait for you there?"
)
"""What is spoken as a stream: three sentences."""

STREAMED_LANGUAGE = "en"

SLOTS: Mapping[str, int | None] = {"one at a time": 1, "batched": None}
"""The runs, with how many utterances are decoded at once; None lets memory decide."""


@dataclass(frozen=True, slots=True)
class BenchRun:
    """One pass over the lines."""

    name: str
    n_lines: int
    n_failed: int
    audio: Seconds
    elapsed: Seconds
    """Without the time for loading the models."""

    stages: Mapping[str, Seconds]
    """Busy time of each stage, summed over its threads."""

    first_audio: Seconds | None = None
    """Of a stream, from the call until its first sentence was written; None for other runs."""

    @property
    def speed(self) -> float:
        """Seconds of audio made in one second."""
        return self.audio / self.elapsed if self.elapsed else 0.0


def bench(
    n_lines: int = 24,
    *,
    device: str = "auto",
    voice: str | None = None,
    on_event: Listener | None = None,
) -> tuple[BenchRun, ...]:
    """Speak an example's lines with each setting of `SLOTS`; the files are thrown away.

    Args:
        n_lines: How many; the example begins again if it has fewer.
        device: As in ``engine.device``.
        voice: One voice for all lines; else the voices that come with gsvbatch take turns.
        on_event: Told what is being done.

    Raises:
        UserError: There is no such voice, or this installation has none.
        CheckpointError: The models cannot be loaded.
        StorageError: The folder for temporary files is full.
    """
    runs = []
    with tempfile.TemporaryDirectory(prefix="gsvbatch-bench-") as folder:
        root = Path(folder)
        script = _write_lines(root, n_lines, [voice] if voice else list(VoiceLibrary([]).names()))
        for number, (name, slots) in enumerate(SLOTS.items()):
            settings = {
                "output": str(root / str(number)),
                "engine.device": device,
                "engine.slots": slots,
                "engine.cache_size": 0,  # or the second run would repeat the first
                "audio.format": "wav",
                "audio.preset": "none",  # or the first run would also measure the voices' levels
                "retries": 0,
            }
            config = override(ProjectConfig(), settings, "bench")
            report = render(Project(config, root, (script,)), on_event=on_event)
            if report.interrupted:
                raise KeyboardInterrupt
            if report.stopped_by:
                raise StorageError(root, report.stopped_by)
            run = BenchRun(
                name,
                len(report.plan.rows),
                len(report.failed),
                report.audio,
                report.elapsed - report.stages.get("loading", 0.0),
                report.stages,
            )
            runs.append(run)
        runs.append(_streamed(root, device, voice, on_event))
    return tuple(runs)


def _streamed(root: Path, device: str, voice: str | None, on_event: Listener | None) -> BenchRun:
    """A text of three sentences as a stream, by an engine that is loaded and warm."""
    speeches: dict[str, Speech] = {}
    settings = {"engine.device": device, "engine.cache_size": 0, "audio.preset": "none"}
    config = override(ProjectConfig(), settings, "bench")

    def open_speech(work: LineWork) -> Speech:
        return speeches.setdefault(work.voice.models, _speech(work, config.engine))

    name = voice or _voice_for(STREAMED_LANGUAGE)
    project = Project(config, root, ())
    # twice, with a seed of its own each: the first time loads models and dictionaries
    for seed in (1, 2):
        said = say(
            project,
            STREAMED,
            STDOUT,
            voice=name,
            settings={"sampling.seed": seed, "retries": 0},
            on_event=on_event,
            stream=True,
            sink=BytesIO(),
            open_speech=open_speech,
        )
    return BenchRun("streamed", 1, 0, said.duration, said.elapsed, {}, said.first_audio)


def _voice_for(language: str) -> str:
    """The first voice of a language; the first of all if none speaks it."""
    library = VoiceLibrary([])
    names = library.names()
    return next((name for name in names if library.get(name).language == language), names[0])


def _speech(work: LineWork, config: EngineConfig) -> Speech:
    from gsvbatch.runners.local import remembering_speech

    return remembering_speech(work, config)


def _write_lines(folder: Path, n_lines: int, voices: list[str]) -> Path:
    if not voices:
        raise ConfigError("this installation of gsvbatch has no voices; install it again")
    texts = [line.text for line in read_script(asset_folder("examples") / SCRIPT).lines]
    path = folder / "bench.csv"
    lines = [
        Line(
            path,
            i,
            texts[i % len(texts)],
            id=f"line-{i:04d}",
            voice=voices[i % len(voices)],
            seed=i,  # or a line that comes again would not be spoken again
        )
        for i in range(n_lines)
    ]
    write_script(path, lines)
    return path
