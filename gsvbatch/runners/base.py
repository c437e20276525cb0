"""The role of a runner."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from gsvbatch.render.work import LineOutcome, LineWork, Stop


class Runner(Protocol):
    """Renders lines somewhere: in this process, or on many machines."""

    def run(self, works: Iterable[LineWork], stop: Stop = lambda: False) -> Iterator[LineOutcome]:
        """Yield one outcome per line, in whatever order they finish.

        Lines are drawn as there is room. When ``stop`` says so the rest is abandoned. The runner
        writes audio files, never the manifest.

        Raises:
            StorageError: A file cannot be written; what was finished was yielded before.
        """
        ...
