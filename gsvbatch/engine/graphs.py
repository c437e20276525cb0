"""Captured CUDA graphs of decode steps: a step of two hundred kernels becomes one launch.

A shape's first step runs as it is, which compiles and warms up all that it needs; the second is captured,
and that one and all that follow are replays. A graph holds on to addresses, so all graphs are thrown
away when the slots move.
"""

from threading import Lock

import torch

from gsvbatch.engine.decode_step import DecodeStep, StepShape
from gsvbatch.engine.slots import Slots

_ROW_BUCKETS = (1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 160, 192, 224, 256)


def bucket_of_rows(n_rows: int, n_slots: int) -> int:
    """Rows that a step for so many is captured with; the rows too many are of no consequence."""
    return min(next((size for size in _ROW_BUCKETS if size >= n_rows), n_rows), n_slots)


class GraphedStep:
    """A decode step, captured once for each shape."""

    def __init__(self, step: DecodeStep, capturing: Lock) -> None:
        """Wrap a step.

        Args:
            step: What to capture.
            capturing: Held during a capture, so that nobody allocates device memory meanwhile.
        """
        self._step = step
        self._capturing = capturing
        self._generation = -1
        self._graphs: dict[StepShape, torch.cuda.CUDAGraph | None] = {}
        self._pool: tuple[int, int] | None = None

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
        if graph is None:
            graph = self._graphs[shape] = self._capture(slots, shape)
        graph.replay()

    def clear(self) -> None:
        """Forget all graphs and give back their memory."""
        self._graphs.clear()
        self._pool = None

    def _capture(self, slots: Slots, shape: StepShape) -> torch.cuda.CUDAGraph:
        graph = torch.cuda.CUDAGraph()
        with (
            self._capturing,
            torch.cuda.graph(
                graph,
                pool=self._pool,
                stream=torch.cuda.current_stream(),
                capture_error_mode="thread_local",
            ),
        ):
            self._step(slots, shape)
        self._pool = self._pool or graph.pool()
        return graph
