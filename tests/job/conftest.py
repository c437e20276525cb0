"""A project of tones, ready to be rendered."""

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

from gsvbatch.job import Project
from gsvbatch.text import frontend
from tests.job.tones import make_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path)


@pytest.fixture(autouse=True, scope="session")
def dictionaries_are_read_once() -> Iterator[None]:
    """Every plan makes a frontend of its own; their dictionaries are the slowest part of a test."""
    make = frontend._make_frontend
    by_language = functools.cache(lambda language, symbols: make(_span(language), symbols))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            frontend, "_make_frontend", lambda span, symbols: by_language(span.language, symbols)
        )
        yield


def _span(language: str) -> "frontend.Span":
    return frontend.Span(language, "")
