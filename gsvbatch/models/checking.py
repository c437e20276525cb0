"""What registered files are: opened or digested, and compared with what is known of them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from gsvbatch.errors import CheckpointError
from gsvbatch.gsv.source import NATIVE_SUFFIX, content_weights, file_digest
from gsvbatch.models.catalogue import CATALOGUE, PublishedFile, Role
from gsvbatch.models.naming import companions, version_of
from gsvbatch.models.registry import RecordedFile, Registry
from gsvbatch.text.mandarin.g2pw import WEIGHTS as G2PW_WEIGHTS

_VOCODED_RATES = {"v3": 24000, "v4": 48000}
"""Hz, of the published vocoders; other versions say their rate themselves."""


class Identity(StrEnum):
    """What a file's digest says."""

    PUBLISHED = "as published"
    RECORDED = "as recorded"
    """It has not changed since its digest was first taken."""

    NEW = "digest recorded"
    """No digest is known; from now on this one is."""

    CHANGED = "changed"
    """It is not what it was."""

    WRONG = "unusable"
    """Missing, damaged, or something else than its role asks for."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One file or folder of the registry, looked at."""

    name: str
    role: Role
    path: Path
    what: str
    """Such as ``SoVITS v2, 32 kHz``; empty if it cannot be told."""

    n_bytes: int
    sha256: str
    """Of the weights; empty if they cannot be read."""

    identity: Identity
    problem: str = ""

    @property
    def is_good(self) -> bool:
        """Whether it can be used as it is."""
        return self.identity not in (Identity.CHANGED, Identity.WRONG)


def check_models(registry: Registry, names: tuple[str, ...] = ()) -> Iterator[Checked]:
    """Look at everything the names stand for; at all of the registry if none is given."""
    looked_at: dict[tuple[Role, Path], Checked] = {}
    for name in names or tuple(registry.models):
        for role, path in registry.models[name].paths.items():
            known = looked_at.get((role, path)) or _check(registry, name, role, path)
            looked_at[role, path] = known
            if known.name == name:
                yield known


def weights_of(role: Role, path: Path) -> Path:
    """The file that holds the weights of a role.

    Raises:
        CheckpointError: There is none.
    """
    if role in (Role.CONTENT, Role.BERT):
        return content_weights(path)
    names = {Role.G2PW: G2PW_WEIGHTS, Role.VOCODER: ("bigvgan_generator.pt",)}.get(role, ())
    if path.is_dir():
        for name in names:
            if (path / name).is_file():
                return path / name
        wanted = " or ".join(names) or "a file, not a folder"
        problem = f"holds no {role.value} model; expected {wanted}"
    elif path.exists():
        return path
    else:
        problem = "is gone; put it back"
    raise CheckpointError(path, f"{problem}, or renew the list with gsvbatch models add or pull")


def _check(registry: Registry, name: str, role: Role, path: Path) -> Checked:
    try:
        weights = weights_of(role, path)
        sha256, n_bytes = file_digest(weights), weights.stat().st_size
    except (CheckpointError, OSError) as error:
        return Checked(name, role, path, "", 0, "", Identity.WRONG, str(error))
    identity, problem = _identity(registry, weights, n_bytes, sha256)
    try:
        what = describe(role, path, registry)
    except CheckpointError as error:
        return Checked(name, role, path, "", n_bytes, sha256, Identity.WRONG, str(error))
    return Checked(name, role, path, what, n_bytes, sha256, identity, problem)


def _identity(registry: Registry, path: Path, n_bytes: int, sha256: str) -> tuple[Identity, str]:
    published = _published_as(path)
    if published is not None and published.sha256 == sha256:
        return Identity.PUBLISHED, ""
    recorded = registry.files.get(path)
    if recorded is None:
        return Identity.NEW, ""
    if recorded == RecordedFile(n_bytes=n_bytes, sha256=sha256):
        return Identity.RECORDED, ""
    problem = (
        f"{path}: is not what it was when it was first looked at (SHA-256 {sha256[:12]}..., then "
        f"{recorded.sha256[:12]}...); if you changed it, take its entry out of the list of models"
    )
    return Identity.CHANGED, problem


def _published_as(path: Path) -> PublishedFile | None:
    """What the file is by its place: the end of its path is that of a published one."""
    text = path.as_posix()
    files = (file for model in CATALOGUE.values() for file in model.files)
    return next((file for file in files if text.endswith(f"/{file.path}")), None)


def describe(role: Role, path: Path, registry: Registry) -> str:
    """What a model is, in a few words, by opening it.

    Args:
        role: What it should be.
        path: Where it is.
        registry: For the base that a LoRA fine-tune changes.

    Raises:
        CheckpointError: It cannot be opened, or is something else.
    """
    if role in (Role.T2S, Role.SYNTHESIZER):
        if path.suffix == NATIVE_SUFFIX:
            return "gsvbatch's native form"
        # torch takes seconds to import
        from gsvbatch.gsv.checkpoint import read_synthesizer, read_t2s

        if role is Role.T2S:
            first = read_t2s(path)
            return (
                f"text-to-semantic, symbols {first.symbol_version}, {first.config.n_layers} layers"
            )
        version = version_of(registry, path)
        base = companions(registry, path, version).get("base")
        told = version if version in ("v3", "v4") else None
        second = read_synthesizer(path, version=told, base=base)
        lora = f", LoRA on {base.name}" if base is not None else ""
        rate = _VOCODED_RATES.get(second.version, second.config.sample_rate)
        return f"SoVITS {second.version}, {rate} Hz{lora}"
    if role in (Role.CONTENT, Role.BERT):
        return _encoder(path)
    if role is Role.G2PW:
        return "g2pW, readings of polyphones"
    return "speaker embedding" if role is Role.SPEAKER_ENCODER else "vocoder"


def _encoder(folder: Path) -> str:
    path = folder / "config.json"
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        kind, n_layers, width = (
            stored[key] for key in ("model_type", "num_hidden_layers", "hidden_size")
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(path, f"is no config of an encoder ({error})") from error
    return f"{kind}, {n_layers} layers of {width}"
