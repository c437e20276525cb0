"""One writer at a time: a lock file beside the manifest, and who holds it.

The lock is the operating system's, so it ends with the process that holds it, however that ends. The
holder's name stands in a second file, for Windows lets nobody read a locked one.
"""

import json
import os
import socket
import sys
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from gsvbatch.errors import ManifestError, StorageError

if TYPE_CHECKING:
    from filelock import FileLock


class HeadLock:
    """Keeps a second head out of an output folder.

    Raises:
        ManifestError: On entering, if another process holds it; the message names it.
        StorageError: On entering, if the folder cannot be written.
    """

    def __init__(self, manifest_path: Path) -> None:
        self.manifest_path = manifest_path
        self._holder_path = manifest_path.with_name(manifest_path.name + ".holder")

    @cached_property
    def _lock(self) -> "FileLock":
        from filelock import FileLock  # it brings asyncio along, which `status` can do without

        return FileLock(self.manifest_path.with_name(self.manifest_path.name + ".lock"))

    def __enter__(self) -> Self:
        from filelock import Timeout

        try:
            self.manifest_path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout as error:
            problem = f"in use by {self._holder()}; wait for it, or stop it"
            raise ManifestError(self.manifest_path, problem) from error
        except OSError as error:
            problem = error.strerror or str(error)
            raise StorageError(
                self.manifest_path.parent, f"cannot be written: {problem}"
            ) from error
        holder = {
            "process": os.getpid(),
            "machine": socket.gethostname(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])[:200],
        }
        with suppress(OSError):  # the name is a courtesy, the lock is what counts
            self._holder_path.write_text(json.dumps(holder, ensure_ascii=False), encoding="utf-8")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._holder_path.unlink(missing_ok=True)
        self._lock.release()

    def held_by(self) -> str:
        """Who holds the lock now, or an empty text."""
        if (
            not self._holder_path.exists()
        ):  # a kill leaves it behind, so its presence proves nothing
            return ""
        from filelock import Timeout

        try:
            with self._lock.acquire(timeout=0):
                return ""
        except Timeout:
            return self._holder()
        except OSError:
            return ""

    def _holder(self) -> str:
        try:
            holder = json.loads(self._holder_path.read_text(encoding="utf-8"))
            return (
                f"process {holder['process']} on {holder['machine']} "
                f"since {holder['since']} ({holder['command']})"
            )
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"
