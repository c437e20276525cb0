"""What is written reads back as the same lines."""

import os
import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gsvbatch.data import Line
from gsvbatch.errors import StorageError, UserError
from gsvbatch.script import assign_ids, read_script, write_script

# Shared machines are slow at times; that is no fault of the code.
_CALM = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
_CHARACTERS = st.characters(
    codec="utf-8", exclude_categories=("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp")
)
_TEXTS = (
    st.text(
        _CHARACTERS | st.sampled_from(list("\",:：;|'\\#{}[]<>=-~*&%")), min_size=1, max_size=30
    )
    .map(str.strip)
    .filter(bool)
)
_NAMES = (
    st.text(st.sampled_from("甲乙丙AbC 7-'"), min_size=1, max_size=8)
    .map(str.strip)
    .filter(lambda n: any(c.isalpha() for c in n))
)
_TIMES = st.integers(0, 10_000_000).map(lambda ms: ms / 1000)
_OPTIONAL = _TEXTS | st.none()


@st.composite
def _lines(draw: st.DrawFn, *, timed: bool) -> list[Line]:
    ids = draw(
        st.lists(
            st.from_regex(r"[a-z0-9]{1,6}|srt-\d{4}", fullmatch=True),
            max_size=5,
            min_size=1,
            unique=True,
        )
    )
    lines = []
    for line_id in ids:
        start = draw(_TIMES)
        line = Line(Path("x"), 0, draw(_TEXTS), id=line_id, speaker=draw(_NAMES | st.none()))
        if timed or draw(st.booleans()):
            line = replace(
                line, start=start, end=round(start + draw(st.integers(1, 9999)) / 1000, 3)
            )
        if not timed:
            line = replace(
                line,
                voice=draw(_OPTIONAL),
                language=draw(st.sampled_from([None, "zh", "en", "fr"])),
                style=draw(_OPTIONAL),
                speed=draw(st.none() | st.floats(0.25, 4).map(lambda x: round(x, 6))),
                top_k=draw(st.none() | st.integers(1, 1024)),
                top_p=draw(st.none() | st.floats(0.01, 1).map(lambda x: round(x, 6))),
                temperature=draw(st.none() | st.floats(0.01, 5).map(lambda x: round(x, 6))),
                repetition_penalty=draw(st.none() | st.floats(1, 10).map(lambda x: round(x, 6))),
                seed=draw(st.none() | st.integers(0, 2**63 - 1)),
                pause_before=draw(st.none() | _TIMES.map(lambda t: t % 600)),
                pause_after=draw(st.none() | _TIMES.map(lambda t: t % 600)),
                chapter=draw(_OPTIONAL),
                notes=draw(_OPTIONAL),
                extra=draw(
                    st.fixed_dictionaries({"Quest": _TEXTS, "role": _TEXTS, "备注": _TEXTS})
                ),
            )
        lines.append(line)
    # One speaker has one spelling in a script; the reader sees to it.
    return [
        replace(line, speaker=line.speaker and " ".join(line.speaker.upper().split()))
        for line in lines
    ]


def _comparable(line: Line, number: int = 0) -> Line:
    return replace(
        line,
        path=Path("x"),
        line_number=number,
        text=" ".join(line.text.split()),
        extra=dict(line.extra),
    )


def _seconds(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _round(line: Line) -> Line:
    return replace(
        _comparable(line),
        pause_before=_seconds(line.pause_before),
        pause_after=_seconds(line.pause_after),
        start=_seconds(line.start),
        end=_seconds(line.end),
    )


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".yaml"])
@settings(max_examples=30, suppress_health_check=_CALM, deadline=None)
@given(lines=_lines(timed=False))
def test_tables_and_yaml_hold_every_field(tmp_path: Path, suffix: str, lines: list[Line]) -> None:
    path = tmp_path / f"out{suffix}"
    write_script(path, lines)
    script = read_script(path)
    assert script.problems == ()
    assert [_round(line) for line in script.lines] == [_round(line) for line in lines]


@settings(max_examples=30, suppress_health_check=_CALM, deadline=None)
@given(lines=_lines(timed=True))
def test_srt_holds_ids_times_speakers_and_texts_or_says_no(
    tmp_path: Path, lines: list[Line]
) -> None:
    path = tmp_path / "out.srt"
    try:
        write_script(path, lines)
    except (
        UserError
    ):  # a name that no way of writing brings back, told in test_names_that_srt_cannot_hold
        return
    script = read_script(path)
    assert script.problems == ()
    assert [_round(line) for line in script.lines] == [_round(line) for line in lines]


@pytest.mark.parametrize("speaker", ["pause", "[x]", "a|b"])
def test_names_that_srt_cannot_hold_are_told(tmp_path: Path, speaker: str) -> None:
    with pytest.raises(UserError, match="cannot be written in SRT; rename the speaker"):
        write_script(
            tmp_path / "out.srt",
            [Line(Path("x"), 1, "hi", id="a", speaker=speaker, start=0, end=1)],
        )


def test_a_text_that_looks_spoken_by_someone_stays_text_in_srt(tmp_path: Path) -> None:
    texts = ["小林：你好", "Tom: hi", "[Tom] hi", "【旁白】好"]
    write_script(
        tmp_path / "out.srt",
        [Line(Path("x"), 1, t, id=f"i{n}", start=n, end=n + 1) for n, t in enumerate(texts)],
    )
    assert [(line.speaker, line.text) for line in read_script(tmp_path / "out.srt").lines] == [
        (None, t) for t in texts
    ]


def test_a_table_for_excel_has_its_mark_and_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    write_script(path, [Line(Path("x"), 1, '甲说："好"', id="a", extra={"地图": "北"})])
    assert (
        path.read_bytes().decode("utf-8")
        == '\ufeffid,speaker,text,地图\r\na,,"甲说：""好""",北\r\n'
    )


def test_a_script_of_another_format_becomes_a_table(tmp_path: Path) -> None:
    story = tmp_path / "story.md"
    story.write_text("# 一\n\n甲：你好。\n\n[停顿1s]\n", encoding="utf-8")
    write_script(tmp_path / "story.csv", read_script(story).lines)
    (line,) = read_script(tmp_path / "story.csv").lines
    assert (line.speaker, line.text, line.chapter, line.pause_after) == ("甲", "你好。", "一", 1.0)


def test_title_and_metadata_are_kept_by_yaml(tmp_path: Path) -> None:
    path = tmp_path / "out.yaml"
    write_script(path, [Line(Path("x"), 1, "no")], title="on", metadata={"year": "007"})
    script = read_script(path)
    assert (script.title, dict(script.metadata), script.lines[0].text) == (
        "on",
        {"year": "007"},
        "no",
    )


def test_formats_that_are_not_written_are_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="csv, tsv, yaml or srt"):
        write_script(tmp_path / "out.md", [Line(Path("x"), 1, "hi")])
    with pytest.raises(UserError, match="no start and end"):
        write_script(tmp_path / "out.srt", [Line(Path("x"), 1, "hi", id="a")])
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Hello.\n", encoding="utf-8")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left on device"):
        assign_ids(path)
    assert path.read_text(encoding="utf-8") == "Hello.\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_links_and_permissions_stay(tmp_path: Path) -> None:
    path, link = tmp_path / "a.txt", tmp_path / "link.txt"
    path.write_text("Hello.\n", encoding="utf-8")
    path.chmod(0o640)
    link.symlink_to(path)
    assign_ids(link)
    assert link.is_symlink()
    assert "{#line-0001}" in path.read_text(encoding="utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
