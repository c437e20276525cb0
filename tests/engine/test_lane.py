"""Speaking beside decoding gives what speaking in turn gives, and errors come through."""

import threading

import pytest

from gsvbatch.engine.lane import MAX_PENDING, Lane


@pytest.mark.parametrize("beside", [False, True])
def test_outcomes_come_in_the_order_of_jobs(beside: bool) -> None:
    threads = set()

    def double(n: int) -> int:
        threads.add(threading.current_thread())
        return 2 * n

    lane = Lane(double, beside=beside)
    for n in range(5):
        lane.put(n)
    taken = []
    while lane.has_outcome(wait=True):
        taken.append(lane.take())
    lane.close()
    assert taken == [(n, 2 * n) for n in range(5)]
    assert (threading.main_thread() in threads) is not beside


def test_work_beside_is_not_waited_for_until_there_is_too_much() -> None:
    gate = threading.Event()
    lane = Lane(lambda n: gate.wait(20) and n, beside=True)
    for n in range(1, MAX_PENDING + 1):
        lane.put(n)
    assert not lane.has_outcome(wait=False)
    lane.put(99)
    assert lane.has_outcome(wait=False)
    gate.set()
    assert lane.take() == (1, 1)
    lane.close()


@pytest.mark.parametrize("beside", [False, True])
def test_an_error_is_raised_where_its_outcome_is_taken(beside: bool) -> None:
    def broken(n: int) -> int:
        raise ValueError(n)

    lane = Lane(broken, beside=beside)
    lane.put(1)
    with pytest.raises(ValueError, match="1"):
        lane.take()
    lane.close()
