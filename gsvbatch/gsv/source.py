"""Which weights a voice is rendered with, and what identifies them. Needs no torch.

``plan`` and ``status`` compare digests of checkpoints without ever loading one, so this module holds
what they need: where the files are (:class:`ModelSource`) and what is in them (:class:`ModelDigests`).
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

from gsvbatch.errors import CheckpointError

NATIVE_SUFFIX = ".safetensors"
NATIVE_CONFIG_NAME = "config.json"
CONTENT_WEIGHT_NAMES = ("model.safetensors", "pytorch_model.bin")
"""What a folder of the content encoder holds, the preferred first."""


@dataclass(frozen=True, slots=True)
class ModelDigests:
    """What the weights are, whatever their files are called."""

    t2s: str
    """SHA-256 of the file, in hex; likewise below."""

    synthesizer: str
    content: str | None = None
    """None where no content encoder is given: rendering needs none, enrolling does."""

    def renders_like(self, other: "ModelDigests") -> bool:
        """Whether both pairs speak alike; the content encoder has done its work at enrolling."""
        return (self.t2s, self.synthesizer) == (other.t2s, other.synthesizer)


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Where the weights of one pair of networks are."""

    t2s: Path
    """Text-to-semantic: a ``.ckpt`` of GPT-SoVITS, or native ``.safetensors``."""

    synthesizer: Path
    """Synthesizer: a ``.pth`` of GPT-SoVITS, or native ``.safetensors``."""

    content: Path | None = None
    """Content encoder: a folder as ``chinese-hubert-base``, or native ``.safetensors``."""

    def digests(self) -> ModelDigests:
        """The digests of the files.

        Raises:
            CheckpointError: A file is missing or unreadable.
        """
        content = None if self.content is None else file_digest(content_weights(self.content))
        return ModelDigests(file_digest(self.t2s), file_digest(self.synthesizer), content)


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
    if path.is_file():
        return path
    for name in CONTENT_WEIGHT_NAMES:
        if (path / name).is_file():
            return path / name
    raise CheckpointError(
        path,
        "no content encoder here: expected a folder such as chinese-hubert-base with "
        f"config.json and {' or '.join(reversed(CONTENT_WEIGHT_NAMES))}",
    )


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
