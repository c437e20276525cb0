"""Where the files of lines stand in the output folder, and how takes change places.

    lines/<name>.<suffix>          the take that is delivered; the name never changes
    takes/<line id>/<n>.<suffix>   other takes whose files are kept
    works/...                      assembled works

A delivered file is copied aside (as a link, where the disk can) before another take replaces it, so
that at every moment each kept take has a whole file, and a row that finds it. It is moved aside
before another line is delivered under its name, or under one that some system takes for the same.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gsvbatch.audio.storage import (
    LEFTOVER_PATTERN,
    rename_patiently,
    sha256_file,
    storage_error,
    temporary_sibling,
)
from gsvbatch.manifest import TakeRow
from gsvbatch.script import collision_key

LINES = "lines"
TAKES = "takes"
WORKS = "works"


def is_delivered(relative: str) -> bool:
    """Whether a path is that of a delivered file."""
    return relative.startswith(f"{LINES}/")


def is_same_place(one: str, other: str) -> bool:
    """Whether some system takes two paths for one: on Windows and macOS, case does not count."""
    return collision_key(one) == collision_key(other)


@dataclass(frozen=True, slots=True)
class OutputFolder:
    """An output folder; paths in and out are relative to it, with ``/``."""

    path: Path

    def line_path(self, name: str, suffix: str) -> str:
        """Where a line is delivered."""
        return f"{LINES}/{name}{suffix}"

    def take_path(self, take: TakeRow, delivered: str) -> str:
        """Where a take is kept while another one is delivered."""
        suffix = Path(take.path or delivered).suffix
        return f"{TAKES}/{take.line_id}/{take.number}{suffix}"

    def kept_path(self, take: TakeRow, delivered: str) -> str:
        """Where a take is delivered that is in another format than new ones: under its own suffix."""
        suffix = Path(take.path or delivered).suffix
        return PurePosixPath(delivered).with_suffix(suffix).as_posix()

    def absolute(self, relative: str) -> Path:
        """The path for the file system."""
        return self.path / relative

    def find(self, take: TakeRow, delivered: str, *, verify: bool = False) -> str | None:
        """Where a take's file is, whole; None if it is gone or another one stands there.

        Besides the place in its row, the place it is kept at is looked into, for a crash may have
        come between the file's move and the row's.
        """
        if take.path is None:
            return None
        for relative in dict.fromkeys((take.path, self.take_path(take, delivered))):
            if self._is_whole(self.absolute(relative), take, verify=verify):
                return relative
        return None

    def _is_whole(self, path: Path, take: TakeRow, *, verify: bool) -> bool:
        try:
            if path.stat().st_size != take.n_bytes:
                return False
            return not verify or sha256_file(path) == take.sha256
        except OSError:
            return False

    def keep_aside(self, take: TakeRow) -> None:
        """Give the take that is delivered a file of its own beside the delivered one.

        After a crash another take may stand in its place already; then nothing is copied.

        Raises:
            StorageError: It cannot be written.
        """
        assert take.path is not None  # a delivered take has a file
        source, aside = self.absolute(take.path), self.absolute(self.take_path(take, take.path))
        if self._is_whole(source, take, verify=True):
            self._copy(source, aside)

    def set_aside(self, take: TakeRow, *, is_changed: bool) -> None:
        """Move the file of the take that is delivered out of its place.

        What stands there is left if it is not this take, and so is the file that is aside already.

        Args:
            take: The take.
            is_changed: Whether what stands there is the take's although it is not whole.

        Raises:
            StorageError: It cannot be written.
        """
        assert take.path is not None  # a delivered take has a file
        source, aside = self.absolute(take.path), self.absolute(self.take_path(take, take.path))
        is_whole = self._is_whole(source, take, verify=True)
        if is_whole or (is_changed and not aside.exists()):
            self._copy(source, aside)
            self.remove(take.path)

    def is_aside(self, take: TakeRow) -> bool:
        """Whether a delivered take has a whole file beside the delivered one."""
        assert take.path is not None  # a delivered take has a file
        return self._is_whole(self.absolute(self.take_path(take, take.path)), take, verify=True)

    def remove_doubles(self, takes: Mapping[str, Sequence[TakeRow]]) -> None:
        """Remove files beside delivered ones whose take is whole where its row says."""
        paths = {(take.line_id, str(take.number)): take for of in takes.values() for take in of}
        for path in list(self.absolute(TAKES).glob("*/*")):
            relative = path.relative_to(self.path).as_posix()
            take = paths.get((path.parent.name, path.stem))
            if take is None or take.path in (None, relative):
                continue
            if self._is_whole(self.absolute(take.path or ""), take, verify=True):
                self.remove(relative)

    def deliver(self, source: str, delivered: str) -> None:
        """Put a copy of a file into the delivered place, at once.

        Raises:
            StorageError: It cannot be written.
        """
        self._copy(self.absolute(source), self.absolute(delivered))

    def remove(self, relative: str) -> None:
        """Delete a file, and its folder if that was the last one in it."""
        path = self.absolute(relative)
        with suppress(OSError):
            path.unlink(missing_ok=True)
        if path.parent.parent.name == TAKES:
            with suppress(OSError):
                path.parent.rmdir()

    def remove_leftovers(self) -> int:
        """Remove what killed processes left half written; returns how many files."""
        leftovers = [p for p in self.path.rglob(LEFTOVER_PATTERN) if p.is_file()]
        for leftover in leftovers:
            with suppress(OSError):
                leftover.unlink(missing_ok=True)
        return len(leftovers)

    def prepare(self) -> None:
        """Make the folders.

        Raises:
            StorageError: They cannot be made.
        """
        for name in (LINES, TAKES, WORKS):
            folder = self.path / name
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise storage_error(folder, error) from error

    def _copy(self, source: Path, target: Path) -> None:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary, is_copy = temporary_sibling(target), False
            try:
                try:
                    os.link(source, temporary)
                except OSError:  # no hard links here
                    shutil.copy2(source, temporary)
                    is_copy = True
                # rename() does nothing at all when both names are links to one file
                if target.exists() and target.samefile(temporary):
                    return
                # The source may go next, so to the disk with what is not the same file.
                rename_patiently(temporary, target, flush=is_copy)
            finally:
                with suppress(OSError):
                    temporary.unlink(missing_ok=True)
        except OSError as error:
            raise storage_error(target, error) from error
