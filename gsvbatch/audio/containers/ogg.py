"""Ogg Opus: the comment packet, second of the stream (RFC 3533 pages, RFC 7845 packets).

New comments may need more pages than the old, and every later page carries its number and a
checksum over it; so all pages are rewritten, their packets untouched.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from gsvbatch.audio.containers import vorbis
from gsvbatch.audio.tags import Metadata
from gsvbatch.errors import AudioFileError

_CAPTURE = b"OggS"
_HEADER = 27  # bytes before the lacing values
_CONTINUED = 1
_MOST_SEGMENTS = 255  # of a page
_SEGMENT = 255  # bytes of a full one
_COMMENT_MAGICS = (b"OpusTags", b"\x03vorbis")
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True)
class _Page:
    flags: int
    granule: bytes
    serial: bytes
    lacing: bytes
    body: bytes

    def to_bytes(self, number: int) -> bytes:
        head = _CAPTURE + bytes([0, self.flags]) + self.granule + self.serial
        head += number.to_bytes(4, "little")
        tail = bytes([len(self.lacing)]) + self.lacing + self.body
        return head + _checksum(head + bytes(4) + tail) + tail


def write_metadata(source: Path, target: Path, metadata: Metadata) -> None:
    """Copy an Ogg Opus file with its comments replaced; the audio packets stay byte for byte.

    Raises:
        AudioFileError: if the source is no Ogg Opus file.
    """
    with source.open("rb") as reader, target.open("wb") as writer:
        pages = _pages(reader, source)
        first, packet, page = _header(pages, source)
        if not packet.startswith(b"OpusTags"):
            raise AudioFileError(source, "not an Ogg Opus file")
        vendor = vorbis.vendor_of(packet[8:])
        comments = b"OpusTags" + vorbis.encode(metadata, vendor, with_cover=True)
        writer.write(first.to_bytes(0))
        rest = chain(_comment_pages(comments, page), pages)
        for number, rewritten in enumerate(rest, 1):
            writer.write(rewritten.to_bytes(number))


def read_metadata(path: Path) -> Metadata:
    """Return what the comments of an Ogg Opus or Ogg Vorbis file say.

    Raises:
        AudioFileError: if the file is neither.
    """
    with path.open("rb") as reader:
        _, packet, _ = _header(_pages(reader, path), path)
    for magic in _COMMENT_MAGICS:
        if packet.startswith(magic):
            return vorbis.decode(packet[len(magic) :])
    raise AudioFileError(path, "an Ogg file, but neither Opus nor Vorbis")


def _header(pages: Iterator[_Page], path: Path) -> tuple[_Page, bytes, _Page]:
    """Return the first page, the comment packet, and the page that packet began on.

    The packet's pages are consumed. RFC 7845 has the first audio packet begin on a page of its
    own, so nothing of the audio is lost with them.
    """
    try:
        first = next(pages)
        page = begun = next(pages)
        packet = page.body
        # A packet ends with a segment that is not full.
        while page.lacing and page.lacing[-1] == _SEGMENT:
            page = next(pages)
            packet += page.body
    except StopIteration as error:
        raise AudioFileError(path, "the Ogg file is cut short in its header") from error
    return first, packet, begun


def _comment_pages(packet: bytes, like: _Page) -> Iterator[_Page]:
    """Yield the pages that hold one packet, granule position 0 as header pages have."""
    n_full, rest = divmod(len(packet), _SEGMENT)
    lacing = bytes([_SEGMENT]) * n_full + bytes([rest])
    position = 0
    for start in range(0, len(lacing), _MOST_SEGMENTS):
        part = lacing[start : start + _MOST_SEGMENTS]
        body = packet[position : position + sum(part)]
        position += len(body)
        ends_here = start + len(part) == len(lacing)
        granule = bytes(8) if ends_here else b"\xff" * 8  # -1: no packet ends on this page
        flags = _CONTINUED if start else 0
        yield replace(like, flags=flags, granule=granule, lacing=part, body=body)


def _pages(reader: BinaryIO, path: Path) -> Iterator[_Page]:
    while header := reader.read(_HEADER):
        if len(header) < _HEADER or header[:4] != _CAPTURE:
            raise AudioFileError(path, "not an Ogg file, or damaged")
        lacing = reader.read(header[26])
        body = reader.read(sum(lacing))
        if len(lacing) < header[26] or len(body) < sum(lacing):
            raise AudioFileError(path, "the Ogg file is cut short")
        yield _Page(header[5], header[6:14], header[14:18], lacing, body)


def _checksum(page: bytes) -> bytes:
    """Return the page checksum: CRC-32 of polynomial 0x04C11DB7, start and final value 0.

    zlib's CRC has the same polynomial with bits mirrored and inverted ends. Mirroring bytes by a
    table is a hundred times faster than a loop over them, and a book has 200 MB of pages.
    """
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2).to_bytes(4, "little")
