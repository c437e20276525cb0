"""``Waveform`` -> one tagged, labelled audio file, whole or not at all.

    samples -> encoder -> tags, chapters -> label -> read back -> fsync -> rename -> SHA-256

The encoder's file and the tagged copy both live beside the target under temporary names. What is
read back is compared with what was asked for, because tools that drop tags do it silently.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from tinytag import TinyTag, TinyTagException

from gsvbatch.audio import ffmpeg, pcm
from gsvbatch.audio.containers import container, detect_format
from gsvbatch.audio.containers.mp4 import read_label_copies
from gsvbatch.audio.formats import (
    DEFAULT_BITRATES,
    AudioFormat,
    Chapter,
    Encoding,
    SampleDepth,
    delivered_rate,
)
from gsvbatch.audio.label import AigcLabel, parse_label
from gsvbatch.audio.sound_file import write_blocks
from gsvbatch.audio.storage import replacing, sha256_file, temporary_sibling
from gsvbatch.audio.tags import Metadata, Tags, clean_text, flatten, unflatten
from gsvbatch.data import Waveform
from gsvbatch.errors import AudioFileError, ConfigError
from gsvbatch.units import Seconds

_CHAPTER_TOLERANCE: Seconds = 0.002
"""Formats keep chapter times in milliseconds or samples."""

_DURATION_TOLERANCE: Seconds = 0.25
"""MP3 and AAC count whole frames, and their encoders' delay."""

_CHAPTER_TITLE_BYTES = 255  # that an MP4 chapter list keeps of a title
_LIST_CHAPTERS = 255  # that it keeps at all

_SUBTYPES = {
    SampleDepth.PCM16: "PCM_16",
    SampleDepth.PCM24: "PCM_24",
    SampleDepth.FLOAT: "FLOAT",
}
# libsndfile maps compression 0..1 to this range of bits a second and channel.
_OPUS_BEST, _OPUS_WORST = 250_000, 6_000


@dataclass(frozen=True, slots=True)
class Written:
    """A file that is whole and on the disk."""

    path: Path
    sha256: str
    n_bytes: int
    duration: Seconds
    """Of the waveform given; codecs may pad their last frame."""


def write_audio(
    path: Path,
    waveform: Waveform,
    audio_format: AudioFormat,
    tags: Tags,
    *,
    label: AigcLabel | None,
    chapters: Sequence[Chapter] = (),
    encoding: Encoding = Encoding(),  # noqa: B008  frozen
) -> Written:
    """Write a waveform to ``path``, replacing what is there.

    Args:
        path: Target; its name need not end in the format's suffix.
        waveform: What to write; beyond full scale it is clipped, never wrapped.
        audio_format: Container and codec.
        tags: What the file says of itself.
        label: The AI-generated label, or None to leave it out.
        chapters: In order, inside the waveform.
        encoding: Depth, bit rate, sample rate.

    Raises:
        StorageError: if the disk, a permission or the name is in the way.
        AudioFileError: if the encoder fails, or what was written is not what is read back.
        ConfigError: if the format has no such rate or depth, or the chapters are out of order.
    """
    path = Path(path)
    if not len(waveform.samples):
        raise AudioFileError(path, "there is no audio to write: its length is 0 s")
    chapters = _checked_chapters(chapters, waveform.duration)
    rate = delivered_rate(audio_format, waveform.sample_rate, encoding)
    metadata = Metadata(flatten(tags), tags.cover, label.to_json() if label else None, chapters)
    encoded = temporary_sibling(path)
    try:
        with replacing(path) as temporary:
            _encode(encoded, pcm.resample(waveform, rate), audio_format, encoding, chapters)
            container(audio_format).write_metadata(encoded, temporary, metadata)
            _verify(path, temporary, audio_format, tags, metadata, waveform.duration)
            written = Written(
                path, sha256_file(temporary), temporary.stat().st_size, waveform.duration
            )
    finally:
        with suppress(OSError):
            encoded.unlink(missing_ok=True)
    return written


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
    except (IndexError, ValueError, ArithmeticError, ConfigError) as error:
        raise AudioFileError(path, f"its tags are damaged ({error})") from error


def _encode(
    target: Path,
    waveform: Waveform,
    audio_format: AudioFormat,
    encoding: Encoding,
    chapters: Sequence[Chapter],
) -> None:
    """Write samples without tags; chapters only where ffmpeg must make them (MP4)."""
    if audio_format.is_lossless:
        _encode_lossless(target, waveform, audio_format, encoding)
        return
    bitrate = encoding.bitrate or DEFAULT_BITRATES[audio_format]
    if audio_format is AudioFormat.OPUS and "OPUS" in soundfile.available_subtypes("OGG"):
        compression = (_OPUS_BEST - bitrate * 1000) / (_OPUS_BEST - _OPUS_WORST)
        floats = (pcm.to_bounded_float(block) for block in pcm.blocks(waveform.samples))
        write_blocks(target, floats, waveform.sample_rate, "OGG", "OPUS", max(0.0, compression))
        return
    samples = (
        pcm.to_int16(block, dither=encoding.dither) for block in pcm.blocks(waveform.samples)
    )
    options = {
        AudioFormat.MP3: {"format": "mp3", "acodec": "libmp3lame", "id3v2_version": "0"},
        AudioFormat.OPUS: {"format": "opus", "acodec": "libopus"},
        AudioFormat.M4A: {"format": "ipod", "acodec": "aac", "movflags": "+faststart"},
        AudioFormat.M4B: {"format": "ipod", "acodec": "aac", "movflags": "+faststart"},
    }[audio_format]
    if audio_format is AudioFormat.M4B:
        options |= {"brand": "M4B "}
    text = ffmpeg.chapter_metadata(chapters) if chapters and audio_format.is_mp4 else None
    ffmpeg.encode(
        samples,
        waveform.sample_rate,
        target,
        chapters=text,
        audio_bitrate=f"{bitrate}k",
        **options,
    )


def _encode_lossless(
    target: Path, waveform: Waveform, audio_format: AudioFormat, encoding: Encoding
) -> None:
    depth = encoding.depth
    if audio_format is AudioFormat.FLAC and depth is SampleDepth.FLOAT:
        raise ConfigError("FLAC has no float samples; choose pcm16 or pcm24, or WAV")

    def convert(samples: NDArray[np.float32]) -> NDArray[np.generic]:
        match depth:
            case SampleDepth.PCM16:
                return pcm.to_int16(samples, dither=encoding.dither)
            case SampleDepth.PCM24:
                return pcm.to_int24(samples) << 8  # libsndfile takes the upper 24 of 32 bits
            case SampleDepth.FLOAT:
                return pcm.to_bounded_float(samples)

    converted = (convert(block) for block in pcm.blocks(waveform.samples))
    name = audio_format.value.upper()
    write_blocks(target, converted, waveform.sample_rate, name, _SUBTYPES[depth])


def _checked_chapters(chapters: Sequence[Chapter], duration: Seconds) -> tuple[Chapter, ...]:
    """Return chapters with titles that can be written.

    Raises:
        ConfigError: if they overlap, are out of order, or start after the end.
    """
    end = 0.0
    for chapter in chapters:
        if chapter.start < end - _CHAPTER_TOLERANCE or chapter.start >= duration:
            raise ConfigError(
                f"chapter {chapter.title!r} starts at {chapter.start:.3f} s: before the end of the "
                "one before it, or after the end of the audio"
            )
        end = chapter.end
    return tuple(
        replace(
            chapter,
            title=(clean_text(chapter.title) or "").replace("\n", " "),
            end=min(chapter.end, duration),
        )
        for chapter in chapters
    )


def _verify(
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
    if (stranger.title or None) != (tags.title and tags.title.strip()):
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
        one.title == other.title and abs(one.start - other.start) <= _CHAPTER_TOLERANCE
        for one, other in zip(wanted, found, strict=True)
    )
    if not same:
        raise AudioFileError(path, "chapters read back differ")


def _cut_title(title: str) -> str:
    return title.encode("utf-8")[:_CHAPTER_TITLE_BYTES].decode("utf-8", "ignore")
