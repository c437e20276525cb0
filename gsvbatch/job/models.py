"""Models by name: which there are, fetching and registering them, and making sure of them."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gsvbatch.errors import ConfigError
from gsvbatch.models import CATALOGUE, PublishedModel, Registry, RegistryEntry, Role
from gsvbatch.models.catalogue import with_needs
from gsvbatch.models.checking import Checked, Identity, check_models, weights_of
from gsvbatch.models.fetching import Fetched, FileProgress, Host, Proof, fetch
from gsvbatch.models.registry import RecordedFile, models_folder, registry_path
from gsvbatch.models.webui import entry_of, find_models


@dataclass(frozen=True, slots=True)
class KnownModel:
    """One role of one registered name."""

    name: str
    role: Role
    version: str
    """Of GPT-SoVITS, or empty."""

    path: Path
    n_bytes: int
    """Of a folder: of all its files; 0 if it is missing."""

    is_there: bool


@dataclass(frozen=True, slots=True)
class Added:
    """What was registered."""

    entries: Mapping[str, RegistryEntry]
    replaced: tuple[str, ...]
    """Names that stood for other files before."""

    registry: Path


@dataclass(frozen=True, slots=True)
class Pulled:
    """What was fetched, and is registered now."""

    models: tuple[PublishedModel, ...]
    files: tuple[Fetched, ...]
    folder: Path
    registry: Path


def known_models() -> tuple[KnownModel, ...]:
    """Everything that is registered, in the order of the registry.

    Raises:
        ConfigError: The registry is damaged.
    """
    return tuple(
        KnownModel(name, role, entry.version or "", path, _size(path), path.exists())
        for name, entry in Registry.load().models.items()
        for role, path in entry.paths.items()
    )


def add_models(folder: Path) -> Added:
    """Register what is in a folder, such as that of a WebUI, and leave it where it is.

    Raises:
        ConfigError: There is no such folder, or nothing known in it; or the registry is damaged.
        StorageError: The registry cannot be written.
    """
    registry, entries = Registry.load(), find_models(folder)
    replaced = tuple(
        name
        for name, entry in entries.items()
        if name in registry.models and registry.models[name] != entry
    )
    registry.with_models(entries).save()
    return Added(entries, replaced, registry_path())


def verify_models(names: Sequence[str] = ()) -> tuple[Checked, ...]:
    """Open and digest registered models; digests that were not known are recorded.

    Raises:
        ConfigError: There is no such name; or the registry is damaged.
        StorageError: The registry cannot be written.
    """
    registry = Registry.load()
    for name in names:
        if name not in registry.models:
            raise ConfigError(_no_such(name, list(registry.models), "gsvbatch models list"))
    checked = tuple(check_models(registry, tuple(names)))
    new = {
        weights_of(found.role, found.path): RecordedFile(n_bytes=found.n_bytes, sha256=found.sha256)
        for found in checked
        if found.identity is Identity.NEW
    }
    if new:
        registry = Registry.load()  # digests took minutes: others may have added to it meanwhile
        for path, recorded in new.items():
            if path not in registry.files:
                registry = registry.with_file(path, recorded)
        registry.save()
    return checked


def pull_models(
    names: Sequence[str],
    *,
    folder: Path | None = None,
    host: Host = Host.HUGGINGFACE,
    endpoint: str | None = None,
    on_progress: FileProgress | None = None,
) -> Pulled:
    """Fetch published models and what they need, and register them.

    Each model is registered as soon as it is whole, so that an interrupted pull loses nothing.

    Args:
        names: Of `CATALOGUE`.
        folder: Where they go; None for the user's data folder.
        host: Where they come from.
        endpoint: Address of the host or of a mirror of it; None for its own.
        on_progress: Told after every block of a file.

    Raises:
        ConfigError: There is no such model; or the registry is damaged.
        DownloadError: A file cannot be fetched.
        CheckpointError: What came is not what was published.
        StorageError: The folder cannot be written, or has no room.
    """
    for name in names:
        if name not in CATALOGUE:
            raise ConfigError(_no_such(name, list(CATALOGUE), "gsvbatch models pull"))
    place = (folder or models_folder()).resolve()
    place.mkdir(parents=True, exist_ok=True)
    wanted = with_needs(tuple(names))
    fetched: dict[tuple[str, str], Fetched] = {}
    for model in wanted:
        for file in model.files:
            key = (file.repository.huggingface, file.path)
            if key in fetched:
                continue
            fetched[key] = fetch(
                file,
                place,
                host=host,
                endpoint=endpoint,
                **({} if on_progress is None else {"on_progress": on_progress}),
            )
        _register(model, place, fetched)
    return Pulled(wanted, tuple(fetched.values()), place, registry_path())


def _register(
    model: PublishedModel, folder: Path, fetched: Mapping[tuple[str, str], Fetched]
) -> None:
    entry = entry_of(model, folder)
    assert entry is not None  # its files have just been put there
    registry = Registry.load().with_models({model.name: entry})
    for file in model.files:
        got = fetched[file.repository.huggingface, file.path]
        if got.proof is not Proof.KNOWN:
            recorded = RecordedFile(n_bytes=got.n_bytes, sha256=got.sha256)
            registry = registry.with_file(got.path, recorded)
    registry.save()


def _no_such(name: str, known: list[str], command: str) -> str:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"{command} shows those there are"
    return f"{name}: no such model; {hint}"


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(inner.stat().st_size for inner in path.glob("*") if inner.is_file())
