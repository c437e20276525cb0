from dataclasses import replace

import pytest

from gsvbatch.errors import ConfigError
from gsvbatch.job import LineInfo, format_line
from gsvbatch.job.query import Query

LINE = LineInfo(
    id="ch1-012",
    script="story.md",
    line=12,
    chapter="第一章",
    speaker="旁白",
    voice="xiaoyu",
    language="zh",
    text="Hello there, 你好。",
    status="failed",
    verdict="failed",
    problem="ran on",
    take=2,
    takes=3,
    picked=False,
    duration=4.25,
    loudness=-16.5,
    seed=5,
    path="lines/ch1-012.flac",
    sha256="ab",
    attempts=3,
)


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("", True),
        ("speaker:旁白", True),
        ("speaker：旁白", True),
        ("speaker:旁", False),
        ("speaker~旁", True),
        ("speaker:旁*", True),
        ("status:failed speaker:旁白", True),
        ("status:done speaker:旁白", False),
        ("status:done , speaker:旁白", True),
        ("^status:done", True),
        ("-status:failed", False),
        ("duration:4..5", True),
        ("duration:..4", False),
        ("duration:4.25..", True),
        ("line:12", True),
        ("line:1", False),
        ("loudness:-17..-16", True),
        ("012", True),
        ("你好", True),
        ('"hello there"', True),
        ('text~"there, 你"', True),
        ("HELLO", True),
        ("goodbye", False),
        ("picked:no", True),
        ("picked:yes", False),
        ("id:ch?-*", True),
        ("chapter:第一章", True),
    ],
)
def test_a_query_matches_what_it_says(query: str, matches: bool) -> None:
    assert Query(query).matches(LINE) is matches


def test_brackets_in_a_pattern_are_themselves() -> None:
    line = replace(LINE, text="[sigh] fine")
    assert Query('text:"[sigh]*"').matches(line)
    assert not Query('text:"[sigh]*"').matches(LINE)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("spekaer:x", "no field 'spekaer'; did you mean 'speaker'"),
        ("zzz:x", "no field 'zzz'; known: id, script"),
        ('text~"open', "quotation mark is not closed"),
        ("status:done ,", "nothing on one side of a comma"),
        ("duration:4.25", "needs a range"),
    ],
)
def test_a_wrong_query_is_told(query: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Query(query)


def test_a_range_needs_a_number() -> None:
    with pytest.raises(ConfigError, match="speaker is text"):
        Query("speaker:2..5").matches(LINE)


def test_a_template_formats_fields() -> None:
    assert format_line(LINE, "{id} {duration:.1f} {speaker}") == "ch1-012 4.2 旁白"


@pytest.mark.parametrize(
    ("template", "message"),
    [("{idd}", "did you mean 'id'"), ("{duration:q}", "template"), ("{id", "template")],
)
def test_a_wrong_template_is_told(template: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        format_line(LINE, template)
