"""Which weights a voice is rendered with, and what identifies them. Needs no torch.

``plan`` and ``status`` compare digests of checkpoints without ever loading one, so this module holds
what they need: where the files are (:class:`ModelSource`) and what is in them (:class:`ModelDigests`).
"""

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from pathlib import Path

from gsvbatch.errors import CheckpointError

NATIVE_SUFFIX = ".safetensors"
NATIVE_CONFIG_NAME = "config.json"
CONTENT_WEIGHT_NAMES = ("model.safetensors", "pytorch_model.bin")
"""What a folder of the content encoder holds, the preferred first."""

VOCODER_NAMES = ("bigvgan_generator.pt", "vocoder.pth")
SPEAKER_ENCODER_NAMES = ("pretrained_eres2netv2w24s4ep4.ckpt",)


@dataclass(frozen=True, slots=True)
class ModelDigests:
    """What the weights are, whatever their files are called."""

    t2s: str
    """SHA-256 of the file, in hex; likewise below."""

    synthesizer: str
    content: str | None = None
    """None where no content encoder is given: rendering needs none, enrolling does."""

    vocoder: str | None = None
    """None where none is given: v3 and v4 alone need one."""

    base: str | None = None
    """Of what a LoRA fine-tune changes; None for other models."""

    speaker_encoder: str | None = None
    """None where none is given: enrolling for a Pro model needs one."""

    @property
    def rendering(self) -> tuple[str, ...]:
        """Of the files that decide what is heard, encoders of references not among them."""
        found = (self.t2s, self.synthesizer, self.vocoder, self.base)
        return tuple(digest for digest in found if digest is not None)

    def renders_like(self, other: "ModelDigests") -> bool:
        """Whether both speak alike; the encoders have done their work at enrolling."""
        return self.rendering == other.rendering


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Where the weights of one pair of networks are."""

    t2s: Path
    """Text-to-semantic: a ``.ckpt`` of GPT-SoVITS, or native ``.safetensors``."""

    synthesizer: Path
    """Synthesizer: a ``.pth`` of GPT-SoVITS, or native ``.safetensors``."""

    content: Path | None = None
    """Content encoder: a folder as ``chinese-hubert-base``, or native ``.safetensors``."""

    speaker_encoder: Path | None = None
    """Of the Pro versions, for enrolling: ``pretrained_eres2netv2w24s4ep4.ckpt``, or its folder."""

    vocoder: Path | None = None
    """Of v3, the folder of BigVGAN; of v4, ``vocoder.pth``."""

    base: Path | None = None
    """What a LoRA fine-tune changes: ``s2Gv3.pth`` or ``s2Gv4.pth``."""

    version: str | None = None
    """What the user says the synthesizer is; needed where a file does not say v3 or v4 itself."""

    def digests(self) -> ModelDigests:
        """The digests of the files.

        Raises:
            CheckpointError: A file is missing or unreadable.
        """
        return ModelDigests(**{name: file_digest(path) for name, path in self.files().items()})

    def files(self) -> dict[str, Path]:
        """The files that there are, by the name of their digest.

        Raises:
            CheckpointError: A folder lacks the file it is named for.
        """
        found = {"t2s": self.t2s, "synthesizer": self.synthesizer}
        if self.content is not None:
            found["content"] = content_weights(self.content)
        if self.speaker_encoder is not None:
            found["speaker_encoder"] = speaker_weights(self.speaker_encoder)
        if self.vocoder is not None:
            found["vocoder"] = vocoder_weights(self.vocoder)
        if self.base is not None:
            found["base"] = self.base
        return found

    def for_rendering(self) -> "ModelSource":
        """The same without the encoders, which enrolling alone needs."""
        return replace(self, content=None, speaker_encoder=None)


def embedded_source() -> ModelSource:
    """The small model that is shipped inside the package.

    Raises:
        CheckpointError: The package was built without it.
    """
    folder = Path(str(resources.files("gsvbatch"))) / "assets" / "mini"
    return native_source(folder)


def native_source(folder: Path) -> ModelSource:
    """The models of a folder in native form.

    Raises:
        CheckpointError: The folder lacks one of the files.
    """
    source = ModelSource(
        t2s=folder / f"t2s{NATIVE_SUFFIX}",
        synthesizer=folder / f"synthesizer{NATIVE_SUFFIX}",
        content=folder / f"content{NATIVE_SUFFIX}",
    )
    for path in (source.t2s, source.synthesizer, folder / NATIVE_CONFIG_NAME):
        if not path.is_file():
            raise CheckpointError(path, "missing from this folder of models in native form")
    if source.content is None or not source.content.is_file():
        return ModelSource(source.t2s, source.synthesizer)
    return source


def content_weights(path: Path) -> Path:
    """The file of weights of a content encoder given as a folder or as that file.

    Raises:
        CheckpointError: There is none.
    """
    found = _inside(path, CONTENT_WEIGHT_NAMES)
    if found is None:
        raise CheckpointError(
            path,
            "no content encoder here: expected a folder such as chinese-hubert-base with "
            f"config.json and {' or '.join(reversed(CONTENT_WEIGHT_NAMES))}",
        )
    return found


def vocoder_weights(path: Path) -> Path:
    """The file of weights of a vocoder given as a folder or as that file.

    Raises:
        CheckpointError: There is none.
    """
    found = _inside(path, VOCODER_NAMES)
    if found is None:
        raise CheckpointError(
            path,
            f"no vocoder here: expected {VOCODER_NAMES[0]} (v3) or {VOCODER_NAMES[1]} (v4), "
            "or a folder with one",
        )
    return found


def speaker_weights(path: Path) -> Path:
    """The file of weights of a speaker encoder given as a folder or as that file.

    Raises:
        CheckpointError: There is none.
    """
    found = _inside(path, SPEAKER_ENCODER_NAMES)
    if found is None:
        raise CheckpointError(
            path, f"no speaker encoder here: expected {SPEAKER_ENCODER_NAMES[0]}, or its folder"
        )
    return found


def _inside(path: Path, names: tuple[str, ...]) -> Path | None:
    """A file itself, or the first of these in a folder."""
    if path.is_file():
        return path
    return next((path / name for name in names if (path / name).is_file()), None)


def file_digest(path: Path) -> str:
    """SHA-256 of a file in hex; read again only when its size or its time has changed.

    Raises:
        CheckpointError: The file is missing or unreadable.
    """
    try:
        stat = path.stat()
        return _digest(path.resolve(), stat.st_size, stat.st_mtime_ns)
    except FileNotFoundError as error:
        raise CheckpointError(path, "no such file; mend the path, or put the file there") from error
    except OSError as error:
        raise CheckpointError(path, f"cannot be read ({error.strerror})") from error


@lru_cache(maxsize=256)
def _digest(path: Path, _size: int, _mtime_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
