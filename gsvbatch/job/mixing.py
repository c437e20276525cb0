"""The samples of a work: lines at their times, levelled as a whole, with what is put around them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gsvbatch.audio import (
    AigcLabel,
    AudioFormat,
    Chapter,
    Encoding,
    Tags,
    join,
    normalize,
    read_audio,
    rhythm_mark,
    with_room_tone,
    write_audio,
)
from gsvbatch.data import Waveform
from gsvbatch.errors import ConfigError
from gsvbatch.job.desk import Desk
from gsvbatch.job.works import MARK_PAUSE, Work
from gsvbatch.units import Hertz


@dataclass(frozen=True, slots=True)
class Mixdown:
    """A work, ready to be encoded in any format."""

    waveform: Waveform
    tags: Tags
    label: AigcLabel | None
    chapters: tuple[Chapter, ...]
    encoding: Encoding

    def write(self, path: Path, audio_format: AudioFormat) -> None:
        """Encode it.

        Raises:
            StorageError: The disk is full or cannot be written.
            AudioFileError: The encoder fails.
        """
        write_audio(
            path,
            self.waveform,
            audio_format,
            self.tags,
            label=self.label,
            chapters=self.chapters,
            encoding=self.encoding,
        )


def mix(work: Work, desk: Desk) -> Mixdown:
    """Read the lines of a work and put them together.

    Raises:
        AudioFileError: A line's file is damaged.
    """
    rate = max(spoken.take.sample_rate for spoken in work.timeline.spoken)
    delivery = desk.delivery
    waveform = _lines_in_time(work, desk, rate)
    if delivery.preset is not None:
        waveform = normalize(waveform, delivery.preset)
    if work.has_mark:
        mark = rhythm_mark(rate)
        at_end = work.timeline.is_timed
        waveform = join([waveform, MARK_PAUSE, mark] if at_end else [mark, MARK_PAUSE, waveform])
    if delivery.preset is not None:
        waveform = with_room_tone(waveform, delivery.preset)
    return Mixdown(
        waveform=waveform,
        tags=work.tags,
        label=delivery.label(work.fingerprint),
        chapters=work.timeline.chapters(work.offset, waveform.duration),
        encoding=delivery.encoding,
    )


def _lines_in_time(work: Work, desk: Desk, rate: Hertz) -> Waveform:
    timeline = work.timeline
    samples = np.zeros(round(timeline.duration * rate), np.float32)
    for spoken, start in zip(timeline.spoken, timeline.starts, strict=True):
        found = desk.output.find(spoken.take, spoken.take.path or "")
        if found is None:
            raise ConfigError(
                f"the file of line {spoken.line_id!r} went away; run `gsvbatch render`"
            )
        line = read_audio(desk.output.absolute(found), rate).samples
        # Lossy codecs pad their last frame; the take's own length is what the times go by.
        first = round(start * rate)
        n_samples = min(len(line), round(spoken.take.duration * rate), len(samples) - first)
        samples[first : first + n_samples] = line[:n_samples]
    return Waveform(samples, rate)
