"""What is asked of a distillation, and what comes of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gsvbatch.gsv.source import ModelSource
from gsvbatch.job.mandarin import MandarinModels
from gsvbatch.units import Decibels, Seconds
from gsvbatch.voice import VoiceLibrary

if TYPE_CHECKING:
    from gsvbatch.job.finetuning import TuneStage
    from gsvbatch.job.reading_aloud import Scores
    from gsvbatch.training.tuning import Tuned


@dataclass(frozen=True, slots=True)
class Distillation:
    """What is asked for."""

    texts: tuple[str, ...]
    """What the teacher reads; the last ones are not learnt from, but measured on."""

    voice: str
    library: VoiceLibrary
    folder: Path
    """To write the small models to, and the voice below it."""

    runs: Path
    """Of all runs; this one's is kept below it, under its name."""

    name: str = ""
    """Of the small voice; if empty, the voice's with ``-small``."""

    language: str | None = None
    """Of the texts; None detects it."""

    project_models: ModelSource | None = None
    """For voices that have none of their own; None for the embedded ones."""

    mandarin: MandarinModels | None = None
    hours: float | None = None
    """Of the teacher's speech that are enough; None reads the whole list."""

    n_steps: int | None = None
    """Of each stage; None leaves it to the recipe."""

    budget: Seconds = float("inf")
    device: str = "auto"
    seed: int = 0
    recipe: Path | None = None


@dataclass(frozen=True, slots=True)
class Distilled:
    """What was made."""

    name: str
    n_lines: int
    """Learnt from."""

    duration: Seconds
    """Of these."""

    n_failed: int
    """Of what the teacher read, left out since the quality gates failed it."""

    problems: tuple[str, ...]
    """Texts that cannot be spoken."""

    stages: "dict[TuneStage, Tuned]"
    is_finished: bool
    """Whether no step is left to do."""

    files: tuple[Path, ...]
    """Empty where it was stopped before its budget was over."""

    voice_folder: Path | None
    scores: "tuple[Scores, ...]"
    """The teacher's, then the student's, on the lines held out, one after the other in this process."""

    speed_up: float
    """How many times less time the student took for a second of audio; 0 where nothing was measured."""

    length_ratio: float
    """Of the student's audio to the teacher's, for the same lines."""

    distance: Decibels
    """Between log-mels of the student's audio of the teacher's tokens and the teacher's own."""
