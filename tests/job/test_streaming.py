"""What is heard while it is spoken is what the finished file holds."""

import threading
import time
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from gsvbatch.audio import read_audio, read_label, read_tags
from gsvbatch.errors import ConfigError, RenderError, StorageError
from gsvbatch.job import Project
from gsvbatch.job.saying import STDOUT, Said, say
from gsvbatch.render import LineWork, SpeechRequest, SpeechResult
from tests.job.tones import SETTINGS, ToneRunner, ToneSpeech, make_project

TEXT = "Hello there. It is a lovely day for a walk! Shall we go?"


def speak(
    project: Project, target: Path, speech: ToneSpeech | None = None, **options: object
) -> Said:
    spoken = speech or ToneSpeech()
    return say(
        project,
        TEXT,
        target,
        voice="high",
        stream=True,
        open_speech=lambda work: spoken,
        **options,  # type: ignore[arg-type]
    )


def samples_of(content: bytes) -> tuple[NDArray[np.float32], int]:
    """Of a stream, which says of itself that it never ends."""
    rate = int.from_bytes(content[24:28], "little")
    start = content.index(b"data") + 8
    assert content[start - 4 : start] == content[4:8] == b"\xff" * 4
    return np.frombuffer(content[start:], "<i2").astype(np.float32) / 32767, rate


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """`say` without a stream speaks tones, too."""
    monkeypatch.setattr("gsvbatch.job.rendering._local_runner", lambda run: ToneRunner())


@pytest.mark.parametrize(
    ("preset", "rate"),
    [("none", ""), ("podcast", ""), ("game", ""), ("none", ", sample_rate: 22050")],
)
def test_a_stream_is_the_finished_file(tmp_path: Path, plain: None, preset: str, rate: str) -> None:
    settings = SETTINGS.replace("preset: none", f"preset: {preset}{rate}")
    project = make_project(tmp_path / "project", settings=settings)
    sink = BytesIO()
    speak(project, STDOUT, sink=sink)
    say(project, TEXT, tmp_path / "plain.wav", voice="high")
    streamed, sample_rate = samples_of(sink.getvalue())
    finished = read_audio(tmp_path / "plain.wav")
    assert sample_rate == finished.sample_rate
    assert len(streamed) == pytest.approx(len(finished.samples), abs=1)
    n = min(len(streamed), len(finished.samples))
    assert np.abs(streamed[:n] - finished.samples[:n]).max() <= 1e-4
    assert np.abs(streamed).max() > 0.01


def test_a_target_grows_and_ends_as_the_file_that_is_written_without_a_stream(
    tmp_path: Path, plain: None
) -> None:
    project = make_project(tmp_path / "project")
    target = tmp_path / "grown.wav"
    sizes: list[int] = []

    class Looking(ToneSpeech):
        def speak(self, requests: Iterable[SpeechRequest]) -> Iterator[SpeechResult]:
            time.sleep(0.2)  # the thread that writes comes to its turn
            sizes.append(target.stat().st_size)
            yield from super().speak(requests)

    said = speak(project, target, Looking())
    assert len(sizes) == 3
    assert sizes[0] == 0 < sizes[1] < sizes[2]
    say(project, TEXT, tmp_path / "plain.wav", voice="high")
    assert target.read_bytes() == (tmp_path / "plain.wav").read_bytes()
    assert said.first_audio is not None
    assert 0 < said.first_audio < said.elapsed + 5


def test_the_first_sentence_is_written_before_the_second_is_spoken(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    written = threading.Event()

    class Sink(BytesIO):
        def flush(self) -> None:
            if self.tell() > 20000:  # more than a header
                written.set()

    class Waiting(ToneSpeech):
        def speak(self, requests: Iterable[SpeechRequest]) -> Iterator[SpeechResult]:
            for request in requests:
                if request.utterance.index == 1:
                    assert written.wait(20)
                yield from super().speak([request])

    speak(project, STDOUT, Waiting(), sink=Sink())
    assert written.is_set()


def test_a_slow_listener_does_not_stop_the_speaking(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    may_read = threading.Event()
    spoken_before_reading: list[int] = []

    class Slow(BytesIO):
        def write(self, piece: bytes) -> int:  # type: ignore[override]
            assert may_read.wait(20)
            return super().write(piece)

    class Counting(ToneSpeech):
        def speak(self, requests: Iterable[SpeechRequest]) -> Iterator[SpeechResult]:
            for result in super().speak(requests):
                yield result
                spoken_before_reading.append(1)
                if len(spoken_before_reading) == 3:
                    may_read.set()

    sink = Slow()
    speak(project, STDOUT, Counting(), sink=sink)
    assert len(spoken_before_reading) == 3
    assert len(samples_of(sink.getvalue())[0]) > 0


def test_a_stream_carries_tags_and_the_label_from_its_beginning(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    sink = BytesIO()
    speak(project, STDOUT, sink=sink)
    content = sink.getvalue()
    part = tmp_path / "part.wav"
    part.write_bytes(content[: content.index(b"data") + 8 + 3200])  # a listener who left early
    tags, label = read_tags(part), read_label(part)
    assert tags.voice == "high"
    assert tags.text == TEXT
    assert label is not None
    samples, rate = soundfile.read(part)
    assert (len(samples), rate) == (1600, 16000)


def test_an_utterance_is_tried_again_before_it_is_heard(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    speech = ToneSpeech(stubborn={"lovely": 1})
    speak(project, STDOUT, speech, sink=BytesIO())
    assert [request.id for request in speech.requests] == [
        "say#1@0",
        "say#2@0",
        "say#2@1",
        "say#3@0",
    ]


def test_a_hole_ends_the_stream(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    speech = ToneSpeech(mute=("lovely",))
    target = tmp_path / "grown.wav"
    with pytest.raises(RenderError, match="the tone broke"):
        speak(project, target, speech)
    assert not target.exists()
    assert all("go" not in request.utterance.text for request in speech.requests)


class Gone(BytesIO):
    def flush(self) -> None:
        raise BrokenPipeError


def test_a_listener_who_leaves_ends_the_speaking(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    with pytest.raises(StorageError, match="whoever was listening has gone"):
        speak(project, STDOUT, ToneSpeech(delay=0.1), sink=Gone())


@pytest.mark.parametrize("name", ["x.mp3", "x.flac", "x"])
def test_only_wav_is_streamed(tmp_path: Path, name: str) -> None:
    project = make_project(tmp_path / "project")
    with pytest.raises(ConfigError, match="a stream is WAV"):
        speak(project, tmp_path / name)
    with pytest.raises(ConfigError, match="add --stream"):
        say(project, TEXT, STDOUT, voice="high")


def test_the_engine_is_not_made_for_what_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runner of a stream speaks through the cache, as rendering does."""
    from gsvbatch.runners import local

    loads: list[LineWork] = []
    monkeypatch.setattr(local, "EngineSpeech", lambda *_: ToneSpeech())
    monkeypatch.setattr(local, "load_engine", lambda *work: loads.append(work[0]))
    project = make_project(tmp_path / "project", settings=SETTINGS + "engine: {device: cpu}\n")
    first, second = BytesIO(), BytesIO()
    for sink in (first, second):
        say(project, TEXT, STDOUT, voice="high", stream=True, sink=sink)
    assert len(loads) == 1
    assert first.getvalue() == second.getvalue()
