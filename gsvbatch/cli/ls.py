"""``gsvbatch ls``: the lines of a project, by query."""

from typing import Annotated

import typer

from gsvbatch.cli import console
from gsvbatch.cli.options import Json, ProjectPath, open_project

EXAMPLES = (
    "gsvbatch ls",
    "gsvbatch ls status:failed",
    'gsvbatch ls "speaker:Anna duration:10.." --sort -duration',
    'gsvbatch ls --format "{id} {speaker}: {duration:.1f}"',
)


def ls(
    query: Annotated[
        list[str] | None,
        typer.Argument(
            help="Terms that must all hold: field:value (* and ? are wild), field~part, "
            "field:2..5, ^term for not, or a bare word; a comma between terms means or.",
            show_default=False,
        ),
    ] = None,
    template: Annotated[
        str,
        typer.Option(
            "--format", "-f", help="How to print a line; fields in braces.", show_default=False
        ),
    ] = "",
    sort: Annotated[
        str,
        typer.Option(
            help="Fields to sort by, with commas; -field is descending.", show_default=False
        ),
    ] = "",
    project: ProjectPath = None,
    as_json: Json = False,
) -> None:
    """List lines with their state, length and file.

    Fields: id, script, line, chapter, speaker, voice, language, text, status, verdict, problem, take,
    takes, picked, duration, loudness, seed, path, sha256, attempts. A term that begins with a minus
    sign goes behind two dashes: gsvbatch ls -- -speaker:Anna
    """
    from gsvbatch import job

    keys = [key.strip() for key in sort.split(",") if key.strip()]
    lines = job.list_lines(open_project(project), " ".join(query or []), sort=keys)
    if as_json:
        for line in lines:
            console.say_json(line)
    elif template:
        for line in lines:
            console.say(job.format_line(line, template))
    else:
        header = ("line", "speaker", "voice", "status", "take", "seconds", "file", "text")
        rows = [
            (
                line.id,
                line.speaker,
                line.voice,
                line.status,
                line.take or "",
                f"{line.duration:.1f}" if line.duration else "",
                line.path,
                console.shorten(line.problem or line.text, 40),
            )
            for line in lines
        ]
        if rows:
            console.say(console.table(header, rows))
        console.note(console.count(len(lines), "line"))
