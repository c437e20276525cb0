"""One storage module a container: ``write_metadata`` and ``read_metadata``.

Writing copies a freshly encoded file and puts tags, chapters and, last of all, the AI-generated
label into the copy. The audio is never touched. Reading takes any file of the kind, whoever
made it.
"""

from pathlib import Path
from typing import Protocol

from gsvbatch.audio.containers import flac, mp3, mp4, ogg, riff
from gsvbatch.audio.formats import AudioFormat
from gsvbatch.audio.tags import Metadata
from gsvbatch.errors import AudioFileError


class Container(Protocol):
    """What each module of this package offers."""

    def write_metadata(self, source: Path, target: Path, metadata: Metadata) -> None:
        """Copy ``source`` to ``target`` with its metadata replaced."""

    def read_metadata(self, path: Path) -> Metadata:
        """Return what the file says of itself."""


_CONTAINERS: dict[AudioFormat, Container] = {
    AudioFormat.WAV: riff,
    AudioFormat.FLAC: flac,
    AudioFormat.MP3: mp3,
    AudioFormat.OPUS: ogg,
    AudioFormat.M4A: mp4,
    AudioFormat.M4B: mp4,
}


def container(audio_format: AudioFormat) -> Container:
    """Return the storage of a format."""
    return _CONTAINERS[audio_format]


def detect_format(path: Path) -> AudioFormat:
    """Return the format of a file by its first bytes, whatever its name.

    Raises:
        AudioFileError: if the file is missing or of no format that holds tags.
    """
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except FileNotFoundError as error:
        raise AudioFileError(path, "there is no such file") from error
    except OSError as error:
        raise AudioFileError(path, f"cannot be opened: {error.strerror}") from error
    if head[:4] == b"RIFF" and head[8:] == b"WAVE":
        return AudioFormat.WAV
    if head[:4] == b"fLaC":
        return AudioFormat.FLAC
    if head[:4] == b"OggS":
        return AudioFormat.OPUS
    if head[4:8] == b"ftyp":
        return AudioFormat.M4B if head[8:11] == b"M4B" else AudioFormat.M4A
    if head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2):
        return AudioFormat.MP3
    raise AudioFileError(path, "not a WAV, FLAC, MP3, Ogg or M4A file")
