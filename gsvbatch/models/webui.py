"""Finds models in a folder: an installation of GPT-SoVITS's WebUI, or a part of one.

    GPT_SoVITS/pretrained_models/...   base pairs and helpers, under the paths they are published with
    GPT_SoVITS/text/G2PWModel/         readings of polyphones
    GPT_weights*/NAME-e15.ckpt         fine-tunes; what stands behind ``weights_`` is their version
    SoVITS_weights*/NAME_e8_s200.pth

Nothing is opened but two small ``config.json``; nothing is copied or changed.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gsvbatch.errors import ConfigError
from gsvbatch.models.catalogue import CATALOGUE, PublishedModel, Role
from gsvbatch.models.registry import RegistryEntry
from gsvbatch.text.mandarin.g2pw import WEIGHTS as G2PW_WEIGHTS

_PRETRAINED = (Path("GPT_SoVITS/pretrained_models"), Path("pretrained_models"), Path())
_G2PW = (Path("GPT_SoVITS/text/G2PWModel"), Path("text/G2PWModel"), Path("G2PWModel"), Path())
_WEIGHTS = re.compile(r"(GPT|SoVITS)_weights(?:_(v[0-9]\w*))?")
_EPOCH_T2S = re.compile(r"(.+)-e(\d+)")
_EPOCH_SYNTHESIZER = re.compile(r"(.+?)_e(\d+)_s(\d+)(?:_l\d+)?")
_FIRST_VERSION = "v1"  # whose folders have no version in their name
_CONTENT_TYPES = {"hubert": Role.CONTENT, "bert": Role.BERT}
_WEIGHT_NAMES = ("model.safetensors", "pytorch_model.bin")


@dataclass(frozen=True, slots=True)
class FineTune:
    """One file of a ``*_weights*`` folder."""

    path: Path
    role: Role
    version: str | None
    experiment: str
    """What the user called it."""

    age: tuple[int, ...]
    """Epoch, then step; of two, the later is the more trained."""


def find_models(folder: Path) -> Mapping[str, RegistryEntry]:
    """The models in a folder, under the names that they get.

    Base models get the names under which `models pull` knows them. A fine-tuned file gets its file name
    without its ending, and the latest files of an experiment its own name, as a pair. A name that several
    versions have is followed by ``@`` and the version.

    Args:
        folder: The WebUI's folder, its ``GPT_SoVITS`` or ``pretrained_models``, or a folder of
            checkpoints.

    Raises:
        ConfigError: There is no such folder, or nothing that is known in it.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder; name the folder of a GPT-SoVITS WebUI")
    folder = folder.resolve()
    found: dict[str, RegistryEntry] = {}
    for root in (folder, *_below(folder)):
        found = {**_published(root), **_g2pw(root), **_by_config(root), **found}
    found |= _fine_tunes([tune for root in (folder, *_below(folder)) for tune in _tunes(root)])
    if not found:
        raise ConfigError(
            f"{folder}: nothing of GPT-SoVITS in it: expected GPT_SoVITS/pretrained_models, "
            "GPT_weights*, SoVITS_weights*, or .ckpt and .pth files"
        )
    return found


def _below(folder: Path) -> list[Path]:
    """Folders directly below that may be the WebUI's own, as an archive unpacks them."""
    try:
        inner = sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be read ({error.strerror})") from error
    return [path for path in inner if (path / "GPT_SoVITS").is_dir()]


def _published(root: Path) -> dict[str, RegistryEntry]:
    found: dict[str, RegistryEntry] = {}
    for pretrained in _PRETRAINED:
        for model in CATALOGUE.values():
            entry = entry_of(model, root / pretrained)
            if entry is not None:
                found.setdefault(model.name, entry)
    return found


def entry_of(model: PublishedModel, folder: Path) -> RegistryEntry | None:
    """A published model's entry, if its files are in a folder; a pair needs its synthesizer at least."""
    paths = {role: folder / path for role, path in model.roles.items()}
    there = {role.value: path for role, path in paths.items() if _is_there(role, path)}
    wanted = Role.SYNTHESIZER if Role.SYNTHESIZER in paths else next(iter(paths))
    if wanted.value not in there:
        return None
    return RegistryEntry.model_validate({**there, "version": model.version})


def _is_there(role: Role, path: Path) -> bool:
    if role in (Role.CONTENT, Role.BERT):
        has_weights = any((path / name).is_file() for name in _WEIGHT_NAMES)
        return has_weights and (path / "config.json").is_file()
    if role is Role.G2PW:
        return any((path / name).is_file() for name in G2PW_WEIGHTS)
    return path.is_file() or (role is Role.VOCODER and (path / "bigvgan_generator.pt").is_file())


def _g2pw(root: Path) -> dict[str, RegistryEntry]:
    for place in _G2PW:
        if _is_there(Role.G2PW, root / place):
            return {"g2pw": RegistryEntry(g2pw=root / place)}
    return {}


def _by_config(root: Path) -> dict[str, RegistryEntry]:
    """A folder that is itself one of the encoders, whatever it is called."""
    if not any((root / name).is_file() for name in _WEIGHT_NAMES):
        return {}
    try:
        kind = json.loads((root / "config.json").read_text(encoding="utf-8")).get("model_type")
    except (OSError, ValueError, AttributeError):
        return {}
    role = _CONTENT_TYPES.get(kind)
    if role is None:
        return {}
    name = next(name for name, model in CATALOGUE.items() if role in model.roles)
    return {name: RegistryEntry.model_validate({role.value: root})}


def _tunes(root: Path) -> Iterator[FineTune]:
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        match = _WEIGHTS.fullmatch(folder.name)
        if match is None:
            continue
        role = Role.T2S if match[1] == "GPT" else Role.SYNTHESIZER
        suffix = ".ckpt" if role is Role.T2S else ".pth"
        for path in sorted(folder.rglob(f"*{suffix}")):
            yield _tune(path, role, match[2] or _FIRST_VERSION)
    if not (root / "GPT_SoVITS").is_dir():
        published = {Path(f.path).name for model in CATALOGUE.values() for f in model.files}
        for suffix, role in ((".ckpt", Role.T2S), (".pth", Role.SYNTHESIZER)):
            for path in sorted(root.glob(f"*{suffix}")):
                # s2D*.pth are discriminators, which only training needs
                if path.name not in published and not path.name.startswith("s2D"):
                    yield _tune(path, role, None)


def _tune(path: Path, role: Role, version: str | None) -> FineTune:
    pattern = _EPOCH_T2S if role is Role.T2S else _EPOCH_SYNTHESIZER
    match = pattern.fullmatch(path.stem)
    if match is None:
        return FineTune(path, role, version, path.stem, (0,))
    return FineTune(path, role, version, match[1], tuple(map(int, match.groups()[1:])))


def _fine_tunes(tunes: list[FineTune]) -> dict[str, RegistryEntry]:
    """Every file under its own name, and the latest pair of each experiment under the experiment's."""
    named: dict[str, dict[str | None, dict[Role, FineTune]]] = {}
    for tune in tunes:
        named.setdefault(tune.path.stem, {}).setdefault(tune.version, {})[tune.role] = tune
    for tune in tunes:
        latest = named.setdefault(tune.experiment, {}).setdefault(tune.version, {})
        if tune.role not in latest or latest[tune.role].age <= tune.age:
            latest[tune.role] = tune
    entries: dict[str, RegistryEntry] = {}
    for name, versions in named.items():
        is_plain = len(versions) == 1 and name not in CATALOGUE
        for version, by_role in versions.items():
            own = name if is_plain else f"{name}@{version or 'unknown'}"
            paths = {role.value: tune.path for role, tune in by_role.items()}
            entries[own] = RegistryEntry.model_validate({**paths, "version": version})
    return entries
