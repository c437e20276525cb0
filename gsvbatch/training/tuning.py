"""The loop that fine-tuning and distilling share: steps, a look at clips held out, the best weights kept.

A minute of speech is learnt by heart in minutes. So clips that are never trained on are looked at as it
goes on, and what is returned is not the last state of the network but the one that did best on these.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from gsvbatch.errors import ConfigError
from gsvbatch.training.loop import Averages, Losses, Run, Watch, Weights, autocast
from gsvbatch.units import Seconds


class Lesson(Protocol):
    """A network and how it learns."""

    @property
    def model(self) -> nn.Module:
        """What is tuned."""
        ...

    def step(self, rng: np.random.Generator, step: int, n_steps: int) -> Losses:
        """Learn from one batch; return the losses, detached."""
        ...

    def held_out(self) -> float:
        """How far the network is from clips that it does not learn from; lower is better."""
        ...

    def state(self) -> dict[str, Any]:
        """All that is needed to go on: weights, optimizers."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to such a state."""
        ...


@dataclass(frozen=True, slots=True)
class Tuned:
    """How a network came out."""

    step: int
    n_steps: int
    n_new: int
    """Steps of this call alone."""

    elapsed: Seconds
    """Of this call alone."""

    before: float
    """On the clips held out, as the lesson measures it."""

    after: float
    """Of the best weights, likewise."""

    best_step: int
    """When they were reached; 0 where no step was better than none."""

    folder: Path
    """Of the run."""

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.step >= self.n_steps


def tune(
    lesson: Lesson,
    folder: Path,
    *,
    n_steps: int,
    identity: str,
    budget: Seconds = float("inf"),
    seed: int = 0,
    watch: Watch | None = None,
    look_every: int = 25,
) -> Tuned:
    """Train, or go on training; the lesson's network is left with the best weights.

    Args:
        lesson: What learns.
        folder: Of the run: its state, and the curve.
        n_steps: Of the whole run, those of earlier calls included.
        identity: Of everything that the run depends on; a run of another is not gone on with.
        budget: Seconds that this call may take.
        seed: Of what is drawn.
        watch: Told of every step.
        look_every: Steps between two looks at the clips held out.

    Raises:
        ConfigError: The folder holds a run of other clips, models or settings.
        CheckpointError: Its state is damaged.
    """
    run = Run(folder, budget, watch)
    state = run.load()
    if state is None:
        before = best = lesson.held_out()
        best_step, weights = 0, _copied(lesson.model)
        run.log(held_out=before)
    else:
        if state["identity"] != identity:
            raise ConfigError(
                f"{folder}: holds a run with other clips, models or settings; "
                "delete the folder, or name another with --runs"
            )
        lesson.restore(state["lesson"])
        before, best, best_step = state["before"], state["best"], state["best_step"]
        weights = state["weights"]
    averages = Averages()

    def save() -> None:
        run.save(
            {
                "identity": identity, "lesson": lesson.state(), "weights": weights,
                "before": before, "best": best, "best_step": best_step,
            }
        )  # fmt: skip

    while run.step < n_steps and not run.is_over:
        rng = run.draw(seed)
        averages.add(**lesson.step(rng, run.step, n_steps))
        run.advance()
        if run.step % look_every == 0 or run.step == n_steps:
            found = lesson.held_out()
            run.log(held_out=found, **averages.take())
            if found < best:
                best, best_step, weights = found, run.step, _copied(lesson.model)
        if run.is_save_due():
            save()
    save()
    lesson.model.load_state_dict(weights)
    lesson.model.eval()
    return Tuned(run.step, n_steps, run.n_new, run.elapsed, before, best, best_step, folder)


def mixed_precision(device: torch.device) -> torch.autocast:
    """Return mixed precision on a graphics card; elsewhere the steps are few, and fp32 costs little."""
    if device.type == "cuda":
        return autocast(device)
    return torch.autocast(device.type, enabled=False)


def _copied(model: nn.Module) -> Weights:
    return {key: value.detach().cpu().clone() for key, value in model.state_dict().items()}
