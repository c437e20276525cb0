"""What the benchmark speaks, and who speaks it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gsvbatch.job import benchmark
from gsvbatch.voice import VoiceLibrary


def test_the_stream_is_spoken_by_a_voice_of_its_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voices: list[str] = []

    def say(*_: Any, voice: str, **__: Any) -> Any:
        voices.append(voice)
        return SimpleNamespace(duration=1.0, elapsed=1.0, first_audio=0.5)

    monkeypatch.setattr(benchmark, "say", say)
    benchmark._streamed(tmp_path, "cpu", None, None)
    assert {VoiceLibrary([]).get(name).language for name in voices} == {"en"}
    voices.clear()
    benchmark._streamed(tmp_path, "cpu", "aoi", None)
    assert set(voices) == {"aoi"}


def test_the_first_voice_speaks_where_nobody_knows_the_language() -> None:
    assert benchmark._voice_for("yue") == VoiceLibrary([]).names()[0]
