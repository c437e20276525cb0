"""What this machine has to spare, memory and cores, and how programs are started on it.

Only guesses are built on what it has, never results.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")

_GROUP: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) | getattr(
    subprocess, "CREATE_NO_WINDOW", 0
)

APART: Mapping[str, Any] = {"creationflags": _GROUP} if _GROUP else {"start_new_session": True}
"""Settings of ``subprocess`` for a program that Ctrl-C does not reach: it is for the process that was started by
hand, which ends the others."""


@contextmanager
def ctrl_c_held() -> Iterator[None]:
    """Keep Ctrl-C from this thread, and for good from programs that it starts.

    ``APART`` alone leaves a moment: between its fork and its own session, the signal ends a program.
    """
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def usable_cores() -> int:
    """Cores that this process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on Windows, not on macOS
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def available_memory() -> int | None:
    """Bytes that can be taken without swapping; None where the system does not say."""
    with suppress(OSError, ValueError, IndexError, subprocess.SubprocessError):
        if sys.platform == "win32":
            return _of_windows()
        if sys.platform == "darwin":
            return _of_macos()
        return min(_of_linux(), _of_container())
    return None


def _of_linux() -> int:
    for line in _MEMINFO.read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    raise ValueError("no MemAvailable")


def _of_container() -> int:
    """What a container's limit leaves; no end where there is none."""
    with suppress(OSError, ValueError):
        limit = (_CGROUP / "memory.max").read_text(encoding="ascii")
        used = (_CGROUP / "memory.current").read_text(encoding="ascii")
        return max(0, int(limit) - int(used))  # "max" is no number
    return sys.maxsize


def _of_macos() -> int:
    """Pages that are free or can be at once, as `vm_stat` counts them."""
    said = subprocess.run(
        ["/usr/bin/vm_stat"], capture_output=True, encoding="ascii", check=True, timeout=5
    ).stdout
    head, *rows = said.splitlines()
    size = int(head.split("page size of")[1].split()[0])
    pages = dict(row.split(":") for row in rows if ":" in row)
    kinds = ("Pages free", "Pages inactive", "Pages speculative")
    return size * sum(int(pages.get(kind, "0").strip(" .")) for kind in kinds)


def _of_windows() -> int:
    class Status(ctypes.Structure):
        """MEMORYSTATUSEX."""

        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("total", "available", "total_page_file",
              "available_page_file", "total_virtual", "available_virtual", "extended")),
        )  # fmt: skip

    status = Status(length=ctypes.sizeof(Status))
    if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):  # type: ignore[attr-defined,unused-ignore]
        raise OSError("GlobalMemoryStatusEx failed")
    return int(status.available)
