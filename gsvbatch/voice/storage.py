"""A voice on disk: a folder with ``voice.yaml`` for people and ``voice.safetensors`` for the models.

The YAML names the digest of the tensors, so a file from another folder, a half-made copy or a flipped
bit is noticed when the voice is loaded, and not heard in a finished book.
"""

import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from gsvbatch.audio.storage import replacing, storage_error, write_text_atomically
from gsvbatch.config import GptSoVitsVersion, SamplingOverrides, StrictModel
from gsvbatch.errors import ConfigError, VoiceError
from gsvbatch.gsv.source import ModelDigests, ModelSource
from gsvbatch.models.naming import ROLES, named_source, pair_of_name, written_name
from gsvbatch.text.symbols import SymbolTable
from gsvbatch.voice.consent import Consent
from gsvbatch.voice.profile import VoiceProfile

YAML_NAME = "voice.yaml"
TENSORS_NAME = "voice.safetensors"
STYLES_NAME = "styles"
"""Folder inside a voice's own that holds its styles, each a folder like a voice's."""

FORMAT_VERSION = 1
OPTIONAL_TENSORS = ("speaker_embedding", "reference_mel", "prompt_bert")
"""What only some versions of the models, or of languages, are conditioned with."""

_INTRODUCTION = """\
# A voice of gsvbatch. Names, descriptions, license, consent and sampling may be edited here.
# What the models hear is in voice.safetensors; `gsvbatch voice enroll` makes it from the reference.
"""

_SHA256 = r"^[0-9a-f]{64}$"


def _by_language(value: object) -> object:
    """A plain text stands for every language."""
    return ({"und": value} if value else {}) if isinstance(value, str) else value


ByLanguage = Annotated[dict[str, str], BeforeValidator(_by_language)]


class _Digests(StrictModel):
    t2s: str = Field(pattern=_SHA256)
    synthesizer: str = Field(pattern=_SHA256)
    content: str | None = Field(default=None, pattern=_SHA256)
    speaker_encoder: str | None = Field(default=None, pattern=_SHA256)
    vocoder: str | None = Field(default=None, pattern=_SHA256)
    base: str | None = Field(default=None, pattern=_SHA256)


class _Models(StrictModel):
    """Paths, relative to the voice's folder, or names of the user's list of models."""

    t2s: Path
    synthesizer: Path
    content: Path | None = None
    speaker_encoder: Path | None = None
    vocoder: Path | None = None
    base: Path | None = None
    version: GptSoVitsVersion | None = None


class _VoiceFile(StrictModel):
    """What ``voice.yaml`` may say."""

    format: int
    name: str = Field(min_length=1)
    display_name: ByLanguage = Field(default_factory=dict)
    description: ByLanguage = Field(default_factory=dict)
    language: str = Field(min_length=2)
    style: str = ""
    transcript: str = ""
    license: str = ""
    reference: str | None = None
    timbre: str | None = None
    also: tuple[str, ...] = ()
    consent: Consent | None = None
    sampling: SamplingOverrides = SamplingOverrides()
    symbols: Literal["v1", "v2"]
    models: Annotated[_Models | None, BeforeValidator(pair_of_name)] = None
    made_with: _Digests
    digest: str = Field(pattern=_SHA256)


def load_profile(folder: Path) -> VoiceProfile:
    """The voice in a folder, checked for damage; needs neither its models nor torch.

    Raises:
        VoiceError: A file is missing, damaged, from another voice, or from a newer version.
    """
    stored = _read_yaml(folder)
    tensors = _read_tensors(folder, SymbolTable.load(stored.symbols))
    if len(tensors["prompt_tokens"]) and not stored.transcript:
        raise VoiceError(label_of(folder), f"{folder / YAML_NAME}: transcript: field required")
    profile = VoiceProfile(
        name=stored.name,
        language=stored.language,
        transcript=stored.transcript,
        prompt_phoneme_ids=tensors["prompt_phoneme_ids"].astype(np.int32),
        prompt_tokens=tensors["prompt_tokens"].astype(np.int32),
        style=tensors["style"].astype(np.float32),
        speaker_embedding=_as_float(tensors.get("speaker_embedding")),
        reference_mel=_as_float(tensors.get("reference_mel")),
        prompt_bert=_as_float(tensors.get("prompt_bert")),
        symbol_version=stored.symbols,
        digests=ModelDigests(**stored.made_with.model_dump()),
        models=_model_source(stored.models, folder),
        display_name=stored.display_name,
        description=stored.description,
        license=stored.license,
        consent=stored.consent,
        sampling=stored.sampling,
        style_name=stored.style,
        reference=stored.reference,
        timbre=stored.timbre,
        also=stored.also,
    )
    if profile.digest != stored.digest:
        raise VoiceError(
            label_of(folder),
            f"{TENSORS_NAME} is not the one that {YAML_NAME} describes (damaged, or from another "
            f"voice); copy the folder {folder} again, or enroll the voice again",
        )
    return profile


def label_of(folder: Path) -> str:
    """The name for people of the voice in a folder: ``anna``, or ``anna/happy`` for a style."""
    if folder.parent.name == STYLES_NAME:
        return f"{folder.parent.parent.name}/{folder.name}"
    return folder.name


def save_profile(profile: VoiceProfile, folder: Path) -> None:
    """Write a voice's two files, tensors first; the folder is made if need be.

    Raises:
        StorageError: The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(folder, error) from error
    tensors = {
        "prompt_phoneme_ids": profile.prompt_phoneme_ids.astype(np.int32),
        "prompt_tokens": profile.prompt_tokens.astype(np.int32),
        "style": profile.style.astype(np.float32),
    }
    for name in OPTIONAL_TENSORS:
        values = getattr(profile, name)
        if values is not None:
            tensors[name] = values.astype(np.float32)
    with replacing(folder / TENSORS_NAME) as temporary:
        temporary.write_bytes(save(tensors, {"format": "gsvbatch-voice"}))
    write_text_atomically(folder / YAML_NAME, _to_yaml(profile, folder))


def _to_yaml(profile: VoiceProfile, folder: Path) -> str:
    consent = profile.consent and profile.consent.model_dump(mode="json", exclude_defaults=True)
    sampling = profile.sampling.model_dump(exclude_none=True)
    fields: dict[str, Any] = {
        "format": FORMAT_VERSION,
        "name": profile.name,
        "style": profile.style_name,
        "display_name": dict(profile.display_name),
        "description": dict(profile.description),
        "language": profile.language,
        "transcript": profile.transcript,
        "license": profile.license,
        "reference": profile.reference,
        "timbre": profile.timbre,
        "also": list(profile.also),
        "consent": consent,
        "sampling": sampling,
        "symbols": profile.symbol_version,
        "models": profile.models and _model_paths(profile.models, folder),
        "made_with": {key: value for key, value in asdict(profile.digests).items() if value},
        "digest": profile.digest,
    }
    kept = {key: value for key, value in fields.items() if value not in (None, "", {}, [])}
    return _INTRODUCTION + yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=100)


def _model_source(models: _Models | None, folder: Path) -> ModelSource | None:
    if models is None:
        return None
    given = {name: value for name, value in models if name in ROLES}
    try:
        found = named_source(given, folder.resolve(), version=models.version, setting="models.")
    except ConfigError as error:
        raise VoiceError(label_of(folder), f"{folder / YAML_NAME}: {error}") from error
    paths = {name: getattr(found, name) for name in ROLES}
    return replace(found, **{name: path.resolve() for name, path in paths.items() if path})


def _model_paths(models: ModelSource, folder: Path) -> dict[str, str]:
    """As it is written.

    By name where the file is registered, so that the voice can move to another machine that has it;
    relative where it is inside the voice's folder.
    """
    home = folder.resolve()
    written: dict[str, str] = {}
    for name, value in asdict(models).items():
        if isinstance(value, Path):
            path = value.resolve()
            if path.is_relative_to(home):
                written[name] = path.relative_to(home).as_posix()
            else:
                written[name] = written_name(path, name) or os.fspath(path)
        elif value is not None:
            written[name] = value
    return written


def _read_yaml(folder: Path) -> _VoiceFile:
    name, path = label_of(folder), folder / YAML_NAME
    try:
        # Without resolvers every plain word is text (a voice may be called `no`); pydantic converts.
        stored = yaml.load(path.read_text(encoding="utf-8-sig"), Loader=yaml.BaseLoader)  # noqa: S506
    except FileNotFoundError as error:
        raise VoiceError(
            name, f"{folder} holds no {YAML_NAME}; it is not a voice's folder"
        ) from error
    except UnicodeDecodeError as error:
        raise VoiceError(name, f"{path} is not UTF-8; save it as UTF-8") from error
    except (OSError, RecursionError) as error:
        raise VoiceError(name, f"{path} cannot be read ({error})") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or "not valid YAML"
        raise VoiceError(name, f"{where}: {problem}") from error
    if not isinstance(stored, Mapping):
        raise VoiceError(name, f"{path} holds no settings; copy the voice's folder again")
    _refuse_newer(name, path, stored)
    try:
        return _VoiceFile.model_validate(_without_blanks(stored))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        hint = "no such setting" if first["type"] == "extra_forbidden" else first["msg"].lower()
        raise VoiceError(name, f"{path}: {where}: {hint}") from error


def _refuse_newer(name: str, path: Path, stored: Mapping[str, Any]) -> None:
    version = stored.get("format", "")
    if str(version) != str(FORMAT_VERSION):
        problem = (
            f"is of format {version}, made by a newer gsvbatch; update"
            if version
            else "lacks `format`"
        )
        raise VoiceError(name, f"{path} {problem}")


def _without_blanks(stored: Any) -> Any:
    """The mapping without keys whose value was left blank: they mean the default."""
    if isinstance(stored, Mapping):
        return {
            key: _without_blanks(value)
            for key, value in stored.items()
            if value not in ("", "null", "~")
        }
    return stored


def _read_tensors(folder: Path, symbols: SymbolTable) -> dict[str, NDArray[Any]]:
    """The tensors, of the right kind and range; the digest is checked by the caller."""
    name, path = label_of(folder), folder / TENSORS_NAME
    again = "copy the voice's folder again, or enroll the voice again"
    try:
        tensors: dict[str, NDArray[Any]] = load_file(path)
    except FileNotFoundError as error:
        raise VoiceError(name, f"{path} is missing; {again}") from error
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise VoiceError(name, f"{path} is damaged or cut short ({error}); {again}") from error
    wanted = {"prompt_phoneme_ids": "i", "prompt_tokens": "i", "style": "f"}
    wanted |= {key: "f" for key in OPTIONAL_TENSORS if key in tensors}
    if set(tensors) != set(wanted):
        raise VoiceError(name, f"{path} holds {', '.join(sorted(tensors)) or 'nothing'}; {again}")
    for key, kind in wanted.items():
        values = tensors[key]
        n_axes = 2 if key in ("reference_mel", "prompt_bert") else 1
        if values.ndim != n_axes or values.dtype.kind != kind:
            raise VoiceError(name, f"{path}: {key} is not a row of numbers; {again}")
        if kind == "f" and not values.size:
            raise VoiceError(name, f"{path}: {key} is empty; {again}")
        if kind == "f" and not np.isfinite(values).all():
            raise VoiceError(name, f"{path}: {key} holds numbers that are not finite; {again}")
    ids, tokens = tensors["prompt_phoneme_ids"], tensors["prompt_tokens"]
    if bool(len(ids)) != bool(len(tokens)):
        raise VoiceError(name, f"{path}: a part of it is empty; {again}")
    if ids.min(initial=0) < 0 or ids.max(initial=0) >= len(symbols) or tokens.min(initial=0) < 0:
        raise VoiceError(name, f"{path}: ids outside the symbol table; {again}")
    bert = tensors.get("prompt_bert")
    if bert is not None and bert.shape[1] != len(ids):
        raise VoiceError(name, f"{path}: prompt_bert does not fit the phonemes; {again}")
    return tensors


def _as_float(values: NDArray[Any] | None) -> NDArray[np.float32] | None:
    return None if values is None else values.astype(np.float32)
