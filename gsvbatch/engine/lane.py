"""Where speaking happens: in this thread, or beside decoding in one of its own.

On a device with streams of its own the synthesizer works while the next tokens are decoded; processor
cores are busy with decoding as it is, and gain nothing.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Job = TypeVar("Job")
Outcome = TypeVar("Outcome")

MAX_PENDING = 64
"""Batches waiting in a lane of its own. They are but token ids; still, decoding must not run away from it."""


class Lane(Generic[Job, Outcome]):
    """Jobs in, outcomes out in the same order."""

    def __init__(self, work: Callable[[Job], Outcome], *, beside: bool) -> None:
        """Open a lane.

        Args:
            work: What is done with a job.
            beside: Whether it is done in a thread of its own; else it is done when it is asked for.
        """
        self._work = work
        self._executor = ThreadPoolExecutor(1, "speaking") if beside else None
        self._pending: deque[tuple[Job, Future[Outcome] | None]] = deque()

    def put(self, job: Job) -> None:
        """Add a job."""
        future = self._executor.submit(self._work, job) if self._executor else None
        self._pending.append((job, future))

    def has_outcome(self, *, wait: bool) -> bool:
        """Whether there is something to take now; with ``wait``, or where there are too many, by and by."""
        if not self._pending:
            return False
        future = self._pending[0][1]
        return wait or future is None or future.done() or len(self._pending) > MAX_PENDING

    def take(self) -> tuple[Job, Outcome]:
        """The first job and what became of it; waits for it, and raises what the work raised."""
        job, future = self._pending.popleft()
        return job, self._work(job) if future is None else future.result()

    def close(self) -> None:
        """Let go of what has not begun."""
        self._pending.clear()
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)
