"""What the parts of the GPU bench share: the device, the scale, time limits, and where figures go."""

import argparse
import copy
import json
import signal
import statistics
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from workload import SMALL_SYNTHESIZER, SMALL_T2S

from gsvbatch.gsv.bundle import ModelBundle
from gsvbatch.gsv.random_models import random_bundle

if TYPE_CHECKING:
    from pathlib import Path

STARTED = time.perf_counter()


class Bench:
    """What all parts share: the device, the scale, and where figures go."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.device = torch.device(args.device)
        self.is_cuda = self.device.type == "cuda"
        self.is_toy: bool = args.toy
        self.limit: float = args.limit
        self.out: Path = args.out
        self.figures: dict[str, Any] = {"parts": {}}
        self.table: list[str] = []
        self.bandwidth = 0.0
        self.matrix_rate = 0.0
        self._bundles: dict[torch.dtype, ModelBundle] = {}
        self._masters: dict[str, ModelBundle] = {}

    @property
    def half(self) -> torch.dtype:
        return torch.float16 if self.is_cuda else torch.float32

    def bundle(self, dtype: torch.dtype) -> ModelBundle:
        if dtype not in self._bundles:
            self._bundles[dtype] = self.fresh_bundle(self.device, dtype)
        return self._bundles[dtype]

    def fresh_bundle(self, device: torch.device | str, dtype: torch.dtype) -> ModelBundle:
        name = "small" if self.is_toy else "full"
        return copied(self.master(name), device, dtype)

    def master(self, name: str) -> ModelBundle:
        """The bundle that all others of its size are copies of, on the CPU in fp32."""
        if name not in self._masters:
            sizes = (SMALL_T2S, SMALL_SYNTHESIZER) if name == "small" else (None, None)
            self._masters[name] = random_bundle(*sizes)
        return self._masters[name]

    def sync(self) -> None:
        if self.is_cuda:
            torch.cuda.synchronize()

    def seconds(self, work: Callable[[], object], n: int = 3) -> float:
        """Median wall time of some runs, the device's work included."""
        times = []
        for _ in range(n):
            self.sync()
            start = time.perf_counter()
            work()
            self.sync()
            times.append(time.perf_counter() - start)
        return statistics.median(times)

    def row(self, text: str) -> None:
        self.table.append(text)
        print(f"[{time.perf_counter() - STARTED:5.1f} s] {text}", flush=True)

    def save(self) -> None:
        self.figures["table"] = self.table
        self.out.mkdir(parents=True, exist_ok=True)
        path = self.out / "gpu.json"
        path.write_text(json.dumps(self.figures, indent=1), encoding="utf-8")

    def part(
        self, name: str, limit: float, work: Callable[["Bench", dict[str, Any]], None]
    ) -> None:
        """Run a part within its time; whatever goes wrong, the others go on."""
        left = self.limit - (time.perf_counter() - STARTED)
        figures: dict[str, Any] = {}
        self.figures["parts"][name] = figures
        start = time.perf_counter()
        if left < 3:
            figures["error"] = "no time left"
            self.row(f"{name}: no time left")
            return
        try:
            # At toy scale no device is waiting, and the processor may be busy with something else.
            with time_limit(left if self.is_toy else min(limit, left)):
                work(self, figures)
        except Exception as error:
            figures["error"] = repr(error)
            figures["traceback"] = traceback.format_exc()
            print(figures["traceback"], flush=True)
            self.row(f"{name}: FAILED {error!r}"[:200])
        figures["took"] = round(time.perf_counter() - start, 2)
        if self.is_cuda:
            torch.cuda.empty_cache()
        self.save()


def copied(bundle: ModelBundle, device: torch.device | str, dtype: torch.dtype) -> ModelBundle:
    """The same networks elsewhere."""
    t2s, synthesizer = copy.deepcopy(bundle.t2s), copy.deepcopy(bundle.synthesizer)
    t2s.to(device=device, dtype=dtype)
    synthesizer.to(device=device, dtype=dtype)
    return ModelBundle(
        bundle.source, t2s, synthesizer, bundle.symbol_version, bundle.version, bundle.digest
    )


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError inside the block when its time is up; where there are no alarms, do nothing."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def over(*_: object) -> None:
        raise TimeoutError(f"more than {seconds:.0f} s")

    signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
