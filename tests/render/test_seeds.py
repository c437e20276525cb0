from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from gsvbatch.render.seeds import attempt_seed, content_of


def test_a_seed_is_for_ever() -> None:
    # another way of making them would give every line another sound when it is next spoken
    assert attempt_seed(0, "ch1-012", 2, 1, 3) == 3939884156857638767
    assert attempt_seed(0, content_of([7, 31, 5]), 2, 1, 3) == 5884734722387684309


@given(st.integers(0, 2**63 - 1), st.text(min_size=1, max_size=20))
def test_a_seed_fits_63_bits(job_seed: int, content: str) -> None:
    assert 0 <= attempt_seed(job_seed, content, 0, 0, 0) < 2**63


def test_every_attempt_has_its_own() -> None:
    attempts = list(product((0, 1, 11), ("1,2", "11,2", "1,22"), (0, 1, 11), (0, 1), (0, 1)))
    assert len({attempt_seed(*attempt) for attempt in attempts}) == len(attempts)
