"""Decides which sequence holds which slot; touches no tensor.

The longest go first: then the last to finish are short, and few slots run empty at the end. A slot
whose sequence has ended is given to the next one at once. When nothing waits any more, the last slots
move into the holes, so that the batch shrinks with the work.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count, islice

from gsvbatch.engine.sequence import Sequence, SequenceStatus

LOOKAHEAD = 8
"""How many sequences a slot may see coming: enough to sort, not so many that requests pile up."""


@dataclass(frozen=True, slots=True)
class Move:
    """A running sequence changes slots; its cache must follow."""

    source: int
    target: int


class Scheduler:
    """Sequences that wait and sequences that run, in slots 0 to ``n_running - 1``."""

    def __init__(self, n_slots: int) -> None:
        self.n_slots = n_slots
        self._source: Iterator[Sequence] = iter(())
        self._waiting: list[tuple[int, int, Sequence]] = []
        self._arrivals = count()
        self._slots: list[Sequence | None] = []

    @property
    def running(self) -> tuple[Sequence, ...]:
        """The sequences that hold slots, in the order of their slots."""
        return tuple(sequence for sequence in self._slots if sequence is not None)

    def feed(self, sequences: Iterable[Sequence]) -> None:
        """Take sequences from here from now on, as there is room."""
        self._source = iter(sequences)

    def has_work(self) -> bool:
        """Whether anything runs, waits, or is still to come."""
        self._look_ahead()
        return bool(self._waiting) or any(self._slots)

    def retire(self, sequences: Iterable[Sequence]) -> None:
        """Take back the slots of sequences that have ended."""
        for sequence in sequences:
            self._slots[sequence.slot] = None
            sequence.status = SequenceStatus.DECODED

    def admit(self) -> tuple[Sequence, ...]:
        """Give every free slot to the longest sequence that waits; return those that got one."""
        self._look_ahead()
        admitted = []
        for slot in range(self.n_slots):
            if not self._waiting:
                break
            if slot == len(self._slots):
                self._slots.append(None)
            if self._slots[slot] is None:
                sequence = heapq.heappop(self._waiting)[2]
                sequence.slot, sequence.status = slot, SequenceStatus.RUNNING
                self._slots[slot] = sequence
                admitted.append(sequence)
        return tuple(admitted)

    def compact(self) -> tuple[Move, ...]:
        """Close the holes that nobody waits for with the sequences of the last slots."""
        moves = []
        while None in self._slots:
            last = self._slots.pop()
            if last is None:
                continue
            hole = self._slots.index(None)
            moves.append(Move(source=last.slot, target=hole))
            last.slot = hole
            self._slots[hole] = last
        return tuple(moves)

    def shrink(self) -> Sequence | None:
        """Put all running sequences back and halve the slots.

        Returns:
            The sequence of the only slot, if there is but one: it is given up, for there is no room.
        """
        running = self.running
        self._slots = []
        if self.n_slots == 1 and running:
            return running[0]
        self.n_slots = max(1, self.n_slots // 2)
        for sequence in running:
            sequence.status = SequenceStatus.WAITING
            self._push(sequence)
        return None

    def _look_ahead(self) -> None:
        room = self.n_slots * LOOKAHEAD - len(self._waiting)
        for sequence in islice(self._source, max(0, room)):
            self._push(sequence)

    def _push(self, sequence: Sequence) -> None:
        heapq.heappush(self._waiting, (-sequence.expected, next(self._arrivals), sequence))
