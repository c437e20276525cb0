"""How far a long command is: a bar on a terminal, a line now and then elsewhere, both on stderr.

Both say the same four things: lines done, seconds of audio, speed against real time, time left.
"""

import sys
from types import TracebackType
from typing import Any, Self

from tqdm import tqdm

from gsvbatch.cli.console import duration_text, note
from gsvbatch.job import Event, EventKind
from gsvbatch.units import Seconds

_LINE_EVERY: Seconds = 5.0
"""Between two lines of a log; a job of hours should not fill a screen a minute."""

_TOLD = {
    EventKind.READING,
    EventKind.LOADING,
    EventKind.ASSEMBLING,
    EventKind.NOTE,
    EventKind.STOPPING,
}
"""Events whose message is shown as it is."""


class Progress:
    """A listener of a job's events that shows them to a person."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None
        self._last_line: Seconds = 0.0
        self._n_failed = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if event.kind is EventKind.LINE_FAILED:
            self._n_failed += 1
            note(f"failed: {event.line_id}: {event.message}")
        elif event.kind in _TOLD and event.message:
            note(event.message)
        if event.kind in {EventKind.LINE_DONE, EventKind.LINE_FAILED}:
            self._count(event)

    def _count(self, event: Event) -> None:
        figures = self._figures(event)
        if sys.stderr.isatty():
            bar = self._bar = self._bar or _new_bar(event.n_total)
            bar.set_postfix_str(figures, refresh=False)
            bar.update(event.n_done - bar.n)
        elif event.n_done == event.n_total or event.elapsed - self._last_line >= _LINE_EVERY:
            self._last_line = event.elapsed
            note(f"{event.n_done}/{event.n_total} lines, {figures}")

    def _figures(self, event: Event) -> str:
        parts = [f"{duration_text(event.audio)} of audio", f"{event.speed:.1f} x real time"]
        if self._n_failed:
            parts.append(f"{self._n_failed} failed")
        left = event.audio_total - event.audio
        if event.n_done < event.n_total and left > 0 and event.speed > 0:
            parts.append(f"{duration_text(left / event.speed)} left")
        return ", ".join(parts)


def _new_bar(n_total: int) -> "tqdm[Any]":
    return tqdm(
        total=n_total,
        unit="lines",
        file=sys.stderr,
        dynamic_ncols=True,
        bar_format="{n_fmt}/{total_fmt} {unit} |{bar}|{postfix}",
    )
