"""When the teacher says each phone: its durations laid over the letters that it read.

    phones -> where each stands in the letters -> seconds -> label, tone and pitch of every frame

Nothing here needs the teacher itself; its durations and pitch may have been stored long ago.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gsvbatch.training.corpus import FRAME_RATE
from gsvbatch.training.kana_letters import locate_kana
from gsvbatch.training.teacher_letters import ARROWS, MARKS, STRESS, letters_of
from gsvbatch.units import Seconds

TICK: Seconds = 0.025
"""Of the teacher's durations."""

PITCH_TICK: Seconds = 0.0125
"""Between two values of the teacher's pitch."""

LOWEST_PITCH = 20.0
"""Hertz; the teacher's pitch is about zero where nothing is voiced."""

SILENCE = ""
"""The sound of pauses."""

_PAUSES = MARKS | {";", ":", "—", '"', "(", ")", "“", "”"}
_ARROWS = frozenset(filter(None, ARROWS.values()))
_STRESS = frozenset(filter(None, STRESS.values()))


@dataclass(frozen=True, slots=True)
class Timing:
    """How the teacher spoke."""

    letters: str
    """Those that it knows; the rest was dropped."""

    durations: tuple[int, ...]
    """Ticks of the silence before, of each letter, and of the silence after."""

    pitch: tuple[float, ...]
    """Hertz, a value every PITCH_TICK, near 0 where unvoiced."""

    def __post_init__(self) -> None:
        if len(self.durations) != len(self.letters) + 2:
            raise ValueError(
                f"{len(self.durations)} durations for {len(self.letters)} letters and two silences"
            )

    @property
    def bounds(self) -> NDArray[np.float64]:
        """When each letter begins, then when the last one ends, in seconds of the untrimmed audio."""
        return np.cumsum(self.durations[:-1]) * TICK

    @property
    def total(self) -> Seconds:
        """Length of the untrimmed audio."""
        return sum(self.durations) * TICK


def locate(
    phones: Sequence[str], letters: str, language: str = "zh"
) -> list[tuple[int, int] | None]:
    """Return the stretch of letters, first and end, that each phone was written with.

    Spaces and pauses between phones are passed over; a mark that the letters lack is None.

    Raises:
        ValueError: The letters say something else; the message names the phone.
    """
    if language == "ja":
        return locate_kana(phones, letters)
    found: list[tuple[int, int] | None] = []
    at = 0
    for phone in phones:
        is_mark = not phone[0].isalnum()
        skipped = {" "} if is_mark else _PAUSES | {" "}
        first = at
        while first < len(letters) and letters[first] in skipped:
            first += 1
        wanted = phone if is_mark else letters_of(phone)
        if letters.startswith(wanted, first):
            at = first + len(wanted)
            found.append((first, at))
        elif is_mark:
            found.append(None)
        else:
            raise ValueError(f"{phone} should read {wanted}, found {letters[first : first + 8]!r}")
    return found


def sounds(letters: str) -> tuple[list[str], list[str]]:
    """Return the sound in the first and in the second half of each letter.

    Stress marks, tone arrows and spaces have durations of their own, but no sound: a stress mark
    belongs to what follows, an arrow to what precedes, a space to both, or to a pause beside it.
    """
    first, second = [], []
    for i, letter in enumerate(letters):
        if letter in _STRESS:
            a = b = _neighbour(letters, i, 1)
        elif letter in _ARROWS:
            a = b = _neighbour(letters, i, -1)
        elif letter == " ":
            a, b = _neighbour(letters, i, -1), _neighbour(letters, i, 1)
            if SILENCE in (a, b):
                a = b = SILENCE
        else:
            a = b = SILENCE if letter in _PAUSES else letter
        first.append(a)
        second.append(b)
    return first, second


def tones(
    phones: Sequence[str], places: Sequence[tuple[int, int] | None], n: int
) -> NDArray[np.int8]:
    """Return the tone of each of n letters: 1 to 4, 5 and 6 for primary and secondary stress, else 0."""
    out = np.zeros(n, np.int8)
    for phone, place in zip(phones, places, strict=True):
        if place is None or not phone[-1].isdigit():
            continue
        digit = int(phone[-1])
        if phone[0].isupper():
            out[slice(*place)] = 4 + digit if digit else 0
        else:
            out[slice(*place)] = digit if digit <= 4 else 0
    return out


@dataclass(frozen=True, slots=True)
class Frames:
    """What is said in every 20 ms frame of one utterance."""

    sound: list[str]
    tone: NDArray[np.int8]
    pitch: NDArray[np.float16]
    """Natural logarithm of pitch over the utterance's median; 0 where unvoiced."""

    voiced: NDArray[np.bool_]

    height: float
    """Natural logarithm of the median pitch in hertz; 0 where nothing is voiced."""


def label_frames(
    timing: Timing, tone: NDArray[np.int8], n_frames: int, offset: Seconds = 0.0
) -> Frames:
    """Return the labels of n frames of a recording that leaves out the first ``offset`` seconds."""
    middles = (np.arange(n_frames) + 0.5) / FRAME_RATE + offset
    bounds = timing.bounds
    letter = np.searchsorted(bounds, middles, side="right") - 1
    first, second = sounds(timing.letters)
    names, marks = [], np.zeros(n_frames, np.int8)
    for frame, i in enumerate(letter):
        if not 0 <= i < len(timing.letters):
            names.append(SILENCE)
            continue
        is_first = middles[frame] < (bounds[i] + bounds[i + 1]) / 2
        names.append(first[i] if is_first else second[i])
        marks[frame] = tone[i]
    hertz = np.array(timing.pitch)
    at = np.clip((middles / PITCH_TICK).astype(int), 0, len(hertz) - 1)
    heard = hertz[at]
    voiced = heard > LOWEST_PITCH
    height = np.log(np.maximum(heard, LOWEST_PITCH))
    middle = np.median(height[voiced]) if voiced.any() else 0.0
    pitch = np.where(voiced, height - middle, 0.0).astype(np.float16)
    return Frames(names, marks, pitch, voiced, float(middle))


def _neighbour(letters: str, i: int, step: int) -> str:
    passed = _STRESS | _ARROWS | {" "}
    i += step
    while 0 <= i < len(letters) and letters[i] in passed:
        i += step
    if not 0 <= i < len(letters) or letters[i] in _PAUSES:
        return SILENCE
    return letters[i]
