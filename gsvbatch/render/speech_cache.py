"""Spoken utterances kept between jobs: a folder of entries, named by what they are, with a size limit.

    <folder>/ab/ab12...-cpu-float32.said

Any number of jobs may use a folder at once, and die at any moment. An entry appears whole, by a rename;
two jobs that write the same one write the same bytes. It is read with its digest, and dropped if that is
wrong, so nothing is flushed to the disk before its time. A use renews an entry's time; when there is no
more room, the longest unused go first. Whatever goes wrong here costs time and never a job.
"""

import logging
import os
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import platformdirs

from gsvbatch.audio.storage import LEFTOVER_PATTERN, storage_error, temporary_sibling
from gsvbatch.render.cache_entry import Spoken, decode_entry, encode_entry
from gsvbatch.units import Seconds

logger = logging.getLogger(__name__)

SUFFIX = ".said"

FOLDER_VARIABLE = "GSVBATCH_CACHE"
"""Environment variable that names another folder."""

MEMORY_BYTES = 64 * 2**20
"""What a job without a cache folder keeps for its own repeats: nine minutes at 32 kHz."""

_KEPT_SHARE = (
    0.9  # of the limit, after making room: or every entry would need a look at all of them
)
_BLIND_SHARE = 16  # part of the limit written between two looks at what other jobs have written
_LEFTOVER_AGE: Seconds = 3600.0  # after which a half-written file is nobody's any more

_DEVICE_FILE = "auto-device"


class Cache(Protocol):
    """What remembers spoken utterances."""

    def holds(self, key: str) -> bool:
        """Whether there is an entry, whole or not."""
        ...

    def get(self, key: str) -> Spoken | None:
        """An entry, if it is there and whole."""
        ...

    def put(self, key: str, spoken: Spoken) -> None:
        """Keep an entry, if there is room."""
        ...


class MemoryCache:
    """For one job only; the longest unused go first.

    Args:
        max_bytes: Of samples.
    """

    def __init__(self, max_bytes: int = MEMORY_BYTES) -> None:
        self._max_bytes = max_bytes
        self._n_bytes = 0
        self._entries: OrderedDict[str, Spoken] = OrderedDict()

    def holds(self, key: str) -> bool:
        """Whether there is an entry."""
        return key in self._entries

    def get(self, key: str) -> Spoken | None:
        """An entry, if it is still there."""
        spoken = self._entries.get(key)
        if spoken is not None:
            self._entries.move_to_end(key)
        return spoken

    def put(self, key: str, spoken: Spoken) -> None:
        """Keep an entry, if there is room."""
        if key in self._entries:
            return
        self._entries[key] = spoken
        self._n_bytes += spoken.waveform.samples.nbytes
        while self._n_bytes > self._max_bytes:
            _, dropped = self._entries.popitem(last=False)
            self._n_bytes -= dropped.waveform.samples.nbytes


class SpeechCache:
    """A folder of entries of one precision; see the module.

    Args:
        folder: Made when something is kept.
        max_bytes: Of all files in it, whatever their precision.
        precision: Whose entries are read and written, from `precision_name`.
    """

    def __init__(self, folder: Path, max_bytes: int, precision: str) -> None:
        self.folder = folder
        self._max_bytes = max_bytes
        self._precision = precision
        self._room = 0
        """Bytes that may be written before the next look at the folder."""

        self._is_writable = True

    def holds(self, key: str) -> bool:
        """Whether there is an entry, whole or not."""
        return self._path(key).is_file()

    def get(self, key: str) -> Spoken | None:
        """An entry, if it is there and whole; a damaged one is removed."""
        path = self._path(key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        try:
            spoken = decode_entry(key, content)
        except ValueError as error:
            logger.warning("%s: %s; removed", path, error)
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):  # somebody's read-only cache is of use, too
            os.utime(path)
        return spoken

    def put(self, key: str, spoken: Spoken) -> None:
        """Keep an entry, if there is room."""
        if not self._is_writable:
            return
        content = encode_entry(key, spoken)
        if len(content) > self._max_bytes:
            return
        path = self._path(key)
        temporary = temporary_sibling(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if len(content) > self._room:
                self._room = self._make_room(len(content))
            temporary.write_bytes(content)
            temporary.replace(path)
            self._room -= len(content)
        except PermissionError:  # on Windows, while another job reads the same entry
            if not path.is_file():
                self._give_up(path)
        except OSError:
            self._give_up(path)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)

    def _give_up(self, path: Path) -> None:
        """A disk that refused one entry would refuse the next thousand, and slowly."""
        self._is_writable = False
        logger.warning("%s cannot be written; nothing more is kept there", path.parent)

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}-{self._precision}{SUFFIX}"

    def _make_room(self, n_bytes: int) -> int:
        """Remove what is longest unused, if need be; returns how much may be written before the next look."""
        files = sorted(_files(self.folder), key=lambda file: file.used_at)
        total = sum(file.n_bytes for file in files)
        if total + n_bytes > self._max_bytes:
            for file in files:
                if total + n_bytes <= self._max_bytes * _KEPT_SHARE:
                    break
                with suppress(OSError):
                    file.path.unlink(missing_ok=True)
                    total -= file.n_bytes
        _remove_leftovers(self.folder)
        return max(n_bytes, min(self._max_bytes - total, self._max_bytes // _BLIND_SHARE))


@dataclass(frozen=True, slots=True)
class CacheFacts:
    """What is in a cache folder."""

    folder: Path
    n_entries: int
    n_bytes: int


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    n_bytes: int
    used_at: float


def cache_folder() -> Path:
    """Where spoken utterances are kept: in ``$GSVBATCH_CACHE``, else where this system keeps caches."""
    named = os.environ.get(FOLDER_VARIABLE, "")
    base = Path(named) if named else platformdirs.user_cache_path("gsvbatch", appauthor=False)
    return base / "speech"


def survey(folder: Path) -> CacheFacts:
    """Count what a cache folder holds; one that is not there holds nothing."""
    files = list(_files(folder))
    return CacheFacts(folder, len(files), sum(file.n_bytes for file in files))


def clear(folder: Path) -> CacheFacts:
    """Remove all entries; jobs that use the folder go on and fill it again.

    Returns:
        What was removed.

    Raises:
        StorageError: An entry cannot be removed.
    """
    n_entries = n_bytes = 0
    for file in list(_files(folder)):
        try:
            file.path.unlink(missing_ok=True)
        except OSError as error:
            raise storage_error(file.path, error) from error
        n_entries += 1
        n_bytes += file.n_bytes
    _remove_leftovers(folder)
    for part in list(folder.glob("??")):
        with suppress(OSError):  # another job put something into it
            part.rmdir()
    return CacheFacts(folder, n_entries, n_bytes)


def remember_device(folder: Path, device_type: str) -> None:
    """Note what ``auto`` was on this machine, so that a plan knows it without torch."""
    path = folder / _DEVICE_FILE
    with suppress(OSError):
        if remembered_device(folder) == device_type:
            return
        folder.mkdir(parents=True, exist_ok=True)
        temporary = temporary_sibling(path)
        temporary.write_text(device_type, encoding="utf-8")
        temporary.replace(path)


def remembered_device(folder: Path) -> str:
    """What ``auto`` was on this machine when it last rendered; empty if it never did."""
    try:
        return (folder / _DEVICE_FILE).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def _files(folder: Path) -> Iterator[_File]:
    """The entries there are; some may go while one looks."""
    for path in folder.glob(f"??/*{SUFFIX}"):
        with suppress(OSError):
            stat = path.stat()
            yield _File(path, stat.st_size, stat.st_mtime)


def _remove_leftovers(folder: Path) -> None:
    """Remove what killed jobs left half written; what is younger may belong to one that is at work."""
    for path in folder.glob(f"*/{LEFTOVER_PATTERN}"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _LEFTOVER_AGE:
                path.unlink(missing_ok=True)
