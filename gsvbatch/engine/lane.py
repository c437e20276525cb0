"""What is to be spoken, what is being spoken, and what is done, in order.

A device with streams of its own may be given batches ahead: their kernels run beside those of decoding, and
nobody waits for them. Otherwise a batch is spoken when its outcome is asked for, so that results come one by one.
A thread in place of the stream was measured, and was slower by a third than speaking in turn.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


class Work(Protocol):
    """Something that was started on a device."""

    def is_done(self) -> bool:
        """Whether its outcome is there without waiting."""


Batch = TypeVar("Batch")
Started = TypeVar("Started", bound=Work)

MAX_PENDING = 64
"""Batches in the lane. They are but token ids; still, decoding must not run away from speaking."""


@dataclass(slots=True)
class _Entry(Generic[Batch, Started]):
    batch: Batch
    started: Started | None = None
    has_failed: bool = False


class Lane(Generic[Batch, Started]):
    """Batches in, outcomes out in the same order."""

    def __init__(self, start: Callable[[Batch], Started | None], *, ahead: int) -> None:
        """Open a lane.

        Args:
            start: Starts a batch; None if there is no room for it.
            ahead: How many are started before their outcome is asked for.
        """
        self._start = start
        self._ahead = ahead
        self._entries: deque[_Entry[Batch, Started]] = deque()

    def put(self, batch: Batch) -> None:
        """Add a batch."""
        self._entries.append(_Entry(batch))
        self._advance()

    def has_outcome(self, *, wait: bool) -> bool:
        """Whether there is something to take now; with ``wait``, or where there is too much, by and by."""
        if not self._entries:
            return False
        self._advance()
        first = self._entries[0]
        if wait or not self._ahead or first.started is None or first.started.is_done():
            return True
        return len(self._entries) > MAX_PENDING

    def take(self) -> tuple[Batch, Started | None]:
        """The first batch and its work, which may have to be waited for; None if there was no room."""
        entry = self._entries.popleft()
        if entry.started is None and not entry.has_failed:
            entry.started = self._start(entry.batch)
        return entry.batch, entry.started

    def _advance(self) -> None:
        for entry in list(self._entries)[: self._ahead]:
            if entry.started is None and not entry.has_failed:
                entry.started = self._start(entry.batch)
                entry.has_failed = entry.started is None
