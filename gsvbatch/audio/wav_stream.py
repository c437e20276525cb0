"""Audio that is heard before it is whole: a WAV to a pipe or a growing file, written by a thread.

The thread keeps whoever speaks from waiting for whoever listens: a pipe holds a second, a listener takes a
minute for a minute.
"""

import threading
import time
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

import numpy as np
import soxr
from numpy.typing import NDArray

from gsvbatch.audio.containers import riff
from gsvbatch.audio.formats import AudioFormat, Encoding, delivered_rate
from gsvbatch.audio.label import AigcLabel
from gsvbatch.audio.pcm import to_int16
from gsvbatch.audio.tags import Metadata, Tags, flatten
from gsvbatch.data import Waveform
from gsvbatch.errors import StorageError


class WavStream:
    """One stream of 16-bit mono WAV, tags and label at its beginning.

    Args:
        sink: Where bytes go; flushed after every piece, and not closed here.
        name: Of the sink, for messages.
    """

    def __init__(self, sink: BinaryIO, name: Path) -> None:
        self._sink = sink
        self._name = name
        self._pieces: SimpleQueue[bytes | None] = SimpleQueue()
        self._error: OSError | ValueError | None = None
        self._resampler: soxr.ResampleStream | None = None
        self._rate = 0  # Hz; 0 before the first piece
        self._thread = threading.Thread(target=self._write_all, name="stream", daemon=True)
        self.first_written: float | None = None
        """When the first piece had been handed to the sink, by `time.perf_counter`; None before."""

    def write(
        self, waveform: Waveform, tags: Tags, label: AigcLabel | None, encoding: Encoding
    ) -> None:
        """Hand on a piece; all of a stream have one sample rate. Returns before it is written.

        Args:
            waveform: What comes next.
            tags: Of the whole; those of the first piece count.
            label: Likewise.
            encoding: Likewise, for its sample rate.

        Raises:
            StorageError: The sink could not take an earlier piece, or its reader has gone.
        """
        self._require_whole()
        if not self._rate:
            self._rate = delivered_rate(AudioFormat.WAV, waveform.sample_rate, encoding)
            if self._rate != waveform.sample_rate:
                self._resampler = soxr.ResampleStream(
                    waveform.sample_rate, self._rate, 1, "float32"
                )
            text = label.to_json() if label else None
            self._pieces.put(riff.stream_header(Metadata(flatten(tags), None, text), self._rate))
            self._thread.start()
        self._put(waveform.samples.astype(np.float32, copy=False))

    def finish(self) -> None:
        """Wait until everything is written.

        Raises:
            StorageError: The sink could not take it, or its reader has gone.
        """
        if self._rate:
            if self._resampler is not None:
                self._put(np.zeros(0, np.float32), is_last=True)
            self._pieces.put(None)
            self._thread.join()
        self._require_whole()

    def _put(self, samples: NDArray[np.float32], *, is_last: bool = False) -> None:
        if self._resampler is not None:
            samples = np.asarray(self._resampler.resample_chunk(samples, last=is_last), np.float32)
        if len(samples):
            self._pieces.put(to_int16(samples).astype("<i2").tobytes())

    def _write_all(self) -> None:
        """In the thread: write what comes until nothing more does, or the sink refuses."""
        is_header = True
        while (piece := self._pieces.get()) is not None:
            try:
                self._sink.write(piece)
                self._sink.flush()
            except (OSError, ValueError) as error:  # ValueError: it was closed
                self._error = error
                return
            if not is_header and self.first_written is None:
                self.first_written = time.perf_counter()
            is_header = False

    def _require_whole(self) -> None:
        if self._error is None:
            return
        if isinstance(self._error, OSError) and not isinstance(self._error, BrokenPipeError):
            raise StorageError(self._name, f"cannot be written: {self._error.strerror}")
        raise StorageError(self._name, "whoever was listening has gone")
