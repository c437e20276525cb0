"""One suite over every script format: what must hold however a script is written down."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from gsvbatch.errors import ScriptError
from gsvbatch.script import FORMATS, assign_ids, read_script


@dataclass(frozen=True)
class Sample:
    """The same three lines in one format: the first with an id, the others without."""

    suffix: str
    text: str
    with_ids: str
    """The text after ids were assigned."""

    new_ids: tuple[str, str]
    first_id: str = "hi-1"


SAMPLES = {
    "markdown": Sample(
        ".md",
        "# 一\n\n甲：你好。 {#hi-1}\n\nIt is late,\nvery late.\n\n## 二\n\n甲：再见。 <!-- x -->\n",
        "# 一\n\n甲：你好。 {#hi-1}\n\nIt is late,\nvery late. {#c00-001}\n\n## 二\n\n甲：再见。 {#c01-001} <!-- x -->\n",
        ("c00-001", "c01-001"),
    ),
    "text": Sample(
        ".txt",
        "甲：你好。 #id:hi-1\n\u3000\u3000It is late, very late.\n\n# 二\n甲：再见。",
        "甲：你好。 #id:hi-1\n\u3000\u3000It is late, very late. {#c00-001}\n\n# 二\n甲：再见。 {#c01-001}",
        ("c00-001", "c01-001"),
    ),
    "yaml": Sample(
        ".yaml",
        "lines:  # all\n  - id: hi-1\n    speaker: 甲\n    text: 你好。\n  - text: It is late, very late.  # note\n\n  - 甲: 再见。\n",
        "lines:  # all\n  - id: hi-1\n    speaker: 甲\n    text: 你好。\n  - id: line-0001\n    text: It is late, very late.  # note\n\n"
        "  - id: line-0002\n    甲: 再见。\n",
        ("line-0001", "line-0002"),
    ),
    "csv": Sample(
        ".csv",
        'speaker,id,text,x\n甲,hi-1,你好。,1\n,"","It is late, very late.",\n甲,,再见。,  3\n',
        'speaker,id,text,x\n甲,hi-1,你好。,1\n,line-0001,"It is late, very late.",\n甲,line-0002,再见。,  3\n',
        ("line-0001", "line-0002"),
    ),
    "srt": Sample(
        ".srt",
        "1\n00:00:01,000 --> 00:00:02,000\n甲：你好。 {#hi-1}\n\n00:00:03,000 --> 00:00:04,000\nIt is late,\nvery late.\n\n"
        "00:00:05,000 --> 00:00:06,000\n甲：再见。\n",
        "1\n00:00:01,000 --> 00:00:02,000\n甲：你好。 {#hi-1}\n\n00:00:03,000 --> 00:00:04,000\nIt is late,\nvery late. {#line-0001}\n\n"
        "00:00:05,000 --> 00:00:06,000\n甲：再见。 {#line-0002}\n",
        ("line-0001", "line-0002"),
    ),
    "vtt": Sample(
        ".vtt",
        "WEBVTT\n\nhi-1\n00:01.000 --> 00:02.000\n<v 甲>你好。\n\n00:03.000 --> 00:04.000\nIt is late,\nvery late.\n\n"
        "00:05.000 --> 00:06.000\n甲：再见。\n",
        "WEBVTT\n\nhi-1\n00:01.000 --> 00:02.000\n<v 甲>你好。\n\nline-0001\n00:03.000 --> 00:04.000\nIt is late,\nvery late.\n\n"
        "line-0002\n00:05.000 --> 00:06.000\n甲：再见。\n",
        ("line-0001", "line-0002"),
    ),
}  # fmt: skip

each_format = pytest.mark.parametrize("name", SAMPLES)
NEWLINES = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}


def _write(folder: Path, name: str, data: bytes | str) -> Path:
    path = folder / f"script{SAMPLES[name].suffix}"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def test_every_registered_format_has_a_sample() -> None:
    assert {known.name for known in FORMATS} == set(SAMPLES)


@each_format
def test_lines_speakers_and_ids_are_read(tmp_path: Path, name: str) -> None:
    script = read_script(_write(tmp_path, name, SAMPLES[name].text))
    assert script.problems == ()
    assert script.format == name
    assert [(line.speaker, line.text) for line in script.lines] == [
        ("甲", "你好。"),
        (None, "It is late, very late."),
        ("甲", "再见。"),
    ]
    assert [line.id for line in script.lines] == ["hi-1", None, None]


@each_format
@pytest.mark.parametrize("newline", NEWLINES.values(), ids=NEWLINES)
def test_line_numbers_are_those_of_an_editor(tmp_path: Path, name: str, newline: str) -> None:
    text = SAMPLES[name].text
    rows = text.split("\n")
    script = read_script(_write(tmp_path, name, text.replace("\n", newline)))
    for line in script.lines:
        near = rows[line.line_number - 1 : line.line_number + 3]
        assert any(line.text[:3] in row for row in near), (line, near)


@each_format
@pytest.mark.parametrize("newline", NEWLINES.values(), ids=NEWLINES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_assigning_changes_only_the_places_of_ids(
    tmp_path: Path, name: str, newline: str, encoding: str
) -> None:
    sample = SAMPLES[name]
    path = _write(tmp_path, name, sample.text.replace("\n", newline).encode(encoding))
    assert assign_ids(path) == 2
    assert path.read_bytes() == sample.with_ids.replace("\n", newline).encode(encoding)
    assert [line.id for line in read_script(path).lines] == [sample.first_id, *sample.new_ids]
    assert list(tmp_path.iterdir()) == [path]


@each_format
def test_assigning_again_changes_nothing(tmp_path: Path, name: str) -> None:
    path = _write(tmp_path, name, SAMPLES[name].with_ids)
    before = path.stat().st_mtime_ns
    assert assign_ids(path) == 0
    assert path.stat().st_mtime_ns == before


@each_format
def test_ids_of_deleted_lines_are_not_given_again(tmp_path: Path, name: str) -> None:
    sample = SAMPLES[name]
    path = _write(tmp_path, name, sample.text)
    assign_ids(path, taken=sample.new_ids)
    ids = [line.id for line in read_script(path).lines]
    assert len(set(ids)) == 3
    assert not {*ids[1:]} & {*sample.new_ids}


@each_format
def test_a_doubled_id_names_both_lines(tmp_path: Path, name: str) -> None:
    sample = SAMPLES[name]
    path = _write(tmp_path, name, sample.with_ids.replace(sample.new_ids[0], "HI-1"))
    script = read_script(path)
    (problem,) = script.problems
    assert problem.line_number == script.lines[1].line_number
    assert f"line {script.lines[0].line_number}" in problem.problem
    assert "'HI-1' is taken" in problem.problem
    with pytest.raises(ScriptError, match="is taken"):
        assign_ids(path)


@each_format
def test_an_unsafe_id_is_a_problem_of_its_line(tmp_path: Path, name: str) -> None:
    sample = SAMPLES[name]
    script = read_script(
        _write(tmp_path, name, sample.with_ids.replace(sample.new_ids[1], "../evil"))
    )
    (problem,) = script.problems
    assert problem.line_number == script.lines[2].line_number
    assert "'/' is not allowed in file names" in problem.problem


@each_format
@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b" \r\n\t\n"])
def test_an_empty_script_is_one_clear_error(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(ScriptError, match="is empty; write at least one line"):
        read_script(_write(tmp_path, name, content))


@each_format
def test_the_format_can_be_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / "script.dat"
    path.write_text(SAMPLES[name].text, encoding="utf-8")
    assert [line.id for line in read_script(path, format=name).lines] == ["hi-1", None, None]


@each_format
def test_the_format_is_told_from_content(tmp_path: Path, name: str) -> None:
    path = tmp_path / "script.dat"
    path.write_text(SAMPLES[name].text, encoding="utf-8")
    # A text script with a "# heading" and without a suffix may as well be Markdown.
    assert read_script(path).format == ("markdown" if name == "text" else name)


@each_format
def test_private_use_and_control_characters_are_problems(tmp_path: Path, name: str) -> None:
    if name == "yaml":
        with pytest.raises(ScriptError, match="not valid YAML"):
            read_script(_write(tmp_path, name, SAMPLES[name].text.replace("再见", "再\x07见")))
    script = read_script(_write(tmp_path, name, SAMPLES[name].text.replace("再见", "再\ue000见")))
    (problem,) = script.problems
    assert "U+E000" in problem.problem
