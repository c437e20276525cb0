"""A prepared corpus on disk: audio, phonemes with times, and labels for every 20 ms frame.

audio.i16      all utterances one after another, 24 kHz mono, little-endian int16
index.jsonl    one utterance a line: where it is, its phonemes and when each group is spoken
frames.npz     label (phonetic), tone, pitch and voicing of every frame, utterances joined
tokens.npz     semantic tokens, once a codebook exists
"""

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gsvbatch.errors import ConfigError
from gsvbatch.units import Hertz, Seconds

SAMPLE_RATE: Hertz = 24000
FRAME_RATE: Hertz = 50
HOP = SAMPLE_RATE // FRAME_RATE  # 480 samples


@dataclass(frozen=True, slots=True)
class Entry:
    """One utterance of the corpus."""

    id: str
    language: str
    text: str
    speaker: str
    start: int
    """First sample in the audio file; -1 for a line of which only the timing is known."""

    n_samples: int
    phoneme_ids: tuple[int, ...]
    groups: tuple[tuple[int, Seconds | None, Seconds | None], ...]
    """Phonemes in the group (a phone, a mark, half a syllable or a whole one), when it starts and ends."""

    first_frame: int
    n_frames: int
    height: float
    """Natural logarithm of the median pitch in hertz; that of ``Corpus.pitch`` is relative to it."""

    is_guessed: bool = True
    """Whether the place of its labels under the recording was guessed."""

    lag: Seconds = 0.0
    """How much later the labels of frames are than their places say; less than a frame."""

    @property
    def has_audio(self) -> bool:
        """Whether it was recorded."""
        return self.start >= 0

    def phonemes_between(self, start: Seconds, end: Seconds) -> tuple[int, ...]:
        """Return the ids of the groups that overlap a stretch of time."""
        ids: list[int] = []
        at = 0
        for n, begins, ends in self.groups:
            if begins is not None and ends is not None and begins < end and ends > start:
                ids += self.phoneme_ids[at : at + n]
            at += n
        return tuple(ids)


def phoneme_starts(entry: Entry) -> NDArray[np.float64]:
    """Return when each phoneme of an utterance begins, seconds, never falling.

    Within a syllable of which only the whole is known the initial is taken to last for a third; a group
    without a time of its own, as a mark that the teacher did not speak, begins with the next sound after it.
    """
    starts: list[float] = []
    for n, begins, ends in entry.groups:
        for place in range(n):
            if begins is None or ends is None:
                starts.append(np.nan)
            else:
                starts.append(begins + (ends - begins) * (place / 3 if n == 2 else place / n))
    times = np.array(starts)
    last = entry.n_samples / SAMPLE_RATE
    for i in range(len(times) - 1, -1, -1):
        last = times[i] = last if np.isnan(times[i]) else min(times[i], last)
    return times


class Corpus:
    """Random access to a prepared corpus; audio stays on disk.

    Raises:
        ConfigError: The folder holds none.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("audio.i16", "index.jsonl", "frames.npz"):
            if not (folder / name).is_file():
                raise ConfigError(
                    f"{folder / name}: missing; gsvbatch train prepare makes a corpus"
                )
        audio_path = folder / "audio.i16"
        # A file of no bytes cannot be mapped.
        self.audio: NDArray[np.int16] = (
            np.memmap(audio_path, dtype="<i2", mode="r")
            if audio_path.stat().st_size
            else np.zeros(0, np.int16)
        )
        self.entries: list[Entry] = []
        with (folder / "index.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                self.entries.append(
                    Entry(
                        id=row["id"],
                        language=row["lang"],
                        text=row["text"],
                        speaker=row["speaker"],
                        start=row["start"],
                        n_samples=row["n"],
                        phoneme_ids=tuple(row["phoneme_ids"]),
                        groups=tuple(tuple(group) for group in row["groups"]),
                        first_frame=row["fstart"],
                        n_frames=row["nf"],
                        height=row["height"],
                        is_guessed=row.get("guessed", True),
                        lag=row.get("lag", 0.0),
                    )
                )
        frames = np.load(folder / "frames.npz")
        self.label: NDArray[np.int16] = frames["lab"]
        self.tone: NDArray[np.int8] = frames["tone"]
        self.pitch: NDArray[np.float16] = frames["pitch"]
        self.voiced: NDArray[np.bool_] = frames["voiced"]
        self.recorded = [i for i, entry in enumerate(self.entries) if entry.has_audio]
        self.by_speaker: dict[str, list[int]] = defaultdict(list)
        for i, entry in enumerate(self.entries):
            self.by_speaker[entry.speaker].append(i)

    def samples(self, entry: Entry, start: int = 0, n: int | None = None) -> NDArray[np.float32]:
        """Return n samples from ``start`` in [-1, 1], zero-padded at either end."""
        n = entry.n_samples - start if n is None else n
        out = np.zeros(n, np.float32)
        first, last = max(start, 0), min(start + n, entry.n_samples)
        if last > first:
            piece = self.audio[entry.start + first : entry.start + last]
            out[first - start : last - start] = piece.astype(np.float32) / 32768.0
        return out

    @property
    def tokens(self) -> list[NDArray[np.int64]]:
        """Semantic tokens of every utterance as the teacher said it, in the order of ``entries``.

        Raises:
            ConfigError: There is no codebook yet.
        """
        return self._tokens("tokens")

    @property
    def heard(self) -> list[NDArray[np.int64]]:
        """Semantic tokens of every utterance as the content encoder hears it."""
        return self._tokens("heard")

    def _tokens(self, kind: str) -> list[NDArray[np.int64]]:
        if not (self.folder / "tokens.npz").is_file():
            raise ConfigError(f"{self.folder}: no tokens yet; gsvbatch train codebook makes them")
        data = np.load(self.folder / "tokens.npz")
        flat, lengths = data[kind].astype(np.int64), data["lengths"]
        return list(np.split(flat, np.cumsum(lengths)[:-1]))
