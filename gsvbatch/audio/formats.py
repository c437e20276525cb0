"""The audio formats that can be written, and how each is encoded."""

from dataclasses import dataclass
from enum import StrEnum

from gsvbatch.errors import ConfigError
from gsvbatch.units import Hertz, Seconds


class AudioFormat(StrEnum):
    """A container with its one codec."""

    WAV = "wav"
    FLAC = "flac"
    MP3 = "mp3"
    OPUS = "opus"
    M4A = "m4a"
    M4B = "m4b"

    @property
    def suffix(self) -> str:
        """File name ending, with its dot."""
        return f".{self.value}"

    @property
    def is_lossless(self) -> bool:
        """Whether what is read back is what was written, but for rounding to the sample depth."""
        return self in (AudioFormat.WAV, AudioFormat.FLAC)

    @property
    def is_mp4(self) -> bool:
        """Whether the file is made of MP4 boxes."""
        return self in (AudioFormat.M4A, AudioFormat.M4B)


SUFFIX_FORMATS = {audio_format.suffix: audio_format for audio_format in AudioFormat} | {
    ".wave": AudioFormat.WAV,
    ".ogg": AudioFormat.OPUS,
    ".oga": AudioFormat.OPUS,
    ".mp4": AudioFormat.M4A,
}
"""Format by file name ending, for reading tags."""


class SampleDepth(StrEnum):
    """How a sample is stored in WAV and FLAC."""

    PCM16 = "pcm16"
    PCM24 = "pcm24"
    FLOAT = "float"
    """32-bit float; WAV only."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """Settings of an encoder; each format takes those that concern it.

    Raises:
        ConfigError: if a value is outside its range.
    """

    depth: SampleDepth = SampleDepth.PCM16
    dither: bool = False
    """Adds triangular dither before rounding to 16 bits, the same for every run."""

    bitrate: int | None = None
    """Kilobits a second of MP3 (constant), Opus and AAC (average); None for the format's own."""

    sample_rate: Hertz | None = None
    """Rate to deliver at; None keeps the waveform's own where the format has it."""

    def __post_init__(self) -> None:
        if self.bitrate is not None and not 8 <= self.bitrate <= 320:
            raise ConfigError(f"bitrate {self.bitrate} is outside 8 to 320 kbit/s")
        if self.sample_rate is not None and not 8000 <= self.sample_rate <= 192000:
            raise ConfigError(f"sample rate {self.sample_rate} is outside 8000 to 192000 Hz")


DEFAULT_BITRATES = {
    AudioFormat.MP3: 96,
    AudioFormat.OPUS: 48,
    AudioFormat.M4A: 80,
    AudioFormat.M4B: 80,
}
"""Kilobits a second at which mono speech shows no artefacts to most ears."""

CODEC_RATES = {
    AudioFormat.MP3: (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
    AudioFormat.OPUS: (48000,),
    AudioFormat.M4A: (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
    AudioFormat.M4B: (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
}
"""Sample rates that a codec has; formats not named here take any."""


def delivered_rate(audio_format: AudioFormat, sample_rate: Hertz, encoding: Encoding) -> Hertz:
    """Return the rate at which a waveform of ``sample_rate`` is stored in a file.

    A rate that the codec does not have is raised to the next one that it has.

    Raises:
        ConfigError: if a rate was asked for that the codec does not have.
    """
    rates = CODEC_RATES.get(audio_format)
    wanted = encoding.sample_rate
    if wanted is not None and rates is not None and wanted not in rates:
        choices = ", ".join(str(rate) for rate in rates)
        raise ConfigError(f"{audio_format} has no sample rate {wanted} Hz; it has {choices}")
    rate = wanted or sample_rate
    if rates is None or rate in rates:
        return rate
    return min((r for r in rates if r > rate), default=rates[-1])


@dataclass(frozen=True, slots=True)
class Chapter:
    """A stretch of a finished work with a title of its own."""

    start: Seconds
    end: Seconds
    title: str

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ConfigError(
                f"chapter {self.title!r} runs from {self.start:.3f} s to {self.end:.3f} s: "
                "it must end after it starts"
            )
