"""From folders of spoken lines to a prepared corpus: everything that ``Corpus`` reads but the tokens."""

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gsvbatch.audio import read_audio
from gsvbatch.errors import ConfigError
from gsvbatch.text.symbols import SymbolTable
from gsvbatch.training.alignment import SILENCE, Frames, Timing, label_frames, locate, tones
from gsvbatch.training.corpus import HOP, SAMPLE_RATE
from gsvbatch.training.spoken import SpokenLine, audio_path, read_meta
from gsvbatch.training.teacher_letters import n_onset_letters, phonemes_of
from gsvbatch.units import Seconds

logger = logging.getLogger(__name__)

LEAD: Seconds = 0.06
"""Silence before the first phone in a file that was cut by its sound and tells no offset."""

UNCUT: Seconds = 0.05
"""A file this much shorter than the teacher's timing says, at most, was not cut."""


class Times(Protocol):
    """What preparing needs of a teacher, where the list does not hold it."""

    def time(self, letters: str, mix: Mapping[str, float], speed: float = 1.0) -> Timing:
        """Return when it would say what."""
        ...


@dataclass(frozen=True, slots=True)
class Prepared:
    """What became of the spoken lines."""

    n_lines: int
    duration: Seconds
    n_labels: int
    skipped: dict[str, str]
    """Line id -> why it is left out."""


@dataclass(frozen=True, slots=True)
class _Aligned:
    timing: Timing
    groups: list[tuple[int, Seconds | None, Seconds | None]]
    phoneme_ids: list[int]
    frames: Frames
    is_guessed: bool
    """Whether nobody said where in the teacher's audio the file begins."""


def prepare(
    sources: Sequence[Path],
    folder: Path,
    make_teacher: Callable[[], Times],
    *,
    report: Callable[[int, int], None] = lambda _done, _total: None,
) -> Prepared:
    """Write ``audio.i16``, ``index.jsonl``, ``frames.npz`` and ``labels.json`` into a folder.

    Args:
        sources: Folders of spoken lines.
        folder: Made if need be; a corpus that is there is replaced, and its tokens deleted.
        make_teacher: Called when the first line without stored durations needs them.
        report: Called with lines done and their number.

    Raises:
        ConfigError: A folder has no list, a line's audio is missing, or nothing is left.
    """
    lines = [(source, line) for source in sources for line in read_meta(source)]
    _require_unique(line for _, line in lines)
    folder.mkdir(parents=True, exist_ok=True)
    teacher: Times | None = None
    skipped: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    labelled: list[Frames] = []
    speakers: dict[tuple[tuple[str, float], ...], str] = {}
    n_samples = n_frames = 0
    with (folder / "audio.tmp").open("wb") as audio:
        for i, (source, line) in enumerate(lines):
            report(i, len(lines))
            if line.phones is None:
                skipped[line.id] = f"no phones are known ({line.lang})"
                continue
            if not (line.durations and line.pitch) and teacher is None:
                teacher = make_teacher()
            samples = _samples(source, line)
            try:
                aligned = align(line, len(samples), teacher)
            except ValueError as error:
                skipped[line.id] = str(error)
                continue
            if not line.silent:
                audio.write((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
            labelled.append(aligned.frames)
            rows.append(
                {
                    "id": line.id, "lang": line.lang, "text": line.text, "speaker": _speaker(line, speakers),
                    "start": -1 if line.silent else n_samples, "n": len(samples),
                    "height": round(aligned.frames.height, 4), "phoneme_ids": aligned.phoneme_ids,
                    "groups": aligned.groups, "guessed": aligned.is_guessed, "fstart": n_frames, "nf": len(aligned.frames.sound),
                }
            )  # fmt: skip
            n_samples += 0 if line.silent else len(samples)
            n_frames += len(aligned.frames.sound)
    if not rows:
        raise ConfigError(
            f"no line of {len(lines)} can be used: {next(iter(skipped.values()), '')}"
        )
    names = _write(folder, rows, labelled)
    report(len(lines), len(lines))
    return Prepared(len(rows), n_samples / SAMPLE_RATE, len(names), skipped)


def align(line: SpokenLine, n_samples: int, teacher: Times | None = None) -> _Aligned:
    """Return what is said when in a line's recording.

    Raises:
        ValueError: Phones, letters and durations do not belong together.
    """
    assert line.phones is not None
    if line.durations and line.pitch:
        timing = Timing(line.ipa, tuple(line.durations), tuple(line.pitch))
    else:
        assert teacher is not None
        timing = teacher.time(line.ipa, line.mix, line.speed)
    places = locate(line.phones, timing.letters, line.lang)
    tone = tones(line.phones, places, len(timing.letters))
    is_guessed = line.offset is None and not line.silent
    offset = line.offset if line.offset is not None else _guess_offset(timing, n_samples)
    bounds = timing.bounds - offset
    table = SymbolTable.load("v2")
    ids: list[int] = []
    groups: list[tuple[int, Seconds | None, Seconds | None]] = []
    for phone, place in zip(line.phones, places, strict=True):
        symbols = (phone,) if line.lang == "ja" else phonemes_of(phone)
        ids += table.ids(symbols)
        if place is None:
            groups.append((len(symbols), None, None))
            continue
        first, end = place
        n_onset = n_onset_letters(phone) if len(symbols) > 1 else 0
        if n_onset:
            groups.append((1, _rounded(bounds[first]), _rounded(bounds[first + n_onset])))
            first += n_onset
            symbols = symbols[1:]
        groups.append((len(symbols), _rounded(bounds[first]), _rounded(bounds[end])))
    frames = label_frames(timing, tone, n_samples // HOP, offset)
    return _Aligned(timing, groups, ids, frames, is_guessed)


def _speaker(line: SpokenLine, known: dict[tuple[tuple[str, float], ...], str]) -> str:
    """A name for who speaks: the same for the same mix, another where folders use a name twice."""
    mix = tuple(sorted(line.mix.items()))
    if mix not in known:
        taken = line.speaker in known.values()
        known[mix] = f"{line.speaker}-{len(known)}" if taken else line.speaker
    return known[mix]


def _samples(source: Path, line: SpokenLine) -> NDArray[np.float32]:
    """A line's audio, or silence of its length."""
    if line.silent:
        return np.zeros(round(line.sec * SAMPLE_RATE), np.float32)
    return read_audio(audio_path(source, line.id), SAMPLE_RATE).samples


def _guess_offset(timing: Timing, n_samples: int) -> Seconds:
    """What a file leaves out of the teacher's audio, if it does not say."""
    if n_samples / SAMPLE_RATE >= timing.total - UNCUT:
        return 0.0
    return max(0.0, float(timing.bounds[0]) - LEAD)


def _write(folder: Path, rows: Sequence[dict[str, Any]], labelled: Sequence[Frames]) -> list[str]:
    """Put the corpus in place; label 0 is silence, the others are sounds in the order of characters."""
    names = sorted({name for frames in labelled for name in frames.sound} - {SILENCE})
    number = {SILENCE: 0, **{name: i for i, name in enumerate(names, 1)}}
    with (folder / "frames.tmp").open("wb") as file:
        np.savez(
            file,
            lab=np.array([number[name] for frames in labelled for name in frames.sound], np.int16),
            tone=np.concatenate([frames.tone for frames in labelled]),
            pitch=np.concatenate([frames.pitch for frames in labelled]),
            voiced=np.concatenate([frames.voiced for frames in labelled]),
        )
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "index.tmp").write_text(text, encoding="utf-8", newline="\n")
    labels = json.dumps({"chars": names}, ensure_ascii=False)
    (folder / "labels.json").write_text(labels, encoding="utf-8")
    # What was made from an older corpus in this folder no longer fits.
    for stale in ("tokens.npz", "codebook.npy", "codes.json", "audio16k.i16"):
        (folder / stale).unlink(missing_ok=True)
    for name in ("audio.i16", "frames.npz", "index.jsonl"):
        (folder / name).with_suffix(".tmp").replace(folder / name)
    return names


def _rounded(time: float) -> Seconds:
    return round(float(time), 3)


def _require_unique(lines: Iterable[SpokenLine]) -> None:
    seen: set[str] = set()
    for line in lines:
        if line.id in seen:
            raise ConfigError(
                f"line id {line.id} is there twice; spoken folders need stems of their own"
            )
        seen.add(line.id)
