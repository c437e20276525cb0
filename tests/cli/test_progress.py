"""Progress is a bar on a terminal and plain lines elsewhere."""

import io
import sys

import pytest

from gsvbatch.cli.progress import Progress
from gsvbatch.job import Event, EventKind


def done(n: int, total: int, elapsed: float, kind: EventKind = EventKind.LINE_DONE) -> Event:
    return Event(
        kind,
        message="no end of speech" if kind is EventKind.LINE_FAILED else "",
        line_id=f"line-{n}",
        n_done=n,
        n_total=total,
        audio=n * 2.0,
        audio_total=total * 2.0,
        elapsed=elapsed,
    )


def test_lines_come_now_and_then_and_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        for n in range(1, 101):
            progress(done(n, 100, elapsed=n * 0.1))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[0] == "50/100 lines, 1 min 40 s of audio, 20.0 x real time, 5.0 s left"
    assert lines[-1] == "100/100 lines, 3 min 20 s of audio, 20.0 x real time"


def test_failures_are_told_at_once_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        progress(done(1, 2, 0.5, EventKind.LINE_FAILED))
        progress(done(2, 2, 1.0))
    assert capsys.readouterr().err.splitlines() == [
        "failed: line-1: no end of speech",
        "2/2 lines, 4.0 s of audio, 4.0 x real time, 1 failed",
    ]


def test_messages_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        progress(Event(EventKind.LOADING, message="loading the embedded model"))
        progress(Event(EventKind.PLANNED, message="12 lines to render"))
    assert capsys.readouterr().err == "loading the embedded model\n"


def test_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress() as progress:
        progress(done(1, 2, 0.5))
        progress(done(2, 2, 1.0))
    shown = terminal.getvalue()
    assert "2/2 lines" in shown
    assert "4.0 x real time" in shown
    assert "\r" in shown
