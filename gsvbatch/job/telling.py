"""Tells a listener how far the reading of texts is: now and then, and nothing if it is soon done."""

import time
from collections.abc import Callable

from gsvbatch.job.records import Event, EventKind, Listener
from gsvbatch.units import Seconds

TOLD_EVERY: Seconds = 2.0


def tell_reading(listener: Listener | None) -> Callable[[int, int], None]:
    """What `Phonemizer.read` is to tell, passed on to a listener at most every other second."""
    started = last = time.perf_counter()

    def tell(n_done: int, n_total: int) -> None:
        nonlocal last
        now = time.perf_counter()
        if listener is None or now - last < TOLD_EVERY:
            return
        last = now
        message = f"reading texts: {n_done}/{n_total}"
        listener(
            Event(
                EventKind.READING,
                message,
                n_done=n_done,
                n_total=n_total,
                elapsed=now - started,
            )
        )

    return tell
