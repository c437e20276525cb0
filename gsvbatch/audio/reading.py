"""Any audio file -> ``Waveform``: soundfile where it can, ffmpeg for the rest."""

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from gsvbatch.audio.ffmpeg import decode
from gsvbatch.audio.pcm import resample
from gsvbatch.data import Waveform
from gsvbatch.errors import AudioFileError
from gsvbatch.units import Hertz, Seconds

_CHECKED_SUFFIXES = frozenset({".wav", ".wave", ".flac", ".aif", ".aiff"})
"""Files that soundfile reads or nobody does: asking ffmpeg would hide why."""


def read_audio(path: Path, sample_rate: Hertz | None = None) -> Waveform:
    """Return the audio of a file, its channels averaged.

    Args:
        path: A file of any format that soundfile or ffmpeg can decode, video included.
        sample_rate: Rate to resample to; None keeps the file's own.

    Raises:
        AudioFileError: if the file is missing, empty, cut short, or not audio.
    """
    path = Path(path)
    samples, rate = _decode(path)
    if not len(samples):
        raise AudioFileError(path, "holds no audio: its length is 0 s")
    if not np.isfinite(samples).all():
        raise AudioFileError(path, "holds samples that are not numbers; export it again")
    mono = samples.mean(axis=1, dtype=np.float64).astype(np.float32)
    waveform = Waveform(mono, rate)
    return waveform if sample_rate is None else resample(waveform, sample_rate)


def audio_duration(path: Path) -> Seconds:
    """Return how long a file plays, from its header where that says so.

    Raises:
        AudioFileError: if the file is missing, empty, cut short, or not audio.
    """
    try:
        info = soundfile.info(path)
    except (soundfile.LibsndfileError, OSError):
        return read_audio(path).duration
    return float(info.duration)


def _decode(path: Path) -> tuple[NDArray[np.float32], Hertz]:
    """Return samples of shape ``(n_samples, n_channels)`` and their rate."""
    try:
        if path.is_dir():
            raise AudioFileError(path, "is a folder, not an audio file")
        n_bytes = path.stat().st_size
        with path.open("rb"):
            pass
    except FileNotFoundError as error:
        raise AudioFileError(path, "there is no such file") from error
    except OSError as error:
        raise AudioFileError(path, f"cannot be opened: {error.strerror}") from error
    if n_bytes == 0:
        raise AudioFileError(path, "the file is empty")
    _refuse_cut_wav(path, n_bytes)
    try:
        with soundfile.SoundFile(path) as file:
            samples = file.read(dtype="float32", always_2d=True)
            if len(samples) < file.frames < 1 << 62:
                raise AudioFileError(
                    path,
                    f"is cut short: {len(samples)} of {file.frames} samples are there; copy it again",
                )
            return samples, file.samplerate
    except soundfile.LibsndfileError as error:
        if path.suffix.lower() in _CHECKED_SUFFIXES and _is_known_header(path):
            raise AudioFileError(path, f"damaged or cut short ({error.error_string})") from error
        return decode(path)


def _is_known_header(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in (b"RIFF", b"RF64", b"fLaC", b"FORM")


def _refuse_cut_wav(path: Path, n_bytes: int) -> None:
    """Refuse a WAV whose header promises more bytes than there are.

    libsndfile reads such a file without a word; half a reference clip would become a voice.
    """
    with path.open("rb") as file:
        header = file.read(12)
        if len(header) < 12 or header[:4] != b"RIFF" or header[8:] != b"WAVE":
            return
        while len(chunk := file.read(8)) == 8:
            size = int.from_bytes(chunk[4:], "little")
            start = file.tell()
            # Programs that write to a pipe cannot know the size and put a limit value there.
            if chunk[:4] == b"data" and size < 0x7FFFFF00 and start + size > n_bytes:
                missing = start + size - n_bytes
                raise AudioFileError(path, f"is cut short by {missing} bytes; copy it again")
            file.seek(start + size + size % 2)
