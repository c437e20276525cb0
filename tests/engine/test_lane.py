"""What is started ahead, what is started on demand, and that outcomes keep their order."""

from dataclasses import dataclass

import pytest

from gsvbatch.engine.lane import MAX_PENDING, Lane


@dataclass
class Work:
    """Started work that is done when a test says so."""

    number: int
    done: bool = False

    def is_done(self) -> bool:
        return self.done


class Starter:
    """Starts work, unless there is no room for its number."""

    def __init__(self, *, no_room: int = -1) -> None:
        self.started: list[Work] = []
        self._no_room = no_room

    def __call__(self, number: int) -> Work | None:
        if number == self._no_room:
            return None
        self.started.append(Work(number))
        return self.started[-1]


@pytest.mark.parametrize("ahead", [0, 1, 2, 9])
def test_outcomes_come_in_the_order_of_batches(ahead: int) -> None:
    start = Starter()
    lane: Lane[int, Work] = Lane(start, ahead=ahead)
    for number in range(5):
        lane.put(number)
    assert len(start.started) == min(ahead, 5)
    taken = []
    while lane.has_outcome(wait=True):
        batch, work = lane.take()
        assert work is not None
        assert work.number == batch
        taken.append(batch)
    assert taken == [0, 1, 2, 3, 4]
    assert [work.number for work in start.started] == taken


def test_work_ahead_is_not_waited_for_until_there_is_too_much() -> None:
    start = Starter()
    lane: Lane[int, Work] = Lane(start, ahead=2)
    lane.put(0)
    assert not lane.has_outcome(wait=False)
    start.started[0].done = True
    assert lane.has_outcome(wait=False)
    start.started[0].done = False
    for number in range(1, MAX_PENDING + 1):
        lane.put(number)
    assert lane.has_outcome(wait=False)
    assert len(start.started) == 2


def test_a_batch_without_room_comes_back_and_is_not_tried_again() -> None:
    start = Starter(no_room=1)
    lane: Lane[int, Work] = Lane(start, ahead=2)
    for number in range(3):
        lane.put(number)
    assert lane.take()[0] == 0
    assert lane.has_outcome(wait=False)
    assert lane.take() == (1, None)
    lane.put(7)
    assert [lane.take()[0], lane.take()[0]] == [2, 7]


def test_without_work_ahead_a_batch_is_started_when_it_is_taken() -> None:
    start = Starter(no_room=3)
    lane: Lane[int, Work] = Lane(start, ahead=0)
    lane.put(3)
    lane.put(4)
    assert start.started == []
    assert lane.take() == (3, None)
    assert lane.take()[1] is start.started[0]
    assert not lane.has_outcome(wait=True)
