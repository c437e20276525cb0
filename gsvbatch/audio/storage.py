"""Files that appear whole or not at all.

A file is written under a temporary name in the folder of its target (so that the rename stays on
one filesystem), flushed to the disk, and renamed over the target. Whoever looks sees the old file
or the new one. After a kill, files named ``.gsvbatch-*.part`` may be left; they are never read.

Windows renames no file, and over no file, that another program holds: virus scanners hold new ones
for moments, players hold old ones as long as they play. The first is waited for; the second is a
`HeldFileError`, which tells a file that cannot be written from a folder that cannot.
"""

import errno
import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gsvbatch.errors import StorageError
from gsvbatch.units import Seconds

LEFTOVER_PATTERN = ".gsvbatch-*.part"
"""Names of what a killed process leaves behind."""

_BLOCK = 1 << 20  # bytes read at a time

_HELD_WAITS: tuple[Seconds, ...] = (0.05, 0.1, 0.2, 0.4, 0.75) if os.name == "nt" else ()
"""Between tries to rename a file that somebody holds: 1.5 s together. Elsewhere names and open files
have nothing to do with each other."""

_HELD = (errno.EACCES, errno.EPERM)
"""What Windows, and a share of it seen from elsewhere, says of a file that is held."""

_ADVICE = {
    errno.ENOSPC: "the disk is full; free some space and run again",
    errno.EDQUOT: "the disk quota is used up; free some space and run again",
    errno.EFBIG: "the file would be larger than this filesystem or account allows",
    errno.EROFS: "the disk is read-only; choose another output folder",
    errno.EACCES: "no permission to write here, or the file is open in another program",
    errno.EPERM: "no permission to write here, or the file is open in another program",
    errno.ENOENT: "the folder does not exist; create it first",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.EISDIR: "a folder of this name is in the way",
    errno.ENAMETOOLONG: "the file name is too long for this filesystem; shorten the line's id",
}


class HeldFileError(StorageError):
    """One file cannot be replaced, although others can be written beside it."""

    @classmethod
    def of(cls, path: Path) -> "HeldFileError":
        """The error for a file."""
        return cls(
            path,
            "cannot be replaced: another program holds it (a player, an editor or a virus scanner), "
            "or it is write-protected; close it there and run again; nothing is lost",
        )


def storage_error(path: Path, error: OSError) -> StorageError:
    """Return the error for the user that says what stopped ``path`` from being written."""
    problem = _ADVICE.get(error.errno or 0) or error.strerror or str(error)
    return StorageError(path, problem)


def temporary_sibling(path: Path) -> Path:
    """Return an unused name in the folder of ``path``.

    The name is short whatever the target's, so that a long but legal target stays legal.
    """
    return path.with_name(f".gsvbatch-{os.getpid()}-{secrets.token_hex(6)}.part")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path whose file replaces ``path`` when the block ends well.

    On any error the temporary file is removed and ``path`` is as it was.

    Raises:
        HeldFileError: if this file alone cannot be replaced, because another program holds it.
        StorageError: if the file cannot be written, flushed or renamed.
    """
    temporary = temporary_sibling(path)
    if not path.parent.is_dir():  # said here, before programs say it in their own ways
        raise storage_error(path, OSError(errno.ENOENT, "no folder"))
    try:
        yield temporary
        rename_patiently(temporary, path, flush=True)
        _flush_folder(path.parent)
    except OSError as error:
        raise storage_error(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def rename_patiently(temporary: Path, path: Path, *, flush: bool = False) -> None:
    """Rename a file over another in its folder; where others may hold either for a moment, wait for them.

    Args:
        temporary: The file, whose name goes.
        path: Its new name.
        flush: See to it first that what the file holds is on the disk.

    Raises:
        HeldFileError: Somebody holds this file for long.
        OSError: Whatever else is in the way.
    """
    for wait in (*_HELD_WAITS, None):
        try:
            if flush:
                _flush(temporary)
            temporary.replace(path)
        except PermissionError as error:
            if error.errno not in _HELD:
                raise
            if wait is not None:
                time.sleep(wait)
            elif path.is_dir() or not _takes_files(path.parent):
                raise
            else:
                raise HeldFileError.of(path) from error
        else:
            return


def write_text_atomically(path: Path, text: str) -> None:
    """Write UTF-8 text with its line ends as they are, whole or not at all.

    Raises:
        StorageError: if the file cannot be written.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(text.encode("utf-8", errors="replace"))


def remove_leftovers(folder: Path) -> int:
    """Remove temporary files that killed processes left in a folder; return how many.

    Call it only while no other process writes there.
    """
    leftovers = list(folder.glob(LEFTOVER_PATTERN))
    for leftover in leftovers:
        with suppress(OSError):
            leftover.unlink(missing_ok=True)
    return len(leftovers)


def sha256_file(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _takes_files(folder: Path) -> bool:
    """Whether a file can be made and renamed in a folder, as all of them have to be."""
    first, second = (temporary_sibling(folder / "any") for _ in range(2))
    try:
        first.touch()
        first.replace(second)
    except OSError:
        return False
    finally:
        for path in (first, second):
            with suppress(OSError):
                path.unlink(missing_ok=True)
    return True


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Make a rename itself durable; Windows has no such call and needs none."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network filesystems refuse to flush a folder
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
