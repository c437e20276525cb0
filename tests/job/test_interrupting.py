"""Ctrl-C in a terminal, which every process of the foreground group hears."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

INTERRUPTED = """
import json, os, signal, sys, threading, time
from pathlib import Path
from gsvbatch.audio import ffmpeg
from gsvbatch.job import render
from tests.job.tones import SETTINGS, ToneRunner, ToneSpeech, make_project

def press():
    while not ffmpeg._encoders:
        time.sleep(0.001)
    os.killpg(0, signal.SIGINT)

settings = SETTINGS.replace("format: wav", "format: mp3")
project = make_project(Path(sys.argv[1]), settings=settings)
threading.Thread(target=press, daemon=True).start()
report = render(project, runner=ToneRunner(ToneSpeech(delay=0.3)))
failed = [line.problem for line in report.failed]
print(json.dumps([report.interrupted, failed, report.n_rendered]))
"""


@pytest.mark.skipif(os.name != "posix", reason="process groups of POSIX")
def test_what_is_being_encoded_is_finished(tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, tmp_path],
        start_new_session=True,
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert finished.returncode == 0, finished.stderr
    is_interrupted, failed, n_rendered = json.loads(finished.stdout)
    assert (is_interrupted, failed) == (True, [])
    assert n_rendered == len(list(tmp_path.rglob("*.mp3"))) > 0
