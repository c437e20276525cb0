"""How far a training command is: a line now and then on stderr; and the text files that such commands read."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gsvbatch.cli import console
from gsvbatch.errors import ConfigError
from gsvbatch.units import Seconds

if TYPE_CHECKING:
    from gsvbatch.training.loop import Progress, Watch

_LINE_EVERY: Seconds = 10.0
"""Between two lines of progress."""


class Clock:
    """Says on stderr, now and then, how far it is and how long it takes."""

    def __init__(self, noun: str, n_total: int | None, budget: Seconds | None) -> None:
        self.noun, self.n_total, self.budget = noun, n_total, budget
        self._now = time.monotonic
        self._started = self._last = self._now()

    def tell(self, n_done: int, more: str, n_new: int | None = None) -> bool:
        """Say it if it is time to; return whether the budget allows to go on."""
        now = self._now()
        elapsed = now - self._started
        if now - self._last >= _LINE_EVERY:
            self._last = now
            of = "" if self.n_total is None else f"/{self.n_total}"
            left = self.left(n_done, n_done if n_new is None else n_new, elapsed)
            waits = "" if left is None else f"{console.duration_text(left)} left"
            console.note(", ".join(filter(None, (f"{n_done}{of} {self.noun}", more, waits))))
        return self.budget is None or elapsed < self.budget

    def left(self, n_done: int, n_new: int, elapsed: Seconds) -> Seconds | None:
        """Return the seconds until the end or the end of the budget; None if nobody can know."""
        waits = [] if self.budget is None else [max(0.0, self.budget - elapsed)]
        if self.n_total is not None and n_new:
            waits.append(max(0, self.n_total - n_done) * elapsed / n_new)
        return min(waits, default=None)


def watch_steps(
    n_steps: int, budget: Seconds | None, stop: Callable[[], bool], more: str = ""
) -> "Watch":
    """Return who is told of every step of a run, tells people, and ends the run when it is to stop."""
    clock = Clock("steps", n_steps, budget)

    def watch(progress: "Progress") -> bool:
        clock.tell(progress.step, more, progress.n_new)
        return not stop()

    return watch


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file, without blanks at either end.

    Raises:
        ConfigError: The file is missing, or not UTF-8.
    """
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text; save it as UTF-8") from error
