"""Options that several commands share, and how help shows examples."""

import os
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gsvbatch.errors import ConfigError

if TYPE_CHECKING:
    from gsvbatch.config import Trigger
    from gsvbatch.job import Project

ProjectPath = Annotated[
    Path | None,
    typer.Option(
        "--project",
        "-p",
        help="Project folder or its gsvbatch.yaml; else the nearest at or above this folder.",
        show_default=False,
    ),
]

Scripts = Annotated[
    list[Path] | None,
    typer.Argument(help="Script files; else those that the project names.", show_default=False),
]

Only = Annotated[
    str,
    typer.Option(
        "--only",
        help='Lines that match a query, such as "speaker:Anna chapter:2..4"; see ls --help.',
        show_default=False,
    ),
]

Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="A setting in place of the project's, such as audio.format=mp3; may be repeated.",
        show_default=False,
    ),
]

RerunOn = Annotated[
    str | None,
    typer.Option(
        "--rerun-on",
        metavar="CHANGES",
        help="Changes for which a line is rendered again, such as text,voice; else the project's.",
        show_default=False,
    ),
]

Force = Annotated[bool, typer.Option("--force", help="Render every line again, with its seed.")]

Verify = Annotated[
    bool, typer.Option("--verify", help="Compare the hash of every audio file, not only its size.")
]

NoCache = Annotated[
    bool,
    typer.Option("--no-cache", help="Neither use nor keep speech for lines that are said again."),
]

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")]

Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1 or mps.")]


def examples(*commands: str) -> str:
    """The end of a command's help: commands to copy, each as it is typed."""
    # A lone backspace tells typer not to re-wrap the paragraph.
    lines = "\n".join(f"  {command}" for command in commands)
    return f"\b\nExamples:\n{lines}"


def open_project(
    path: Path | None, scripts: list[Path] | None = None, settings: list[str] | None = None
) -> "Project":
    """The project that the options speak of.

    Raises:
        ConfigError: It is missing or wrong, or a setting is.
    """
    from gsvbatch import job

    return job.open_project(path, scripts=scripts or (), settings=read_settings(settings or []))


def cache_settings(*, no_cache: bool, cache_size: float | None = None) -> list[str]:
    """What the options about the cache say, as settings.

    Raises:
        ConfigError: They contradict one another.
    """
    if no_cache and cache_size is not None:
        raise ConfigError("--no-cache and --cache-size contradict one another; give one of them")
    size = 0.0 if no_cache else cache_size
    return [] if size is None else [f"engine.cache_size={size}"]


def read_settings(words: list[str]) -> dict[str, str | list[str]]:
    """``key=value`` words as settings; ``[a, b]`` is a list.

    Raises:
        ConfigError: A word has no ``=`` or no key.
    """
    settings: dict[str, str | list[str]] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key.strip():
            raise ConfigError(f"--set {word}: expected KEY=VALUE, such as audio.format=mp3")
        value = value.strip()
        if value.startswith("[") and value.endswith("]"):
            settings[key.strip()] = [
                part.strip() for part in value[1:-1].split(",") if part.strip()
            ]
        else:
            settings[key.strip()] = value
    return settings


def read_triggers(text: str | None) -> "tuple[Trigger, ...] | None":
    """``text,voice`` as triggers.

    Raises:
        ConfigError: There is no such trigger.
    """
    from gsvbatch.config import Trigger

    if text is None:
        return None
    known = [trigger.value for trigger in Trigger]
    words = [word.strip() for word in text.split(",") if word.strip()]
    for word in words:
        if word not in known:
            raise ConfigError(f"--rerun-on {word}: no such change; known: {', '.join(known)}")
    return tuple(Trigger(word) for word in words)


def command_line(context: typer.Context) -> str:
    """The command as it was typed, to be typed again."""
    words = ["gsvbatch", *(context.obj or [])]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
