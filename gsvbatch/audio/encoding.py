"""Samples -> a bare audio file: no tags yet, and chapters only where ffmpeg has to make them.

libsndfile encodes WAV, FLAC and Opus in this process, which for a line of a few seconds is ten
times faster than starting a program; ffmpeg encodes MP3 and AAC.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from gsvbatch.audio import ffmpeg, pcm
from gsvbatch.audio.formats import (
    DEFAULT_BITRATES,
    AudioFormat,
    Chapter,
    Encoding,
    SampleDepth,
)
from gsvbatch.audio.sound_file import write_blocks
from gsvbatch.data import Waveform
from gsvbatch.errors import ConfigError

_SUBTYPES = {
    SampleDepth.PCM16: "PCM_16",
    SampleDepth.PCM24: "PCM_24",
    SampleDepth.FLOAT: "FLOAT",
}
# libsndfile maps compression 0..1 to this range of bits a second and channel.
_OPUS_BEST, _OPUS_WORST = 250_000, 6_000


def encode(
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
