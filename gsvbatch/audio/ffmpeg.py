"""The one door to ffmpeg: finding it, decoding with it, encoding with it.

Command lines are built with ffmpeg-python and hold no text of the user's: titles and lyrics may
be longer than a command line can be, and ffmpeg drops what it does not know without a word. All
tags are written by ``gsvbatch.audio.containers``.

Ctrl-C is for the process that was started by hand, which finishes what is being encoded: the
programs are kept out of its reach. They end with their pipes when that process is killed.
"""

import re
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, cast

import ffmpeg
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from gsvbatch.audio.formats import Chapter
from gsvbatch.errors import AudioFileError, ConfigError, StorageError
from gsvbatch.machine import APART, ctrl_c_held
from gsvbatch.units import Hertz

_SUN_HEADER = struct.Struct(">4sIIIII")
"""Magic, offset of the samples, their size, encoding, sample rate, channels."""

_STORAGE_WORDS = (
    "No space left",
    "Disk quota",
    "File too large",
    "Read-only file system",
    "Permission denied",
    "No such file or directory",
)
_encoders: "set[subprocess.Popen[bytes]]" = set()
"""At work now, in whatever thread: Ctrl-C is heard by the main thread alone, and nothing else that it
can reach knows the programs of the others."""

_SIZE_LIMIT_SIGNAL = -25  # SIGXFSZ on Linux and macOS: the account's limit on file size


def ffmpeg_path() -> Path:
    """Return the ffmpeg program: the system's, else the one installed with imageio-ffmpeg.

    Raises:
        ConfigError: if there is neither.
    """
    if found := shutil.which("ffmpeg"):
        return Path(found)
    try:
        return Path(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        if bundled := _bundled():
            return bundled
        raise ConfigError(
            "no ffmpeg found; install one from ffmpeg.org, or run: pip install imageio-ffmpeg"
        ) from error


@cache
def _bundled() -> Path | None:
    """The program inside imageio-ffmpeg, if it works.

    That package tries it out once, in reach of Ctrl-C; what it takes for broken then, it never tries again.
    """
    for program in sorted((Path(imageio_ffmpeg.__file__).parent / "binaries").glob("ffmpeg-*")):
        with suppress(OSError):
            tried = subprocess.run(  # noqa: S603
                [program, "-version"],
                capture_output=True,
                stdin=subprocess.DEVNULL,
                check=False,
                **APART,
            )
            if not tried.returncode:
                return program
    return None


def decode(path: Path) -> tuple[NDArray[np.float32], Hertz]:
    """Return the first audio stream of any file ffmpeg can open.

    Returns:
        Samples of shape ``(n_samples, n_channels)`` and their rate, which is the file's own.

    Raises:
        AudioFileError: if the file holds no audio that ffmpeg can decode.
    """
    # A Sun header carries rate and channels, and unlike WAV it may be of unknown length.
    output = ffmpeg.output(
        ffmpeg.input(_url(path)), "pipe:", format="au", acodec="pcm_f32be", map="0:a:0"
    )
    finished = subprocess.run(  # noqa: S603
        _command(output),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
        **APART,
    )
    data = finished.stdout
    if finished.returncode or len(data) < _SUN_HEADER.size:
        raise AudioFileError(path, f"not audio that can be decoded ({_reason(finished.stderr)})")
    _, offset, _, _, sample_rate, n_channels = _SUN_HEADER.unpack_from(data)
    n_samples = (len(data) - offset) // (4 * n_channels)
    samples = np.frombuffer(data, ">f4", n_samples * n_channels, offset)
    return samples.astype(np.float32).reshape(n_samples, n_channels), sample_rate


def encode(
    blocks: Iterable[NDArray[np.int16]],
    sample_rate: Hertz,
    target: Path,
    *,
    chapters: str | None = None,
    **options: str,
) -> None:
    """Encode 16-bit mono samples into a file.

    Args:
        blocks: Consecutive stretches of samples.
        sample_rate: Their rate, which is also the file's.
        target: File to write.
        chapters: FFMETADATA text with the chapters of the work.
        options: Output options of ffmpeg, such as ``format`` and ``acodec``.

    Raises:
        StorageError: if the disk is what stopped it.
        AudioFileError: if ffmpeg refused for another reason.
    """
    samples = ffmpeg.input("pipe:", format="s16le", ar=str(sample_rate), ac="1")
    output = ffmpeg.output(samples, _url(target), map_chapters="0" if chapters else "-1", **options)
    command = _command(output)
    with tempfile.TemporaryDirectory(prefix="gsvbatch-") as folder:
        if chapters:
            metadata = Path(folder) / "chapters.txt"
            metadata.write_text(chapters, encoding="utf-8", newline="\n")
            # By hand: ffmpeg-python would map a stream from this input, and it has none.
            command[1:1] = ["-f", "ffmetadata", "-i", _url(metadata)]
        with (Path(folder) / "log.txt").open("w+b") as log:
            with ctrl_c_held():
                process = subprocess.Popen(  # noqa: S603
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                    **APART,
                )
            _feed(process, blocks)
            log.seek(0)
            if process.returncode:
                raise _encoding_error(target, process.returncode, log.read())


def end_encoders() -> None:
    """End all encoders that are at work, for a user who does not want to wait for them.

    Their threads see them fail; what they were writing is not kept.
    """
    for process in tuple(_encoders):
        process.kill()


def chapter_metadata(chapters: Iterable[Chapter]) -> str:
    """Return FFMETADATA text for ``encode``, times in milliseconds."""
    lines = [";FFMETADATA1"]
    for chapter in chapters:
        title = re.sub(r"([=;#\\\n])", r"\\\1", chapter.title)
        lines += [
            "[CHAPTER]",
            "TIMEBASE=1/1000",
            f"START={round(chapter.start * 1000)}",
            f"END={round(chapter.end * 1000)}",
            f"title={title}",
        ]
    return "\n".join(lines) + "\n"


def _feed(process: subprocess.Popen[bytes], blocks: Iterable[NDArray[np.int16]]) -> None:
    """Write samples to the program's input and wait for it to end, whatever happens."""
    pipe = process.stdin
    assert pipe is not None  # opened by the caller
    _encoders.add(process)
    try:
        try:
            for block in blocks:
                pipe.write(block.astype("<i2", copy=False).tobytes())
            pipe.close()
        except OSError:
            # The program ended early (EINVAL on Windows); its exit status says why.
            with suppress(OSError):
                pipe.close()
        process.wait()
    except BaseException:
        process.kill()
        process.wait()
        with suppress(OSError):
            pipe.close()
        raise
    finally:
        _encoders.discard(process)


def _command(output: Any) -> list[str]:
    stream = output.global_args("-hide_banner", "-nostdin", "-loglevel", "error", "-y")
    return cast("list[str]", ffmpeg.compile(stream, cmd=str(ffmpeg_path())))


def _url(path: Path) -> str:
    """Return a path that ffmpeg takes for nothing else: no option, no protocol, no pattern."""
    return f"file:{path}"


def _reason(stderr: bytes) -> str:
    """Return ffmpeg's first complaint, without the addresses before it; the rest follows from it."""
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines()]
    complaints = [re.sub(r"^(\[[^\]]*\]\s*)+", "", line) for line in lines if line]
    complaints = [re.sub(r"file:\S*[/\\]", "", line) for line in complaints]
    return complaints[0] if complaints else "ffmpeg gave no reason"


def _encoding_error(target: Path, status: int, stderr: bytes) -> StorageError | AudioFileError:
    text = stderr.decode("utf-8", "replace")
    for words in _STORAGE_WORDS:
        if words in text:
            return StorageError(target, f"cannot be written: {words.lower()}")
    if status == _SIZE_LIMIT_SIGNAL:
        return StorageError(target, "cannot be written: file too large for this account's limit")
    return AudioFileError(target, f"ffmpeg could not encode it ({_reason(stderr)})")
