"""Checkpoints as settings and voices name them: by path, or by a name of the user's list of models.

What a pair needs beside it (a content encoder, a vocoder, the base of a LoRA fine-tune ...) is taken from
the list where it is not named, since there is but one right one for each version.
"""

from collections.abc import Mapping
from pathlib import Path

from gsvbatch.gsv.source import NATIVE_SUFFIX, ModelSource
from gsvbatch.models.catalogue import Role
from gsvbatch.models.registry import Registry, locate

ROLES: Mapping[str, Role] = {
    "t2s": Role.T2S,
    "synthesizer": Role.SYNTHESIZER,
    "content": Role.CONTENT,
    "speaker_encoder": Role.SPEAKER_ENCODER,
    "vocoder": Role.VOCODER,
    "base": Role.SYNTHESIZER,
}
"""What each path of a `ModelSource` is."""

_VOCODERS = {"v3": "bigvgan", "v4": "vocoder"}
_WITH_SPEAKER = ("v2Pro", "v2ProPlus")
_LORA_HEADERS = {b"03": "v3", b"04": "v4"}
_HEADERS = {**_LORA_HEADERS, b"02": "v3", b"05": "v2Pro", b"06": "v2ProPlus"}
"""First two bytes of files that say their version there."""


def named_source(
    given: Mapping[str, Path | None],
    root: Path,
    *,
    version: str | None = None,
    setting: str = "",
) -> ModelSource:
    """A pair of checkpoints and all it needs.

    Args:
        given: Paths or names by the fields of `ModelSource`, ``t2s`` and ``synthesizer`` at least.
        root: What relative paths start from; absolute.
        version: What the user says that the synthesizer is.
        setting: What stands before the fields in messages, such as ``models.``.

    Raises:
        ConfigError: A name is not known, or does not have what is wanted of it.
    """
    found = {
        field: locate(value, ROLES[field], root, setting=_told(setting, field))
        for field, value in given.items()
        if value is not None
    }
    second = found["synthesizer"]
    if second.suffix == NATIVE_SUFFIX:
        return ModelSource(**found, version=version)
    registry = Registry.load()
    said = version or version_of(registry, second)
    for field, path in companions(registry, second, said).items():
        found.setdefault(field, path)
    # Most files say what they are; v3 and v4 have the same tensors, and may not.
    is_untold = said in _VOCODERS and _head(second) not in _HEADERS
    return ModelSource(**found, version=version or (said if is_untold else None))


def written_name(path: Path, field: str) -> str | None:
    """The name that a path is registered by, to be written in its place; None if it is not."""
    return Registry.load().name_of(path, ROLES[field])


def _told(setting: str, field: str) -> str:
    return f"--{field.replace('_', '-')}" if setting == "--" else f"{setting}{field}"


def version_of(registry: Registry, path: Path) -> str | None:
    """The version of a synthesizer, by its own first bytes or by the folder that it was found in."""
    head = _head(path)
    if head in _HEADERS:
        return _HEADERS[head]
    name = registry.name_of(path, Role.SYNTHESIZER)
    return None if name is None else registry.models[name].version


def companions(registry: Registry, path: Path, version: str | None) -> dict[str, Path]:
    """What a synthesizer of a version needs, as far as it is registered."""
    wanted = {"content": ("hubert", Role.CONTENT)}
    if version in _WITH_SPEAKER:
        wanted["speaker_encoder"] = ("sv", Role.SPEAKER_ENCODER)
    if version in _VOCODERS:
        wanted["vocoder"] = (_VOCODERS[version], Role.VOCODER)
    if version is not None and _LORA_HEADERS.get(_head(path)) == version:
        wanted["base"] = (version, Role.SYNTHESIZER)
    located = {field: registry.path(name, role) for field, (name, role) in wanted.items()}
    return {field: found for field, found in located.items() if found is not None}


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(2)
    except OSError:
        return b""  # whoever loads the file says what is wrong with it


def pair_of_name(value: object) -> object:
    """A plain name stands for both halves of the model that is registered under it."""
    return {"t2s": value, "synthesizer": value} if isinstance(value, str) and value else value
