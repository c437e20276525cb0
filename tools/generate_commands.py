"""Writes docs/commands.md from the program's own help, and the table of settings in docs/files.md.

python tools/generate_commands.py            write them
python tools/generate_commands.py --check    exit 1 if they are not current
"""

import argparse
import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo

import gsvbatch.config
from gsvbatch.cli.app import app
from gsvbatch.config import ProjectConfig
from gsvbatch.job import ExitCode

ROOT = Path(__file__).parent.parent
COMMANDS_PATH = ROOT / "docs" / "commands.md"
FILES_PATH = ROOT / "docs" / "files.md"
BEGIN, END = "<!-- settings: generated -->", "<!-- end of settings -->"
COLUMNS = 96

HEAD = """\
# Commands

This page is what `gsvbatch COMMAND --help` says, written by `tools/generate_commands.py`.

Results go to standard output; progress, advice and errors go to standard error. With `--json`,
standard output holds JSON and nothing else. An error is one line that begins with `error:`;
`--debug`, before or behind a command, shows the traceback as well. Colors are left out when
`NO_COLOR` is set or the output is no terminal.

## Exit codes
"""


def commands_page() -> str:
    """The whole of docs/commands.md."""
    tree = typer.main.get_command(app)
    parts = [HEAD, _exit_codes()]
    parts += [f"## {name}\n\n```text\n{text}\n```" for name, text in _helps(tree, ["gsvbatch"])]
    return "\n".join(parts[:1]) + "\n" + "\n\n".join(parts[1:]) + "\n"


def _exit_codes() -> str:
    meanings = _field_texts(Path(sys.modules[ExitCode.__module__].__file__ or ""))["ExitCode"]
    rows = [f"| {code.value} | {meanings[code.name]} |" for code in ExitCode]
    return "\n".join(["| code | meaning |", "| --- | --- |", *rows])


def _helps(command: Any, names: list[str], parent: Any = None) -> Iterator[tuple[str, str]]:
    """The command's name and help, then those of its sub-commands."""
    settings = {**command.context_settings, "max_content_width": COLUMNS}
    context = command.context_class(
        command, info_name=names[-1], parent=parent, terminal_width=COLUMNS, **settings
    )
    yield " ".join(names), "\n".join(line.rstrip() for line in context.get_help().splitlines())
    for name, child in getattr(command, "commands", {}).items():
        yield from _helps(child, [*names, name], context)


def settings_tables() -> str:
    """Every setting of gsvbatch.yaml: key, value, default, meaning."""
    package = Path(gsvbatch.config.__file__).parent
    texts = {
        name: fields
        for path in sorted(package.glob("*.py"))
        for name, fields in _field_texts(path).items()
    }
    parts = ["### Top level", _table(ProjectConfig, texts, "")]
    for name, field in ProjectConfig.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            parts += [
                f"### {name}",
                texts[section.__name__][""],
                _table(section, texts, f"{name}."),
            ]
    parts += [
        "### speakers",
        "Under each speaker's name: the name of a voice alone, or these keys.",
    ]
    parts.append(_table(gsvbatch.config.SpeakerConfig, texts, ""))
    return "\n\n".join(parts)


def _table(model: type[BaseModel], texts: dict[str, dict[str, str]], prefix: str) -> str:
    rows = ["| setting | value | default | meaning |", "| --- | --- | --- | --- |"]
    own = model.__annotations__
    for name, field in sorted(model.model_fields.items(), key=lambda item: item[0] not in own):
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            continue  # has its own table
        meanings = (texts.get(base.__name__, {}).get(name) for base in model.__mro__)
        meaning = next(filter(None, meanings), "").replace("``", "`")
        meaning = meaning.replace("None", "none")  # what the default column calls it
        aliases = _aliases(name, field)
        if aliases:
            meaning = f"{meaning} Also: {', '.join(f'`{alias}`' for alias in aliases)}.".strip()
        cells = (f"`{prefix}{name}`", _values(model, name), _default(field), meaning)
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def _aliases(name: str, field: FieldInfo) -> list[str]:
    if not isinstance(field.validation_alias, AliasChoices):
        return []
    return [str(choice) for choice in field.validation_alias.choices if choice != name]


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if field.is_required():
        return "required"
    if isinstance(value, tuple):
        return ", ".join(f"`{item}`" for item in value) or "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "none" if value in (None, "") or value == {} else f"`{value}`"


def _values(model: type[BaseModel], name: str) -> str:
    """What a setting may be, from the model's JSON schema."""
    schema = model.model_json_schema(by_alias=False)
    return _schema_text(schema["properties"][name], schema.get("$defs", {}))


def _schema_text(schema: dict[str, Any], definitions: dict[str, Any]) -> str:
    if "$ref" in schema:
        return _schema_text(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
    if "anyOf" in schema:
        kinds = [kind for kind in schema["anyOf"] if kind.get("type") != "null"]
        return " or ".join(_schema_text(kind, definitions) for kind in kinds)
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"one or a list of: {_schema_text(schema['items'], definitions)}"
    names = {"integer": "whole number", "boolean": "`true`, `false`", "string": "text"}
    kind = schema.get("type", "")
    text = "path" if schema.get("format") == "path" else names.get(kind, kind)
    if kind == "object" and schema.get("additionalProperties") == {"type": "string"}:
        return "words, each with a text"
    if kind == "object":
        return "names, each with a voice"
    return f"{text} {_range(schema)}".strip()


def _range(schema: dict[str, Any]) -> str:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if low is None and high is None:
        return ""
    above = "over " if "exclusiveMinimum" in schema else ""
    below = "under " if "exclusiveMaximum" in schema else ""
    if high is None:
        return above + str(low) if above else f"from {low}"
    return f"{above}{low} to {below}{high}"


def _field_texts(source: Path) -> dict[str, dict[str, str]]:
    """The string under each field of each class of a module; the class's own under ``""``."""
    texts: dict[str, dict[str, str]] = {}
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.ClassDef):
            continue
        fields = texts[node.name] = {"": " ".join((ast.get_docstring(node) or "").split())}
        for statement, following in zip(node.body, [*node.body[1:], None], strict=True):
            target = (
                getattr(statement, "target", None)
                or (getattr(statement, "targets", None) or [None])[0]
            )
            if isinstance(target, ast.Name) and isinstance(following, ast.Expr):
                value = getattr(following.value, "value", None)
                if isinstance(value, str):
                    fields[target.id] = " ".join(value.split())
    return texts


def files_page() -> str:
    """docs/files.md with its tables of settings renewed."""
    page = FILES_PATH.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{settings_tables()}\n\n{END}{after}"


def main() -> int:
    """Write both pages, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    is_check = parser.parse_args().check
    stale = 0
    for path, text in ((COMMANDS_PATH, commands_page()), (FILES_PATH, files_page())):
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        if is_check:
            print(f"{path.relative_to(ROOT)} is not current: run make docs", file=sys.stderr)
            stale = 1
        else:
            path.write_text(text, encoding="utf-8", newline="\n")
            print(f"wrote {path.relative_to(ROOT)}")
    return stale


if __name__ == "__main__":
    sys.exit(main())
