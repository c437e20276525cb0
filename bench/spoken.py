"""Lists of spoken files, and the lines of `bench/heldout` rendered through the command line.

A list has one JSON object a line: ``text`` and ``lang`` (or ``language``), and ``path``, relative to the list's folder,
or ``id``, then the file is ``audio/ID.*`` beside the list. ``speaker`` says whose voice it is, ``phones`` the pinyin with
its tones where that is known better than by reading the text; other fields are passed over. So both the ``meta.jsonl``
of a spoken corpus and what the drivers here write can be read.
"""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gsvbatch.training.spoken import audio_path

ROOT = Path(__file__).parents[1]
HELD_OUT = ROOT / "bench" / "heldout"
SOME_FAILED = 3
"""What ``gsvbatch render`` ends with when it has finished, but not with all lines."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A file and what is said in it."""

    path: Path
    text: str
    lang: str
    speaker: str = ""
    phones: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line to be rendered."""

    id: str
    voice: str
    lang: str
    text: str


def read_list(path: Path, speakers: str = "") -> list[Spoken]:
    """Return the files of a list whose speaker is chosen.

    Args:
        path: The list.
        speakers: Names with commas between, ``r0380-r0399`` for all from one to the other in the order of
            letters; empty for all.

    Raises:
        SystemExit: A line lacks a field; the message says which.
    """
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        row = json.loads(line)
        speaker = str(row.get("speaker", ""))
        if "text" not in row or not is_chosen(speaker, speakers):
            continue
        try:
            lang = row["lang"] if "lang" in row else row["language"]
            file = (
                path.parent / row["path"] if "path" in row else audio_path(path.parent, row["id"])
            )
        except KeyError as error:
            raise SystemExit(f"{path}:{number}: {error} is missing") from None
        phones = tuple(row["phones"]) if row.get("phones") else None
        found.append(Spoken(file, row["text"], lang, speaker, phones))
    return found


def is_chosen(speaker: str, speakers: str) -> bool:
    """Whether a speaker is among those that `read_list` was told."""
    for part in filter(None, (part.strip() for part in speakers.split(","))):
        first, _, last = part.partition("-")
        if speaker == part or (last and first <= speaker <= last):
            return True
    return not speakers.strip()


def held_out(lang: str, n: int, start: int = 0) -> list[str]:
    """Return n held-out sentences of a language, going round at the end."""
    lines = (HELD_OUT / f"{lang}.txt").read_text(encoding="utf-8").split("\n")
    lines = [line for line in lines if line.strip()]
    return [lines[(start + i) % len(lines)] for i in range(n)]


def run(*words: str | Path, allowed: Sequence[int] = (0,)) -> int:
    """Run ``gsvbatch`` as a user does, from this checkout, and return its exit code.

    Raises:
        SystemExit: It ended with a code that is not allowed; its own message is passed on.
    """
    places = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, places))}
    command = [sys.executable, "-m", "gsvbatch", *map(str, words)]
    done = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        check=False,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode not in allowed:
        message = (done.stderr or done.stdout).strip()
        raise SystemExit(f"gsvbatch {words[0]} ended with {done.returncode}:\n{message}")
    return done.returncode


def write_project(folder: Path, wanted: Iterable[Wanted]) -> None:
    """Write a project of these lines with every setting left as it is, but WAV files."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = "scripts: lines.csv\naudio: {format: wav}\n"
    (folder / "gsvbatch.yaml").write_text(settings, encoding="utf-8", newline="\n")
    with (folder / "lines.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "voice", "language", "text"])
        rows.writerows([line.id, line.voice, line.lang, line.text] for line in wanted)


def render(folder: Path, wanted: Sequence[Wanted]) -> list[Spoken | None]:
    """Render a project's lines, and return each one's file; None for a line that has none."""
    run("render", "-p", folder, "--no-cache", "--no-assemble", allowed=(0, SOME_FAILED))
    made: list[Spoken | None] = []
    for line in wanted:
        path = folder / "outputs" / "lines" / f"{line.id}.wav"
        made.append(Spoken(path, line.text, line.lang, line.voice) if path.is_file() else None)
    return made


def write_list(path: Path, files: Iterable[tuple[Spoken, Path | None]]) -> None:
    """Write a list of files, each with a clip of the voice that it should sound like, for a judge of speech."""
    with path.open("w", encoding="utf-8", newline="\n") as out:
        for file, reference in files:
            row = {"path": str(file.path.resolve()), "text": file.text, "lang": file.lang}
            if reference is not None:
                row["reference"] = str(reference.resolve())
            row["speaker"] = file.speaker
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
