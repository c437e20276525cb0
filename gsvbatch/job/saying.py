"""One text, one voice, one file: a job of a single line that leaves nothing else behind.

It goes through the very path of a whole book, so it is checked, retried, levelled, tagged and
labelled like one.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from gsvbatch.audio import WavStream
from gsvbatch.audio.storage import storage_error
from gsvbatch.config import EngineConfig, override
from gsvbatch.data import Line, Waveform
from gsvbatch.errors import ConfigError, RenderError, StorageError
from gsvbatch.job.listing import list_lines
from gsvbatch.job.project import Project
from gsvbatch.job.records import Action, Listener, RenderReport
from gsvbatch.job.rendering import render
from gsvbatch.render.work import LineWork, Speech
from gsvbatch.runners import Runner
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

    first_audio: Seconds | None = None
    """From the call until the first utterance had been written; None if it was not streamed."""


STDOUT = Path("-")
"""Name of a target that nothing is written to beside the stream."""

OpenSpeech = Callable[[LineWork], Speech]


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
    stream: bool = False,
    sink: BinaryIO | None = None,
    open_speech: OpenSpeech | None = None,
) -> Said:
    """Speak a text into a file, and with ``stream`` let it be heard while it is spoken.

    A stream is WAV and grows by utterances, sentences as a rule. A target grows, and is then replaced by
    the finished file, the very one that is written without ``stream``.

    Args:
        project: For its voices, models, lexicon and settings; its scripts are not read.
        text: May hold marks, as a script's line.
        target: Its ending names the format; replaced if it is there. `STDOUT` for a stream alone.
        voice: The project's default voice if None.
        language: Detected if None.
        style: One of the voice's styles; its own if empty.
        settings: By dotted key, over those of the project.
        on_event: Told what is being done.
        stream: Whether utterances are given away one by one.
        sink: Where the stream goes; the target itself if None.
        open_speech: What speaks a stream; the engine by default.

    Raises:
        UserError: Text, voice, a setting or the file's ending is wrong.
        RenderError: The models made no audio of it.
        CheckpointError: The models cannot be loaded.
        StorageError: The file cannot be written.
    """
    started = time.perf_counter()
    audio_format = _format_of(target, is_stream=stream)
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
        with _streaming(target, sink, is_wanted=stream) as streamed:
            runner = None
            if streamed is not None:
                runner = _stream_runner(streamed, open_speech, config.engine)
            report = render(alone, on_event=on_event, runner=runner)
            if streamed is not None and not report.interrupted:
                streamed.finish()
            problem = _require_audio(report, target)
            spoken = list_lines(alone)[0]
            if not spoken.path:
                raise RenderError(problem or "no audio came out")
        if target != STDOUT:
            _move(Path(folder) / spoken.path, target)  # Windows wants what grew there closed
        first = streamed.first_written if streamed is not None else None
        return Said(
            path=target,
            voice=spoken.voice,
            duration=spoken.duration,
            elapsed=report.elapsed,
            seed=spoken.seed,
            problem=problem or spoken.problem,
            first_audio=None if first is None else first - started,
        )


def _format_of(target: Path, *, is_stream: bool) -> str:
    audio_format = "wav" if target == STDOUT else FORMATS.get(target.suffix.lower())
    if is_stream and audio_format != "wav":
        raise ConfigError(f"{target}: a stream is WAV; end it in .wav, or give - for the output")
    if target == STDOUT and not is_stream:
        raise ConfigError("only a stream can go to the output; add --stream")
    if audio_format is None:
        known = ", ".join(FORMATS)
        raise ConfigError(f"{target}: its ending names no format; end it in one of {known}")
    return audio_format


def _require_audio(report: RenderReport, target: Path) -> str:
    """What is doubtful about a take; raises where there is none."""
    if report.interrupted:
        raise KeyboardInterrupt
    if report.stopped_by:
        raise StorageError(target, report.stopped_by)
    for row in report.plan.with_action(Action.BLOCKED):
        raise ConfigError(row.detail)
    return report.failed[0].problem if report.failed else ""


@contextmanager
def _streaming(
    target: Path, sink: BinaryIO | None, *, is_wanted: bool
) -> Iterator[WavStream | None]:
    """The stream, if one is wanted; a target that grew is gone if the block does not end well."""
    if not is_wanted:
        yield None
        return
    if sink is not None:
        yield WavStream(sink, target)
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        growing = target.open("wb")
    except OSError as error:
        raise storage_error(target, error) from error
    with growing:
        try:
            yield WavStream(growing, target)
        except BaseException:
            growing.close()
            with suppress(OSError):
                target.unlink()
            raise


def _stream_runner(
    stream: WavStream, open_speech: OpenSpeech | None, config: EngineConfig
) -> Runner:
    from gsvbatch.runners.streaming import StreamRunner

    def open_engine(work: LineWork) -> Speech:
        from gsvbatch.runners.local import remembering_speech  # torch takes seconds to import

        return remembering_speech(work, config)

    def hand_on(work: LineWork, piece: Waveform) -> None:
        stream.write(piece, work.tags, work.label, work.output.encoding)

    return StreamRunner(open_speech or open_engine, hand_on)


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
