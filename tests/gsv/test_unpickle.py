"""What comes out of torch zip files, and what is refused."""

import io
import os
import pickle
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
import torch

from gsvbatch.errors import CheckpointError
from gsvbatch.gsv.unpickle import read_torch_zip
from tests.toy import hparams_module


def write_zip(path: Path, entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(f"archive/{name}", data)
    return path


def hostile(path: Path, payload: Any) -> Path:
    return write_zip(path, {"data.pkl": pickle.dumps(payload, protocol=2)})


def test_everything_that_torch_writes_comes_back(tmp_path: Path) -> None:
    base = torch.arange(12, dtype=torch.float32).view(3, 4)
    content = {
        "half": torch.randn(5).half(),
        "bfloat": torch.randn(2).bfloat16(),
        "long": torch.arange(3),
        "flag": torch.tensor([True, False]),
        "empty": torch.empty(0, 4),
        "scalar": torch.tensor(2.5),
        "transposed": base.t(),
        "row": base[1],  # shares storage with the one before
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "plain": {"a": [1, 2.5, "text", None, True]},
    }
    path = tmp_path / "content.pt"
    torch.save(content, path)
    read = read_torch_zip(path)
    assert read["plain"] == content["plain"]
    for key, value in content.items():
        if isinstance(value, torch.Tensor):
            assert read[key].dtype == value.dtype
            torch.testing.assert_close(read[key], value.detach(), rtol=0, atol=0)


@pytest.mark.parametrize("name", ["utils", "GPT_SoVITS.utils"])
def test_configuration_objects_become_dicts(tmp_path: Path, name: str) -> None:
    path = tmp_path / "config.pt"
    with hparams_module() as hparams:
        torch.save({"config": hparams(model=hparams(version="v2"), rates=[10, 8])}, path)
    if name != "utils":
        with zipfile.ZipFile(path) as archive:
            entries = {n.partition("/")[2]: archive.read(n) for n in archive.namelist()}
        entries["data.pkl"] = entries["data.pkl"].replace(
            b"cutils\nHParams", f"c{name}\nHParams".encode()
        )
        write_zip(path, entries)
    assert read_torch_zip(path) == {"config": {"model": {"version": "v2"}, "rates": [10, 8]}}


class Runs:
    def __init__(self, function: Any, *args: Any) -> None:
        self.call = (function, args)

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        (Runs(os.system, "exit"), "system"),
        (Runs(eval, "1"), "eval"),
        (Runs(getattr, "x", "upper"), "getattr"),
        (Runs(torch.load, "x"), "load"),
        (Runs(zlib.crc32, b""), "crc32"),
        ({"weight": Runs(bytearray, 9)}, "bytearray"),
    ],
)
def test_globals_are_refused_by_name(tmp_path: Path, payload: Any, name: str) -> None:
    path = hostile(tmp_path / "evil.pth", payload)
    with pytest.raises(CheckpointError, match=rf"refused: the file wants to run \S*\b{name},"):
        read_torch_zip(path)


def test_attribute_paths_cannot_smuggle_a_global(tmp_path: Path) -> None:
    # Protocol 4 looks dotted names up one attribute after the other.
    stream = b"\x80\x04\x8c\x0bcollections\x8c\x1cOrderedDict.__init__.__doc__\x93."
    path = write_zip(tmp_path / "evil.pth", {"data.pkl": stream})
    with pytest.raises(CheckpointError, match="refused"):
        read_torch_zip(path)


def test_a_file_cannot_change_how_the_next_is_read(tmp_path: Path) -> None:
    # BUILD with a (state, slots) pair sets attributes on whatever stands on the stack: here the class.
    stream = b"\x80\x02cutils\nHParams\n(N}X\x08\x00\x00\x00__init__K\x01stb."
    path = write_zip(tmp_path / "evil.pth", {"data.pkl": stream})
    read_torch_zip(path)
    later = tmp_path / "good.pt"
    with hparams_module() as hparams:
        torch.save({"config": hparams(a=1)}, later)
    assert read_torch_zip(later) == {"config": {"a": 1}}


def entries_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def saved(path: Path) -> Path:
    torch.save({"weight": {"a": torch.arange(100.0)}}, path)
    return path


def test_flipped_bit_in_a_tensor_is_noticed(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.pt")
    data = bytearray(path.read_bytes())
    position = data.index(torch.arange(100.0).numpy().tobytes()) + 7
    data[position] ^= 1
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match="data/0 does not match its checksum"):
        read_torch_zip(path)


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.999])
def test_truncated_file_is_noticed(tmp_path: Path, kept: float) -> None:
    path = saved(tmp_path / "a.pt")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(CheckpointError, match="damaged or cut short"):
        read_torch_zip(path)


def test_missing_and_short_storages_are_noticed(tmp_path: Path) -> None:
    entries = entries_of(saved(tmp_path / "a.pt"))
    short = write_zip(tmp_path / "short.pt", entries | {"data/0": entries["data/0"][:40]})
    with pytest.raises(CheckpointError, match="shorter than its tensors"):
        read_torch_zip(short)
    del entries["data/0"]
    with pytest.raises(CheckpointError, match="data/0 is missing"):
        read_torch_zip(write_zip(tmp_path / "missing.pt", entries))


def test_tensor_reaching_outside_its_data_is_refused(tmp_path: Path) -> None:
    entries = entries_of(saved(tmp_path / "a.pt"))
    # The size of the only tensor, one-byte integers in the pickle: 100 elements become 101.
    pickled = entries["data.pkl"]
    size_at = pickled.rindex(b"Kd\x85")
    entries["data.pkl"] = pickled[:size_at] + b"Ke\x85" + pickled[size_at + 3 :]
    with pytest.raises(CheckpointError, match="larger than its data"):
        read_torch_zip(write_zip(tmp_path / "out.pt", entries))


def test_compressed_entries_are_refused(tmp_path: Path) -> None:
    entries = entries_of(saved(tmp_path / "a.pt"))
    bomb = write_zip(tmp_path / "bomb.pt", entries, zipfile.ZIP_DEFLATED)
    with pytest.raises(CheckpointError, match="compressed"):
        read_torch_zip(bomb)


def test_self_containing_structures_are_an_error_not_a_hang(tmp_path: Path) -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_torch_zip(hostile(tmp_path / "loop.pt", {"weight": loop}))


def test_reading_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.pt")
    before = path.read_bytes()
    read_torch_zip(path)["weight"]["a"].add_(1)
    assert path.read_bytes() == before
    assert io.BytesIO(before).read(2) == b"PK"
