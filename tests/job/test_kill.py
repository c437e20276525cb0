"""Real kills: a render in a process of its own, ended by the operating system at random moments."""

import multiprocessing
import random
import sys
import time
from pathlib import Path

import pytest

from gsvbatch.job import open_project, render, status
from tests.job.tones import (
    SETTINGS,
    ToneRunner,
    ToneSpeech,
    differences,
    make_project,
    snapshot,
)

N_KILLS = 20
N_LINES = 40
UTTERANCE = 0.02  # seconds that each takes to speak

SCRIPT = "id,speaker,text\n" + "".join(
    f"k{i:02d},{'Anna' if i % 3 else 'Ben'},This is line {i}. It goes on {'and on ' * (i % 4)}here.\n"
    for i in range(N_LINES)
)
SCRIPT += "".join(
    f"r{i},Anna,This is line {i}. It goes on {'and on ' * (i % 4)}here.\n" for i in (1, 2, 4)
)


def speak(root: Path) -> None:
    """One render, as the killed process runs it."""
    project = open_project(root / "gsvbatch.yaml")
    speech = ToneSpeech(UTTERANCE, stubborn={"line 7": 1, "line 8": 99})
    render(project, runner=ToneRunner(speech, cache=root / "cache"))


@pytest.mark.slow
def test_twenty_kills_change_nothing(tmp_path: Path) -> None:
    settings = SETTINGS.replace("preset: none", "preset: game")
    whole = make_project(tmp_path / "whole", script=SCRIPT, settings=settings)
    started = time.perf_counter()
    speak(whole.root)
    elapsed = time.perf_counter() - started
    expected = snapshot(whole)

    # A forked child has everything imported, so that the moments fall into the work itself.
    context = multiprocessing.get_context("spawn" if sys.platform == "win32" else "fork")
    moments = random.Random(1)  # noqa: S311 - a moment is no secret
    n_killed = n_jobs = 0
    while n_killed < N_KILLS:
        n_jobs += 1
        killed = make_project(tmp_path / f"killed-{n_jobs}", script=SCRIPT, settings=settings)
        n_done = 0
        is_through = False
        while n_killed < N_KILLS and not is_through:
            process = context.Process(target=speak, args=(killed.root,))
            process.start()
            process.join(moments.uniform(0, elapsed / 4))
            if process.exitcode is not None:
                assert process.exitcode == 0
                is_through = True
                continue
            process.kill()
            process.join()
            n_killed += 1
            now = status(killed)
            assert now.lines.get("done", 0) >= n_done  # what was finished stays finished
            n_done = now.lines.get("done", 0)
            # killed on its way out: rendering once more would try the failed line again
            is_through = bool(now.runs) and now.runs[0].status == "completed"
        if not is_through:
            speak(killed.root)
        assert differences(expected, snapshot(killed)) == []
