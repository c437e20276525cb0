import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gsvbatch.audio import AudioFormat, Encoding, Tags, ffmpeg
from gsvbatch.data import Utterance
from gsvbatch.errors import RenderError, StorageError
from gsvbatch.gsv.source import ModelSource
from gsvbatch.render import (
    LineWork,
    OutputSpec,
    Renderer,
    SpeechRequest,
    SpeechResult,
    SpeechSampling,
    VoiceRef,
    renderer,
)
from tests.job.tones import ToneSpeech

VOICE = VoiceRef("high", Path("voices/high"), "d1", "m1", ModelSource(Path("a"), Path("b")))


def utterance(line_id: str, index: int, pause_after: float = 0.25) -> Utterance:
    return Utterance(
        id=f"{line_id}#{index + 1}",
        line_id=line_id,
        index=index,
        text=f"part {index} of {line_id}",
        spoken_text="",
        phonemes=("n", "i3") * 5,
        phoneme_ids=tuple(range(10)),
        pause_after=pause_after,
    )


@pytest.fixture
def work(tmp_path: Path) -> Callable[..., LineWork]:
    def _work(line_id: str, n_utterances: int = 1, retries: int = 2) -> LineWork:
        return LineWork(
            line_id=line_id,
            written="",
            speaker="Anna",
            chapter="",
            take=1,
            variation=0,
            fingerprint="f",
            parts={},
            frontend="",
            lexicon="",
            utterances=tuple(utterance(line_id, i) for i in range(n_utterances)),
            voice=VOICE,
            probe=utterance("probe", 0),
            level=None,
            sampling=SpeechSampling(15, 1, 1, 1.35, 1),
            seed=0,
            retries=retries,
            output=OutputSpec(
                tmp_path / f"{line_id}.wav", AudioFormat.WAV, Encoding(), preset=None, trim=False
            ),
            tags=Tags(line_id=line_id),
            label=None,
        )

    return _work


class Eager(ToneSpeech):
    """Draws every request before it speaks, backwards: the most that a batch can do."""

    def speak(self, requests: Iterable[SpeechRequest]) -> Iterator[SpeechResult]:
        yield from super().speak(reversed(list(requests)))


@pytest.mark.parametrize("kind", [ToneSpeech, Eager])
def test_what_comes_out_does_not_depend_on_order(
    work: Callable[..., LineWork], kind: type[ToneSpeech]
) -> None:
    works = [work("a", 3), work("b"), work("c", 2)]
    speech = kind(stubborn={"part 1 of a": 2, "of b": 1})
    outcomes = {o.work.line_id: o for o in Renderer(speech).run(works)}
    first = outcomes["a"].record
    assert first is not None
    assert [u.attempts for u in first.utterances] == [1, 3, 1]
    assert {k: o.file.sha256 for k, o in outcomes.items() if o.file} == {
        o.work.line_id: o.file.sha256
        for o in Renderer(ToneSpeech(stubborn={"part 1 of a": 2, "of b": 1})).run(works)
        if o.file
    }


def test_utterances_stand_at_their_times_with_exact_pauses(
    work: Callable[..., LineWork],
) -> None:
    (outcome,) = Renderer(ToneSpeech()).run([work("a", 2)])
    assert outcome.record is not None
    one, two = outcome.record.utterances
    assert (one.start, two.start) == pytest.approx((0.0, one.duration + 0.25))
    assert outcome.record.duration == pytest.approx(two.start + two.duration + 0.25)


def test_a_stop_keeps_what_was_spoken(work: Callable[..., LineWork]) -> None:
    speech = ToneSpeech()
    works = [work(f"l{i}") for i in range(10)]
    outcomes = list(Renderer(speech).run(works, stop=lambda: len(speech.requests) >= 4))
    assert sorted(o.work.line_id for o in outcomes) == ["l0", "l1", "l2", "l3"]
    assert all(o.file is not None for o in outcomes)


def test_a_stop_ends_even_a_speech_that_only_draws(work: Callable[..., LineWork]) -> None:
    drawn: list[str] = []

    class Drawing(ToneSpeech):
        def speak(self, requests: Iterable[SpeechRequest]) -> Iterator[SpeechResult]:
            drawn.extend(request.id for request in requests)
            yield from ()

    works = [work(f"l{i}") for i in range(10)]
    assert list(Renderer(Drawing()).run(works, stop=lambda: len(drawn) >= 0)) == []
    assert drawn == []


def test_a_write_error_comes_last(
    work: Callable[..., LineWork], monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver = renderer.deliver

    def full_disk(line: renderer.OpenLine, level: object) -> object:
        if line.work.line_id == "l1":
            raise StorageError(line.work.output.path, "the disk is full")
        return deliver(line, None)

    monkeypatch.setattr(renderer, "deliver", full_disk)
    outcomes = Renderer(ToneSpeech(), n_encoders=1).run([work("l0"), work("l1")])
    assert next(outcomes).work.line_id == "l0"
    with pytest.raises(StorageError, match="the disk is full"):
        next(outcomes)


def test_retries_are_counted_and_end(work: Callable[..., LineWork]) -> None:
    speech = ToneSpeech(mute=("of a",))
    (outcome,) = Renderer(speech).run([work("a", retries=3)])
    assert outcome.error == "the tone broke"
    assert [request.id for request in speech.requests] == [f"a#1@{n}" for n in range(4)]


def test_a_line_with_a_problem_stops_no_other(work: Callable[..., LineWork]) -> None:
    bad = replace(work("l1"), problem="nobody knows how loud")
    speech = ToneSpeech()
    outcomes = {o.work.line_id: o for o in Renderer(speech).run([work("l0"), bad, work("l2")])}
    assert {line_id: o.error for line_id, o in outcomes.items()} == {
        "l0": "",
        "l1": "nobody knows how loud",
        "l2": "",
    }
    assert {request.utterance.line_id for request in speech.requests} == {"l0", "l2"}
    assert [o.error for o in Renderer(ToneSpeech()).run([bad])] == ["nobody knows how loud"]
    with pytest.raises(RenderError, match="nobody knows how loud"):
        renderer.level_request(replace(bad, probe=None))


def test_a_second_ctrl_c_ends_encoders(
    work: Callable[..., LineWork], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import sys, time; sys.stdin.buffer.read(); time.sleep(600)"
    monkeypatch.setattr(ffmpeg, "_command", lambda _output: [sys.executable, "-c", code])
    one = work("l0")
    one = replace(one, output=replace(one.output, audio_format=AudioFormat.MP3))

    def interrupted(_encodings: object, **_: object) -> None:
        while not ffmpeg._encoders:
            time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(renderer, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(Renderer(ToneSpeech()).run([one]))
    assert not ffmpeg._encoders
    assert list(tmp_path.iterdir()) == []
