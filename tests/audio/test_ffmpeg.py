"""Ctrl-C and kills, as the programs that encode see them."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from gsvbatch.audio import ffmpeg
from gsvbatch.errors import AudioFileError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="process groups of POSIX")

INTERRUPTED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from gsvbatch.audio import ffmpeg
heard = []
signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
def blocks():
    yield np.zeros(32000, np.int16)
    os.killpg(0, signal.SIGINT)  # as a terminal does
    yield np.zeros(32000, np.int16)
ffmpeg.encode(blocks(), 32000, Path(sys.argv[1]), format="mp3", acodec="libmp3lame")
assert heard
"""

ENDLESS = """
import sys, time
from pathlib import Path
import numpy as np
from gsvbatch.audio import ffmpeg
def blocks():
    yield np.zeros(32000, np.int16)
    print(*(process.pid for process in ffmpeg._encoders), flush=True)
    time.sleep(600)
ffmpeg.encode(blocks(), 32000, Path(sys.argv[1]), format="mp3", acodec="libmp3lame")
"""


def test_ctrl_c_does_not_reach_an_encoder(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    finished = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, path],
        start_new_session=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    samples, rate = ffmpeg.decode(path)
    assert len(samples) / rate == pytest.approx(2.0, abs=0.1)


def test_ctrl_c_does_not_reach_a_decoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = tmp_path / "session"
    code = "import os, pathlib, sys; pathlib.Path(sys.argv[1]).write_text(str(os.getsid(0)))"
    monkeypatch.setattr(ffmpeg, "_command", lambda _output: [sys.executable, "-c", code, said])
    with pytest.raises(AudioFileError):
        ffmpeg.decode(tmp_path / "a.mp3")
    assert int(said.read_text(encoding="utf-8")) != os.getsid(0)


def test_an_encoder_ends_with_the_process_that_was_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS, tmp_path / "a.mp3"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        (pid,) = map(int, process.stdout.readline().split())
        process.send_signal(signal.SIGKILL)
    assert has_ended(pid)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_encoder_ends_when_its_samples_do_not_come(
    error: type[BaseException], tmp_path: Path
) -> None:
    pids = []

    def blocks():  # type: ignore[no-untyped-def]
        yield np.zeros(32000, np.int16)
        pids.extend(process.pid for process in ffmpeg._encoders)
        raise error

    with pytest.raises(error):
        ffmpeg.encode(blocks(), 32000, tmp_path / "a.mp3", format="mp3", acodec="libmp3lame")
    assert len(pids) == 1
    assert has_ended(pids[0])
    assert not ffmpeg._encoders


def test_ctrl_c_while_an_encoder_finishes_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import sys, time; sys.stdin.buffer.read(); time.sleep(600)"
    monkeypatch.setattr(ffmpeg, "_command", lambda _output: [sys.executable, "-c", code])
    wait, pids = subprocess.Popen.wait, []

    def interrupted(process: "subprocess.Popen[bytes]", timeout: float | None = None) -> int:
        if not pids:
            pids.append(process.pid)
            raise KeyboardInterrupt
        return wait(process, timeout)

    monkeypatch.setattr(subprocess.Popen, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ffmpeg.encode([np.zeros(9, np.int16)], 32000, tmp_path / "a.mp3", format="mp3")
    assert has_ended(pids[0])


def has_ended(pid: int) -> bool:
    """Whether a process ends, or is somebody's zombie, within half a minute."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split()[2] == "Z":
                return True
        except ProcessLookupError:
            return True
        except OSError:
            pass  # no /proc here, or it has gone since
        time.sleep(0.05)
    with suppress(OSError):
        os.kill(pid, signal.SIGKILL)
    return False
