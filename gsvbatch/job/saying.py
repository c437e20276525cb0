"""One text, one voice, one file: a job of a single line that leaves nothing else behind.

It goes through the very path of a whole book, so it is checked, retried, levelled, tagged and
labelled like one.
"""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gsvbatch.config import override
from gsvbatch.data import Line
from gsvbatch.errors import ConfigError, RenderError, StorageError
from gsvbatch.job.listing import list_lines
from gsvbatch.job.project import Project
from gsvbatch.job.records import Action, Listener
from gsvbatch.job.rendering import render
from gsvbatch.script import write_script
from gsvbatch.units import Seconds

FORMATS = {
    ".wav": "wav",
    ".flac": "flac",
    ".mp3": "mp3",
    ".opus": "opus",
    ".ogg": "opus",
    ".m4a": "m4a",
}
"""Formats by the ending of the file."""

_LINE_ID = "say"


@dataclass(frozen=True, slots=True)
class Said:
    """What was spoken."""

    path: Path
    voice: str
    duration: Seconds
    elapsed: Seconds
    seed: int
    problem: str
    """A doubt about the take, or empty."""


def say(
    project: Project,
    text: str,
    target: Path,
    *,
    voice: str | None = None,
    language: str | None = None,
    style: str = "",
    settings: Mapping[str, Any] | None = None,
    on_event: Listener | None = None,
) -> Said:
    """Speak a text into a file.

    Args:
        project: For its voices, models, lexicon and settings; its scripts are not read.
        text: May hold marks, as a script's line.
        target: Its ending names the format; replaced if it is there.
        voice: The project's default voice if None.
        language: Detected if None.
        style: One of the voice's styles; its own if empty.
        settings: By dotted key, over those of the project.
        on_event: Told what is being done.

    Raises:
        UserError: Text, voice, a setting or the file's ending is wrong.
        RenderError: The models made no audio of it.
        CheckpointError: The models cannot be loaded.
        StorageError: The file cannot be written.
    """
    audio_format = FORMATS.get(target.suffix.lower())
    if audio_format is None:
        known = ", ".join(FORMATS)
        raise ConfigError(f"{target}: its ending names no format; end it in one of {known}")
    if not text.strip():
        raise ConfigError("there is no text to say")
    if voice is None and project.config.default_voice is None:
        raise ConfigError("no voice named: give --voice NAME; gsvbatch voice list shows them")
    with tempfile.TemporaryDirectory(prefix="gsvbatch-") as folder:
        script = Path(folder) / "say.yaml"
        line = Line(
            script, 1, text, id=_LINE_ID, voice=voice, language=language, style=style or None
        )
        write_script(script, [line])
        config = override(
            project.config,
            {**(settings or {}), "audio.format": audio_format, "output": folder},
            "command line",
        )
        alone = replace(project, config=config, scripts=(script,), file=None, no_scripts="")
        report = render(alone, on_event=on_event)
        if report.interrupted:
            raise KeyboardInterrupt
        if report.stopped_by:
            raise StorageError(target, report.stopped_by)
        for row in report.plan.with_action(Action.BLOCKED):
            raise ConfigError(row.detail)
        problems = [failed.problem for failed in report.failed]
        spoken = list_lines(alone)[0]
        if not spoken.path:
            raise RenderError(problems[0] if problems else "no audio came out")
        _move(Path(folder) / spoken.path, target)
        return Said(
            path=target,
            voice=spoken.voice,
            duration=spoken.duration,
            elapsed=report.elapsed,
            seed=spoken.seed,
            problem=problems[0] if problems else spoken.problem,
        )


def _move(made: Path, target: Path) -> None:
    """Put a file where it belongs, whole or not at all, also onto another disk."""
    beside = target.with_name(f".{target.name}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made, beside)
        beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise StorageError(target, f"cannot be written: {error.strerror}") from error
