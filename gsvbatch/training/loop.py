"""What every recipe's loop shares: state on disk, the curve, the clock."""

import json
import logging
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from gsvbatch.units import Seconds

logger = logging.getLogger(__name__)


class Run:
    """One training run's folder: ``state.pt`` to resume from and ``curve.jsonl`` to look at.

    Args:
        folder: made if missing.
        budget: wall-clock seconds this call may train; the state is saved when they are over.
        save_every: seconds between saves.
    """

    def __init__(self, folder: Path, budget: Seconds, save_every: Seconds = 120.0) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.budget = budget
        self.save_every = save_every
        self.started = time.monotonic()
        self.last_save = self.started
        self.spent_before = 0.0
        self.step = 0

    @property
    def elapsed(self) -> Seconds:
        """Seconds since this call began."""
        return time.monotonic() - self.started

    @property
    def is_over(self) -> bool:
        """Whether the time budget is used up."""
        return self.elapsed >= self.budget

    def load(self) -> dict[str, Any] | None:
        """Return the saved state, or None for a fresh run."""
        path = self.folder / "state.pt"
        if not path.exists():
            return None
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        self.step = int(state["step"])
        self.spent_before = float(state["seconds"])
        return state

    def save(self, parts: Mapping[str, Any]) -> None:
        """Write the state beside the old one and put it in its place."""
        path = self.folder / "state.pt"
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
        with (self.folder / "curve.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        logger.info("%s", row)


class Averages:
    """Running means of named losses between two points of the curve."""

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}
        self.counts: dict[str, int] = {}

    def add(self, **values: torch.Tensor | float) -> None:
        """Take one step's values."""
        for key, value in values.items():
            self.sums[key] = self.sums.get(key, 0.0) + float(value)
            self.counts[key] = self.counts.get(key, 0) + 1

    def take(self) -> dict[str, float]:
        """Return the means and start anew."""
        means = {key: total / self.counts[key] for key, total in self.sums.items()}
        self.sums, self.counts = {}, {}
        return means


def warm_cosine(step: int, n_steps: int, n_warm: int = 200) -> float:
    """Return the share of the learning rate at a step: linear warm-up, then a cosine down to 2 %."""
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, step / n_steps)))
    return min(1.0, (step + 1) / n_warm) * (0.02 + 0.98 * cosine)


def autocast(device: torch.device) -> torch.autocast:
    """Return mixed precision in bfloat16, on CPU (AMX, AVX-512) and CUDA alike."""
    return torch.autocast(device_type=device.type, dtype=torch.bfloat16)
