"""Toy models, requests for them, and what comes out for each of these alone."""

import pytest

from gsvbatch.engine import Request, Result
from gsvbatch.gsv.bundle import ModelBundle
from tests import naive, toy
from tests.engine.requests import N_REQUESTS, rendered, request


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    return toy.toy_bundle(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def requests() -> list[Request]:
    return [request(number) for number in range(N_REQUESTS)]


@pytest.fixture(scope="session")
def alone(bundle: ModelBundle, requests: list[Request]) -> dict[str, tuple[tuple[int, ...], bool]]:
    """Tokens of every request by the naive reference."""
    return {request.id: naive.tokens_of(bundle, request) for request in requests}


@pytest.fixture(scope="session")
def one_by_one(bundle: ModelBundle, requests: list[Request]) -> dict[str, Result]:
    return rendered(bundle, requests, n_slots=1, batch_tokens=1)
