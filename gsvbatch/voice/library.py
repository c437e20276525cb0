"""The voices there are: folders of profiles, the project's before those that come with gsvbatch."""

import difflib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from gsvbatch.errors import VoiceError
from gsvbatch.script import safe_id_problem, speaker_key
from gsvbatch.voice.profile import VoiceProfile
from gsvbatch.voice.storage import STYLES_NAME, YAML_NAME, load_profile

DEFAULT_STYLE = "default"
"""What scripts call a voice's own style; no other style may be called so."""


def shipped_folders() -> tuple[Path, ...]:
    """Where the voices that come with gsvbatch are: in a checkout beside the package, or inside it."""
    package = Path(str(resources.files("gsvbatch")))
    folders = [package / "assets" / "voices"]
    if (package.parent / "pyproject.toml").is_file():
        folders.insert(0, package.parent / "voices")
    return tuple(folder for folder in folders if folder.is_dir())


class VoiceLibrary:
    """Voices by name, from folders that are searched in order; profiles are read once."""

    def __init__(self, folders: Sequence[Path], *, shipped: bool = True) -> None:
        """Look into ``folders``, then, unless told otherwise, among the voices that are shipped."""
        self.folders = tuple(dict.fromkeys((*folders, *(shipped_folders() if shipped else ()))))
        self._profiles: dict[tuple[str, str], VoiceProfile] = {}

    def names(self) -> tuple[str, ...]:
        """The names of all voices, in the order of the folders, each once."""
        found = (
            path.parent.name
            for folder in self.folders
            for path in sorted(folder.glob(f"*/{YAML_NAME}"))
        )
        return tuple(dict.fromkeys(found))

    def folder(self, name: str) -> Path:
        """The folder of a voice.

        Raises:
            VoiceError: There is no voice of this name; the message lists those like it.
        """
        problem = safe_id_problem(name)
        if problem is not None:
            raise VoiceError(name, f"cannot be the name of a voice: {problem}")
        for folder in self.folders:
            if (folder / name / YAML_NAME).is_file():
                return folder / name
        names = self.names()
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        if near:
            hint = f"did you mean {' or '.join(near)}?"
        elif names:
            hint = f"there are {', '.join(names[:8])}"
        else:
            hint = "there are no voices yet; `gsvbatch voice enroll` makes one"
        raise VoiceError(name, f"no such voice; {hint}")

    def get(self, name: str, style: str = "") -> VoiceProfile:
        """The profile of a voice, or of one of its styles by the very name that `styles` gives.

        Raises:
            VoiceError: There is no such voice, or it is damaged.
        """
        key = (name, style)
        if key not in self._profiles:
            self._profiles[key] = load_profile(style_folder(self.folder(name), style))
        return self._profiles[key]

    def styles(self, name: str) -> tuple[str, ...]:
        """The names of a voice's styles, without its own.

        Raises:
            VoiceError: There is no such voice.
        """
        found = self.folder(name).glob(f"{STYLES_NAME}/*/{YAML_NAME}")
        return tuple(sorted(path.parent.name for path in found))

    def style(self, name: str, wanted: str) -> str:
        """The style of a voice that a script's word means; empty for the voice's own.

        Width, letter case and spacing do not matter, and a voice without styles takes any word for a
        note to the reader.

        Raises:
            VoiceError: There is no such voice, or it has styles, but none of this name.
        """
        by_key = {speaker_key(style): style for style in self.styles(name)}
        key = speaker_key(wanted)
        if not by_key or key in ("", DEFAULT_STYLE):
            return ""
        if key not in by_key:
            there = ", ".join((DEFAULT_STYLE, *by_key.values()))
            raise VoiceError(
                name,
                f"has no style {wanted!r}, only {there}; use one of them, enroll it with --style, "
                "or set styles: {" + f"{wanted}: {DEFAULT_STYLE}" + "} under its speaker",
            )
        return by_key[key]


def style_folder(folder: Path, style: str) -> Path:
    """The folder of a voice's style, inside the voice's own; that one itself for no style."""
    return folder / STYLES_NAME / style if style else folder
