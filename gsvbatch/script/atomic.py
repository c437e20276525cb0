"""Replacing a script file in one step."""

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from gsvbatch.errors import StorageError


def replace_bytes(path: Path, data: bytes) -> None:
    """Write a file beside its target, flush it to disk, and move it into place.

    Links are followed and permissions kept. On Windows the move fails while another program, Excel most of all, holds
    the file open; the error says so.

    Raises:
        StorageError: The folder cannot be written, the disk is full, or the file is in use.
    """
    target = path.resolve()
    temporary: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(
            prefix=f".{target.name[:40]}.", suffix=".tmp", dir=target.parent
        )
        temporary = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o644)
        temporary.replace(target)
    except PermissionError as error:
        raise StorageError(
            path, f"cannot be written: {error.strerror}; is it open in another program?"
        ) from error
    except OSError as error:
        raise StorageError(path, f"cannot be written: {error.strerror or error}") from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
