"""``gsvbatch assemble``: join lines into works."""

from contextlib import nullcontext
from typing import Annotated

import typer

from gsvbatch.cli import console
from gsvbatch.cli.options import Json, ProjectPath, Settings, open_project
from gsvbatch.errors import ConfigError

EXAMPLES = (
    "gsvbatch assemble",
    "gsvbatch assemble --format mp3 --format m4b --subtitles lrc --per chapter",
)

WORK_FORMATS = ("wav", "flac", "mp3", "opus", "m4a", "m4b")
SUBTITLE_FORMATS = ("srt", "vtt", "lrc")
PARTS = ("script", "chapter", "project")


def assemble(
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format", help=f"{', '.join(WORK_FORMATS)}; may be repeated.", show_default=False
        ),
    ] = None,
    subtitles: Annotated[
        list[str] | None,
        typer.Option(help=f"{', '.join(SUBTITLE_FORMATS)}; may be repeated.", show_default=False),
    ] = None,
    per: Annotated[
        str | None,
        typer.Option(help="One work per script, chapter or project.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write every work again.")] = False,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Leave out lines that have no audio.")
    ] = False,
    settings: Settings = None,
    project: ProjectPath = None,
    as_json: Json = False,
) -> None:
    """Join the lines into works with chapters and subtitles."""
    from gsvbatch import job
    from gsvbatch.cli.progress import Progress

    _check("--format", formats, WORK_FORMATS)
    _check("--subtitles", subtitles, SUBTITLE_FORMATS)
    _check("--per", None if per is None else [per], PARTS)
    opened = open_project(project, None, settings)
    if not formats and not opened.config.assemble.formats:
        raise ConfigError("no format for works: name one with --format, or set assemble.formats")
    with nullcontext() if as_json else Progress() as listener:
        report = job.assemble(
            opened,
            formats=formats,
            subtitles=subtitles,
            per=per,
            force=force,
            allow_missing=allow_missing,
            on_event=listener,
        )
    if as_json:
        console.say_json(report)
        return
    for warning in report.warnings:
        console.note(f"warning: {warning}")
    for overrun in report.overruns:
        console.say(
            f"{overrun.line_id} speaks {overrun.milliseconds} ms longer than its subtitle stands"
        )
    for path in report.written:
        console.say(f"wrote {console.near(path)}")
    if not report.written:
        console.say(f"nothing to write: {console.count(len(report.works), 'work')} up to date")


def _check(option: str, values: list[str] | None, allowed: tuple[str, ...]) -> None:
    for value in values or ():
        if value not in allowed:
            raise ConfigError(f"{option} {value}: not known; allowed: {', '.join(allowed)}")
