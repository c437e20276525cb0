"""Ids: safe as file names, told apart everywhere, never given twice."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gsvbatch.data import Line
from gsvbatch.script import collision_key, new_ids, safe_id_problem
from gsvbatch.script.ids import check_ids
from gsvbatch.script.source import Problems

UNSAFE = [
    ("", "empty"),
    ("../up", "'/'"),
    ("a/b", "'/'"),
    ("a\\b", "'\\\\'"),
    ("/etc/passwd", "'/'"),
    ("C:x", "':'"),
    ("a?b", "'?'"),
    ("a*b", "'*'"),
    ('a"b', "not allowed"),
    ("a|b", "'|'"),
    ("<a>", "'<'"),
    (".", "dot"),
    ("..", "dot"),
    (".hidden", "dot"),
    ("end.", "dot"),
    ("end ", "space"),
    (" start", "space"),
    ("-rf", "option"),
    ("a#1", "'#'"),
    ("CON", "device"),
    ("con", "device"),
    ("nul.txt", "device"),
    ("COM1", "device"),
    ("lpt9.wav", "device"),
    ("com¹", "device"),
    ("a\0b", "U+0000"),
    ("a\nb", "U+000A"),
    ("a\u200bb", "U+200B"),
    ("a\u202eb", "U+202E"),
    ("x" * 101, "101 characters"),
    ("角" * 80, "200 bytes"),
]


@pytest.mark.parametrize(("line_id", "why"), UNSAFE)
def test_unsafe_ids_are_told_why(line_id: str, why: str) -> None:
    problem = safe_id_problem(line_id)
    assert problem is not None
    assert why in problem


@pytest.mark.parametrize(
    "line_id",
    ["intro-001", "c02-014", "店主-0001", "a.b_c", "CONSOLE", "com10", "x" * 100, "a b", "é"],
)
def test_safe_ids_pass(line_id: str) -> None:
    assert safe_id_problem(line_id) is None


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=120))
def test_a_safe_id_can_name_a_file(line_id: str) -> None:
    if safe_id_problem(line_id) is None:
        assert Path("folder", line_id).name == line_id
        assert Path("folder", line_id).parent == Path("folder")


def _lines(*rows: tuple[str | None, str | None]) -> list[Line]:
    return [
        Line(Path("s.md"), n, "text", id=i, chapter=c) for n, (i, c) in enumerate(rows, start=1)
    ]


def _problems(lines: list[Line]) -> list[str]:
    problems = Problems(Path("s.md"))
    check_ids(lines, problems)
    return [str(problem) for problem in problems.sorted()]


def test_ids_that_differ_by_case_or_accent_form_collide() -> None:
    found = _problems(
        _lines(("Café", None), ("cafe\u0301", None), ("straße", None), ("STRASSE", None))
    )
    assert len(found) == 2
    assert found[0].startswith("s.md:2: id 'cafe\u0301' is taken by line 1 as 'Café'")
    assert "line 3" in found[1]


def test_two_lines_may_not_want_one_output_file() -> None:
    lines = [Line(Path("s.md"), n, "text", output="hello") for n in (2, 3)]
    assert _problems(lines) == ["s.md:3: output name 'hello' is taken by line 2; give each its own"]


def test_ids_go_by_chapter_and_position() -> None:
    lines = _lines((None, None), (None, "A"), (None, "A"), (None, "B"))
    assert new_ids(lines) == ["c00-001", "c01-001", "c01-002", "c02-001"]
    assert new_ids(_lines((None, None), (None, None))) == ["line-0001", "line-0002"]


def test_an_inserted_line_renumbers_nothing() -> None:
    assert new_ids(_lines(("c01-001", "A"), (None, "A"), ("c01-002", "A"), ("c02-001", "B"))) == [
        "c01-003"
    ]


def test_an_inserted_chapter_takes_a_number_of_its_own() -> None:
    assert new_ids(_lines(("c01-001", "A"), (None, "new"), ("c02-001", "B"), (None, "B"))) == [
        "c03-001",
        "c02-002",
    ]


def test_gaps_are_not_filled() -> None:
    assert new_ids(_lines(("c01-005", "A"), (None, "A"))) == ["c01-006"]


def test_taken_ids_are_passed_over_whatever_their_case() -> None:
    assert new_ids(_lines((None, None)), taken=["LINE-0007"]) == ["line-0008"]


def test_foreign_ids_are_left_in_peace() -> None:
    assert new_ids(_lines(("intro", "A"), (None, "A"), ("shop_12", None))) == ["c01-001"]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.none()
            | st.from_regex(r"(c\d{1,2}-\d{1,3}|line-\d{1,4}|[a-z]{1,3})", fullmatch=True),
            st.none() | st.sampled_from("ABC"),
        ),
        max_size=12,
    ),
    st.lists(st.from_regex(r"c\d{1,2}-\d{1,3}", fullmatch=True), max_size=4),
)
def test_new_ids_are_safe_and_never_used_before(
    rows: list[tuple[str | None, str | None]], taken: list[str]
) -> None:
    lines = _lines(*rows)
    made = new_ids(lines, taken)
    known = {collision_key(i) for i in taken} | {
        collision_key(line.id) for line in lines if line.id
    }
    assert len(made) == sum(line.id is None for line in lines)
    assert len({collision_key(i) for i in made}) == len(made)
    assert not {collision_key(i) for i in made} & known
    assert all(safe_id_problem(i) is None for i in made)
