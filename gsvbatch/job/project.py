"""A project: its settings and where its files stand. Nothing is read but the project file."""

import glob
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gsvbatch.config import ProjectConfig, find_project, override, read_project
from gsvbatch.errors import ConfigError

MANIFEST_NAME = "manifest.sqlite"


@dataclass(frozen=True, slots=True)
class Project:
    """Settings, and the folder that their relative paths start from."""

    config: ProjectConfig
    root: Path
    """Absolute."""

    scripts: tuple[Path, ...]
    """Absolute, in the order of the project file; each once."""

    file: Path | None = None
    """The project file, or None for a job of flags alone."""

    is_narrowed: bool = False
    """Whether the scripts are only some of the project's."""

    no_scripts: str = ""
    """Why there are no scripts, for the commands that need one."""

    @property
    def name(self) -> str:
        """As the project file says, else the folder's or the only script's name."""
        if self.config.project:
            return self.config.project
        if self.file is None and len(self.scripts) == 1:
            return self.scripts[0].stem
        return self.root.name or "gsvbatch"

    @property
    def output(self) -> Path:
        """Folder that rendering writes to; absolute."""
        return self.root / self.config.output

    @property
    def manifest_path(self) -> Path:
        """The one SQLite file that remembers everything."""
        return self.output / MANIFEST_NAME

    def script_name(self, path: Path) -> str:
        """A script's path as manifest and messages show it: relative to the project, with ``/``."""
        try:
            return Path(os.path.relpath(path, self.root)).as_posix()
        except ValueError:  # another drive of Windows
            return path.as_posix()

    @property
    def voice_folders(self) -> tuple[Path, ...]:
        """Folders of voice profiles that the project names; absolute."""
        return tuple(self.root / folder for folder in self.config.voices)

    @property
    def lexicons(self) -> tuple[Path, ...]:
        """Lexicon files; absolute."""
        return tuple(self.root / path for path in self.config.lexicon)


def open_project(
    path: Path | None = None,
    *,
    scripts: Sequence[Path] = (),
    settings: Mapping[str, Any] | None = None,
    root: Path | None = None,
) -> Project:
    """Open a project file, or make a project of flags alone.

    Args:
        path: A project file, or the folder that holds one. Without it, the nearest project file at
            or above ``root`` is used, unless ``scripts`` are given and there is none.
        scripts: Script files; with a project file they narrow the job down to these.
        settings: Values by dotted key (``{"audio.format": "mp3"}``), over those of the file.
        root: Folder to start from; the working directory by default.

    Raises:
        ConfigError: The file is missing or wrong, a setting is wrong, or a named script is missing.
            That no script is named or matched is an error only for what reads scripts.
    """
    here = (root or Path.cwd()).resolve()
    if path is not None and path.is_dir():
        file: Path | None = path / "gsvbatch.yaml"
    else:
        file = path if path is not None else find_project(here)
    config = ProjectConfig() if file is None else read_project(file)
    if settings:
        config = override(config, settings, "command line")
    base = here if file is None else file.resolve().parent
    problem = ""
    if scripts:
        found = _named_scripts(scripts, here)
    else:
        found, problem = _configured_scripts(config, base, file)
    narrowed = bool(scripts) and file is not None
    return Project(config, base, found, file, is_narrowed=narrowed, no_scripts=problem)


def _named_scripts(scripts: Sequence[Path], here: Path) -> tuple[Path, ...]:
    paths = tuple(dict.fromkeys((here / script).resolve() for script in scripts))
    for path in paths:
        if path.is_dir():
            raise ConfigError(f"{path}: a folder, not a script; name its files, or use a glob")
        if not path.is_file():
            raise ConfigError(f"{path}: no such script file")
    return paths


def _configured_scripts(
    config: ProjectConfig, base: Path, file: Path | None
) -> tuple[tuple[Path, ...], str]:
    """The scripts that a project file names, or why there are none."""
    if file is None:
        problem = f"{base}: no gsvbatch.yaml here or above, and no script named"
        return (), f"{problem}; name a script, or start a project with `gsvbatch new`"
    if not config.scripts:
        return (), f"{file}: scripts: names no script; add e.g. `scripts: scripts/*.md`"
    found: dict[Path, None] = {}
    for pattern in config.scripts:
        # pathlib's own glob refuses absolute patterns
        matches = sorted(glob.glob(pattern, root_dir=base, recursive=True))  # noqa: PTH207
        files = [(base / match).resolve() for match in matches if (base / match).is_file()]
        if not files:
            return (), f"{file}: scripts: {pattern!r} matches no file under {base}"
        found.update(dict.fromkeys(files))
    return tuple(found), ""
