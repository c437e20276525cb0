"""``Waveform`` -> one tagged, labelled audio file, whole or not at all.

    samples -> encoder -> tags, chapters -> label -> read back -> fsync -> rename -> SHA-256

The encoder's file and the tagged copy both live beside the target under temporary names. What is
read back is compared with what was asked for, because tools that drop tags do it silently.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from gsvbatch.audio.containers import container
from gsvbatch.audio.encoding import encode
from gsvbatch.audio.formats import AudioFormat, Chapter, Encoding, delivered_rate
from gsvbatch.audio.inspection import CHAPTER_TOLERANCE, verify
from gsvbatch.audio.label import AigcLabel
from gsvbatch.audio.pcm import resample
from gsvbatch.audio.storage import replacing, sha256_file, temporary_sibling
from gsvbatch.audio.tags import Metadata, Tags, clean_text, flatten
from gsvbatch.data import Waveform
from gsvbatch.errors import AudioFileError, ConfigError, StorageError
from gsvbatch.units import Seconds


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
            encode(encoded, resample(waveform, rate), audio_format, encoding, chapters)
            container(audio_format).write_metadata(encoded, temporary, metadata)
            verify(path, temporary, audio_format, tags, metadata, waveform.duration)
            written = Written(
                path, sha256_file(temporary), temporary.stat().st_size, waveform.duration
            )
    except (AudioFileError, StorageError) as error:
        if error.path == path:
            raise
        raise type(error)(path, error.problem) from error  # not the temporary name
    finally:
        with suppress(OSError):
            encoded.unlink(missing_ok=True)
    return written


def _checked_chapters(chapters: Sequence[Chapter], duration: Seconds) -> tuple[Chapter, ...]:
    """Return chapters with titles that can be written.

    Raises:
        ConfigError: if they overlap, are out of order, or start after the end.
    """
    end = 0.0
    for chapter in chapters:
        if chapter.start < end - CHAPTER_TOLERANCE or chapter.start >= duration:
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
