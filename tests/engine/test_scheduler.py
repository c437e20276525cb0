"""Who gets which slot, with no tensor in sight."""

from collections.abc import Iterator

import pytest

from gsvbatch.engine.scheduler import LOOKAHEAD, Move, Scheduler
from gsvbatch.engine.sequence import Sequence, SequenceStatus
from tests.engine.requests import request


def sequences(*lengths: int) -> list[Sequence]:
    return [
        Sequence(request(number, id=str(length), phoneme_ids=(1,) * length))
        for number, length in enumerate(lengths)
    ]


def ids(found: tuple[Sequence, ...]) -> list[str]:
    return [sequence.request.id for sequence in found]


def test_the_longest_go_first() -> None:
    scheduler = Scheduler(2)
    scheduler.feed(sequences(3, 9, 1, 7))
    assert ids(scheduler.admit()) == ["9", "7"]
    assert ids(scheduler.running) == ["9", "7"]


def test_an_ended_slot_is_refilled_in_place() -> None:
    scheduler = Scheduler(3)
    scheduler.feed(sequences(9, 8, 7, 6, 5))
    first = scheduler.admit()
    scheduler.retire([first[1]])
    assert first[1].status is SequenceStatus.DECODED
    (new,) = scheduler.admit()
    assert (new.request.id, new.slot) == ("6", 1)
    assert scheduler.compact() == ()
    assert ids(scheduler.running) == ["9", "6", "7"]


def test_holes_are_closed_when_nobody_waits() -> None:
    scheduler = Scheduler(4)
    scheduler.feed(sequences(9, 8, 7, 6))
    first = scheduler.admit()
    scheduler.retire([first[0], first[3]])
    assert scheduler.admit() == ()
    assert scheduler.compact() == (Move(source=2, target=0),)
    assert [(s.request.id, s.slot) for s in scheduler.running] == [("7", 0), ("8", 1)]
    scheduler.retire(scheduler.running)
    assert scheduler.compact() == ()
    assert not scheduler.has_work()


def test_requests_are_drawn_as_there_is_room() -> None:
    drawn = 0

    def source() -> Iterator[Sequence]:
        nonlocal drawn
        for sequence in sequences(*[5] * 1000):
            drawn += 1
            yield sequence

    scheduler = Scheduler(2)
    scheduler.feed(source())
    assert drawn == 0
    scheduler.admit()
    assert drawn == 2 * LOOKAHEAD
    scheduler.retire(scheduler.running)
    scheduler.admit()
    assert drawn == 2 * LOOKAHEAD + 2


def test_shrinking_puts_everything_back_but_the_only_one() -> None:
    scheduler = Scheduler(3)
    scheduler.feed(sequences(9, 8, 7, 6))
    scheduler.admit()
    assert scheduler.shrink() is None
    assert (scheduler.n_slots, scheduler.running) == (1, ())
    (alone,) = scheduler.admit()
    assert alone.request.id == "9"
    assert scheduler.shrink() is alone
    assert ids(scheduler.admit()) == ["8"]


@pytest.mark.parametrize("n_slots", [1, 3, 16])
def test_every_sequence_gets_its_turn(n_slots: int) -> None:
    scheduler = Scheduler(n_slots)
    scheduler.feed(sequences(*[(7 * n) % 11 + 1 for n in range(100)]))
    done = 0
    while scheduler.has_work():
        scheduler.admit()
        scheduler.compact()
        running = scheduler.running
        assert [sequence.slot for sequence in running] == list(range(len(running)))
        ended = [s for s in running if (s.expected + done) % 3 != 1] or list(running)
        done += len(ended)
        scheduler.retire(ended)
    assert done == 100
