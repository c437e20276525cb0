"""One file over HTTP, resumable: what was fetched before a crash or a lost line is not fetched again.

The transfer is our own because huggingface_hub (as of 2.4) throws a partial file away when its process
ends, and 769 MB over a line that breaks twice an hour would never arrive.
"""

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from gsvbatch.audio.storage import storage_error
from gsvbatch.errors import DownloadError
from gsvbatch.units import Seconds

Progress = Callable[[int, int | None], None]
"""Bytes that are there, and how many there will be if that is known."""

_BLOCK = 1 << 18  # bytes read at a time
_TIMEOUT: Seconds = 30.0
_PAUSE: Seconds = 1.0
"""Before the first new attempt; doubled for each further one."""

_ATTEMPTS = 5
"""In a row without a single new byte."""


def transfer(
    url: str,
    part: Path,
    *,
    n_bytes: int | None = None,
    on_progress: Progress = lambda _done, _total: None,
    pause: Seconds = _PAUSE,
) -> None:
    """Fetch what is missing of a file into ``part``, trying again when the line breaks.

    Args:
        url: Redirections are followed.
        part: Its bytes are taken for the file's first ones; made if need be.
        n_bytes: Of the whole file, if known; a server that sends another number is not trusted.
        on_progress: Told after every block.
        pause: Seconds before trying again.

    Raises:
        DownloadError: The server refuses, cannot be reached, or sends another file.
        StorageError: ``part`` cannot be written.
    """
    n_vain = 0
    while True:
        before = _size(part)
        if n_bytes is not None and before >= n_bytes:
            if before > n_bytes:
                part.unlink()
                raise DownloadError(url, f"sent {before} bytes in place of {n_bytes}; try again")
            on_progress(before, n_bytes)
            return
        try:
            if _fetch(url, part, n_bytes, on_progress):
                return
            problem = "the connection ended early"
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code not in (408, 429):
                raise DownloadError(url, f"{error.code} {error.reason}") from error
            problem = f"{error.code} {error.reason}"
        except urllib.error.URLError as error:
            problem = str(error.reason)
        except (OSError, http.client.HTTPException) as error:
            problem = str(error) or type(error).__name__
        n_vain = 0 if _size(part) > before else n_vain + 1
        if n_vain >= _ATTEMPTS:
            raise DownloadError(
                url, f"{problem}; what has arrived is kept, give the same command again"
            )
        time.sleep(pause * 2 ** max(0, n_vain - 1))


def _fetch(url: str, part: Path, n_bytes: int | None, on_progress: Progress) -> bool:
    """One request; return whether the file is whole now."""
    start = _size(part)
    if not url.startswith(("http://", "https://")):
        raise DownloadError(url, "is no web address")
    request = urllib.request.Request(url, headers={"Accept-Encoding": "identity"})  # noqa: S310
    if start:
        request.add_header("Range", f"bytes={start}-")
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)  # noqa: S310 - checked above
    except urllib.error.HTTPError as error:
        if error.code == 416 and n_bytes is None:  # nothing behind what is there: it is whole
            return True
        raise
    with response:
        if response.status != 206:
            start = 0  # the server sends the file from its beginning
        length = response.headers.get("Content-Length")
        total = n_bytes if length is None else start + int(length)
        if n_bytes is not None and total != n_bytes:
            raise DownloadError(url, f"offers {total} bytes, where the file has {n_bytes}")
        done = _write(response, part, start, total, on_progress)
    return total is None or done == total


def _write(
    response: http.client.HTTPResponse,
    part: Path,
    start: int,
    total: int | None,
    on_progress: Progress,
) -> int:
    """Put what the server sends behind the first ``start`` bytes; return how many there are then."""
    done = start
    on_progress(done, total)
    with _open(part) as file:
        file.seek(start)
        file.truncate()
        while block := response.read(_BLOCK):
            try:
                file.write(block)
                file.flush()
            except OSError as error:
                raise storage_error(part, error) from error
            done += len(block)
            on_progress(done, total)
    return done


def _open(part: Path) -> BinaryIO:
    try:
        return part.open("r+b" if part.exists() else "wb")
    except OSError as error:
        raise storage_error(part, error) from error


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
