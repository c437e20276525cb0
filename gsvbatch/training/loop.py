"""What every recipe's loop shares: state on disk, the curve, the clock."""

import json
import logging
import math
import os
import pickle
import time
from collections import deque
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from gsvbatch.errors import CheckpointError
from gsvbatch.units import Seconds

logger = logging.getLogger(__name__)

Losses = dict[str, Tensor]
Weights = dict[str, Tensor]

STATE_NAME = "state.pt"
CURVE_NAME = "curve.jsonl"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands after a step."""

    step: int
    n_new: int
    """Steps of this call alone."""

    elapsed: Seconds
    """Since this call began."""


Watch = Callable[[Progress], bool]
"""Called after every step; False ends the run as a used-up budget does, with its state saved."""


class Run:
    """One training run's folder: ``state.pt`` to resume from and ``curve.jsonl`` to look at.

    Args:
        folder: made if missing.
        budget: wall-clock seconds this call may train; the state is saved when they are over.
        watch: told of every step.
        save_every: seconds between saves.
    """

    def __init__(
        self,
        folder: Path,
        budget: Seconds,
        watch: Watch | None = None,
        save_every: Seconds = 120.0,
    ) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.budget = budget
        self.watch = watch
        self.save_every = save_every
        self.started = time.monotonic()
        self.last_save = self.started
        self.spent_before = 0.0
        self.step = 0
        self.n_new = 0
        self.is_stopped = False

    @property
    def elapsed(self) -> Seconds:
        """Seconds since this call began."""
        return time.monotonic() - self.started

    @property
    def is_over(self) -> bool:
        """Whether the time budget is used up, or whoever watches has seen enough."""
        return self.is_stopped or self.elapsed >= self.budget

    def draw(self, seed: int) -> np.random.Generator:
        """Return this step's random numbers, and seed torch's for it.

        They depend on the seed and the step alone, so a run that was broken off and resumed ends with
        the very weights of one that was not.
        """
        torch.manual_seed(int(np.random.SeedSequence([seed, self.step]).generate_state(1)[0]))
        return step_numbers(seed, self.step)

    def advance(self) -> None:
        """Count a step, and tell whoever watches."""
        self.step += 1
        self.n_new += 1
        if self.watch is not None:
            is_wanted = self.watch(Progress(self.step, self.n_new, self.elapsed))
            self.is_stopped = self.is_stopped or not is_wanted

    def load(self) -> dict[str, Any] | None:
        """Return the saved state, or None for a fresh run."""
        if not (self.folder / STATE_NAME).exists():
            return None
        state = read_state(self.folder)
        self.step = int(state["step"])
        self.spent_before = float(state["seconds"])
        return state

    def save(self, parts: Mapping[str, Any]) -> None:
        """Write the state beside the old one and put it in its place."""
        path = self.folder / STATE_NAME
        beside = path.with_suffix(".tmp")
        torch.save(
            {"step": self.step, "seconds": self.spent_before + self.elapsed, **parts}, beside
        )
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        beside.replace(path)
        self.last_save = time.monotonic()

    def is_save_due(self) -> bool:
        """Whether enough time went by since the last save."""
        return time.monotonic() - self.last_save >= self.save_every

    def log(self, **numbers: float) -> None:
        """Append one point to the curve."""
        row = {
            "step": self.step,
            "seconds": round(self.spent_before + self.elapsed, 1),
            **{key: round(float(value), 5) for key, value in numbers.items()},
        }
        with (self.folder / CURVE_NAME).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        logger.info("%s", row)


def step_numbers(seed: int, step: int) -> np.random.Generator:
    """Return a step's random numbers, which depend on nothing but seed and step."""
    return np.random.default_rng([seed, step])


def read_state(folder: Path) -> dict[str, Any]:
    """Return what a run last saved.

    Raises:
        CheckpointError: There is nothing yet, or the file is damaged.
    """
    path = folder / STATE_NAME
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(path, "missing; train this stage first") from error
    except (RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise CheckpointError(path, "is damaged; delete it and train this stage again") from error
    return state


Drawn = TypeVar("Drawn")


def drawn_ahead(draw: Callable[[int], Drawn], first: int, n_ahead: int = 4) -> Generator[Drawn]:
    """Yield ``draw(first)``, ``draw(first + 1)`` and so on, made in a thread while others train."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        waiting = deque(pool.submit(draw, first + i) for i in range(n_ahead))
        step = first + n_ahead
        try:
            while True:
                yield waiting.popleft().result()
                waiting.append(pool.submit(draw, step))
                step += 1
        finally:
            pool.shutdown(cancel_futures=True)


class Averages:
    """Running means of named losses between two points of the curve."""

    def __init__(self) -> None:
        self.sums: dict[str, torch.Tensor | float] = {}
        self.counts: dict[str, int] = {}

    def add(self, **values: torch.Tensor | float) -> None:
        """Take one step's values."""
        for key, value in values.items():
            # Tensors are added up where they are: reading one would wait for the device.
            self.sums[key] = self.sums.get(key, 0.0) + value
            self.counts[key] = self.counts.get(key, 0) + 1

    def __bool__(self) -> bool:
        return bool(self.sums)

    def take(self) -> dict[str, float]:
        """Return the means and start anew."""
        means = {key: float(total) / self.counts[key] for key, total in self.sums.items()}
        self.sums, self.counts = {}, {}
        return means


def warm_cosine(step: int, n_steps: int, n_warm: int = 200) -> float:
    """Return the share of the learning rate at a step: linear warm-up, then a cosine down to 2 %."""
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, step / n_steps)))
    return min(1.0, (step + 1) / n_warm) * (0.02 + 0.98 * cosine)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Let an optimizer's next step be of this learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def take_step(loss: Tensor, optimizer: torch.optim.Optimizer, longest: float) -> None:
    """Reduce a loss by one step, its gradient no longer than a bound."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    for group in optimizer.param_groups:
        nn.utils.clip_grad_norm_(group["params"], longest)
    optimizer.step()


def autocast(device: torch.device) -> torch.autocast:
    """Return mixed precision in bfloat16 where the device calculates in it, else in fp32 as ever."""
    enabled = device.type != "cpu" or _has_fast_bfloat16()
    return torch.autocast(device_type=device.type, dtype=torch.bfloat16, enabled=enabled)


def _has_fast_bfloat16() -> bool:
    """Whether this processor multiplies in bfloat16; others take ten times as long as in fp32."""
    # Private names of torch: where one is missing, fp32 is never wrong.
    tests = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(getattr(torch.cpu, test, lambda: False)() for test in tests)
