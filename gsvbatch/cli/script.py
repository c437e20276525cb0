"""``gsvbatch script``: check scripts, write ids into them, convert them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gsvbatch.cli import console
from gsvbatch.cli.exit_codes import BAD_INPUT, DONE
from gsvbatch.cli.options import Json, ProjectPath, Scripts, open_project

if TYPE_CHECKING:
    from gsvbatch.job.script_check import CheckedScript, ScriptCheck

CHECK_EXAMPLES = ("gsvbatch script check", "gsvbatch script check story.md bank.csv --json")
IDS_EXAMPLES = ("gsvbatch script ids story.md", "gsvbatch script ids")
CONVERT_EXAMPLES = (
    "gsvbatch script convert story.md story.csv",
    "gsvbatch script convert 台词.txt bank.yaml --encoding gb18030",
)


def check(scripts: Scripts = None, project: ProjectPath = None, as_json: Json = False) -> int:
    """Say what is in scripts, and everything that is wrong with them."""
    from gsvbatch.job.script_check import check_scripts

    found = check_scripts(open_project(project, scripts))
    if as_json:
        console.say_json(found)
    else:
        _show(found)
    return BAD_INPUT if found.problems else DONE


def _show(found: "ScriptCheck") -> None:
    for problem in found.problems:
        console.error(problem)
    for script in found.scripts:
        console.say(f"{console.near(script.path)}: {_contents(script)}")
    for remark in found.remarks:
        console.note(f"warning: {remark}")
    if found.voiceless:
        names = ", ".join(name or "(no speaker)" for name in found.voiceless)
        console.note(f"no voice yet for {names}: map them under speakers, or set default_voice")
    if found.problems:
        console.say(f"{console.count(len(found.problems), 'problem')} to mend")
    else:
        console.say("no problems")


def _contents(script: "CheckedScript") -> str:
    parts = [console.count(script.n_lines, "line")]
    if script.chapters:
        parts.append(console.count(len(script.chapters), "chapter"))
    speakers = ", ".join(f"{name} {n}" for name, n in script.speakers.items() if name)
    if speakers:
        parts.append(f"speakers: {speakers}")
    if script.n_without_id:
        parts.append(f"{script.n_without_id} without an id")
    parts.append(f"{script.format}, {script.encoding}")
    return "; ".join(parts)


def ids(scripts: Scripts = None, project: ProjectPath = None, as_json: Json = False) -> None:
    """Write ids into scripts for the lines that have none, so that editing keeps their files."""
    from gsvbatch.job.script_ids import write_ids

    for path, n_written in write_ids(open_project(project, scripts)).items():
        if as_json:
            console.say_json({"path": path, "n_written": n_written})
        else:
            console.say(f"{console.near(path)}: {console.count(n_written, 'id')} written")


def convert(
    source: Annotated[Path, typer.Argument(help="The script to read.", show_default=False)],
    target: Annotated[
        Path,
        typer.Argument(help="The file to write: .csv, .tsv, .yaml or .srt.", show_default=False),
    ],
    encoding: Annotated[
        str | None,
        typer.Option(help="Of the source, where detection errs.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the target.")] = False,
) -> None:
    """Write a script in another format, with all that it says."""
    from gsvbatch.errors import ConfigError
    from gsvbatch.job.source import known_names
    from gsvbatch.script import read_script, write_script

    if target.exists() and not force:
        raise ConfigError(f"{target}: exists; --force replaces it")
    script = read_script(source, encoding=encoding, known=known_names(open_project(None)))
    if script.problems:
        raise script.problems[0]
    write_script(target, script.lines, title=script.title, metadata=script.metadata)
    console.say(f"wrote {target} ({console.count(len(script.lines), 'line')})")
