"""The registry of script formats, and how a file's own is told."""

import re
from pathlib import Path

from gsvbatch.errors import ScriptError
from gsvbatch.script.markdown import Markdown
from gsvbatch.script.plain_text import PlainText
from gsvbatch.script.source import ScriptFormat, Source
from gsvbatch.script.subtitles import Srt, Vtt
from gsvbatch.script.table import Table
from gsvbatch.script.yaml_script import Yaml

FORMATS: tuple[ScriptFormat, ...] = (Vtt(), Srt(), Table(), Yaml(), Markdown(), PlainText())
"""In the order in which a text of unknown kind is shown to them: the strictest first, plain text last."""

_ALIASES = {"md": "markdown", "txt": "text", "tsv": "csv", "yml": "yaml"}
_DOCUMENTS = re.compile(r"\.(docx?|xlsx?|pptx?|epub|pdf|odt|ods|rtf|html?|json|jsonl)")
SUFFIXES = frozenset(suffix for known in FORMATS for suffix in known.suffixes)
"""Endings of files that are scripts."""


def format_named(name: str, path: Path) -> ScriptFormat:
    """Return the format of a name that the user gave.

    Raises:
        ScriptError: There is none of that name.
    """
    wanted = name.casefold().removeprefix(".")
    wanted = _ALIASES.get(wanted, wanted)
    for known in FORMATS:
        if known.name == wanted:
            return known
    names = ", ".join(sorted(known.name for known in FORMATS))
    raise ScriptError(path, 0, f"no script format {name!r}; there are {names}")


def format_of(source: Source) -> ScriptFormat:
    """Return the format of a file: by its ending, and by its content where the ending says little.

    Raises:
        ScriptError: The ending is of a document that is not read.
    """
    suffix = source.path.suffix.lower()
    for known in FORMATS:
        if suffix in known.suffixes and not isinstance(known, PlainText):
            return known
    if _DOCUMENTS.fullmatch(suffix):
        raise ScriptError(
            source.path,
            0,
            f"{suffix} files are not read; save it as Markdown, CSV, YAML, SRT or plain text",
        )
    if suffix in PlainText.suffixes:
        # Spreadsheets and subtitle tools save .txt too; narration in .txt stays narration, hash signs and all.
        candidates: tuple[ScriptFormat, ...] = (Vtt(), Srt(), Table(), PlainText())
    else:
        candidates = FORMATS
    return next(known for known in candidates if known.matches(source))
