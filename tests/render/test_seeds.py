from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from gsvbatch.render.seeds import attempt_seed


def test_a_seed_is_for_ever() -> None:
    # changing how seeds are made would render every project of every user again
    assert attempt_seed(0, "ch1-012", 2, 1, 3) == 3939884156857638767


@given(st.integers(0, 2**63 - 1), st.text(min_size=1, max_size=20))
def test_a_seed_fits_63_bits(job_seed: int, line_id: str) -> None:
    assert 0 <= attempt_seed(job_seed, line_id, 0, 0, 0) < 2**63


def test_every_attempt_has_its_own() -> None:
    attempts = list(product((0, 1, 11), ("a", "1/a", "b"), (0, 1, 11), (0, 1), (0, 1)))
    assert len({attempt_seed(*attempt) for attempt in attempts}) == len(attempts)
