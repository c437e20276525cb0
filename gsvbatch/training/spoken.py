"""Spoken lines on disk, before they are a corpus: a folder of audio files and ``meta.jsonl``.

One line of ``meta.jsonl`` is one file; see docs/training.md for its fields.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from gsvbatch.errors import ConfigError
from gsvbatch.units import Seconds

META_NAME = "meta.jsonl"
AUDIO_FOLDER = "audio"


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """What is known of one file."""

    id: str
    """The audio file's stem, in ``audio/`` beside the list."""

    lang: str
    text: str
    phones: list[str] | None
    """Pinyin with the tone as spoken, ARPAbet with stress, marks; None where nobody knows."""

    ipa: str
    """The letters that the teacher read."""

    speaker: str
    mix: dict[str, float]
    """Weights of the teacher's voices."""

    speed: Annotated[float, Field(gt=0)] = 1.0
    sec: Seconds = 0.0
    offset: Seconds | None = None
    """How much of the teacher's audio is cut off before the file begins."""

    durations: list[int] = field(default_factory=list)
    """In ticks of 25 ms; empty: the teacher is asked again. Likewise below."""

    pitch: list[float] = field(default_factory=list)

    silent: bool = False
    """There is no audio file: the teacher was asked for its timing alone."""


_ROW = TypeAdapter(SpokenLine)


def read_meta(folder: Path) -> Iterator[SpokenLine]:
    """Yield the lines of a folder; unknown fields are passed over.

    Raises:
        ConfigError: The list is missing, or a line is wrong.
    """
    path = folder / META_NAME
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: missing; gsvbatch train speak writes one") from error
    for number, line in enumerate(lines, 1):
        try:
            yield _ROW.validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            problem = f"{where}: {first['msg']}" if where else first["msg"]
            raise ConfigError(f"{path}:{number}: {problem}") from error


def audio_path(folder: Path, line_id: str) -> Path:
    """Return the file of a line, whatever its format.

    Raises:
        ConfigError: There is none.
    """
    for path in sorted((folder / AUDIO_FOLDER).glob(f"{line_id}.*")):
        if path.suffix != ".tmp":
            return path
    raise ConfigError(f"{folder / AUDIO_FOLDER}: no audio file of line {line_id}")


def spoken_ids(folder: Path) -> set[str]:
    """Return the lines that are done, and cut off one that was being written when power failed."""
    path = folder / META_NAME
    if not path.exists():
        return set()
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if whole != data:
        with path.open("r+b") as file:
            file.truncate(len(whole))
    return {row["id"] for row in map(json.loads, whole.splitlines())}


def append_meta(folder: Path, row: Mapping[str, Any]) -> None:
    """Add one line to the list, after its audio is in place."""
    with (folder / META_NAME).open("a", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
