"""Captured CUDA graphs of decode steps: a step of two hundred kernels becomes one launch.

A shape's first step runs as it is, which compiles and warms up all that it needs; the second is captured,
and that one and all that follow are replays. A graph holds on to addresses, so all graphs are thrown
away when the slots move.
"""

import logging
from contextlib import suppress
from typing import Any

import torch

from gsvbatch.engine.decode_step import DecodeStep, StepShape
from gsvbatch.engine.memory import is_out_of_memory
from gsvbatch.engine.slots import Slots

logger = logging.getLogger(__name__)

_ROW_BUCKETS = (1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 160, 192, 224, 256)


def bucket_of_rows(n_rows: int, n_slots: int) -> int:
    """Rows that a step for so many is captured with; the rows too many are of no consequence."""
    return min(next((size for size in _ROW_BUCKETS if size >= n_rows), n_rows), n_slots)


class GraphedStep:
    """A decode step, captured once for each shape."""

    def __init__(self, step: DecodeStep) -> None:
        self._step = step
        self._generation = -1
        self._graphs: dict[StepShape, torch.cuda.CUDAGraph | None] = {}
        self._pool: Any = None
        self._is_refused = False

    def __call__(self, slots: Slots, shape: StepShape) -> None:
        """Run one step."""
        if slots.generation != self._generation:
            self.clear()
            self._generation = slots.generation
        if shape not in self._graphs:
            self._step(slots, shape)
            self._graphs[shape] = None
            return
        graph = self._graphs[shape]
        if graph is None and not self._is_refused:
            graph = self._graphs[shape] = self._capture(slots, shape)
        if graph is None:
            self._step(slots, shape)
        else:
            graph.replay()

    def clear(self) -> None:
        """Forget all graphs and give back their memory."""
        if self._pool is not None:
            torch.cuda.synchronize()  # the last of them may still be running
        self._graphs.clear()
        self._pool = None

    def _capture(self, slots: Slots, shape: StepShape) -> torch.cuda.CUDAGraph | None:
        """The graph of a step; None, now and for good, where the device or its driver refuses."""
        graph = torch.cuda.CUDAGraph()
        if self._pool is None:
            self._pool = torch.cuda.graph_pool_handle()
        try:
            graph.capture_begin(pool=self._pool, capture_error_mode="thread_local")
            self._step(slots, shape)
            graph.capture_end()
        except RuntimeError as error:
            with suppress(RuntimeError):
                graph.capture_end()
            if is_out_of_memory(error):
                raise
            self._is_refused = True
            logger.warning("decoding without CUDA graphs, which is slower: %s", error)
            return None
        return graph
