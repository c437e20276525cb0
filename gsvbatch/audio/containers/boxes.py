"""MP4 boxes: splitting, building, and moving the samples' offsets (ISO/IEC 14496-12)."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from gsvbatch.errors import AudioFileError

_CONTAINERS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl"})
"""Boxes on the way to the tables of sample offsets."""


class Extent(NamedTuple):
    """Where a box stands in a file, header included."""

    name: bytes
    start: int
    size: int


def box(name: bytes, *bodies: bytes) -> bytes:
    """Return a box around bodies."""
    size = 8 + sum(len(body) for body in bodies)
    return size.to_bytes(4, "big") + name + b"".join(bodies)


def full_box(name: bytes, *bodies: bytes) -> bytes:
    """Return a box with version 0 and no flags."""
    return box(name, bytes(4), *bodies)


def children(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and body of each box in a body; a damaged tail ends it."""
    position = 0
    while position + 8 <= len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        if size < 8 or position + size > len(data):
            return
        yield data[position + 4 : position + 8], data[position + 8 : position + size]
        position += size


def child(data: bytes, name: bytes) -> bytes | None:
    """Return the body of the first box of this name, or None."""
    return next((body for found, body in children(data) if found == name), None)


def top_level(reader: BinaryIO, path: Path) -> list[Extent]:
    """Return the boxes a file is made of.

    Raises:
        AudioFileError: if it is no MP4 file or is cut short.
    """
    end = reader.seek(0, 2)
    found: list[Extent] = []
    position = 0
    while position < end:
        reader.seek(position)
        header = reader.read(16)
        size = int.from_bytes(header[:4], "big")
        if size == 1:
            size = int.from_bytes(header[8:], "big")
        elif size == 0:
            size = end - position
        if size < 8 or position + size > end or (not found and header[4:8] != b"ftyp"):
            raise AudioFileError(path, "not an MP4 file, or cut short")
        found.append(Extent(header[4:8], position, size))
        position += size
    return found


def shift_offsets(name: bytes, body: bytes, shift: int) -> bytes:
    """Return a box body whose sample offsets (``stco``, ``co64``) are moved by ``shift`` bytes.

    Args:
        name: Name of the box; the tables are looked for inside ``moov``.
        body: Its body.
        shift: How far the samples move in the file; the length of the result is the same.

    Raises:
        OverflowError: if a 32-bit offset would pass 4 GiB.
    """
    if name in _CONTAINERS:
        return b"".join(
            box(kind, shift_offsets(kind, part, shift)) for kind, part in children(body)
        )
    width = {b"stco": 4, b"co64": 8}.get(name)
    if width is None:
        return body
    count = int.from_bytes(body[4:8], "big")
    moved = [
        (int.from_bytes(body[start : start + width], "big") + shift).to_bytes(width, "big")
        for start in range(8, 8 + count * width, width)
    ]
    return body[:8] + b"".join(moved)
