"""``gsvbatch new``: a project folder to begin with."""

import json
import locale
from enum import StrEnum
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from gsvbatch.assets import asset_folder
from gsvbatch.cli import console
from gsvbatch.errors import ConfigError

EXAMPLES = ("gsvbatch new my-book", "gsvbatch new 我的有声书 --language zh")


class TemplateLanguage(StrEnum):
    """Languages that the template is written in."""

    EN = "en"
    ZH = "zh"


def new(
    folder: Annotated[Path, typer.Argument(help="The folder to make.", show_default=False)],
    language: Annotated[
        TemplateLanguage | None,
        typer.Option(
            help="Of the template's script and comments; else that of the system.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Make a project to begin with: settings, a script, a README."""
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder}: is a file; name a folder that does not exist yet")
    if folder.is_dir() and any(folder.iterdir()):
        raise ConfigError(f"{folder}: not empty; name a folder that does not exist yet")
    template = asset_folder("template") / (language or _system_language())
    name = folder.resolve().name
    words = {
        "name": name,
        "quoted_name": json.dumps(name, ensure_ascii=False),  # JSON's quotes are YAML's, too
    }
    (folder / "voices").mkdir(parents=True, exist_ok=True)
    for source in sorted(template.iterdir()):
        text = Template(source.read_text(encoding="utf-8")).safe_substitute(words)
        (folder / source.name).write_text(text, encoding="utf-8", newline="\n")
    console.say(f"made {folder}")
    console.say(f"next: cd {folder}")
    console.say("      gsvbatch render")


def _system_language() -> TemplateLanguage:
    name = locale.getlocale()[0] or ""
    # "zh_CN" on Linux and macOS, "Chinese (Simplified)_China" on Windows
    return (
        TemplateLanguage.ZH if name.lower().startswith(("zh", "chinese")) else TemplateLanguage.EN
    )
