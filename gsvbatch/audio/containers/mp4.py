"""M4A and M4B: iTunes-style tags, and beside them the label under a key of its own.

``moov.udta`` gets two ``meta`` boxes. The first (handler ``mdir``) holds the tags that players
know, and the label once more as a free-form tag. The second (handler ``mdta``, ``keys`` and
``ilst``) holds the label where the Chinese practice guide puts it. ffmpeg can write one or the
other: asked for the second, it moves every tag there and Apple's players see none. Chapters
(``chpl`` and a text track) are ffmpeg's and stay as they are.
"""

from pathlib import Path

from gsvbatch.audio.containers.boxes import (
    Extent,
    box,
    child,
    children,
    full_box,
    shift_offsets,
    top_level,
)
from gsvbatch.audio.containers.vorbis import chapters_from_starts
from gsvbatch.audio.formats import Chapter
from gsvbatch.audio.tags import CUSTOM_PREFIX, Cover, Metadata
from gsvbatch.errors import AudioFileError

_ATOMS = {
    "title": b"\xa9nam",
    "artist": b"\xa9ART",
    "album_artist": b"aART",
    "composer": b"\xa9wrt",
    "album": b"\xa9alb",
    "date": b"\xa9day",
    "genre": b"\xa9gen",
    "lyrics": b"\xa9lyr",
    "encoder": b"\xa9too",
    "comment": b"\xa9cmt",
}
_FREEFORM = {
    "language": "LANGUAGE",
    "series": "SERIES",
    "series_part": "SERIES-PART",
    "publisher": "PUBLISHER",
}
_ITUNES = "com.apple.iTunes"
_OWN = "org.gsvbatch"
_LABEL = "AIGC"
_BINARY, _UTF8, _JPEG, _PNG = 0, 1, 13, 14  # data types
_CHAPTER_TICKS = 10_000_000  # a second, in chpl


def write_metadata(source: Path, target: Path, metadata: Metadata) -> None:
    """Copy an MP4 file with its tags and label replaced; the samples stay byte for byte.

    Raises:
        AudioFileError: if the source is no MP4 file.
    """
    with source.open("rb") as reader, target.open("wb") as writer:
        extents = top_level(reader, source)
        moov, mdat = _only(extents, b"moov", source), _only(extents, b"mdat", source)
        reader.seek(moov.start + 8)
        old = reader.read(moov.size - 8)
        new = _with_udta(old, metadata)
        if moov.start < mdat.start:  # the samples move by what the head grows
            new = shift_offsets(b"moov", new, len(new) - len(old))
        for extent in extents:
            if extent == moov:
                writer.write(box(b"moov", new))
                continue
            reader.seek(extent.start)
            left = extent.size
            while left > 0 and (block := reader.read(min(left, 1 << 20))):
                writer.write(block)
                left -= len(block)


def read_metadata(path: Path) -> Metadata:
    """Return what the tags say, the label from its own key before the free-form tag.

    Raises:
        AudioFileError: if the file is no MP4 file.
    """
    with path.open("rb") as reader:
        moov = _only(top_level(reader, path), b"moov", path)
        reader.seek(moov.start + 8)
        udta = child(reader.read(moov.size - 8), b"udta") or b""
    flat: dict[str, str] = {}
    cover: Cover | None = None
    label: str | None = None
    chapters: tuple[Chapter, ...] = ()
    for name, body in children(udta):
        if name == b"chpl":
            chapters = _decode_chapters(body)
        elif name == b"meta" and _handler(body) == b"mdta":
            label = _decode_keys(body[4:]).get(_LABEL, label)
        elif name == b"meta":
            flat, cover, spare_label = _decode_items(child(body[4:], b"ilst") or b"")
            label = label or spare_label
    return Metadata(flat, cover, label, chapters)


def read_label_copies(path: Path) -> tuple[str | None, str | None]:
    """Return the label under its key and the one among the iTunes tags.

    Raises:
        AudioFileError: if the file is no MP4 file.
    """
    with path.open("rb") as reader:
        moov = _only(top_level(reader, path), b"moov", path)
        reader.seek(moov.start + 8)
        udta = child(reader.read(moov.size - 8), b"udta") or b""
    keyed = tagged = None
    for name, body in children(udta):
        if name == b"meta" and _handler(body) == b"mdta":
            keyed = _decode_keys(body[4:]).get(_LABEL)
        elif name == b"meta":
            tagged = _decode_items(child(body[4:], b"ilst") or b"")[2]
    return keyed, tagged


def _with_udta(moov: bytes, metadata: Metadata) -> bytes:
    """Return the body of ``moov`` with its user data renewed; what is not a ``meta`` stays."""
    parts = list(children(moov))
    kept = [
        box(name, body)
        for _, udta in (part for part in parts if part[0] == b"udta")
        for name, body in children(udta)
        if name != b"meta"
    ]
    kept.append(_meta(b"mdir", b"appl", b"", box(b"ilst", *_items(metadata))))
    if metadata.label is not None:
        key = box(b"mdta", _LABEL.encode("ascii"))
        keys = full_box(b"keys", (1).to_bytes(4, "big"), key)
        item = box((1).to_bytes(4, "big"), _data(_UTF8, metadata.label.encode("utf-8")))
        kept.append(_meta(b"mdta", b"\0\0\0\0", keys, box(b"ilst", item)))
    others = [box(name, body) for name, body in parts if name != b"udta"]
    return b"".join([*others, box(b"udta", *kept)])


def _meta(handler: bytes, maker: bytes, *bodies: bytes) -> bytes:
    hdlr = full_box(b"hdlr", bytes(4), handler, maker, bytes(9))
    return full_box(b"meta", hdlr, *bodies)


def _items(metadata: Metadata) -> list[bytes]:
    flat = metadata.fields
    items = [
        box(atom, _data(_UTF8, flat[name].encode("utf-8")))
        for name, atom in _ATOMS.items()
        if name in flat
    ]
    if "track" in flat or "track_total" in flat:
        counts = (int(flat.get(name, 0)).to_bytes(2, "big") for name in ("track", "track_total"))
        items.append(box(b"trkn", _data(_BINARY, bytes(2), *counts, bytes(2))))
    if "disc" in flat:
        items.append(
            box(b"disk", _data(_BINARY, bytes(2), int(flat["disc"]).to_bytes(2, "big"), bytes(2)))
        )
    items += [
        _freeform(_ITUNES, key, flat[name]) for name, key in _FREEFORM.items() if name in flat
    ]
    items += [_freeform(_OWN, key, flat[key]) for key in flat if key.startswith(CUSTOM_PREFIX)]
    if metadata.cover is not None:
        kind = _PNG if metadata.cover.mime == "image/png" else _JPEG
        items.append(box(b"covr", _data(kind, metadata.cover.data)))
    if metadata.label is not None:
        items.append(_freeform(_ITUNES, _LABEL, metadata.label))
    return items


def _freeform(mean: str, name: str, text: str) -> bytes:
    return box(
        b"----",
        full_box(b"mean", mean.encode("ascii")),
        full_box(b"name", name.encode("ascii")),
        _data(_UTF8, text.encode("utf-8")),
    )


def _data(kind: int, *bodies: bytes) -> bytes:
    return box(b"data", kind.to_bytes(4, "big"), bytes(4), *bodies)


def _decode_items(ilst: bytes) -> tuple[dict[str, str], Cover | None, str | None]:
    """Return fields, cover and label of an iTunes tag list."""
    flat: dict[str, str] = {}
    cover: Cover | None = None
    label: str | None = None
    names = {atom: name for name, atom in _ATOMS.items()}
    free = {key: name for name, key in _FREEFORM.items()}
    for atom, body in children(ilst):
        value = (child(body, b"data") or b"")[8:]
        text = value.decode("utf-8", "replace")
        if atom in names:
            flat[names[atom]] = text
        elif atom in (b"trkn", b"disk") and len(value) >= 6:
            number, total = int.from_bytes(value[2:4], "big"), int.from_bytes(value[4:6], "big")
            flat["track" if atom == b"trkn" else "disc"] = str(number)
            if atom == b"trkn":
                flat["track_total"] = str(total)
        elif atom == b"covr" and value.startswith((b"\x89PNG", b"\xff\xd8\xff")):
            cover = Cover(value)
        elif atom == b"----":
            key = (child(body, b"name") or b"")[4:].decode("utf-8", "replace")
            if key == _LABEL:
                label = text
            elif key in free or key.startswith(CUSTOM_PREFIX):
                flat[free.get(key, key)] = text
    return flat, cover, label


def _decode_keys(meta: bytes) -> dict[str, str]:
    """Return the texts of a ``keys``/``ilst`` pair."""
    keys = [
        body.decode("utf-8", "replace") for _, body in children((child(meta, b"keys") or b"")[8:])
    ]
    texts = {}
    for number, body in children(child(meta, b"ilst") or b""):
        index = int.from_bytes(number, "big") - 1
        if 0 <= index < len(keys):
            texts[keys[index]] = (child(body, b"data") or b"")[8:].decode("utf-8", "replace")
    return texts


def _decode_chapters(chpl: bytes) -> tuple[Chapter, ...]:
    """Return the chapters of a Nero list; its titles are cut at 255 bytes."""
    marks = []
    position = 9  # version, flags, reserved, count
    for _ in range(chpl[8]):
        start = int.from_bytes(chpl[position : position + 8], "big") / _CHAPTER_TICKS
        length = chpl[position + 8]
        marks.append((start, chpl[position + 9 : position + 9 + length].decode("utf-8", "ignore")))
        position += 9 + length
    return chapters_from_starts(marks)


def _handler(meta: bytes) -> bytes:
    return (child(meta[4:], b"hdlr") or b"")[8:12]


def _only(extents: list[Extent], name: bytes, path: Path) -> Extent:
    found = [extent for extent in extents if extent.name == name]
    if len(found) != 1:
        raise AudioFileError(path, f"an MP4 file without its one {name.decode('ascii')!r} box")
    return found[0]
