"""Vorbis comments, as FLAC and Ogg files keep them.

Little-endian lengths, UTF-8 ``KEY=value`` texts (Vorbis I specification, section 5); chapters as
``CHAPTER000=`` and ``CHAPTER000NAME=``, the way players of Ogg files know them.
"""

import base64
import binascii
import re
import struct
from collections.abc import Iterator

from gsvbatch.audio.formats import Chapter
from gsvbatch.audio.tags import CUSTOM_PREFIX, Cover, Metadata
from gsvbatch.units import Seconds

_KEYS = {
    "title": "TITLE",
    "artist": "ARTIST",
    "album_artist": "ALBUMARTIST",
    "composer": "COMPOSER",
    "album": "ALBUM",
    "track": "TRACKNUMBER",
    "track_total": "TRACKTOTAL",
    "disc": "DISCNUMBER",
    "date": "DATE",
    "language": "LANGUAGE",
    "series": "SERIES",
    "series_part": "SERIES-PART",
    "genre": "GENRE",
    "publisher": "PUBLISHER",
    "lyrics": "LYRICS",
    "encoder": "ENCODER",
    "comment": "COMMENT",
}
_LABEL = "AIGC"
_PICTURE = "METADATA_BLOCK_PICTURE"
_FRONT_COVER = 3
_CHAPTER = re.compile(r"CHAPTER(\d{3,})(NAME)?")
_CLOCK = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")


def encode(metadata: Metadata, vendor: bytes, *, with_cover: bool) -> bytes:
    """Return a comment header: vendor string and comments, the label last.

    Args:
        metadata: What to write.
        vendor: Name of the encoder library, kept from the file.
        with_cover: Write the cover as a comment; FLAC has a block for it instead.
    """
    flat = metadata.fields
    comments = [f"{key}={flat[name]}" for name, key in _KEYS.items() if name in flat]
    if "composer" in flat:  # where some players look for the narrator
        comments.append(f"PERFORMER={flat['composer']}")
    comments += [f"{key}={flat[key]}" for key in flat if key.startswith(CUSTOM_PREFIX)]
    for number, chapter in enumerate(metadata.chapters):
        comments.append(f"CHAPTER{number:03d}={_to_clock(chapter.start)}")
        comments.append(f"CHAPTER{number:03d}NAME={chapter.title}")
    if with_cover and metadata.cover is not None:
        block = base64.b64encode(picture_block(metadata.cover)).decode("ascii")
        comments.append(f"{_PICTURE}={block}")
    if metadata.label is not None:
        comments.append(f"{_LABEL}={metadata.label}")
    data = [comment.encode("utf-8") for comment in comments]
    parts = [struct.pack("<I", len(vendor)), vendor, struct.pack("<I", len(data))]
    for comment in data:
        parts += [struct.pack("<I", len(comment)), comment]
    return b"".join(parts)


def vendor_of(header: bytes) -> bytes:
    """Return the encoder library's name in a comment header."""
    length = int.from_bytes(header[:4], "little")
    return header[4 : 4 + length]


def decode(header: bytes) -> Metadata:
    """Return what a comment header says; of a key that comes twice, the first."""
    flat: dict[str, str] = {}
    cover: Cover | None = None
    label: str | None = None
    starts: dict[str, Seconds] = {}
    titles: dict[str, str] = {}
    names = {key: name for name, key in _KEYS.items()}
    for key, value in _comments(header):
        if key == _LABEL:
            label = label or value
        elif key == _PICTURE:
            cover = cover or _decode_comment_picture(value)
        elif match := _CHAPTER.fullmatch(key):
            if match[2]:
                titles[match[1]] = value
            elif clock := _CLOCK.fullmatch(value):
                starts[match[1]] = int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3])
        elif key in names or key.startswith(CUSTOM_PREFIX):
            flat.setdefault(names.get(key, key), value)
    marks = sorted((start, titles.get(number, "")) for number, start in starts.items())
    return Metadata(flat, cover, label, chapters_from_starts(marks))


def chapters_from_starts(marks: list[tuple[Seconds, str]]) -> tuple[Chapter, ...]:
    """Return chapters that each last until the next begins, the last one for ever."""
    ends = [start for start, _ in marks[1:]] + [float("inf")] if marks else []
    return tuple(
        Chapter(start, end, title)
        for (start, title), end in zip(marks, ends, strict=True)
        if start < end
    )


def picture_block(cover: Cover) -> bytes:
    """Return the body of a FLAC picture block; sizes in pixels are left 0, "unknown"."""
    mime = cover.mime.encode("ascii")
    head = struct.pack(">II", _FRONT_COVER, len(mime)) + mime
    return head + struct.pack(">IIIIII", 0, 0, 0, 0, 0, len(cover.data)) + cover.data


def decode_picture(block: bytes) -> Cover | None:
    """Return the picture in a FLAC picture block, or None if it is no JPEG or PNG."""
    position = 4
    for _ in range(2):  # media type, description
        position += 4 + int.from_bytes(block[position : position + 4], "big")
    data = block[position + 20 :]
    return Cover(data) if data.startswith((b"\x89PNG", b"\xff\xd8\xff")) else None


def _decode_comment_picture(value: str) -> Cover | None:
    try:
        return decode_picture(base64.b64decode(value, validate=True))
    except binascii.Error:
        return None


def _comments(header: bytes) -> Iterator[tuple[str, str]]:
    position = 4 + int.from_bytes(header[:4], "little")
    count = int.from_bytes(header[position : position + 4], "little")
    position += 4
    for _ in range(count):
        if position + 4 > len(header):
            return
        length = int.from_bytes(header[position : position + 4], "little")
        text = header[position + 4 : position + 4 + length].decode("utf-8", "replace")
        position += 4 + length
        key, _, value = text.partition("=")
        yield key.upper(), value


def _to_clock(time: Seconds) -> str:
    minutes, milliseconds = divmod(round(time * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds / 1000:06.3f}"
