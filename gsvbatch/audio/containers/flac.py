"""FLAC: metadata blocks before the frames (RFC 9639, section 8)."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from gsvbatch.audio.containers import vorbis
from gsvbatch.audio.tags import Metadata
from gsvbatch.errors import AudioFileError

_MAGIC = b"fLaC"
_PADDING, _COMMENT, _PICTURE = 1, 4, 6  # block types
_LAST = 0x80
_LARGEST_BLOCK = (1 << 24) - 1  # bytes


def write_metadata(source: Path, target: Path, metadata: Metadata) -> None:
    """Copy a FLAC file with comments and picture replaced; the frames stay byte for byte.

    Raises:
        AudioFileError: if the source is no FLAC file or the texts exceed 16 MB.
    """
    with source.open("rb") as reader, target.open("wb") as writer:
        blocks = list(_blocks(reader, source))
        vendors = [vorbis.vendor_of(body) for kind, body in blocks if kind == _COMMENT]
        kept = [block for block in blocks if block[0] not in (_PADDING, _COMMENT, _PICTURE)]
        vendor = vendors[0] if vendors else b""
        kept.append((_COMMENT, vorbis.encode(metadata, vendor, with_cover=False)))
        if metadata.cover is not None:
            kept.append((_PICTURE, vorbis.picture_block(metadata.cover)))
        writer.write(_MAGIC)
        for number, (kind, body) in enumerate(kept, 1):
            if len(body) > _LARGEST_BLOCK:
                raise AudioFileError(
                    target, "its tags or cover are over 16 MB, more than FLAC holds"
                )
            flag = _LAST if number == len(kept) else 0
            writer.write(bytes([flag | kind]) + len(body).to_bytes(3, "big") + body)
        shutil.copyfileobj(reader, writer, 1 << 20)


def read_metadata(path: Path) -> Metadata:
    """Return what the comment and picture blocks say.

    Raises:
        AudioFileError: if the file is no FLAC file.
    """
    metadata = Metadata()
    with path.open("rb") as reader:
        blocks = list(_blocks(reader, path))
    for body in (body for kind, body in blocks if kind == _COMMENT):
        metadata = vorbis.decode(body)
    for body in (body for kind, body in blocks if kind == _PICTURE):
        metadata = replace(metadata, cover=metadata.cover or vorbis.decode_picture(body))
    return metadata


def _blocks(reader: BinaryIO, path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield kind and body of each metadata block and leave the reader at the first frame."""
    if reader.read(4) != _MAGIC:
        raise AudioFileError(path, "not a FLAC file")
    last = False
    while not last:
        header = reader.read(4)
        length = int.from_bytes(header[1:], "big")
        body = reader.read(length)
        if len(header) < 4 or len(body) < length:
            raise AudioFileError(path, "the FLAC file is cut short in its header")
        last = bool(header[0] & _LAST)
        yield header[0] & ~_LAST, body
