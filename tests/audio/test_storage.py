import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gsvbatch.audio import AudioFormat, Tags, read_tags, remove_leftovers, storage, write_audio
from gsvbatch.audio.storage import (
    HeldFileError,
    replacing,
    storage_error,
    write_text_atomically,
)
from gsvbatch.errors import StorageError


def test_a_file_appears_whole(tmp_path):
    path = tmp_path / "a.txt"
    with replacing(path) as temporary:
        temporary.write_text("new", encoding="utf-8")
        assert not path.exists()
        assert temporary.parent == tmp_path
    assert path.read_text(encoding="utf-8") == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_any_error_leaves_the_old_file(error, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")

    def interrupted():
        with replacing(path) as temporary:
            temporary.write_text("half", encoding="utf-8")
            raise error

    with pytest.raises(error):
        interrupted()
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("number", "words"),
    [(28, "disk is full"), (30, "read-only"), (13, "permission"), (36, "too long"), (5, "Input")],
)
def test_the_reason_is_said(number, words, tmp_path):
    if sys.platform != "linux":
        pytest.skip("error numbers of Linux")
    error = storage_error(tmp_path, OSError(number, os.strerror(number)))
    assert words in str(error)


def test_a_folder_in_the_way_is_said(tmp_path):
    path = tmp_path / "a"
    path.mkdir()
    with pytest.raises(StorageError, match="folder"):
        write_text_atomically(path, "x")


def test_text_keeps_its_line_ends(tmp_path):
    write_text_atomically(tmp_path / "a", "一\n二\n")
    assert (tmp_path / "a").read_bytes() == "一\n二\n".encode()


def refuse_renames(monkeypatch, *, error=errno.EACCES, times=1_000, only=None):
    """Let Windows' answer to a file that is held come from here; returns what was tried."""
    rename, tried = Path.replace, []

    def replace(source, target):
        if only is None or Path(target).name == only:
            tried.append(target)
            if len(tried) <= times:
                raise OSError(error, os.strerror(error), str(source))
        return rename(source, target)

    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(storage, "_HELD_WAITS", (0.0, 0.0))
    return tried


@pytest.mark.parametrize("error", [errno.EACCES, errno.EPERM])
def test_a_file_that_is_held_for_a_moment_is_waited_for(error, tmp_path, monkeypatch):
    tried = refuse_renames(monkeypatch, error=error, times=2)
    write_text_atomically(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text(encoding="utf-8") == "new"
    assert len(tried) == 3


@pytest.mark.parametrize("is_there", [True, False])
def test_a_file_that_stays_held_is_told_from_a_folder(is_there, tmp_path, monkeypatch):
    path = tmp_path / "a"
    if is_there:
        path.write_text("old", encoding="utf-8")
    tried = refuse_renames(monkeypatch, only="a")
    with pytest.raises(HeldFileError, match="another program holds it") as caught:
        write_text_atomically(path, "new")
    assert caught.value.path == path
    assert len(tried) == 3
    assert [file.read_text(encoding="utf-8") for file in tmp_path.iterdir()] == ["old"] * is_there


def test_a_folder_that_takes_no_files_is_not_a_held_file(tmp_path, monkeypatch):
    refuse_renames(monkeypatch)
    with pytest.raises(StorageError, match="permission") as caught:
        write_text_atomically(tmp_path / "a", "new")
    assert not isinstance(caught.value, HeldFileError)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_not_waited_for(tmp_path, monkeypatch):
    tried = refuse_renames(monkeypatch, error=errno.ENOSPC)
    with pytest.raises(StorageError, match="disk is full") as caught:
        write_text_atomically(tmp_path / "a", "new")
    assert not isinstance(caught.value, HeldFileError)
    assert len(tried) == 1


KILLED = """
import sys
from pathlib import Path
import numpy as np
from gsvbatch.audio import AudioFormat, Tags, write_audio
from gsvbatch.data import Waveform
samples = np.zeros(32000 * 20, np.float32)
sys.stdout.write("ready\\n")
sys.stdout.flush()
for number in range(10_000):
    write_audio(Path(sys.argv[1]), Waveform(samples, 32000), AudioFormat.WAV, Tags(take=number), label=None)
"""


def test_a_kill_leaves_a_whole_file_and_leftovers_that_can_be_removed(tmp_path, speak):
    path = tmp_path / "a.wav"
    write_audio(path, speak(0.1), AudioFormat.WAV, Tags(take=0), label=None)
    for wait in (0.02, 0.1):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        process.stdout.readline()
        time.sleep(wait)
        process.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert read_tags(path).take is not None
    remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == [path]
