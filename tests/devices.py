"""The devices that golden numbers are held against: the processor, and a CUDA card where there is one."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch

DEVICES = (
    "cpu",
    pytest.param(
        "cuda",
        marks=[
            pytest.mark.cuda,
            pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
        ],
    ),
)


@contextmanager
def working_on(device: torch.device | str) -> Iterator[None]:
    """New tensors are made on the device, and convolutions are as precise as fp32 is."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        with torch.device(device):
            yield
    finally:
        torch.backends.cudnn.allow_tf32 = before
