"""Fetches published files from Hugging Face, a mirror of it, or ModelScope, and makes sure of them.

    what the host says of a file -> what is there already -> transfer -> size and SHA-256 -> its place

A file that is whole and right is never fetched again, wherever it came from.
"""

import shutil
import urllib.parse
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from gsvbatch.audio.storage import sha256_file, storage_error
from gsvbatch.errors import CheckpointError, DownloadError, StorageError
from gsvbatch.models.catalogue import PublishedFile
from gsvbatch.models.transfer import transfer

HUGGINGFACE = "https://huggingface.co"
MODELSCOPE = "https://www.modelscope.cn"
_MODELSCOPE_REVISION = "master"

_UNPACKED_LIMIT = 2 * 10**9
"""Bytes that an archive may unpack to; the largest that is published has 0.7e9."""

_UNPACKED_SUFFIXES = frozenset({".onnx", ".txt", ".json", ".py", ""})
"""Of files that are taken from an archive. None of them is ever run."""


class Host(StrEnum):
    """Where models are published."""

    HUGGINGFACE = "huggingface"
    MODELSCOPE = "modelscope"


class Proof(StrEnum):
    """How it is known that a file is the right one."""

    KNOWN = "known checksum"
    """It has the SHA-256 that gsvbatch knows."""

    ANNOUNCED = "checksum of the host"
    """It has the SHA-256 that the host announced."""

    RECORDED = "no checksum known; its digest is now recorded"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that is in its place."""

    path: Path
    """Of an archive: the folder it was unpacked to."""

    n_bytes: int
    sha256: str
    proof: Proof
    was_there: bool


@dataclass(frozen=True, slots=True)
class _Offer:
    """What a host says of a file."""

    url: str
    n_bytes: int | None
    sha256: str | None
    tag: str
    """Changes with the file's content, so that halves of two versions are never joined."""


FileProgress = Callable[[PublishedFile, int, int | None], None]
"""A file, its bytes that are there, and how many it has if that is known."""


def _silent(_file: PublishedFile, _done: int, _total: int | None) -> None:
    """Told of everything, says nothing."""


def fetch(
    file: PublishedFile,
    folder: Path,
    *,
    host: Host = Host.HUGGINGFACE,
    endpoint: str | None = None,
    on_progress: FileProgress = _silent,
) -> Fetched:
    """Make sure that a published file is below ``folder``, under its path in the repository.

    Args:
        file: What to fetch.
        folder: Made if need be; partial files in it are gone on with.
        host: Where from.
        endpoint: Address of the host or of a mirror of it; None for its own.
        on_progress: Told after every block.

    Raises:
        DownloadError: The host cannot be reached, or has no such file.
        CheckpointError: What came is not the file that was published.
        StorageError: The folder cannot be written, or has no room.
    """
    target = _target(file, folder)
    if file.sha256 is not None and file.unpacks_to is None and target.is_file():
        found = sha256_file(target)
        if found == file.sha256:
            return Fetched(target, target.stat().st_size, found, Proof.KNOWN, was_there=True)
    offer = _offer(file, host, endpoint)
    expected = file.sha256 or offer.sha256
    n_bytes = file.n_bytes or offer.n_bytes
    proof = _proof(file, offer)
    if file.unpacks_to is None and target.is_file() and target.stat().st_size == n_bytes:
        found = sha256_file(target)
        if expected in (None, found):
            return Fetched(target, n_bytes, found, proof, was_there=True)
    with _storing(folder):
        target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{offer.tag}.part")
    _require_room(folder, (n_bytes or 0) - (part.stat().st_size if part.exists() else 0))
    transfer(
        offer.url,
        part,
        n_bytes=n_bytes,
        on_progress=lambda done, total: on_progress(file, done, total),
    )
    found = sha256_file(part)
    if expected not in (None, found):
        part.unlink()
        raise CheckpointError(
            target,
            f"what came from {offer.url} is not the file that was published (its SHA-256 is "
            f"{found}, expected {expected}); nothing was kept, try again or another source",
        )
    size = part.stat().st_size
    with _storing(target):
        if file.unpacks_to is None:
            part.replace(target)
            return Fetched(target, size, found, proof, was_there=False)
        place = folder / file.unpacks_to
        unpack(part, place)
        part.unlink()
    return Fetched(place, size, found, proof, was_there=False)


def unpack(archive: Path, folder: Path) -> Sequence[Path]:
    """The files of a ZIP directly in ``folder``, whatever folders they have in it.

    Raises:
        CheckpointError: It is damaged, too large, or holds names twice.
    """
    beside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    written: list[Path] = []
    try:
        with zipfile.ZipFile(archive) as packed:
            members = [m for m in packed.infolist() if _is_wanted(m)]
            if sum(member.file_size for member in members) > _UNPACKED_LIMIT:
                raise CheckpointError(archive, "unpacks to more than such an archive ever holds")
            for member in members:
                path = beside / PurePosixPath(member.filename).name
                with packed.open(member) as source, path.open("xb") as target:
                    shutil.copyfileobj(source, target)
                written.append(folder / path.name)
    except (zipfile.BadZipFile, FileExistsError, NotImplementedError, RuntimeError) as error:
        raise CheckpointError(archive, f"is a damaged archive ({error})") from error
    shutil.rmtree(folder, ignore_errors=True)
    beside.replace(folder)
    return written


def _is_wanted(member: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(member.filename)
    is_hidden = path.name.startswith(".") or "__MACOSX" in path.parts
    return not member.is_dir() and not is_hidden and path.suffix in _UNPACKED_SUFFIXES


def _target(file: PublishedFile, folder: Path) -> Path:
    return folder.joinpath(*PurePosixPath(file.path).parts)


def _offer(file: PublishedFile, host: Host, endpoint: str | None) -> _Offer:
    if host is Host.MODELSCOPE:
        path = urllib.parse.quote(file.path)
        base = (endpoint or MODELSCOPE).rstrip("/")
        repository = file.repository.modelscope
        url = f"{base}/models/{repository}/resolve/{_MODELSCOPE_REVISION}/{path}"
        # It announces nothing before the transfer; the size and digest that are known here must do.
        return _Offer(url, None, None, tag=(file.sha256 or "master")[:12])
    return _hub_offer(file, (endpoint or HUGGINGFACE).rstrip("/"))


def _hub_offer(file: PublishedFile, endpoint: str) -> _Offer:
    from huggingface_hub import errors, get_hf_file_metadata, hf_hub_url  # takes half a second

    repository = file.repository.huggingface
    url = hf_hub_url(repository, file.path, endpoint=endpoint)
    # Older and newer versions rest on other HTTP libraries; each re-exports its base error here.
    unreachable: tuple[type[BaseException], ...] = (OSError, errors.HTTPError)  # type: ignore[attr-defined]
    try:
        # Public files: a token, stale or of somebody else, could only do harm.
        about = get_hf_file_metadata(url, token=False)
    except errors.EntryNotFoundError as error:
        raise DownloadError(url, f"{repository} has no such file any more") from error
    except unreachable as error:
        problem = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DownloadError(
            url,
            f"cannot be reached ({problem}); give a mirror as --endpoint or HF_ENDPOINT, "
            "or try --source modelscope",
        ) from error
    etag = about.etag or ""
    is_digest = len(etag) == 64 and all(c in "0123456789abcdef" for c in etag)
    tag = "".join(filter(str.isalnum, etag))[:12] or "main"
    return _Offer(url, about.size, etag if is_digest else None, tag)


def _proof(file: PublishedFile, offer: _Offer) -> Proof:
    if file.sha256 is not None:
        return Proof.KNOWN
    return Proof.ANNOUNCED if offer.sha256 is not None else Proof.RECORDED


def _require_room(folder: Path, n_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if n_bytes > free:
        raise StorageError(
            folder,
            f"has {free / 1e9:.1f} GB free, {n_bytes / 1e9:.1f} GB are needed; "
            "free some space, or name another folder as --into",
        )


@contextmanager
def _storing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise storage_error(path, error) from error
