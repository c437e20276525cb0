from pathlib import Path
from typing import Any

import pytest

from gsvbatch.config import PausesConfig
from gsvbatch.data import Line
from gsvbatch.job.records import Overrun
from gsvbatch.job.timeline import Spoken, lay_out
from gsvbatch.manifest import TakeRow, UtteranceRow

PAUSES = PausesConfig(line=0.5, speaker=0.75, chapter=1.5, start=1.0, end=2.0)


def spoken(
    line_id: str, duration: float, *, chapter: str = "", speaker: str = "Anna", **line: Any
) -> Spoken:
    take = TakeRow(
        line_id=line_id,
        number=1,
        variation=0,
        fingerprint="",
        **{
            f"part_{name}": ""
            for name in ("text", "phonemes", "voice", "models", "sampling", "seed", "audio", "tags")
        },
        frontend="",
        lexicon="",
        voice="high",
        seed=0,
        n_phonemes=1,
        path="",
        sha256="",
        n_bytes=0,
        sample_rate=16000,
        duration=duration,
        loudness=None,
        peak=None,
        verdict="ok",
        problems="[]",
        created_at="",
    )
    utterance = UtteranceRow(
        take_id=1,
        position=0,
        text=f"words of {line_id}",
        spoken_text="",
        start=0.1,
        duration=duration - 0.1,
        seed=0,
        attempts=1,
        n_tokens=1,
        stop_reason="end",
        verdict="ok",
        problems="[]",
    )
    written = Line(Path("s.md"), 1, "x", id=line_id, speaker=speaker, **line)
    return Spoken(line_id, written, chapter, take, [utterance])


@pytest.mark.parametrize(
    ("lines", "starts", "duration"),
    [
        ([spoken("a", 1)], [1.0], 4.0),
        ([spoken("a", 1), spoken("b", 1)], [1.0, 2.5], 5.5),
        ([spoken("a", 1), spoken("b", 1, speaker="Ben")], [1.0, 2.75], 5.75),
        ([spoken("a", 1, chapter="1"), spoken("b", 1, chapter="2")], [1.0, 3.5], 6.5),
        ([spoken("a", 1, pause_after=0.0), spoken("b", 1)], [1.0, 2.0], 5.0),
        (
            [spoken("a", 1, pause_after=0.25), spoken("b", 1, pause_before=1.0)],
            [1.0, 3.25],
            6.25,
        ),
        ([spoken("a", 1, pause_before=2.0, pause_after=3.0)], [3.0], 9.0),
        ([spoken("a", 1, start=5.0), spoken("b", 1, start=10.0)], [5.0, 10.0], 11.0),
        ([spoken("a", 3, start=5.0), spoken("b", 1, start=6.0)], [5.0, 8.0], 9.0),
    ],
)
def test_lines_stand_where_they_belong(
    lines: list[Spoken], starts: list[float], duration: float
) -> None:
    timeline = lay_out(lines, PAUSES)
    assert list(timeline.starts) == pytest.approx(starts)
    assert timeline.duration == pytest.approx(duration)


def test_overruns_are_told_in_milliseconds() -> None:
    timeline = lay_out(
        [spoken("a", 2.25, start=1.0, end=3.0), spoken("b", 1, start=4.0, end=5.0)], PAUSES
    )
    assert timeline.overruns == (Overrun("a", 250),)


def test_cues_show_what_was_written_when_it_is_heard() -> None:
    (cue,) = lay_out([spoken("a", 1)], PAUSES).cues(offset=10)
    assert (cue.text, cue.speaker) == ("words of a", "Anna")
    assert (cue.start, cue.end) == pytest.approx((11.1, 12.0))


def test_chapters_fill_the_work() -> None:
    timeline = lay_out(
        [
            spoken("a", 1, chapter="One"),
            spoken("b", 1, chapter="One"),
            spoken("c", 1, chapter="Two"),
        ],
        PAUSES,
    )
    one, two = timeline.chapters(offset=2.0, duration=20.0)
    assert (one.title, one.start, one.end) == ("One", 0.0, two.start)
    assert (two.start, two.end) == pytest.approx((2.0 + timeline.starts[2], 20.0))


def test_a_work_without_headings_has_no_chapters() -> None:
    assert lay_out([spoken("a", 1)], PAUSES).chapters(0.0, 3.0) == ()
