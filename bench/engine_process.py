"""An engine in a process of its own (``worker.py``), as the driver sees it: tasks go in, answers come out.

Nothing that a worker does stops the driver: one that ends, hangs or falls short is left out from then on,
and ``problem`` says why.
"""

import contextlib
import json
import queue
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import workload

WORKER = Path(__file__).parent / "worker.py"
START_LIMIT = 300.0
"""Seconds a worker may take to load its weights, and genie-tts to convert them."""

SHORTFALL = 0.03
"""Part by which an answer may differ from what was asked. gsv-tts-lite looks at every fifth token only whether it has to
end; times are made per token, so that this favours nobody."""


@dataclass(frozen=True, slots=True)
class Task:
    """What all engines do in turn."""

    what: str
    """``decode`` or ``speak``."""

    batch: int
    """Lines at once."""

    def __str__(self) -> str:
        """As the tables name it."""
        return f"{self.what} {self.batch}"

    @property
    def size(self) -> int:
        """Tokens or samples that it makes."""
        if self.what == "decode":
            return self.batch * workload.N_TOKENS
        return self.batch * workload.N_TOKENS * workload.SAMPLES_PER_TOKEN


class Engine:
    """A worker and what it has answered."""

    def __init__(self, name: str, python: str, folder: Path, threads: int) -> None:
        """Start the process; ``prepare`` waits for it."""
        self.name = name
        self.problem = ""
        """Why it is left out; empty while it works."""

        self.versions: dict[str, str] = {}
        self.rounds: dict[str, dict[int, dict[str, float]]] = {}
        """By task and round: ``n`` made, seconds by the clock ``s``, processor seconds ``cpu``. Round 0 warms up."""

        self._log = folder / f"{name}.log"
        with self._log.open("w", encoding="utf-8") as log:  # a pipe would fill up, and block it
            self._process = subprocess.Popen(
                [python, str(WORKER), name, str(folder), str(threads)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
            )
        self._answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def can(self, task: Task) -> bool:
        """Whether it works and has such a mode."""
        has_mode = not (self.name == "genie-tts" and task.what == "decode" and task.batch > 1)
        return has_mode and not self.problem

    def prepare(self, batches: list[int]) -> None:
        """Let it load, and build what it needs for these batches: no task is charged for that."""
        ready = self._answer(START_LIMIT)
        if ready is not None:
            self.versions = ready["versions"]
            self._ask({"what": "prepare", "batches": batches}, START_LIMIT)

    def run(self, task: Task, round_: int, limit: float) -> None:
        """Do a task and note how long it took; ``limit`` is the most seconds by the clock."""
        answer = self._ask({"what": task.what, "batch": task.batch}, limit)
        if answer is None:
            return
        if abs(answer["n"] / task.size - 1) > SHORTFALL:
            self._fail(f"made {answer['n']:.0f} of {task.size} in {task}")
            return
        self.rounds.setdefault(str(task), {})[round_] = answer

    def close(self) -> None:
        """End the worker."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
            self._process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()

    def _ask(self, question: dict[str, Any], limit: float) -> dict[str, Any] | None:
        assert self._process.stdin is not None
        if self.problem:
            return None
        with contextlib.suppress(OSError):  # if it has ended, _listen says so
            print(json.dumps(question), file=self._process.stdin, flush=True)
        return self._answer(limit)

    def _answer(self, limit: float) -> dict[str, Any] | None:
        try:
            answer = self._answers.get(timeout=limit)
        except queue.Empty:
            self._fail(f"no answer within {limit:.0f} s")
            return None
        if not answer:
            log = self._log.read_text(encoding="utf-8", errors="replace")
            self._process.wait()
            self._fail(f"ended with {self._process.returncode}: {log[-1500:].strip()}")
            return None
        parsed: dict[str, Any] = json.loads(answer)
        return parsed

    def _fail(self, problem: str) -> None:
        self.problem = problem
        self._process.kill()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put("")
