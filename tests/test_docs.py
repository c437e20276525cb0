"""The documentation says what is so: commands exist, pages are current, both languages are in step."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from gsvbatch.cli.app import app

ROOT = Path(__file__).parent.parent
PAGES = [*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs").glob("*.md"))]
TEMPLATES = sorted((ROOT / "gsvbatch" / "assets" / "template").glob("*/*"))

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]*)?\)")
_TREE: Any = typer.main.get_command(app)


def _commands(page: Path) -> Iterator[str]:
    """Every ``gsvbatch ...`` that a page tells the reader to type."""
    text = page.read_text(encoding="utf-8")
    for kind, block in _BLOCK.findall(text):
        if kind in {"sh", "console", "powershell"}:
            yield from (line for line in block.splitlines() if line.startswith("gsvbatch "))
    if page.name == "commands.md":
        yield from (line.strip() for line in text.splitlines() if line.startswith("    gsvbatch "))


def _leaves(command: Any, names: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not getattr(command, "commands", None):
        yield names, command
    for name, child in getattr(command, "commands", {}).items():
        yield from _leaves(child, (*names, name))


def _parse(words: list[str]) -> None:
    """Parse a command's words as the program would, without running it."""
    command = _TREE
    while getattr(command, "commands", None) and words and words[0] in command.commands:
        command, words = command.commands[words[0]], words[1:]
    assert not getattr(command, "commands", None), f"no such command: {words}"
    command.make_context(command.name, list(words))


@pytest.mark.parametrize(
    ("page", "line"),
    [
        pytest.param(page, line, id=f"{page.name}: {line}")
        for page in PAGES
        for line in dict.fromkeys(_commands(page))
    ],
)
def test_every_command_in_the_documentation_parses(page: Path, line: str) -> None:
    words = shlex.split(line.replace("\\", "\\\\"), comments=True)[1:]
    for joint in ("&&", "|", ">"):
        if joint in words:
            words = words[: words.index(joint)]
    if words not in (["--help"], ["-h"]):
        _parse(words)


@pytest.mark.parametrize("names", [names for names, _ in _leaves(_TREE)], ids=" ".join)
def test_every_command_has_help_and_examples_that_parse(names: tuple[str, ...]) -> None:
    command = dict(_leaves(_TREE))[names]
    assert command.help
    examples = [line.strip() for line in (command.epilog or "").splitlines() if "gsvbatch" in line]
    assert examples
    for line in examples:
        assert shlex.split(line)[1 : len(names) + 1] == list(names)
    for parameter in command.params:
        assert parameter.name == "help" or parameter.help, f"{names}: {parameter.name}"


def test_generated_pages_are_current() -> None:
    ran = subprocess.run(
        [sys.executable, ROOT / "tools" / "generate_commands.py", "--check"],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target, _ in _LINK.findall(page.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_readmes_are_in_step() -> None:
    english, chinese = (
        (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")
    )
    headings = [re.findall(r"^(#+) ", text, re.MULTILINE) for text in (english, chinese)]
    assert headings[0] == headings[1]
    for ours, theirs in zip(_BLOCK.findall(english), _BLOCK.findall(chinese), strict=True):
        assert ours[0] == theirs[0]
        if ours[0] == "sh":
            assert [_command_words(line) for line in ours[1].splitlines()] == [
                _command_words(line) for line in theirs[1].splitlines()
            ]
    # Names of files and URLs are the same; only the page about languages differs.
    links = [sorted({link for link, _ in _LINK.findall(text)}) for text in (english, chinese)]
    assert [link for link in links[0] if "README" not in link] == [
        link for link in links[1] if "README" not in link
    ]


def _command_words(line: str) -> list[str]:
    """The part of a command that does not depend on the reader's language."""
    return [word for word in shlex.split(line, comments=True) if word.isascii()][:2]


def test_readme_names_what_make_has() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(
        r"^make (\w+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.M
    ):
        assert f"\n{target}:" in makefile


@pytest.mark.parametrize("page", [*PAGES, *TEMPLATES], ids=lambda page: page.name)
def test_pages_are_finished(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for mark in ("TODO", "FIXME", "TBD", "@DEMO@", "@TEST@", "@NARRATOR@", "@SECOND@"):
        assert mark not in text
