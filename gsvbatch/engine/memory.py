"""How much runs at once: guessed from the memory there is, corrected when it runs out."""

import os

import torch
from torch import nn

from gsvbatch.gsv.t2s import T2SConfig
from gsvbatch.machine import available_memory

CPU_SLOTS = 16
"""Measured: beyond it a CPU's decode step costs in proportion, so nothing is gained."""

MAX_SLOTS = 256
_TYPICAL_POSITIONS = 768
"""Of a row: phonemes, prompt and tokens of a long utterance."""

_CACHE_SHARE = 0.5
"""Of free device memory that the cache may take; the rest is for activations and the synthesizer."""

_CPU_BATCH_TOKENS = 1
"""On a CPU every line is synthesized alone: its activations then stay in the caches."""

_MAX_BATCH_TOKENS = 4096
"""Fills any device; more would only let the first lines wait."""

_SIGNS = ("can't allocate memory", "out of memory", "ALLOC_FAILED")
"""What allocators say that have no error of their own: the host's, Apple's, cuBLAS."""

_BYTES_PER_TOKEN = 4 << 20
"""Peak activations of a full-size synthesizer for one token, measured generously, fp32."""


_KERNEL_CACHE = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
_KERNELS_KEPT = 256
"""oneDNN keeps 1,024 kernels by itself, one a shape, and lines have as many lengths as there are: measured, it
came to 550 MB for networks of no size at all, and with none kept it was no slower."""


def keep_few_kernels() -> None:
    """Limit what oneDNN remembers; of effect until the first kernel is made. A user's own limit stays."""
    os.environ.setdefault(_KERNEL_CACHE, str(_KERNELS_KEPT))


def free_memory(device: torch.device) -> int | None:
    """Bytes that may be taken where tensors of a device lie; None where nobody says."""
    if device.type == "cuda":
        free: int = torch.cuda.mem_get_info(device)[0]
        return free
    return available_memory()


def weight_bytes(*networks: nn.Module | None) -> int:
    """What weights and buffers of networks take."""
    return sum(
        tensor.nbytes
        for network in networks
        if network is not None
        for tensor in (*network.parameters(), *network.buffers())
    )


def row_bytes(config: T2SConfig, dtype: torch.dtype) -> int:
    """What a slot's keys and values take for a long utterance."""
    return 2 * config.n_layers * config.width * dtype.itemsize * _TYPICAL_POSITIONS


def default_slots(
    config: T2SConfig, device: torch.device, dtype: torch.dtype, max_memory: int | None = None
) -> int:
    """How many sequences to decode at once, with so many bytes allowed, or all that is free."""
    row = row_bytes(config, dtype)
    if device.type == "cuda":
        return max(1, min(MAX_SLOTS, int(_allowed(device, max_memory) * _CACHE_SHARE) // row))
    if max_memory is None:
        return CPU_SLOTS
    return max(1, min(CPU_SLOTS, int(max_memory * _CACHE_SHARE) // row))


def default_batch_tokens(device: torch.device, max_memory: int | None = None) -> int:
    """How many tokens, padding included, to synthesize at once."""
    if device.type != "cuda":
        return _CPU_BATCH_TOKENS
    fitting = int(_allowed(device, max_memory) * (1 - _CACHE_SHARE) / 2) // _BYTES_PER_TOKEN
    return max(256, min(_MAX_BATCH_TOKENS, fitting))


def limit_memory(device: torch.device, max_memory: int) -> None:
    """Let the device's allocator refuse what goes beyond, as if the device had no more."""
    if device.type == "cuda":
        _, total = torch.cuda.mem_get_info(device)
        torch.cuda.set_per_process_memory_fraction(min(1.0, max_memory / total), device)


def _allowed(device: torch.device, max_memory: int | None) -> int:
    """Bytes of a CUDA device that may still be taken."""
    free, _ = torch.cuda.mem_get_info(device)
    if max_memory is None:
        return free
    return max(0, min(free, max_memory - torch.cuda.memory_allocated(device)))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on the device or in the host's allocator."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in _SIGNS)


def release(device: torch.device) -> None:
    """Give memory that is no longer used back to the device."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
