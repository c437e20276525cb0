"""Reads PyTorch's zip checkpoints without running anything that a file asks for.

A pickle may name any callable of any module and have it called while it is being read. Checkpoints of
voices are passed around on forums, so they are untrusted: only tensors, numbers, strings, containers and
the one configuration class of GPT-SoVITS (as an inert bag, turned into a dict) come out of here. Whatever
else is named in the file ends the reading with a :class:`CheckpointError` that says what it was.

The entries of the archive are found by its directory, which stands at the end of the file. Hence the
two-byte header that GPT-SoVITS overwrites in fine-tunes (digits in place of ``PK``) needs no repair on
disk: those bytes are simply never needed. Tensors are views of a private memory map until converted.
"""

import io
import mmap
import pickle
import struct
import sys
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import Tensor

from gsvbatch.errors import CheckpointError

_STORAGE_DTYPES: Mapping[str, torch.dtype] = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}

_CONFIG_CLASSES = frozenset({("utils", "HParams"), ("GPT_SoVITS.utils", "HParams")})

_LOCAL_HEADER = struct.Struct("<26xHH")
"""Of a zip entry, as far as it matters here: lengths of the name and of the extra field."""


class _Bag:
    """Takes the state of a configuration object; holds it and does nothing."""


class _Rebuild:
    """Stands in for one of torch's tensor rebuilding functions; slots keep a pickle from changing it."""

    __slots__ = ("_build",)

    def __init__(self, build: Callable[..., Tensor]) -> None:
        self._build = build

    def __call__(self, *args: Any) -> Tensor:
        return self._build(*args)


def _rebuild_tensor(
    storage: Tensor,
    offset: Any,
    size: Sequence[Any],
    stride: Sequence[Any],
    *_: Any,  # requires_grad, backward hooks, metadata: of no use to weights that are only read
) -> Tensor:
    """A tensor of the given geometry over a storage; refuses one that reaches outside it."""
    geometry = (offset, *size, *stride)
    if any(not isinstance(n, int) or n < 0 for n in geometry) or len(size) != len(stride):
        raise ValueError("a tensor of impossible shape")
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if 0 not in size and last >= storage.numel():
        raise ValueError("a tensor larger than its data")
    return storage.as_strided(size, stride, offset)


def _rebuild_parameter(data: Tensor, *_: Any) -> Tensor:
    return data


class _Unpickler(pickle.Unpickler):
    """Knows the few globals that weights need, and refuses all others."""

    def __init__(self, path: Path, data: bytes, load_storage: Callable[..., Tensor]) -> None:
        super().__init__(io.BytesIO(data), encoding="utf-8")
        self._path = path
        self._load_storage = load_storage
        # Made anew for each file: a pickle can set attributes on a class, which then ends with the file.
        self._bag = type("HParams", (_Bag,), {})

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in for an allowed global.

        Raises:
            CheckpointError: The global is none of the few that weights need.
        """
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) in _CONFIG_CLASSES:
            return self._bag
        if module == "torch" and name in _STORAGE_DTYPES:
            return _STORAGE_DTYPES[name]
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _Rebuild(_rebuild_tensor)
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return _Rebuild(_rebuild_parameter)
        raise CheckpointError(
            self._path,
            f"refused: the file wants to run {module}.{name}, which no voice checkpoint needs; "
            "do not use it unless its maker explains why (it may be malicious), "
            "and ask for the weights as safetensors or as a plain state dict",
        )

    def persistent_load(self, pid: Any) -> Tensor:
        """The storage that a persistent id of the form ``("storage", dtype, key, device, numel)`` names."""
        kind, dtype, key, _, n_elements = pid
        if kind != "storage" or not isinstance(dtype, torch.dtype):
            raise ValueError("data of an unknown kind")
        return self._load_storage(str(key), dtype, n_elements)


class _Archive:
    """The entries of a torch zip file, by name without the leading folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            # A private mapping: pages are read when touched, and nothing can be written back.
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        try:
            with zipfile.ZipFile(path) as archive:
                entries = archive.infolist()
        except (zipfile.BadZipFile, UnicodeDecodeError, ValueError) as error:
            self._fail(f"the archive has no readable directory ({error})", error)
        self._entries = {entry.filename.partition("/")[2]: entry for entry in entries}
        self._storages: dict[str, Tensor] = {}

    def _fail(self, problem: str, cause: Exception | None = None) -> NoReturn:
        raise CheckpointError(
            self._path, f"damaged or cut short: {problem}; download or copy it again"
        ) from cause

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def read(self, name: str) -> memoryview:
        """The bytes of an entry, checked against its checksum."""
        entry = self._entries.get(name)
        if entry is None:
            self._fail(f"{name} is missing")
        # torch stores entries as they are; refusing others also rules out decompression bombs.
        if entry.compress_type != zipfile.ZIP_STORED:
            self._fail(f"{name} is compressed, which torch never does")
        header = self._bytes[entry.header_offset : entry.header_offset + _LOCAL_HEADER.size]
        if len(header) < _LOCAL_HEADER.size:
            self._fail(f"{name} lies past the end of the file")
        start = entry.header_offset + _LOCAL_HEADER.size + sum(_LOCAL_HEADER.unpack(header))
        data = memoryview(self._bytes)[start : start + entry.file_size]
        if len(data) < entry.file_size:
            self._fail(f"{name} lies past the end of the file")
        if zlib.crc32(data) != entry.CRC:
            self._fail(f"{name} does not match its checksum")
        return data

    def storage(self, key: str, dtype: torch.dtype, n_elements: int) -> Tensor:
        """The elements ``(n_elements,)`` of one storage; the same tensor for the same key."""
        if key in self._storages:
            return self._storages[key].view(dtype)
        data = self.read(f"data/{key}")
        if len(data) < n_elements * dtype.itemsize:
            self._fail(f"data/{key} is shorter than its tensors")
        if not n_elements:
            return torch.empty(0, dtype=dtype)
        tensor = torch.frombuffer(data, dtype=dtype, count=n_elements)
        self._storages[key] = tensor
        return tensor

    @property
    def is_native_endian(self) -> bool:
        """Whether tensors were written in this machine's byte order (files without a note are little)."""
        order = bytes(self.read("byteorder")).decode() if "byteorder" in self else "little"
        return order == sys.byteorder


def read_torch_zip(path: Path) -> Any:
    """The content of a torch zip file: dicts, lists, numbers, strings and tensors (CPU, stored dtype).

    Args:
        path: A file written by ``torch.save``; its first two bytes may have been overwritten.

    Raises:
        CheckpointError: The file is damaged, or wants to run something.
    """
    archive = _Archive(path)
    if not archive.is_native_endian:
        raise CheckpointError(path, "written on a machine of the other byte order; re-save it")
    unpickler = _Unpickler(path, bytes(archive.read("data.pkl")), archive.storage)
    try:
        return _plain(unpickler.load())
    except CheckpointError:
        raise
    # A hand-made pickle can go wrong in as many ways as there are opcodes; none of them is our mistake.
    except Exception as error:
        raise CheckpointError(path, f"its content cannot be read ({error})") from error


def _plain(value: Any) -> Any:
    """The value with bags and ordered dicts turned into dicts, all the way down."""
    if isinstance(value, _Bag):
        return _plain(vars(value))
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
