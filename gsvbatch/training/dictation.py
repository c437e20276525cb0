"""Lines that a model spoke, on disk: what was said, in which tokens, and how it sounded.

    meta.jsonl      one line each: id, text, phonemes, tokens
    audio/ID.flac   16-bit, at the model's rate
    bert/ID.npy     prosody features, of those that were spoken with them

A line is in the list once its files are in place, so a broken-off dictation goes on where it was.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from gsvbatch.errors import ConfigError
from gsvbatch.training.clips import Clip
from gsvbatch.training.spoken import AUDIO_FOLDER, META_NAME, append_meta, spoken_ids

BERT_FOLDER = "bert"


@dataclass(frozen=True, slots=True)
class Dictated:
    """The lines of a folder."""

    clips: tuple[Clip, ...]
    """Those fit to learn from."""

    n_failed: int
    """Those that failed the quality gates."""


def keep_clip(folder: Path, clip: Clip) -> None:
    """Add a line; its folder is made."""
    (folder / AUDIO_FOLDER).mkdir(parents=True, exist_ok=True)
    path = folder / AUDIO_FOLDER / f"{clip.id}.flac"
    beside = path.with_suffix(".tmp")
    soundfile.write(beside, clip.samples, clip.sample_rate, format="FLAC", subtype="PCM_16")
    beside.replace(path)
    if clip.bert is not None:
        (folder / BERT_FOLDER).mkdir(exist_ok=True)
        with (folder / BERT_FOLDER / f"{clip.id}.npy").open("wb") as file:
            np.save(file, clip.bert)
    append_meta(
        folder,
        {
            "id": clip.id,
            "text": clip.text,
            "phoneme_ids": clip.phoneme_ids,
            "tokens": clip.tokens.tolist(),
            "has_bert": clip.bert is not None,
        },
    )


def keep_failure(folder: Path, clip_id: str, text: str, problem: str) -> None:
    """Remember that a line cannot be learnt from, so that it is not spoken again."""
    folder.mkdir(parents=True, exist_ok=True)
    append_meta(folder, {"id": clip_id, "text": text, "problem": problem})


def dictated_ids(folder: Path) -> set[str]:
    """The lines that are done, failed ones among them."""
    return spoken_ids(folder)


def read_dictation(folder: Path) -> Dictated:
    """Read all lines of a folder.

    Raises:
        ConfigError: A file is missing or damaged.
    """
    spoken_ids(folder)  # cuts off a line that was being written when power failed
    rows = list(_rows(folder))
    good = [row for row in rows if "problem" not in row]
    return Dictated(tuple(_clip(folder, row) for row in good), len(rows) - len(good))


def _rows(folder: Path) -> Iterator[dict[str, object]]:
    path = folder / META_NAME
    if not path.exists():
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            yield json.loads(line)
        except ValueError as error:
            raise ConfigError(f"{path}:{number}: is damaged; delete {folder}") from error


def _clip(folder: Path, row: dict[str, object]) -> Clip:
    name = str(row["id"])
    path = folder / AUDIO_FOLDER / f"{name}.flac"
    try:
        samples, rate = soundfile.read(path, dtype="int16")
        bert = np.load(folder / BERT_FOLDER / f"{name}.npy") if row["has_bert"] else None
    except (soundfile.LibsndfileError, OSError, ValueError) as error:
        raise ConfigError(f"{path}: missing or damaged ({error}); delete {folder}") from error
    phonemes, tokens = row["phoneme_ids"], row["tokens"]
    assert isinstance(phonemes, list)
    return Clip(
        id=name,
        text=str(row["text"]),
        phoneme_ids=tuple(phonemes),
        tokens=np.array(tokens, np.int64),
        samples=samples,
        sample_rate=rate,
        bert=bert,
    )
