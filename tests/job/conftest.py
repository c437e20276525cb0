"""A project of tones, ready to be rendered."""

from pathlib import Path

import pytest

from gsvbatch.job import Project
from gsvbatch.text import frontend
from tests.job.tones import make_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path)


_FRONTENDS: dict[tuple[str, str], object] = {}


@pytest.fixture(autouse=True)
def dictionaries_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every plan makes a frontend of its own; their dictionaries are the slowest part of a test."""
    make = frontend._make_frontend

    def remembered(span: frontend.Span, symbols: frontend.SymbolVersion) -> object:
        key = (span.language, symbols)
        if key not in _FRONTENDS:
            _FRONTENDS[key] = make(span, symbols)
        return _FRONTENDS[key]

    monkeypatch.setattr(frontend, "_make_frontend", remembered)
