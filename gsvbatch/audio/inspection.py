"""What a finished file says of itself, and whether that is what it was to say."""

import struct
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tinytag import TinyTag, TinyTagException

from gsvbatch.audio.containers import container, detect_format
from gsvbatch.audio.containers.mp4 import read_label_copies
from gsvbatch.audio.formats import AudioFormat, Chapter
from gsvbatch.audio.label import AigcLabel, parse_label
from gsvbatch.audio.tags import Metadata, Tags, unflatten
from gsvbatch.errors import AudioFileError, ConfigError
from gsvbatch.units import Seconds

CHAPTER_TOLERANCE: Seconds = 0.002
"""Formats keep chapter times in milliseconds or samples."""

_DURATION_TOLERANCE: Seconds = 0.25
"""MP3 and AAC count whole frames, and their encoders' delay."""

_CHAPTER_TITLE_BYTES = 255  # that an MP4 chapter list keeps of a title
_LIST_CHAPTERS = 255  # that it keeps at all


def read_tags(path: Path) -> Tags:
    """Return what a file of any written format says of itself.

    Raises:
        AudioFileError: if the file is missing, damaged, or of no format that holds tags.
    """
    metadata = read_metadata(path)
    return unflatten(metadata.fields, metadata.cover)


def read_label(path: Path) -> AigcLabel | None:
    """Return a file's AI-generated label, or None if it has none that can be read.

    Raises:
        AudioFileError: if the file is missing, damaged, or of no format that holds tags.
    """
    return parse_label(read_metadata(path).label)


def read_chapters(path: Path) -> tuple[Chapter, ...]:
    """Return a file's chapters; in formats that keep starts alone, each lasts to the next.

    Raises:
        AudioFileError: if the file is missing, damaged, or of no format that holds tags.
    """
    return read_metadata(path).chapters


def read_metadata(path: Path) -> Metadata:
    """Return tags, label and chapters of a file as its container has them.

    Raises:
        AudioFileError: if the file is missing, damaged, or of no format that holds tags.
    """
    path = Path(path)
    storage = container(detect_format(path))
    try:
        return storage.read_metadata(path)
    except (IndexError, ValueError, struct.error, ConfigError) as error:
        raise AudioFileError(path, f"its tags are damaged ({error})") from error


def verify(
    path: Path,
    temporary: Path,
    audio_format: AudioFormat,
    tags: Tags,
    wanted: Metadata,
    duration: Seconds,
) -> None:
    """Compare what is in the file with what was to be in it.

    Own code reads every field; tinytag, which shares none of it, must see the title and the
    length, so that a mistake made twice is found as well.

    Raises:
        AudioFileError: naming the first field that differs.
    """
    found = read_metadata(temporary)
    if unflatten(found.fields, found.cover) != tags:
        differing = [
            name
            for name in sorted(wanted.fields.keys() | found.fields.keys())
            if wanted.fields.get(name) != found.fields.get(name)
        ]
        raise AudioFileError(path, f"tags read back differ: {', '.join(differing) or 'cover'}")
    labels = read_label_copies(temporary) if audio_format.is_mp4 else (found.label,)
    if any(label != wanted.label for label in labels):
        raise AudioFileError(path, "the AI-generated label reads back differently")
    _verify_chapters(path, audio_format, wanted.chapters, found.chapters)
    _verify_as_stranger(path, temporary, tags, duration)


def _verify_as_stranger(path: Path, temporary: Path, tags: Tags, duration: Seconds) -> None:
    try:
        with temporary.open("rb") as file:
            stranger = TinyTag.get(filename=path.name, file_obj=file)
    except TinyTagException as error:
        raise AudioFileError(path, f"other programs cannot read it ({error})") from error
    if (stranger.title or "").strip() != (tags.title or "").strip():
        raise AudioFileError(path, f"other programs read the title as {stranger.title!r}")
    if stranger.duration is None or abs(stranger.duration - duration) > _DURATION_TOLERANCE:
        raise AudioFileError(
            path,
            f"holds {stranger.duration} s of audio instead of {duration:.3f} s; write it again",
        )


def _verify_chapters(
    path: Path,
    audio_format: AudioFormat,
    wanted: Sequence[Chapter],
    found: Sequence[Chapter],
) -> None:
    if audio_format.is_mp4:  # the list that can be read back is shorter than the text track
        wanted = [
            replace(chapter, title=_cut_title(chapter.title)) for chapter in wanted[:_LIST_CHAPTERS]
        ]
        found = [replace(chapter, title=_cut_title(chapter.title)) for chapter in found]
    same = len(wanted) == len(found) and all(
        one.title == other.title and abs(one.start - other.start) <= CHAPTER_TOLERANCE
        for one, other in zip(wanted, found, strict=True)
    )
    if not same:
        raise AudioFileError(path, "chapters read back differ")


def _cut_title(title: str) -> str:
    return title.encode("utf-8")[:_CHAPTER_TITLE_BYTES].decode("utf-8", "ignore")
