"""The role of a runner."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from gsvbatch.render.work import LineOutcome, LineWork


class Runner(Protocol):
    """Renders lines somewhere: in this process, or on many machines."""

    def run(self, works: Iterable[LineWork]) -> Iterator[LineOutcome]:
        """Yield one outcome per line, in whatever order they finish.

        Closing the iterator abandons what has not been finished. The runner writes audio files, never
        the manifest.
        """
        ...
