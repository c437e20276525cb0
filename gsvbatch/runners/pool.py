"""Loaded models, kept while there is room: the one that was used longest ago goes first.

A job's lines are ordered by their models, so each pair is loaded once whatever the room. What is kept
beyond that serves the next job of the same process.
"""

import gc
import logging
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar

from gsvbatch.engine.memory import is_out_of_memory

logger = logging.getLogger(__name__)

Model = TypeVar("Model")


@dataclass(slots=True)
class _Held:
    model: Any
    n_bytes: int


class ModelPool:
    """Models by name, within a budget.

    Args:
        budget: Bytes that all of them may take. What is in use stays, even if it takes more by itself.
        free: Gives memory that is no longer used back to the device.
    """

    def __init__(self, budget: int, free: Callable[[], None] = lambda: None) -> None:
        self.budget = budget
        self.loads: Counter[str] = Counter()
        """How often each was loaded."""

        self.peak = 0
        """Bytes, the most there ever were at once."""

        self._free = free
        self._held: OrderedDict[str, _Held] = OrderedDict()

    @property
    def names(self) -> tuple[str, ...]:
        """What is loaded, the longest unused first."""
        return tuple(self._held)

    @property
    def n_bytes(self) -> int:
        """Of all that is loaded."""
        return sum(held.n_bytes for held in self._held.values())

    def get(
        self, name: str, n_bytes: int, load: Callable[[], Model], *, beside: Collection[str] = ()
    ) -> Model:
        """A model, loaded if it is not there; others go first if there is no room for it.

        Args:
            name: Of the model.
            n_bytes: What it is expected to take.
            load: Loads it.
            beside: Models that are used together with it, and stay.
        """
        kept = {name, *beside}
        if name not in self._held:
            self._make_room(self.budget - n_bytes, kept)
            self._held[name] = _Held(self._loaded(load, kept), n_bytes)
            self.loads[name] += 1
            self.peak = max(self.peak, self.n_bytes)
        self._held.move_to_end(name)
        model: Model = self._held[name].model
        return model

    def note(self, name: str, n_bytes: int, *, beside: Collection[str] = ()) -> None:
        """Take in what a model really takes; others go if that is too much."""
        self._held[name].n_bytes = n_bytes
        self._make_room(self.budget, {name, *beside})
        self.peak = max(self.peak, self.n_bytes)

    def keep_only(self, names: Collection[str]) -> None:
        """Drop all others."""
        self._make_room(-1, names)

    def _loaded(self, load: Callable[[], Model], kept: Collection[str]) -> Model:
        """The model; if memory runs out on the way, once more with all others gone."""
        try:
            return load()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error) or not set(self._held) - set(kept):
                raise
        # Outside the handler: the error holds on to the frames, and with them to what was loaded.
        logger.warning("out of memory while loading: other models are dropped")
        self.keep_only(kept)
        return load()

    def _make_room(self, limit: int, kept: Collection[str]) -> None:
        """Drop what was used longest ago until all takes ``limit`` bytes at most."""
        idle = [name for name in self._held if name not in kept]
        n_dropped = 0
        while idle and self.n_bytes > limit:
            name = idle.pop(0)
            del self._held[name]
            n_dropped += 1
            logger.info("dropped models %s", name[:8])
        if n_dropped:
            gc.collect()  # networks hang together in circles
            self._free()
