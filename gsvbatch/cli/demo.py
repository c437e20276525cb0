"""``gsvbatch demo``: three small productions, spoken now."""

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gsvbatch.cli import console
from gsvbatch.cli.options import Json, command_line

if TYPE_CHECKING:
    from gsvbatch.job import AssembleReport, Project, RenderReport

EXAMPLES = ("gsvbatch demo", "gsvbatch demo --output D:\\demo")


@dataclass(frozen=True, slots=True)
class _Production:
    """One example, rendered."""

    name: str
    project: "Project"
    report: "RenderReport"
    works: "AssembleReport | None"


def demo(
    context: typer.Context,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the examples and their audio.")
    ] = Path("outputs/demo"),
    as_json: Json = False,
) -> int:
    """Render the three examples: a narration, a lesson, a game's dialogue.

    The scripts are copied into the output folder, so that you may change them there; run it again
    and only what you changed is spoken anew.
    """
    from gsvbatch import job
    from gsvbatch.cli.progress import Progress
    from gsvbatch.cli.render import can_assemble, show_failures
    from gsvbatch.job.examples import copy_example, example_names

    made: list[_Production] = []
    for name in example_names():
        # without the cache: the speed that is told in the end is that of speaking
        project = job.open_project(
            copy_example(name, output / name), settings={"engine.cache_size": 0}
        )
        console.note(f"{name}: {console.near(project.scripts[0])}")
        with nullcontext() if as_json else Progress() as listener:
            report = job.render(project, on_event=listener)
            works = None
            if can_assemble(project, report):
                works = job.assemble(project, on_event=listener)
        made.append(_Production(name, project, report, works))
        if not as_json and not _is_whole(report):
            show_failures(report)
        if report.interrupted or report.stopped_by:
            console.note(f"stopped; what is finished is kept. Go on with: {command_line(context)}")
            break
    if as_json:
        console.say_json([_figures(production) for production in made])
    else:
        _show(made)
    return _exit_code(made)


def _exit_code(made: list[_Production]) -> int:
    """The worst of all; a line whose best take is only doubtful does not spoil a demonstration."""
    return max(0 if _is_whole(each.report) else int(each.report.exit_code) for each in made)


def _is_whole(report: "RenderReport") -> bool:
    from gsvbatch.job import ExitCode

    if report.exit_code is not ExitCode.PARTIAL or report.plan.problems:
        return False
    return all(line.has_audio for line in report.failed)


def _show(made: list[_Production]) -> None:
    for production in made:
        project = production.project
        n_lines = len(production.report.plan.rows)
        console.say()
        console.say(
            f"{production.name}: {console.count(n_lines, 'line')} in {console.near(project.output)}"
        )
        for path, meaning in _files(production):
            console.say(f"  {console.near(path)}  {meaning}")
        doubtful = [line.line_id for line in production.report.failed]
        if doubtful:
            ids = console.shorten(", ".join(doubtful), 60)
            console.say(f"  not spoken well: {ids} (gsvbatch retake, then render, tries again)")
    audio = sum(production.report.audio for production in made)
    elapsed = sum(production.report.elapsed for production in made)
    console.say()
    if audio:
        console.say(
            f"{console.duration_text(audio)} of audio in {console.duration_text(elapsed)} "
            f"({audio / elapsed:.1f} x real time)"
        )
    else:
        console.say("everything was there already; change a script and run it again")
    first = made[0].project
    root = console.near(first.root)
    console.say(f"every line and its file:   gsvbatch ls -p {root}")
    console.say(f"the record of it (SQLite): {console.near(first.manifest_path)}")
    console.say(f"try: change a sentence in {console.near(first.scripts[0])},")
    console.say(f"     then gsvbatch plan -p {root}, and gsvbatch render -p {root}")


def _files(production: _Production) -> list[tuple[Path, str]]:
    """What to listen to, with what each file is."""
    from gsvbatch import job

    folder = production.project.output
    files: list[tuple[Path, str]] = []
    if production.works is not None:
        for work in production.works.works:
            path = folder / work.path
            files.append((path, f"{work.format}, {console.duration_text(work.duration)}"))
            files += [
                (subtitle, "subtitles")
                for suffix in (".srt", ".vtt", ".lrc")
                if (subtitle := path.with_suffix(suffix)).is_file()
            ]
    lines = [line for line in job.list_lines(production.project) if line.path]
    if lines:
        files.append((folder / lines[0].path, f"the first line, {lines[0].duration:.1f} s"))
    return files


def _figures(production: _Production) -> dict[str, object]:
    return {
        "name": production.name,
        "output": production.project.output,
        "exit_code": production.report.exit_code,
        "n_rendered": production.report.n_rendered,
        "audio": production.report.audio,
        "elapsed": production.report.elapsed,
        "failed": production.report.failed,
        "files": [path for path, _ in _files(production)],
    }
