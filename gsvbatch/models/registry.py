"""Models that the user has, by name: a small file in the user's configuration folder.

Projects and voices may name a model in place of a path. The files stay where they are.
"""

import difflib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import platformdirs
import yaml
from pydantic import Field, ValidationError

from gsvbatch.audio.storage import storage_error, write_text_atomically
from gsvbatch.config import StrictModel
from gsvbatch.errors import ConfigError
from gsvbatch.models.catalogue import Role

REGISTRY_NAME = "models.yaml"
FORMAT_VERSION = 1

_INTRODUCTION = """\
# Models that gsvbatch knows by name; projects and voices may use the names in place of paths.
# `gsvbatch models add` and `gsvbatch models pull` write this file. Paths may be edited.
"""


class RegistryEntry(StrictModel):
    """What one name stands for: the files or folders it has, by role."""

    t2s: Path | None = None
    synthesizer: Path | None = None
    content: Path | None = None
    bert: Path | None = None
    g2pw: Path | None = None
    speaker_encoder: Path | None = None
    vocoder: Path | None = None
    version: str | None = None
    """Of GPT-SoVITS, as the folder said that it was found in."""

    def path(self, role: Role) -> Path | None:
        """The file or folder for a role, if the entry has one."""
        found: Path | None = getattr(self, role.value)
        return found

    @property
    def paths(self) -> Mapping[Role, Path]:
        """All that the entry has."""
        return {role: path for role in Role if (path := self.path(role)) is not None}


class RecordedFile(StrictModel):
    """What a file was when it was first fetched or verified."""

    n_bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Registry(StrictModel):
    """All names, and the digests of files that are published without any."""

    format: int = FORMAT_VERSION
    models: Mapping[str, RegistryEntry] = Field(default_factory=dict)
    files: Mapping[Path, RecordedFile] = Field(default_factory=dict)

    @classmethod
    def load(cls, path: Path | None = None) -> "Registry":
        """The user's registry; an empty one if there is none yet.

        Raises:
            ConfigError: The file is damaged, or of a newer version.
        """
        path = path or registry_path()
        try:
            stat = path.stat()
        except OSError:
            return cls()
        return _read(path, stat.st_size, stat.st_mtime_ns)

    def save(self, path: Path | None = None) -> None:
        """Write it, whole or not at all.

        Raises:
            StorageError: The configuration folder cannot be written.
        """
        path = path or registry_path()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(path.parent, error) from error
        kept = self.model_dump(mode="json", exclude_none=True)
        text = yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=1000)
        write_text_atomically(path, _INTRODUCTION + text)

    def with_models(self, entries: Mapping[str, RegistryEntry]) -> "Registry":
        """The registry with entries added; one of the same name is replaced."""
        return self.model_copy(update={"models": {**self.models, **entries}})

    def with_file(self, path: Path, recorded: RecordedFile) -> "Registry":
        """The registry with what a file was, remembered."""
        return self.model_copy(update={"files": {**self.files, path: recorded}})

    def path(self, name: str, role: Role) -> Path | None:
        """Where the model of a name and role is, if there is one."""
        entry = self.models.get(name)
        return None if entry is None else entry.path(role)

    def name_of(self, path: Path, role: Role) -> str | None:
        """The name that a path is known by in a role."""
        return next((n for n, entry in self.models.items() if entry.path(role) == path), None)

    def with_role(self, role: Role) -> tuple[str, ...]:
        """Names that stand for something of a role."""
        return tuple(name for name, entry in self.models.items() if entry.path(role) is not None)


def registry_path() -> Path:
    """Where the user's registry is."""
    return platformdirs.user_config_path("gsvbatch", appauthor=False) / REGISTRY_NAME


def models_folder() -> Path:
    """Where fetched models go unless the user names another folder."""
    return platformdirs.user_data_path("gsvbatch", appauthor=False) / "models"


def locate(value: Path, role: Role, root: Path, *, setting: str = "") -> Path:
    """A path as it was written, or the path behind a registered name.

    A file that exists comes first: a registered name never hides it.

    Args:
        value: A path, relative to ``root``, or a name.
        role: What is wanted.
        root: Absolute.
        setting: Where the value comes from, for messages.

    Raises:
        ConfigError: It is neither; or the registry is damaged.
    """
    name, path = str(value), root / value.expanduser()
    if path.exists() or not _may_be_name(name):
        return path
    registry = Registry.load()
    found = registry.path(name, role)
    if found is not None:
        return found
    where = f"{setting or role.value}: {name}"
    if name in registry.models:
        has = ", ".join(registry.models[name].paths)
        raise ConfigError(f"{where}: this model has no {role.value}, only {has}")
    if value.suffix:
        return path  # whoever opens it says that there is no such file
    known = registry.with_role(role)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "gsvbatch models list shows the names"
    raise ConfigError(f"{where}: neither a file nor the name of a model that is known here; {hint}")


def _may_be_name(text: str) -> bool:
    return not any(mark in text for mark in "/\\") and text not in ("", ".", "..")


@lru_cache(maxsize=8)
def _read(path: Path, _size: int, _mtime_ns: int) -> Registry:
    again = f"mend or delete it, then run gsvbatch models add again ({path})"
    try:
        stored: Any = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        problem = " ".join(str(error).split())
        raise ConfigError(f"the list of models cannot be read: {problem}; {again}") from error
    if not isinstance(stored, dict):
        raise ConfigError(f"the list of models holds no settings; {again}")
    if stored.get("format") != FORMAT_VERSION:
        raise ConfigError(
            f"the list of models is of format {stored.get('format')}, this gsvbatch reads "
            f"{FORMAT_VERSION}; {again}"
        )
    try:
        return Registry.model_validate(stored)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigError(
            f"the list of models: {where}: {first['msg'].lower()}; {again}"
        ) from error
