"""Which reader a file gets, and scripts nobody meant as such."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gsvbatch.errors import ScriptError
from gsvbatch.script import FORMATS, SUFFIXES, Script, read_script
from gsvbatch.script.reading import read_text


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.MD", "text", "markdown"),
        ("a.markdown", "text", "markdown"),
        ("a.yml", "- a", "yaml"),
        ("a.TSV", "id\ttext\na\tb", "csv"),
        ("a", "just words", "text"),
        ("a.script", "# Heading\n\nwords", "markdown"),
        ("a.bak", "编号,台词\na,b", "csv"),
    ],
)
def test_formats_are_told(tmp_path: Path, name: str, text: str, expected: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_script(tmp_path / name).format == expected


@pytest.mark.parametrize("alias", ["md", ".md", "Markdown", "MARKDOWN"])
def test_formats_go_by_short_names(tmp_path: Path, alias: str) -> None:
    (tmp_path / "a.txt").write_text("# T\n\nx\ny\n", encoding="utf-8")
    assert [line.text for line in read_script(tmp_path / "a.txt", format=alias).lines] == ["x y"]


def test_unknown_formats_and_documents_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x", encoding="utf-8")
    (tmp_path / "a.docx").write_text("x", encoding="utf-8")
    with pytest.raises(ScriptError, match="there are csv, markdown, srt, text, vtt, yaml"):
        read_script(tmp_path / "a.txt", format="docx")
    with pytest.raises(ScriptError, match=r"\.docx files are not read; save it as"):
        read_script(tmp_path / "a.docx")


def test_suffixes_belong_to_one_format_each() -> None:
    assert len(SUFFIXES) == sum(len(known.suffixes) for known in FORMATS)


def _read_or_error(path: Path, data: bytes, name: str | None = None) -> Script | str:
    try:
        return read_text(path, data, format_name=name).script
    except ScriptError as error:
        return str(error)


_BITS = [
    "甲：",
    "[A|seed:1] ",
    "{#x}",
    "#id:y",
    "<!--",
    "-->",
    "```\n",
    "---\n",
    "# H\n",
    "|",
    '"',
    ",",
    "\t",
    "\r",
    "\n",
    "\n\n",
]
_BITS += [
    "00:00:01,000 --> 00:00:02,000\n",
    "WEBVTT\n",
    "lines:\n",
    "- ",
    "  ",
    "text: ",
    "id,text\n",
    "[pause:1]",
    "<<VOICE:m>>",
]
_BITS += [
    "**",
    "*",
    "`",
    "\\",
    "&a ",
    "*a",
    "{",
    "}",
    "[",
    "]",
    "你好",
    "word",
    "\u2028",
    "\x0c",
    "\0",
    "\ufeff",
    "９",
]


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from(_BITS) | st.text(max_size=3), max_size=14).map("".join),
    st.sampled_from([None, *(known.name for known in FORMATS)]),
)
def test_any_text_is_lines_or_one_clear_error(text: str, name: str | None) -> None:
    found = _read_or_error(Path("x"), text.encode("utf-8", "replace"), name)
    if isinstance(found, str):
        assert "\n" not in found
        return
    script = found
    assert script.lines or script.problems
    assert all(line.text.strip() and line.line_number >= 1 for line in script.lines)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=60))
def test_any_bytes_are_lines_or_one_clear_error(data: bytes) -> None:
    found = _read_or_error(Path("x.txt"), data)
    assert not isinstance(found, str) or "\n" not in found
