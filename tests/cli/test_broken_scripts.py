"""Broken scripts and settings: each problem is one clear line, before any voice is asked for."""

import codecs
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.conftest import BAD_INPUT, check_errors, write

LINE = "编号,台词\n"
"""Header of a small bank of lines."""


@dataclass(frozen=True)
class Broken:
    """Files of a project, a command, and what it must say."""

    name: str
    says: tuple[str, ...]
    """Parts of the error; all must be there."""

    script: str | bytes = "Hello.\n"
    file: str = "a.md"
    settings: str = ""
    words: tuple[str, ...] = ("script", "check")
    more: dict[str, str | bytes] = field(default_factory=dict)
    n_errors: int = 1


SCRIPTS = [
    Broken("empty script", ("a.md", "empty"), script=""),
    Broken("script of blanks", ("a.md", "empty"), script=" \n\t\n"),
    Broken("script of headings alone", ("a.md", "no line to speak"), script="# One\n\n## Two\n"),
    Broken("bytes of no encoding", ("a.txt",), script=b"\xff\xfe\x00", file="a.txt"),
    Broken("a program as a script", ("a.txt",), script=b"\x7fELF\x02\x01\x01\0\0\0", file="a.txt"),
    Broken("audio as a script", ("a.md", "audio"), script=b"RIFF\x24\0\0\0WAVEfmt "),
    Broken("a workbook as a script", ("a.csv", "zip"), script=b"PK\x03\x04\x14\0", file="a.csv"),
    Broken("a PDF as a script", ("a.txt", "PDF"), script=b"%PDF-1.7\n", file="a.txt"),
    Broken(
        "UTF-16 cut in the middle",
        ("a.txt",),
        script=codecs.BOM_UTF16_LE + "你好".encode("utf-16-le")[:-1],
        file="a.txt",
    ),
    Broken(
        "duplicate ids",
        ("a.csv:3", "'x1'", "line 2"),
        script=LINE + "x1,你好\nx1,再见\n",
        file="a.csv",
    ),
    Broken(
        "ids that differ in case alone",
        ("a.csv:3", "'X1'", "Windows"),
        script=LINE + "x1,你好\nX1,再见\n",
        file="a.csv",
    ),
    Broken(
        "an id that is a path",
        ("a.csv:2", "'../x'"),
        script=LINE + "../x,你好\n",
        file="a.csv",
    ),
    Broken(
        "an id with a drive",
        ("a.csv:2", "':'"),
        script=LINE + "C:x,你好\n",
        file="a.csv",
    ),
    Broken(
        "an id that Windows keeps for itself",
        ("a.csv:2", "'con'", "Windows"),
        script=LINE + "con,你好\n",
        file="a.csv",
    ),
    Broken(
        "an id far too long",
        ("a.csv:2", "characters"),
        script=LINE + "x" * 300 + ",你好\n",
        file="a.csv",
    ),
    Broken(
        "one id in two scripts",
        ("b.csv:2", "'x1'", "a.csv:2"),
        script=LINE + "x1,你好\n",
        file="a.csv",
        more={"b.csv": LINE + "x1,再见\n"},
        words=("script", "check", "a.csv", "b.csv"),
    ),
    Broken("a table without text", ("a.csv",), script="编号,角色\nx1,店主\n", file="a.csv"),
    Broken(
        "a word where a number belongs",
        ("a.csv:2", "fast"),
        script="text,speed\n你好,fast\n",
        file="a.csv",
    ),
    Broken(
        "a number out of range",
        ("a.csv:2", "-3"),
        script="text,pause_after\n你好,-3\n",
        file="a.csv",
    ),
    Broken(
        "a quote that never ends",
        ("a.csv:2", "quote"),
        script='text\n"你好\n再见\n',
        file="a.csv",
    ),
    Broken(
        "a row with too many cells",
        ("a.csv:2", "3 cells"),
        script="id,text\na,b,c\n",
        file="a.csv",
    ),
    Broken(
        "YAML that is none",
        ("a.yaml:3", "YAML"),
        script="lines:\n  - text: [unclosed\n",
        file="a.yaml",
    ),
    Broken(
        "YAML without lines",
        ("a.yaml", "lines:"),
        script="lnes:\n  - text: hello\n",
        file="a.yaml",
    ),
    Broken(
        "subtitles that run backwards",
        ("a.srt:2",),
        script="1\n00:00:05,000 --> 00:00:02,000\nHello.\n",
        file="a.srt",
    ),
]


MARKUP = [
    Broken("a mark within a mark", ("a.md:1", "column 8"), script="[en]Hi [zh]你好[/zh][/en]\n"),
    Broken("a mark never closed", ("a.md:1", "column 3", "never closed"), script="你好[en]Hi\n"),
    Broken("a syllable that does not exist", ("a.md:1", "qong2"), script="角(qong2)色\n"),
    Broken("a tone that does not exist", ("a.md:1", "jue7"), script="角(jue7)色\n"),
    Broken("another character's reading", ("a.md:1", "角"), script="角(ma1)色\n"),
    Broken("phonemes that do not exist", ("a.md:1", "QQ"), script="{SQL|/S QQ K W AH0 L/}\n"),
    Broken("a pause without an end", ("a.md:1",), script="你好[pause:1.5，再见\n"),
    Broken("a pause of an hour", ("a.md:1", "60"), script="你好[pause:3600]再见\n"),
]


SETTINGS = [
    Broken(
        "an unknown setting",
        ("gsvbatch.yaml:2", "sampling.tempo"),
        settings="sampling:\n  tempo: 2\n",
    ),
    Broken(
        "a setting of the wrong type",
        ("gsvbatch.yaml:1", "retries", "many"),
        settings="retries: many\n",
    ),
    Broken(
        "a setting out of range",
        ("gsvbatch.yaml:2", "top_k", "at least 1"),
        settings="sampling:\n  top_k: 0\n",
    ),
    Broken(
        "a format nobody writes",
        ("gsvbatch.yaml:2", "wma", "flac"),
        settings="audio:\n  format: wma\n",
    ),
    Broken("settings that are no YAML", ("gsvbatch.yaml", "YAML"), settings="a: [1\n"),
    Broken("settings that are a list", ("gsvbatch.yaml",), settings="- a\n- b\n"),
    Broken(
        "a setting given twice", ("gsvbatch.yaml:2", "twice"), settings="retries: 1\nretries: 2\n"
    ),
    Broken("a script that is not there", ("no.md",), settings="scripts: no.md\n"),
    Broken("no project at all", ("nowhere", "gsvbatch new"), words=("plan", "-p", "nowhere")),
    Broken("a folder as a script", ("folder",), words=("plan", "folder"), more={"folder/x.md": ""}),
    Broken(
        "an unknown word behind --set", ("--set", "KEY=VALUE"), words=("plan", "--set", "audio")
    ),
    Broken("an unknown key behind --set", ("audio.wow",), words=("plan", "--set", "audio.wow=1")),
    Broken("an unknown change", ("--rerun-on", "moon"), words=("plan", "--rerun-on", "moon")),
    Broken("a query of an unknown field", ("colour",), words=("ls", "colour:red")),
    Broken("a format of works nobody writes", ("wma",), words=("assemble", "--format", "wma")),
    Broken("works of no format", ("--format",), words=("assemble",)),
]


@pytest.mark.parametrize("case", [*SCRIPTS, *MARKUP, *SETTINGS], ids=lambda case: case.name)
def test_broken_input_is_one_clear_line(
    case: Broken, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(workplace / case.file, case.script)
    for name, content in case.more.items():
        write(workplace / name, content)
    settings = case.settings or f"scripts: {case.file}\n"
    write(workplace / "gsvbatch.yaml", settings)
    words = case.words
    if case.settings and words == ("script", "check"):
        words = ("plan",)
    errors = check_errors(capsys, words, BAD_INPUT, case.says)
    assert len(errors) == case.n_errors, errors
