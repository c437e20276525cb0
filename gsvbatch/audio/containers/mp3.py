"""MP3: an ID3v2.4 tag before the frames."""

import shutil
from pathlib import Path

from gsvbatch.audio.containers import id3
from gsvbatch.audio.tags import Metadata

_HEADER = 10  # bytes


def write_metadata(source: Path, target: Path, metadata: Metadata) -> None:
    """Copy an MP3 file with its tag replaced; the audio frames stay byte for byte."""
    with source.open("rb") as reader, target.open("wb") as writer:
        reader.seek(id3.size(reader.read(_HEADER)))
        writer.write(id3.encode(metadata))
        shutil.copyfileobj(reader, writer, 1 << 20)


def read_metadata(path: Path) -> Metadata:
    """Return what the tag at the file's beginning says; nothing if there is none."""
    with path.open("rb") as file:
        header = file.read(_HEADER)
        return id3.decode(header + file.read(max(0, id3.size(header) - _HEADER)))
