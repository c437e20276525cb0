"""When a decode step is run, captured and replayed; the graphs themselves need a CUDA device."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from gsvbatch.engine.decode_step import StepShape
from gsvbatch.engine.graphs import GraphedStep, bucket_of_rows

SHAPE, OTHER = StepShape(4, 64, 16, has_top_p=False), StepShape(2, 64, 16, has_top_p=False)


class Recorder:
    """A CUDA graph that writes down what is done with it, and a step that is not run while captured."""

    log: list[str]
    refuses = False
    is_capturing = False

    def __init__(self) -> None:
        self.log = []
        recorder = self

        class Graph:
            def capture_begin(self, pool: object, capture_error_mode: str) -> None:
                assert capture_error_mode == "thread_local"
                recorder.is_capturing = True

            def capture_end(self) -> None:
                recorder.is_capturing = False

            def replay(self) -> None:
                recorder.log.append("replayed")

        self.graph = Graph

    def step(self, slots: object, shape: StepShape) -> None:
        if self.is_capturing and self.refuses:
            raise RuntimeError("operation not permitted when stream is capturing")
        self.log.append("captured" if self.is_capturing else "run")


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    found = Recorder()
    monkeypatch.setattr(torch.cuda, "CUDAGraph", found.graph)
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: (0, 1))
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: found.log.append("waited"))
    return found


def slots(generation: int = 1) -> Any:
    return SimpleNamespace(generation=generation)


def test_a_shape_is_run_once_captured_once_and_replayed(recorder: Recorder) -> None:
    step = GraphedStep(recorder.step)
    for _ in range(3):
        step(slots(), SHAPE)
    step(slots(), OTHER)
    step(slots(), SHAPE)
    assert recorder.log == ["run", "captured", "replayed", "replayed", "run", "replayed"]


def test_graphs_are_thrown_away_when_the_slots_move(recorder: Recorder) -> None:
    step = GraphedStep(recorder.step)
    for generation in (1, 1, 2, 2):
        step(slots(generation), SHAPE)
    assert recorder.log == ["run", "captured", "replayed", "waited", "run", "captured", "replayed"]


def test_where_the_driver_refuses_every_step_is_run(
    recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    recorder.refuses = True
    step = GraphedStep(recorder.step)
    for _ in range(4):
        step(slots(), SHAPE)
    assert recorder.log == ["run"] * 4
    assert not recorder.is_capturing
    assert [r.message for r in caplog.records if "without CUDA graphs" in r.message] != []


def test_rows_are_rounded_up_but_never_beyond_the_slots() -> None:
    assert [bucket_of_rows(n, 200) for n in (1, 3, 33, 130, 199, 200)] == [1, 4, 48, 160, 200, 200]
