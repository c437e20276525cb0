"""libsndfile writing through a Python file, so that a full disk keeps its name.

libsndfile swallows the errors of a virtual file and ffi prints them; the wrapper keeps the first
one and raises it where it can be caught.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from gsvbatch.errors import AudioFileError
from gsvbatch.units import Hertz


def write_blocks(
    target: Path,
    blocks: Iterable[NDArray[np.generic]],
    sample_rate: Hertz,
    container: str,
    subtype: str,
    compression: float | None = None,
) -> None:
    """Write mono samples with libsndfile.

    Args:
        target: File to write.
        blocks: Consecutive stretches of samples, each of shape ``(n_samples,)``, of the type
            that ``subtype`` stores (int16; int32 with 24 bits at the top; float32).
        sample_rate: Their rate.
        container: libsndfile's name of it: ``WAV``, ``FLAC``, ``OGG``.
        subtype: libsndfile's name of the codec: ``PCM_16``, ``OPUS`` ...
        compression: 0 least to 1 most, for codecs that know it.

    Raises:
        OSError: if the file cannot be written.
        AudioFileError: if libsndfile refuses for a reason of its own.
    """
    with target.open("w+b", buffering=1 << 20) as raw:
        guarded = _GuardedFile(raw)
        try:
            with soundfile.SoundFile(
                guarded,
                "w",
                sample_rate,
                1,
                subtype,
                format=container,
                compression_level=compression,
            ) as file:
                for block in blocks:
                    file.write(block)
                    if guarded.failure:
                        break
        except (soundfile.LibsndfileError, AssertionError) as error:
            if guarded.failure is None:
                raise AudioFileError(target, f"libsndfile could not encode it ({error})") from error
        if guarded.failure is not None:
            raise guarded.failure


class _GuardedFile:
    """A binary file whose methods never raise; the first error is kept."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self.failure: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            return self._raw.write(data)
        except OSError as error:
            self.failure = self.failure or error
            return 0

    def read(self, size: int = -1) -> bytes:
        try:
            return self._raw.read(size)
        except OSError as error:
            self.failure = self.failure or error
            return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return self._raw.seek(offset, whence)
        except OSError as error:
            self.failure = self.failure or error
            return 0

    def tell(self) -> int:
        return self._raw.tell()
