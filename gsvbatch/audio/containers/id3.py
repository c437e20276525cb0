"""ID3v2.4 tags, as MP3 files begin with and WAV files keep in an ``id3 `` chunk.

Written after the ID3v2.4.0 structure and frames documents and the chapter frame addendum 1.0:
UTF-8 text, no unsynchronisation, no padding. Read: versions 2.3 and 2.4 of anybody's.
"""

import struct
from collections.abc import Iterable, Iterator

from gsvbatch.audio.formats import Chapter
from gsvbatch.audio.tags import CUSTOM_PREFIX, Cover, Metadata

_TEXT_FRAMES = {
    "title": "TIT2",
    "artist": "TPE1",
    "album_artist": "TPE2",
    "composer": "TCOM",
    "album": "TALB",
    "date": "TDRC",
    "genre": "TCON",
    "publisher": "TPUB",
    "encoder": "TSSE",
}
_NAMED_FRAMES = {"series": "SERIES", "series_part": "SERIES-PART", "language": "LANGUAGE"}
"""Kept in TXXX: there is no frame, or (language, BCP 47) the frame's own form says less."""

_LABEL = "AIGC"
_ISO_639_2 = {
    "zh": "zho", "en": "eng", "ja": "jpn", "ko": "kor", "de": "deu", "fr": "fra", "es": "spa",
    "it": "ita", "pt": "por", "ru": "rus", "vi": "vie", "th": "tha", "yue": "yue",
}  # fmt: skip
_FROM_ISO_639_2 = {code: language for language, code in _ISO_639_2.items()} | {"chi": "zh"}
_ENCODINGS = {0: "latin-1", 1: "utf-16", 2: "utf-16-be", 3: "utf-8"}
_NO_OFFSET = 0xFFFFFFFF  # "use the times, not byte offsets"
_FRONT_COVER = 3
_MOST_CHILDREN = 255  # of one table of contents
_TOP_LEVEL, _ORDERED = 2, 1
_FRAME_HEADER = 10  # bytes


def encode(metadata: Metadata, *, with_label: bool = True, with_chapters: bool = True) -> bytes:
    """Return a whole tag, header included; the label is its last frame."""
    flat = metadata.fields
    language = _ISO_639_2.get((flat.get("language") or "").split("-")[0].lower())
    frames = [
        _text_frame(frame, flat[name]) for name, frame in _TEXT_FRAMES.items() if name in flat
    ]
    if language is not None:
        frames.append(_text_frame("TLAN", language))
    if "track" in flat or "track_total" in flat:
        total = f"/{flat['track_total']}" if "track_total" in flat else ""
        frames.append(_text_frame("TRCK", flat.get("track", "0") + total))
    if "disc" in flat:
        frames.append(_text_frame("TPOS", flat["disc"]))
    spoken_in = (language or "XXX").encode("ascii")
    for name, frame in (("comment", "COMM"), ("lyrics", "USLT")):
        if name in flat:
            frames.append(_frame(frame, b"\x03" + spoken_in + b"\0" + flat[name].encode("utf-8")))
    frames += [_named(key, flat[name]) for name, key in _NAMED_FRAMES.items() if name in flat]
    frames += [_named(key, flat[key]) for key in flat if key.startswith(CUSTOM_PREFIX)]
    if metadata.cover is not None:
        mime = metadata.cover.mime.encode("ascii")
        picture = b"\x03" + mime + b"\0" + bytes([_FRONT_COVER]) + b"\0" + metadata.cover.data
        frames.append(_frame("APIC", picture))
    if with_chapters and metadata.chapters:
        frames += _chapter_frames(metadata.chapters)
    if with_label and metadata.label is not None:
        frames.append(_named(_LABEL, metadata.label))
    body = b"".join(frames)
    return b"ID3\x04\x00\x00" + _syncsafe(len(body)) + body


def size(header: bytes) -> int:
    """Return how many bytes the tag takes whose first ten are given; 0 if they begin none."""
    if len(header) < _FRAME_HEADER or header[:3] != b"ID3":
        return 0
    footer = _FRAME_HEADER if header[5] & 0x10 else 0
    return _FRAME_HEADER + _from_syncsafe(header[6:10]) + footer


def decode(data: bytes) -> Metadata:
    """Return what a tag says; frames that are unknown or damaged are passed over."""
    flat: dict[str, str] = {}
    cover: Cover | None = None
    label: str | None = None
    chapters: list[Chapter] = []
    names = {frame: name for name, frame in _TEXT_FRAMES.items()}
    named = {key: name for name, key in _NAMED_FRAMES.items()}
    for frame, body in _frames(data):
        if frame == "TXXX":
            key, _, value = _decode_text(body).partition("\0")
            if key == _LABEL:
                label = value
            elif key in named or key.startswith(CUSTOM_PREFIX):
                flat[named.get(key, key)] = value
        elif frame in names:
            flat[names[frame]] = _decode_text(body)
        elif frame == "TLAN":
            code = _decode_text(body).lower()
            flat.setdefault("language", _FROM_ISO_639_2.get(code, code))
        elif frame in ("TRCK", "TPOS"):
            number, _, total = _decode_text(body).partition("/")
            flat["track" if frame == "TRCK" else "disc"] = number
            if frame == "TRCK" and total:
                flat["track_total"] = total
        elif frame in ("COMM", "USLT"):
            _, _, text = _decode_text(body[:1] + body[4:]).partition("\0")
            flat["comment" if frame == "COMM" else "lyrics"] = text
        elif frame == "APIC":
            cover = _decode_picture(body) or cover
        elif frame == "CHAP":
            chapters.append(_decode_chapter(body))
    return Metadata(flat, cover, label, tuple(sorted(chapters, key=lambda c: c.start)))


def _chapter_frames(chapters: Iterable[Chapter]) -> Iterator[bytes]:
    ids = []
    bodies = []
    for number, chapter in enumerate(chapters):
        ids.append(b"ch%d\0" % number)
        times = struct.pack(
            ">IIII", round(chapter.start * 1000), round(chapter.end * 1000), _NO_OFFSET, _NO_OFFSET
        )
        bodies.append(ids[-1] + times + _text_frame("TIT2", chapter.title))
    # One table holds 255 children; more chapters hang under tables of their own.
    children, tables = ids, []
    if len(ids) > _MOST_CHILDREN:
        parts = [ids[i : i + _MOST_CHILDREN] for i in range(0, len(ids), _MOST_CHILDREN)]
        children = [b"toc%d\0" % number for number in range(len(parts))]
        tables = [
            _contents(name, _ORDERED, part) for name, part in zip(children, parts, strict=True)
        ]
    yield _contents(b"toc\0", _TOP_LEVEL | _ORDERED, children)
    yield from tables
    yield from (_frame("CHAP", body) for body in bodies)


def _contents(name: bytes, flags: int, children: list[bytes]) -> bytes:
    return _frame("CTOC", name + bytes([flags, len(children)]) + b"".join(children))


def _frame(name: str, body: bytes) -> bytes:
    return name.encode("ascii") + _syncsafe(len(body)) + b"\0\0" + body


def _text_frame(name: str, text: str) -> bytes:
    return _frame(name, b"\x03" + text.encode("utf-8"))


def _named(key: str, text: str) -> bytes:
    return _frame("TXXX", b"\x03" + key.encode("utf-8") + b"\0" + text.encode("utf-8"))


def _syncsafe(number: int) -> bytes:
    """Return a 28-bit number as four bytes whose top bits are clear."""
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def _from_syncsafe(data: bytes) -> int:
    return sum((byte & 0x7F) << shift for byte, shift in zip(data, (21, 14, 7, 0), strict=True))


def _frames(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and body of each frame of a whole tag."""
    if len(data) < _FRAME_HEADER or data[:3] != b"ID3" or data[3] not in (3, 4):
        return
    version, flags = data[3], data[5]
    body = data[_FRAME_HEADER : _FRAME_HEADER + _from_syncsafe(data[6:10])]
    if flags & 0x80 and version == 3:
        body = body.replace(b"\xff\0", b"\xff")
    position = 0
    if flags & 0x40:  # extended header
        extended = body[:4]
        position = _from_syncsafe(extended) if version == 4 else int.from_bytes(extended, "big") + 4
    yield from _split_frames(body[position:], version)


def _split_frames(body: bytes, version: int) -> Iterator[tuple[str, bytes]]:
    position = 0
    while position + _FRAME_HEADER <= len(body) and body[position]:
        name = body[position : position + 4].decode("latin-1")
        field = body[position + 4 : position + 8]
        length = _from_syncsafe(field) if version == 4 else int.from_bytes(field, "big")
        flags = body[position + 9]
        content = body[position + _FRAME_HEADER : position + _FRAME_HEADER + length]
        position += _FRAME_HEADER + length
        if version == 4 and flags & 0x0C:  # compressed or encrypted: nobody does this to text
            continue
        if version == 4:
            content = content[4:] if flags & 0x01 else content
            content = content.replace(b"\xff\0", b"\xff") if flags & 0x02 else content
        if content:
            yield name, content


def _decode_text(body: bytes) -> str:
    """Return the text after an encoding byte, without the NUL that some writers end it with."""
    encoding = _ENCODINGS.get(body[0], "latin-1")
    text = body[1:].decode(encoding, "replace")
    return text.replace("\0\ufeff", "\0").removesuffix("\0")  # UTF-16 marks every string


def _decode_picture(body: bytes) -> Cover | None:
    _, _, rest = body[1:].partition(b"\0")
    wide = body[0] in (1, 2)
    rest = rest[1:]  # picture type
    if wide:
        end = next((i for i in range(0, len(rest) - 1, 2) if rest[i : i + 2] == b"\0\0"), -2)
        picture = rest[end + 2 :]
    else:
        picture = rest.partition(b"\0")[2]
    return Cover(picture) if picture.startswith((b"\x89PNG", b"\xff\xd8\xff")) else None


def _decode_chapter(body: bytes) -> Chapter:
    _, _, rest = body.partition(b"\0")
    start, end = struct.unpack_from(">II", rest)
    titles = [
        _decode_text(content) for name, content in _split_frames(rest[16:], 4) if name == "TIT2"
    ]
    return Chapter(start / 1000, max(end, start + 1) / 1000, titles[0] if titles else "")
