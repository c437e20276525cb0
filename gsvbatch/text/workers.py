"""Texts read by several processes at once, where that pays.

    texts -> portions -> [process, process, ...] -> answers, in any order

Each process has one portion at a time, so nothing piles up. A portion whose process dies, or does not answer, goes
back to the caller, who reads it himself: processes make a job faster, and can never stop it.

These are plain child processes over pipes, not `multiprocessing`: that imports the caller's main module once
more in every child, which a script without a guard does not survive, and leaves children behind that nobody ends
when the parent is killed.
"""

import json
import logging
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Queue
from threading import Thread
from types import TracebackType
from typing import Self, TypeAlias

from gsvbatch.machine import APART, available_memory, usable_cores
from gsvbatch.text.frontend import Frontend
from gsvbatch.text.worker import ReadText, Text
from gsvbatch.units import Seconds

logger = logging.getLogger(__name__)

PORTION = 16
"""Texts that a process is given at once: little to wait for at the end, and pipes cost next to nothing."""

PATIENCE: Seconds = 300.0
"""After which a process that has not answered is given up: dictionaries take seconds to load, a text
milliseconds."""

START: Seconds = 1.0
"""Until a new process can read its dictionaries."""

LEAST_SAVING: Seconds = 3.0
LARGEST_SHARE = 0.7
"""Processes must save so much, and take at most this share of the time without them: what is told from a few
texts is a guess."""

MOST_PROCESSES = 16
PROCESS_BYTES = 400 << 20
"""Of a process with all dictionaries."""

MEMORY_SHARE = 0.5
"""Of the memory that is free, for all processes together."""

_START_CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from gsvbatch.text.worker import main; main()"
)

Answer: TypeAlias = tuple[Text, ReadText | None]
"""A text and what it is spoken as; None if its process has failed."""


def processes_that_pay(
    n_texts: int, loading: Seconds, per_text: Seconds, *, most: int | None, extra_bytes: int = 0
) -> int:
    """How many processes should read texts; 0 if this one is as well off alone.

    Args:
        n_texts: That are still to be read.
        loading: What every process spends on dictionaries, as it was here.
        per_text: What a text takes after that.
        most: As the user has it; None is what cores and memory allow.
        extra_bytes: What a process needs beside dictionaries.
    """
    alone = n_texts * per_text
    if getattr(sys, "frozen", False) or not sys.executable:
        return 0  # there is no Python to start
    n = min(n_texts // PORTION, MOST_PROCESSES if most is None else most)
    if most is None:
        n = min(n, usable_cores())
        free = available_memory()
        if free is not None:
            n = min(n, int(free * MEMORY_SHARE) // (PROCESS_BYTES + extra_bytes))
    if n < 2:
        return 0
    together = START + loading + alone / n
    pays = alone - together >= LEAST_SAVING and together <= alone * LARGEST_SHARE
    return n if pays else 0


class Readers:
    """Processes that read texts with one frontend.

    Args:
        frontend: How texts are read; each process makes the same one of its own.
        n_processes: How many.
    """

    def __init__(self, frontend: Frontend, n_processes: int) -> None:
        self._readers = [_Reader(frontend) for _ in range(n_processes)]
        self._answers: Queue[tuple[Sequence[Text], list[ReadText] | None]] = Queue()
        self._portions: Queue[Sequence[Text] | None] = Queue()
        self._threads = [
            Thread(target=self._serve, args=(reader,), daemon=True) for reader in self._readers
        ]

    def __enter__(self) -> Self:
        for reader in self._readers:
            reader.start()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for _ in self._readers:
            self._portions.put(None)
        for reader in self._readers:
            reader.stop()
        for thread in self._threads:
            thread.join(timeout=5.0)
        for reader in self._readers:
            reader.close()

    @property
    def pids(self) -> tuple[int, ...]:
        """Of the processes that were started."""
        return tuple(r.process.pid for r in self._readers if r.process is not None)

    def read(self, texts: Sequence[Text]) -> Iterator[Answer]:
        """Yield every text with its answer, in any order; None for those that are left to the caller."""
        portions = [texts[start : start + PORTION] for start in range(0, len(texts), PORTION)]
        for portion in portions:
            self._portions.put(portion)
        for _ in portions:
            portion, answers = self._next()
            for i, text in enumerate(portion):
                yield text, None if answers is None else answers[i]

    def _next(self) -> tuple[Sequence[Text], list[ReadText] | None]:
        """A portion that is through; one that no process is left for counts as failed."""
        while True:
            try:
                return self._answers.get(timeout=1.0)
            except Empty:
                pass
            for reader in self._readers:
                if reader.is_late():
                    logger.warning("a process that reads texts does not answer; it is given up")
                    reader.stop()
            if not any(reader.is_alive for reader in self._readers):
                try:
                    portion = self._portions.get_nowait()
                except Empty:
                    continue  # the last answers are on their way
                if portion is not None:
                    return portion, None

    def _serve(self, reader: "_Reader") -> None:
        """Give a process portions until there are none, or it fails."""
        while (portion := self._portions.get()) is not None:
            answers = None
            try:
                answers = reader.ask(portion)
            finally:  # whatever happens, the caller waits for this portion
                reader.is_alive = answers is not None
                self._answers.put((portion, answers))
            if answers is None:
                return


@dataclass(slots=True)
class _Reader:
    """One process."""

    frontend: Frontend
    process: "subprocess.Popen[bytes] | None" = None
    is_alive: bool = True
    has_frontend: bool = False
    asked_at: Seconds | None = None
    """When it was given what it is at."""

    def start(self) -> None:
        """Start the process; one that cannot be started has failed."""
        try:
            self.process = subprocess.Popen(  # noqa: S603 - this very Python
                [sys.executable, "-c", _START_CODE, json.dumps(sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                **APART,
            )
        except OSError as error:
            logger.warning("no process to read texts can be started: %s", error)

    def ask(self, portion: Sequence[Text]) -> list[ReadText] | None:
        """Its answers; None if it has failed."""
        if self.process is None or self.process.stdin is None or self.process.stdout is None:
            return None
        self.asked_at = time.monotonic()
        try:
            if not self.has_frontend:
                self._tell(self.frontend)
                self.has_frontend = True
            self._tell(list(portion))
            answers: list[ReadText] = pickle.load(self.process.stdout)  # noqa: S301 - a child of ours
        except (
            OSError,
            EOFError,
            ValueError,
            TypeError,
            AttributeError,
            pickle.PickleError,
        ) as error:
            logger.warning("a process that reads texts has ended (%s)", type(error).__name__)
            return None
        finally:
            self.asked_at = None
        return answers

    def _tell(self, what: object) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        pickle.dump(what, self.process.stdin)
        self.process.stdin.flush()

    def is_late(self) -> bool:
        """Whether its answer should have come long ago."""
        asked_at = self.asked_at
        return asked_at is not None and time.monotonic() - asked_at > PATIENCE

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def close(self) -> None:
        """Close the pipes; nobody may be reading from them."""
        for pipe in (self.process.stdin, self.process.stdout) if self.process else ():
            with suppress(OSError):  # what was not written yet has nobody to go to
                if pipe is not None:
                    pipe.close()
