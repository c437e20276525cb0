"""What the engine did with its time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

from gsvbatch.units import Seconds

Stage = Literal["prefill", "decode", "synthesis"]


@dataclass(slots=True)
class EngineStats:
    """Counts and busy times since the engine was made; times include waiting for the device."""

    n_results: int = 0
    n_errors: int = 0
    n_tokens: int = 0
    """Tokens that became audio."""

    n_steps: int = 0
    """Decode steps of the whole batch."""

    n_row_steps: int = 0
    """Decode steps times the rows that took part."""

    n_shrinks: int = 0
    """How often memory ran out."""

    audio_duration: Seconds = 0.0
    prefill_busy: Seconds = 0.0
    decode_busy: Seconds = 0.0
    synthesis_busy: Seconds = 0.0

    @property
    def occupancy(self) -> float:
        """Share of the decoded rows' steps whose token became audio, 0 to 1."""
        return self.n_tokens / self.n_row_steps if self.n_row_steps else 0.0

    @contextmanager
    def busy(self, stage: Stage) -> Iterator[None]:
        """Add the time that the block takes to a stage."""
        start = perf_counter()
        try:
            yield
        finally:
            name = f"{stage}_busy"
            setattr(self, name, getattr(self, name) + perf_counter() - start)
