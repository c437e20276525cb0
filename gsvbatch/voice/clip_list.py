"""The ``.list`` files of GPT-SoVITS: clips with their speaker, language and words.

One clip a line, ``vocal_path|speaker_name|language|text``. The paths are those of the machine that the
list was made on; what counts then is the file's name, as it does for the WebUI.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gsvbatch.errors import ScriptError
from gsvbatch.script.encoding import decode, read_bytes
from gsvbatch.script.fields import language_code

N_FIELDS = 4
MAX_CLIPS = 1_000_000


@dataclass(frozen=True, slots=True)
class ListedClip:
    """One line of a list."""

    line_number: int
    path: Path
    """Where the file is on this machine."""

    speaker: str
    language: str
    """``zh``, ``en`` ..."""

    text: str
    """What is said in it."""


@dataclass(frozen=True, slots=True)
class ClipList:
    """What is in a list."""

    clips: tuple[ListedClip, ...]
    problems: tuple[ScriptError, ...]
    """Lines that are passed over, and why."""


def read_clip_list(path: Path, folders: Sequence[Path] = ()) -> ClipList:
    """Read a list, and find its clips.

    Args:
        path: UTF-8, or one of the encodings that scripts are read in.
        folders: Where clips are looked for by their file names, before the paths that are written;
            the list's own folder is looked into last.

    Raises:
        ScriptError: The file cannot be read, or not one line of it is of use.
    """
    text = decode(path, read_bytes(path)).text
    clips: list[ListedClip] = []
    problems: list[ScriptError] = []
    for number, line in enumerate(text.splitlines()[:MAX_CLIPS], start=1):
        if not line.strip():
            continue
        try:
            clips.append(_clip(path, number, line, folders))
        except ScriptError as error:
            problems.append(error)
    if not clips:
        raise problems[0] if problems else ScriptError(path, 0, "is empty: it lists no clip")
    return ClipList(tuple(clips), tuple(problems))


def _clip(path: Path, number: int, line: str, folders: Sequence[Path]) -> ListedClip:
    fields = [field.strip() for field in line.split("|", N_FIELDS - 1)]
    if len(fields) < N_FIELDS:
        raise ScriptError(
            path, number, "is not of the form vocal_path|speaker_name|language|text of a .list file"
        )
    written, speaker, language, text = fields
    for value, what in ((written, "path"), (speaker, "speaker"), (text, "text")):
        if not value:
            raise ScriptError(path, number, f"has no {what}")
    code = language_code(language)
    if not code:
        raise ScriptError(path, number, f"{language!r} is not a language code such as zh, en or ja")
    found = _find(written, folders, path.parent)
    if found is None:
        raise ScriptError(
            path,
            number,
            f"there is no file {written}; --audio names the folder that the clips are in",
        )
    return ListedClip(number, found, speaker, code, text)


def _find(written: str, folders: Sequence[Path], home: Path) -> Path | None:
    name = re.split(r"[\\/]", written)[-1]
    candidates = [folder / name for folder in folders]
    candidates += [Path(written), home / written, home / name]
    for candidate in candidates:
        try:
            if candidate.is_file():
                return candidate
        except (OSError, ValueError):  # a path that this system cannot even ask for
            continue
    return None
