"""Digests of large files, remembered by the manifest while size and time are the same."""

from pathlib import Path

from gsvbatch.gsv.source import file_digest
from gsvbatch.manifest import Manifest


class FileDigests:
    """SHA-256 of model files; a gigabyte takes a second, and every plan asks for it.

    Args:
        manifest: Where they are kept between runs.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest

    def of(self, path: Path) -> str:
        """SHA-256 of a file, in hex.

        Raises:
            CheckpointError: It is missing or unreadable.
        """
        try:
            stat = path.stat()
        except OSError:
            return file_digest(path)  # says what is wrong
        key, state = f"digest of {path.resolve()}", f"{stat.st_size} {stat.st_mtime_ns} "
        known = self._manifest.meta(key)
        if known is not None and known.startswith(state):
            return known.removeprefix(state)
        sha = file_digest(path)
        if self._manifest.is_on_disk:
            self._manifest.put_meta(key, state + sha)
        return sha
