"""Texts read by processes of their own: the same phonemes, whatever happens to the processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from gsvbatch.errors import MarkupError
from gsvbatch.text import workers
from gsvbatch.text.frontend import Frontend
from gsvbatch.text.lexicon import Lexicon
from gsvbatch.text.worker import Text, read_text
from gsvbatch.text.workers import Readers, processes_that_pay

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

TEXTS = [
    Text(f"t{i}", text, None)
    for i, text in enumerate(
        [
            "Hello there.",
            "We met on the 3rd of May, 1999.",
            "a pause [pause:soon] that is none",
            "Good morning!",
        ]
        * 20
    )
]


def is_running(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be buried."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    if stat.exists():
        return (
            stat.read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()[0] != "Z"
        )
    return True


def wait_until_gone(pids: Sequence[int], patience: float = 60.0) -> list[int]:
    """Those that are still there in the end."""
    deadline = time.monotonic() + patience
    left = list(pids)
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = [pid for pid in left if is_running(pid)]
    return left


def test_processes_read_what_one_process_reads() -> None:
    frontend = Frontend("v2", Lexicon.empty())
    with Readers(frontend, 2) as readers:
        answers = {text.line_id: answer for text, answer in readers.read(TEXTS)}
        pids = readers.pids
    assert len(answers) == len(TEXTS)
    assert sum(isinstance(answer, MarkupError) for answer in answers.values()) == len(TEXTS) / 4
    for text in TEXTS:
        expected, answer = read_text(frontend, text), answers[text.line_id]
        if isinstance(expected, MarkupError):
            assert isinstance(answer, MarkupError)
            assert str(answer) == str(expected)
        else:
            assert answer == expected
    if sys.platform != "win32":
        assert wait_until_gone(pids) == []


@posix_only
def test_what_a_dead_process_leaves_comes_back_unread() -> None:
    with Readers(Frontend("v2"), 1) as readers:
        os.kill(readers.pids[0], signal.SIGKILL)
        answers = list(readers.read(TEXTS))
    assert [text for text, _ in answers] == TEXTS
    assert {answer for _, answer in answers} == {None}


def test_a_process_that_cannot_be_started_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(Path("no") / "such" / "python"))
    with Readers(Frontend("v2"), 2) as readers:
        assert [answer for _, answer in readers.read(TEXTS[:40])] == [None] * 40


@posix_only
def test_a_process_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "PATIENCE", 0.5)
    with Readers(Frontend("v2"), 1) as readers:
        os.kill(readers.pids[0], signal.SIGSTOP)
        assert {answer for _, answer in readers.read(TEXTS[:8])} == {None}
        pids = readers.pids
    assert wait_until_gone(pids) == []


PARENT = """
import sys, time
from gsvbatch.text.frontend import Frontend
from gsvbatch.text.worker import Text
from gsvbatch.text.workers import Readers

texts = [Text(str(i), "This goes on and on. " * 40, None) for i in range(100_000)]
with Readers(Frontend("v2"), 2) as readers:
    print(*readers.pids, flush=True)
    for _ in readers.read(texts):
        pass
"""


@posix_only
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_no_process_outlives_the_one_that_started_it(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="ascii",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        start_new_session=True,
    ) as parent:
        try:
            assert parent.stdout is not None
            pids = [int(pid) for pid in parent.stdout.readline().split()]
            time.sleep(1.0)
            assert all(map(is_running, pids))
            os.killpg(parent.pid, number)  # as a terminal does on Ctrl-C
            assert parent.wait(timeout=60) != 0
            assert wait_until_gone(pids) == []
        finally:
            parent.kill()


@pytest.mark.parametrize(
    ("n_texts", "loading", "per_text", "most", "expected"),
    [
        (10_000, 0.5, 0.002, None, 8),
        (10_000, 0.5, 0.002, 4, 4),
        (10_000, 0.5, 0.002, 0, 0),
        (10_000, 0.5, 0.002, 1, 0),
        (500, 0.5, 0.002, None, 0),  # a second altogether
        (10_000, 30.0, 0.002, None, 0),  # dictionaries would take longer
        (20, 0.5, 10.0, None, 0),  # one portion and a bit
    ],
)
def test_processes_are_used_where_they_pay(
    monkeypatch: pytest.MonkeyPatch,
    n_texts: int,
    loading: float,
    per_text: float,
    most: int | None,
    expected: int,
) -> None:
    monkeypatch.setattr(workers, "usable_cores", lambda: 8)
    monkeypatch.setattr(workers, "available_memory", lambda: 32 << 30)
    assert processes_that_pay(n_texts, loading, per_text, most=most) == expected


def test_processes_take_no_more_than_half_of_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "usable_cores", lambda: 8)
    monkeypatch.setattr(workers, "available_memory", lambda: 6 << 30)
    network = 1 << 30  # beside dictionaries
    assert processes_that_pay(10_000, 0.5, 0.02, most=None, extra_bytes=network) == 2
    assert processes_that_pay(10_000, 0.5, 0.02, most=None) == 7
