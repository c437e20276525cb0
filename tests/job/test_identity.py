from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gsvbatch.data import Line
from gsvbatch.job.identity import with_ids
from gsvbatch.manifest import LineRow


def lines(*texts: str) -> list[Line]:
    return [Line(Path("s.txt"), number, text) for number, text in enumerate(texts, start=1)]


def rows(named: tuple[Line, ...]) -> dict[str, LineRow]:
    return {
        line.id or "": LineRow(
            id=line.id or "",
            script="s.txt",
            line_number=line.line_number,
            position=position,
            speaker=line.speaker or "",
            voice="v",
            text=line.text,
            has_own_id=False,
        )
        for position, line in enumerate(named)
    }


def ids(before: list[str], after: list[str]) -> list[str | None]:
    known = rows(with_ids(lines(*before), "s", {}, ()))
    return [line.id for line in with_ids(lines(*after), "s", known, known)]


def test_lines_are_numbered_in_order() -> None:
    assert ids([], ["a", "b"]) == ["s-0001", "s-0002"]


def test_a_mended_line_keeps_its_id() -> None:
    assert ids(["a", "b", "c"], ["a", "B!", "c"]) == ["s-0001", "s-0002", "s-0003"]


def test_an_inserted_line_gets_the_next_free_number() -> None:
    assert ids(["a", "b"], ["a", "x", "b"]) == ["s-0001", "s-0003", "s-0002"]


def test_a_removed_lines_number_is_not_used_again() -> None:
    assert ids(["a", "b", "c"], ["a", "c", "d"]) == ["s-0001", "s-0003", "s-0004"]


def test_of_several_candidates_the_most_alike_keeps_the_id() -> None:
    before = ["first", "the quick brown fox jumps", "last"]
    after = ["first", "something else altogether", "the quick brown fox jumped", "last"]
    assert ids(before, after) == ["s-0001", "s-0004", "s-0002", "s-0003"]


def test_written_ids_are_never_given_again() -> None:
    named = with_ids([Line(Path("s.txt"), 1, "a", id="s-0001"), *lines("b")], "s", {}, {"S-0002"})
    assert [line.id for line in named] == ["s-0001", "s-0003"]


def test_a_stem_that_no_file_may_have_is_replaced() -> None:
    (line,) = with_ids(lines("a"), "  ", {}, ())
    assert line.id == "line-0001"


texts = st.lists(st.sampled_from(["a", "b", "c", "d", "hello there", "hello here"]), max_size=8)


@given(before=texts, after=texts)
def test_ids_are_unique_and_unchanged_scripts_keep_theirs(
    before: list[str], after: list[str]
) -> None:
    given_ids = ids(before, after)
    assert len(set(given_ids)) == len(given_ids)
    assert ids(before, before) == [f"s-{n:04d}" for n in range(1, len(before) + 1)]
