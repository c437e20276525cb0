"""Fetching from a server on this machine: whole, resumed, redirected, refused, forged."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gsvbatch.errors import CheckpointError, DownloadError, StorageError
from gsvbatch.models import fetching, transfer
from gsvbatch.models.catalogue import ARCHIVES, PublishedFile
from gsvbatch.models.fetching import Host, Proof, fetch, unpack
from tests.models.hub import Hub, serve

LARGE = np.random.default_rng(1).bytes(900_000)
SMALL = b'{"model_type": "hubert"}'
REPO = "lj1995/GPT-SoVITS"
SHA256 = hashlib.sha256(LARGE).hexdigest()
FILE = PublishedFile("gsv-v2final-pretrained/a=b.pth", len(LARGE), SHA256)
UNKNOWN = PublishedFile("gsv-v2final-pretrained/a=b.pth")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr(transfer, "_PAUSE", 0.0)
    monkeypatch.setitem(transfer.transfer.__kwdefaults__, "pause", 0.0)  # type: ignore[attr-defined]
    files = {
        f"{REPO}/gsv-v2final-pretrained/a=b.pth": LARGE,
        f"{REPO}/config.json": SMALL,
        "AI-ModelScope/GPT-SoVITS/gsv-v2final-pretrained/a=b.pth": LARGE,
    }
    with serve(Hub(files)) as running:
        yield running


@pytest.mark.parametrize("host", list(Host))
def test_a_file_comes_whole_to_its_place(hub: Hub, tmp_path: Path, host: Host) -> None:
    told: list[tuple[int, int | None]] = []
    got = fetch(
        FILE,
        tmp_path,
        host=host,
        endpoint=hub.endpoint,
        on_progress=lambda _file, done, total: told.append((done, total)),
    )
    assert got.path == tmp_path / "gsv-v2final-pretrained" / "a=b.pth"
    assert got.path.read_bytes() == LARGE
    assert (got.proof, got.was_there, got.sha256) == (Proof.KNOWN, False, SHA256)
    assert told[0] == (0, len(LARGE))
    assert told[-1] == (len(LARGE), len(LARGE))
    assert not list(tmp_path.rglob("*.part"))


def test_what_is_there_is_not_fetched_again(hub: Hub, tmp_path: Path) -> None:
    fetch(FILE, tmp_path, endpoint=hub.endpoint)
    hub.requests.clear()
    assert fetch(FILE, tmp_path, endpoint=hub.endpoint).was_there
    assert not hub.requests  # not even asked for: its checksum is known
    assert fetch(UNKNOWN, tmp_path, endpoint=hub.endpoint).was_there
    assert hub.n_downloads == 0


def test_a_damaged_file_is_fetched_anew(hub: Hub, tmp_path: Path) -> None:
    got = fetch(FILE, tmp_path, endpoint=hub.endpoint)
    got.path.write_bytes(LARGE[:-1] + b"?")
    assert not fetch(FILE, tmp_path, endpoint=hub.endpoint).was_there
    assert got.path.read_bytes() == LARGE


@pytest.mark.parametrize("host", list(Host))
def test_a_line_that_breaks_is_gone_on_with(hub: Hub, tmp_path: Path, host: Host) -> None:
    hub.break_after = [300_000, 0, 300_000]
    got = fetch(FILE, tmp_path, host=host, endpoint=hub.endpoint)
    assert got.path.read_bytes() == LARGE
    assert hub.ranges[-1] == "bytes=600000-"


def test_another_process_goes_on_where_the_first_was_killed(hub: Hub, tmp_path: Path) -> None:
    hub.break_after = [500_000, 0, 0, 0, 0, 0]
    with pytest.raises(
        DownloadError, match="what has arrived is kept, give the same command again"
    ):
        fetch(FILE, tmp_path, endpoint=hub.endpoint)
    (part,) = tmp_path.rglob("*.part")
    assert part.stat().st_size == 500_000
    assert not place_of(tmp_path).exists()
    hub.requests.clear()
    told: list[int] = []
    got = fetch(
        FILE, tmp_path, endpoint=hub.endpoint, on_progress=lambda _f, done, _t: told.append(done)
    )
    assert got.path.read_bytes() == LARGE
    assert told[0] == 500_000
    assert set(hub.ranges) == {"bytes=500000-"}


def test_a_server_without_ranges_sends_it_from_the_beginning(hub: Hub, tmp_path: Path) -> None:
    hub.ignores_ranges = True
    hub.break_after = [500_000]
    assert fetch(FILE, tmp_path, endpoint=hub.endpoint).path.read_bytes() == LARGE


def test_a_forged_file_is_not_kept(hub: Hub, tmp_path: Path) -> None:
    hub.files[f"{REPO}/{FILE.path}"] = LARGE[:-1] + b"?"
    with pytest.raises(CheckpointError, match="is not the file that was published"):
        fetch(FILE, tmp_path, endpoint=hub.endpoint)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_file_of_another_size_is_not_even_begun(hub: Hub, tmp_path: Path) -> None:
    hub.files[f"{REPO}/{FILE.path}"] = LARGE + b"more"
    with pytest.raises(DownloadError, match="offers 900004 bytes, where the file has 900000"):
        fetch(FILE, tmp_path, endpoint=hub.endpoint)


def test_without_a_known_checksum_the_hub_s_own_is_checked(hub: Hub, tmp_path: Path) -> None:
    assert fetch(UNKNOWN, tmp_path, endpoint=hub.endpoint).proof is Proof.ANNOUNCED


def test_without_any_checksum_the_digest_is_what_is_left(hub: Hub, tmp_path: Path) -> None:
    small = fetch(PublishedFile("config.json"), tmp_path, endpoint=hub.endpoint)
    assert (small.proof, small.sha256) == (Proof.RECORDED, hashlib.sha256(SMALL).hexdigest())
    other = fetch(UNKNOWN, tmp_path, host=Host.MODELSCOPE, endpoint=hub.endpoint)
    assert (other.proof, other.sha256) == (Proof.RECORDED, SHA256)


@pytest.mark.parametrize("host", list(Host))
def test_a_file_that_is_gone_is_told(hub: Hub, tmp_path: Path, host: Host) -> None:
    with pytest.raises(DownloadError, match=r"no such file any more|404"):
        fetch(PublishedFile("gone.pth"), tmp_path, host=host, endpoint=hub.endpoint)


def test_a_hub_that_cannot_be_reached_is_told_with_a_way_out(tmp_path: Path) -> None:
    with serve(Hub()) as closed:
        pass
    with pytest.raises(DownloadError, match=r"cannot be reached .*HF_ENDPOINT.*modelscope"):
        fetch(UNKNOWN, tmp_path, endpoint=closed.endpoint)


def test_no_room_is_told_before_anything_is_fetched(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        free = 1000

    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda _path: Full)
    with pytest.raises(StorageError, match=r"has 0\.0 GB free"):
        fetch(FILE, tmp_path, endpoint=hub.endpoint)
    assert hub.n_downloads == 0


def archive(names: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as writer:
        for name, content in names.items():
            writer.writestr(name, content)
    return packed.getvalue()


def test_an_archive_is_unpacked_and_not_kept(hub: Hub, tmp_path: Path) -> None:
    content = archive({"G2PWModel_1.1/g2pW.onnx": LARGE, "G2PWModel_1.1/config.py": b"x = 1"})
    hub.files["XXXXRT/GPT-SoVITS-Pretrained/G2PWModel.zip"] = content
    file = PublishedFile("G2PWModel.zip", repository=ARCHIVES, unpacks_to="G2PWModel")
    got = fetch(file, tmp_path, endpoint=hub.endpoint)
    assert got.path == tmp_path / "G2PWModel"
    assert sorted(path.name for path in got.path.iterdir()) == ["config.py", "g2pW.onnx"]
    assert (got.path / "g2pW.onnx").read_bytes() == LARGE
    assert [path.name for path in tmp_path.iterdir()] == ["G2PWModel"]


def test_an_archive_cannot_write_outside_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(
        archive({"../../evil.txt": b"", "/abs.txt": b"", "run.sh": b"", "a/b.txt": b""})
    )
    unpack(path, tmp_path / "in" / "it")
    inside = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file())
    assert inside == ["a.zip", "in/it/abs.txt", "in/it/b.txt", "in/it/evil.txt"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04 and no more", "is a damaged archive"),
        (archive({"a/x.txt": b"1", "b/x.txt": b"2"}), "is a damaged archive"),
    ],
)
def test_a_damaged_archive_leaves_what_was_there(
    tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "old.txt").write_text("old")
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=message):
        unpack(path, tmp_path / "model")
    assert (tmp_path / "model" / "old.txt").read_text() == "old"


def test_an_archive_that_grows_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "_UNPACKED_LIMIT", 1000)
    path = tmp_path / "a.zip"
    path.write_bytes(archive({"x.txt": bytes(2000)}))
    with pytest.raises(CheckpointError, match="unpacks to more"):
        unpack(path, tmp_path / "model")


def place_of(folder: Path) -> Path:
    return folder / "gsv-v2final-pretrained" / "a=b.pth"
