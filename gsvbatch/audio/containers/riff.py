"""WAV: RIFF chunks after the samples.

* ``LIST`` INFO  what simple players show, and the custom fields as one JSON comment
* ``cue `` and ``LIST`` adtl  chapters
* ``id3 ``  every tag, as in MP3
* ``AIGC``  the AI-generated label, last; ffmpeg drops this chunk and ``id3 `` when it copies a
  WAV, so nothing may touch the file after this module
"""

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from gsvbatch.audio.containers import id3
from gsvbatch.audio.formats import Chapter
from gsvbatch.audio.tags import Metadata, custom_fields
from gsvbatch.errors import AudioFileError
from gsvbatch.units import Hertz

_INFO_CHUNKS = {
    "title": b"INAM",
    "artist": b"IART",
    "album": b"IPRD",
    "track": b"ITRK",
    "date": b"ICRD",
    "genre": b"IGNR",
    "encoder": b"ISFT",
}
_OURS = frozenset({b"LIST", b"cue ", b"id3 ", b"ID3 ", b"AIGC"})
_LONGEST_COMMENT_VALUE = 100  # characters; the whole value is in the id3 chunk
_LARGEST_RIFF = 0xFFFFFFFF  # bytes


def write_metadata(source: Path, target: Path, metadata: Metadata) -> None:
    """Copy a WAV file with these chunks replaced; format and samples stay byte for byte.

    Raises:
        AudioFileError: if the source is no WAV file, or the file would pass 4 GiB.
    """
    with source.open("rb") as reader, target.open("wb") as writer:
        writer.write(b"RIFF\0\0\0\0WAVE")
        sample_rate = 0
        for name, size in _chunks(reader, source):
            if name in _OURS:
                continue
            start = reader.tell()
            if name == b"fmt ":
                sample_rate = _sample_rate(reader.read(size))
                reader.seek(start)
            writer.write(name + size.to_bytes(4, "little"))
            _copy(reader, writer, size)
            writer.write(b"\0" * (size % 2))
        for name, body in _metadata_chunks(metadata, sample_rate):
            writer.write(_chunk(name, body))
        riff_size = writer.tell() - 8
        if riff_size > _LARGEST_RIFF:
            raise AudioFileError(
                target, "longer than the 4 GiB a WAV file can hold; use FLAC or M4B"
            )
        writer.seek(4)
        writer.write(riff_size.to_bytes(4, "little"))


def stream_header(metadata: Metadata, sample_rate: Hertz) -> bytes:
    """What stands before the samples of a 16-bit mono WAV whose length nobody knows yet.

    Tags and label come first here, so that they are there whenever a reader stops. The sizes are the largest
    there are, which players take for: until the end.
    """
    n_bytes = 2
    form = struct.pack("<HHIIHH", 1, 1, sample_rate, n_bytes * sample_rate, n_bytes, 8 * n_bytes)
    chunks = [(b"fmt ", form), *_metadata_chunks(metadata, sample_rate)]
    endless = _LARGEST_RIFF.to_bytes(4, "little")
    body = b"".join(_chunk(name, content) for name, content in chunks)
    return b"RIFF" + endless + b"WAVE" + body + b"data" + endless


def read_metadata(path: Path) -> Metadata:
    """Return what the chunks say, the ``id3 `` chunk before INFO.

    Raises:
        AudioFileError: if the file is no WAV file.
    """
    found: dict[bytes, bytes] = {}
    with path.open("rb") as reader:
        for name, size in _chunks(reader, path):
            if name == b"data":
                continue
            body = reader.read(size)
            key = name + body[:4] if name == b"LIST" else name.replace(b"ID3", b"id3")
            found.setdefault(key, body)
    tag = id3.decode(found.get(b"id3 ", b""))
    fields = {**_decode_info(found.get(b"LISTINFO", b"")), **tag.fields}
    label = (
        found[b"AIGC"].decode("utf-8", "replace").rstrip("\0") if b"AIGC" in found else tag.label
    )
    chapters = _decode_chapters(
        found.get(b"cue ", b""), found.get(b"LISTadtl", b""), _sample_rate(found.get(b"fmt ", b""))
    )
    return replace(tag, fields=fields, label=label, chapters=chapters or tag.chapters)


def _metadata_chunks(metadata: Metadata, sample_rate: Hertz) -> Iterator[tuple[bytes, bytes]]:
    if info := _encode_info(metadata.fields):
        yield b"LIST", b"INFO" + info
    if metadata.chapters and sample_rate:
        yield from _encode_chapters(metadata.chapters, sample_rate)
    yield b"id3 ", id3.encode(metadata, with_label=False, with_chapters=False)
    if metadata.label is not None:
        yield b"AIGC", metadata.label.encode("utf-8")


def _encode_info(fields: Mapping[str, str]) -> bytes:
    texts = {chunk: fields[name] for name, chunk in _INFO_CHUNKS.items() if name in fields}
    custom = custom_fields(fields)
    short = {key: text for key, text in custom.items() if len(text) <= _LONGEST_COMMENT_VALUE}
    if short:
        texts[b"ICMT"] = json.dumps(short, ensure_ascii=False, separators=(",", ":"))
    elif "comment" in fields:
        texts[b"ICMT"] = fields["comment"]
    return b"".join(_chunk(chunk, text.encode("utf-8") + b"\0") for chunk, text in texts.items())


def _decode_info(body: bytes) -> dict[str, str]:
    texts = {name: _text(content) for name, content in _split(body[4:])}
    fields = {name: texts[chunk] for name, chunk in _INFO_CHUNKS.items() if chunk in texts}
    comment = texts.get(b"ICMT")
    if comment is None:
        return fields
    try:
        custom = json.loads(comment)
    except ValueError:
        custom = None
    if isinstance(custom, dict):
        return fields | {key: str(value) for key, value in custom_fields(custom).items()}
    return fields | {"comment": comment}


def _encode_chapters(
    chapters: tuple[Chapter, ...], sample_rate: Hertz
) -> Iterator[tuple[bytes, bytes]]:
    """Yield a cue point and a labelled region for each chapter, positions in samples."""
    cues = [struct.pack("<I", len(chapters))]
    titles, regions = [], []
    for number, chapter in enumerate(chapters, 1):
        start = round(chapter.start * sample_rate)
        length = round(chapter.end * sample_rate) - start
        cues.append(struct.pack("<II4sIII", number, start, b"data", 0, 0, start))
        title = struct.pack("<I", number) + chapter.title.encode("utf-8") + b"\0"
        region = struct.pack("<II4sHHHH", number, length, b"rgn ", 0, 0, 0, 0)
        titles.append(_chunk(b"labl", title))
        regions.append(_chunk(b"ltxt", region))
    yield b"cue ", b"".join(cues)
    # All titles first: ffmpeg stops reading them at the first chunk of another kind.
    yield b"LIST", b"adtl" + b"".join(titles + regions)


def _decode_chapters(cues: bytes, texts: bytes, sample_rate: Hertz) -> tuple[Chapter, ...]:
    if not cues or not texts or not sample_rate:
        return ()
    titles: dict[int, str] = {}
    lengths: dict[int, int] = {}
    for name, body in _split(texts[4:]):
        number = int.from_bytes(body[:4], "little")
        if name == b"labl":
            titles[number] = _text(body[4:])
        elif name == b"ltxt":
            lengths[number] = int.from_bytes(body[4:8], "little")
    count = min(int.from_bytes(cues[:4], "little"), (len(cues) - 4) // 24)
    chapters = []
    for number, *_, start in (
        struct.unpack_from("<II4sIII", cues, 4 + 24 * i) for i in range(count)
    ):
        if length := lengths.get(number):
            span = (start / sample_rate, (start + length) / sample_rate)
            chapters.append(Chapter(*span, titles.get(number, "")))
    return tuple(sorted(chapters, key=lambda chapter: chapter.start))


def _chunks(reader: BinaryIO, path: Path) -> Iterator[tuple[bytes, int]]:
    """Yield name and size of each chunk, the reader at its body."""
    header = reader.read(12)
    if header[:4] != b"RIFF" or header[8:] != b"WAVE":
        raise AudioFileError(path, "not a WAV file")
    position = 12
    while len(head := reader.read(8)) == 8:
        size = int.from_bytes(head[4:], "little")
        position += 8
        yield head[:4], size
        position += size + size % 2
        reader.seek(position)


def _split(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    while position + 8 <= len(body):
        size = int.from_bytes(body[position + 4 : position + 8], "little")
        yield body[position : position + 4], body[position + 8 : position + 8 + size]
        position += 8 + size + size % 2


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) % 2)


def _copy(reader: BinaryIO, writer: BinaryIO, size: int) -> None:
    while size > 0 and (block := reader.read(min(size, 1 << 20))):
        writer.write(block)
        size -= len(block)


def _text(body: bytes) -> str:
    return body.rstrip(b"\0").decode("utf-8", "replace")


def _sample_rate(format_chunk: bytes) -> Hertz:
    return int.from_bytes(format_chunk[4:8], "little")
