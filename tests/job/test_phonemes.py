"""Texts of a job, read once, by as many processes as pay."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gsvbatch.config import TextConfig
from gsvbatch.errors import MarkupError
from gsvbatch.job import phonemes
from gsvbatch.job.phonemes import Phonemizer, Wanted
from gsvbatch.manifest import Manifest
from gsvbatch.text.workers import Readers

N_LINES = 80


def wanted() -> list[Wanted]:
    texts = [f"This is line {i}, said on the {i % 28 + 1}th." for i in range(N_LINES)]
    texts[40] = "a pause [pause:soon] that is none"
    texts[50] = texts[3]
    return [Wanted(f"l{i}", text, "en", "v2") for i, text in enumerate(texts)]


@pytest.fixture
def manifest(tmp_path: Path) -> Iterator[Manifest]:
    with Manifest(tmp_path / "manifest.sqlite", create=True) as opened:
        yield opened


def read(manifest: Manifest, **options: Any) -> tuple[Any, Any]:
    return Phonemizer(TextConfig(), [], **options).read(wanted(), manifest)


def test_processes_change_nothing(
    manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, wrong_alone = read(manifest, processes=0)
    asked: list[int] = []

    def pay(n_texts: int, *_: object, **__: object) -> int:
        asked.append(n_texts)
        return 2

    monkeypatch.setattr(phonemes, "processes_that_pay", pay)
    with Manifest(tmp_path / "other.sqlite", create=True) as other:
        together, wrong_together = read(other)
        assert together == alone
        assert {key: str(error) for key, error in wrong_together.items()} == {
            key: str(error) for key, error in wrong_alone.items()
        }
        assert list(wrong_together) == ["l40"]
        assert isinstance(wrong_together["l40"], MarkupError)
        # The first are read here, the rest by processes; a text that is said twice is read once.
        assert asked == [N_LINES - 1 - phonemes.TRIAL]
        assert read(other)[0] == alone  # and all of it is remembered
        assert len(asked) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_what_dying_processes_leave_is_read_here(
    manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, _ = read(manifest, processes=0)

    class Dying(Readers):
        def __enter__(self) -> "Dying":
            super().__enter__()
            for pid in self.pids:
                os.kill(pid, signal.SIGKILL)
            return self

    monkeypatch.setattr(phonemes, "processes_that_pay", lambda *_, **__: 2)
    monkeypatch.setattr(phonemes, "Readers", Dying)
    with Manifest(tmp_path / "other.sqlite", create=True) as other:
        assert read(other)[0] == alone


def test_what_was_read_before_an_interruption_is_remembered(
    manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, int]] = []

    def tell(n_done: int, n_total: int) -> None:
        told.append((n_done, n_total))
        if n_done == 30:
            raise KeyboardInterrupt

    phonemizer = Phonemizer(TextConfig(), [], processes=0)
    with pytest.raises(KeyboardInterrupt):
        phonemizer.read(wanted(), manifest, tell)
    assert told[-1] == (30, N_LINES - 1)
    phonemizer.read(wanted(), manifest, lambda n_done, n_total: told.append((n_done, n_total)))
    assert told[-1] == (N_LINES - 1 - 30, N_LINES - 1 - 30)
