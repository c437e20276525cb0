"""Nothing is spoken twice, and nobody can hear it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gsvbatch.data import Span, StopReason
from gsvbatch.gsv.source import ModelSource
from gsvbatch.render import SpeechRequest, SpeechResult, SpeechSampling, VoiceRef
from gsvbatch.render.identity import precision_name, speech_key
from gsvbatch.render.remembering import RememberingSpeech
from gsvbatch.render.requests import attempt_request
from gsvbatch.render.speech_cache import MemoryCache, SpeechCache
from gsvbatch.render.work import Speech
from tests.job.tones import ToneSpeech
from tests.render.test_renderer import VOICE, utterance

SAMPLING = SpeechSampling(15, 1, 1, 1.35, 1)


def request(line_id: str, text: int = 0, attempt: int = 0) -> SpeechRequest:
    """A request of a line; equal texts are equal requests but for their id."""
    said = replace(
        utterance(line_id, 0), phoneme_ids=(text, 1, 2, 3), text=f"text {text} of {line_id}"
    )
    return attempt_request(
        [said], 0, voice=VOICE, sampling=SAMPLING, job_seed=0, variation=0, attempt=attempt
    )


class Eager(ToneSpeech):
    """Draws every request before it speaks."""

    def speak(self, requests: Iterable[SpeechRequest]) -> Iterator[SpeechResult]:
        yield from super().speak(list(requests))


def remembering(speech: Speech, folder: Path, **options: bool) -> RememberingSpeech:
    return RememberingSpeech(lambda: speech, SpeechCache(folder, 2**20, "cpu-float32"), **options)


def hear(speech: Speech, requests: Iterable[SpeechRequest]) -> dict[str, SpeechResult]:
    return {result.request_id: result for result in speech.speak(requests)}


def audio(results: dict[str, SpeechResult]) -> dict[str, bytes]:
    return {
        name: result.waveform.samples.tobytes()
        for name, result in results.items()
        if result.waveform
    }


REQUESTS = [request("a", 0), request("b", 1), request("c", 0), request("d", 2), request("e", 0)]


@pytest.mark.parametrize("kind", [ToneSpeech, Eager])
def test_repeats_are_spoken_once_and_sound_the_same(tmp_path: Path, kind: type[ToneSpeech]) -> None:
    speech = kind()
    found = hear(remembering(speech, tmp_path), REQUESTS)
    assert [r.utterance.line_id for r in speech.requests] == ["a", "b", "d"]
    assert audio(found) == audio(hear(ToneSpeech(), REQUESTS))
    origins = {r.utterance.line_id: found[r.id].origin for r in REQUESTS}
    assert origins == {"a": "", "b": "", "c": "a", "d": "", "e": "a"}


@pytest.mark.parametrize("kind", [ToneSpeech, Eager])
def test_the_next_job_speaks_only_what_is_new(tmp_path: Path, kind: type[ToneSpeech]) -> None:
    hear(remembering(ToneSpeech(), tmp_path), REQUESTS[:2])
    speech = kind()
    found = hear(remembering(speech, tmp_path), REQUESTS)
    assert [r.utterance.line_id for r in speech.requests] == ["d"]
    assert audio(found) == audio(hear(ToneSpeech(), REQUESTS))
    assert [found[r.id].origin for r in REQUESTS] == ["cache", "cache", "cache", "", "cache"]


def test_a_job_of_known_lines_opens_no_speech(tmp_path: Path) -> None:
    hear(remembering(ToneSpeech(), tmp_path), REQUESTS)

    def no_speech() -> Speech:
        raise AssertionError("models were loaded for nothing")

    known = RememberingSpeech(no_speech, SpeechCache(tmp_path, 2**20, "cpu-float32"))
    assert audio(hear(known, REQUESTS)) == audio(hear(ToneSpeech(), REQUESTS))


def test_without_reading_only_repeats_are_saved(tmp_path: Path) -> None:
    hear(remembering(ToneSpeech(), tmp_path), REQUESTS)
    speech = ToneSpeech()
    found = hear(remembering(speech, tmp_path, reads=False), REQUESTS)
    assert [r.utterance.line_id for r in speech.requests] == ["a", "b", "d"]
    assert found[REQUESTS[2].id].origin == "a"


def test_without_a_folder_repeats_are_saved_all_the_same() -> None:
    speech = ToneSpeech()
    hear(RememberingSpeech(lambda: speech, MemoryCache()), REQUESTS)
    assert [r.utterance.line_id for r in speech.requests] == ["a", "b", "d"]


def test_an_error_is_shared_but_not_kept(tmp_path: Path) -> None:
    found = hear(remembering(Eager(mute=("text 0",)), tmp_path), REQUESTS)
    assert [found[r.id].error for r in REQUESTS] == ["the tone broke", "", "the tone broke", "", "the tone broke"]  # fmt: skip
    speech = ToneSpeech()
    hear(remembering(speech, tmp_path), REQUESTS)
    assert [r.utterance.line_id for r in speech.requests] == ["a"]


def test_what_goes_away_while_a_job_runs_is_spoken(tmp_path: Path) -> None:
    hear(remembering(ToneSpeech(), tmp_path), [request("x", 7)])

    class Clearing(ToneSpeech):
        def speak(self, requests: Iterable[SpeechRequest]) -> Iterator[SpeechResult]:
            drawn = list(requests)
            for path in tmp_path.rglob("*.said"):
                path.write_bytes(b"damaged")
            yield from super().speak(drawn)

    speech = Clearing()
    wanted = [request("a", 0), request("b", 7)]
    assert audio(hear(remembering(speech, tmp_path), wanted)) == audio(hear(ToneSpeech(), wanted))
    assert [r.utterance.line_id for r in speech.requests] == ["a", "b"]


def test_how_decoding_ended_is_remembered(tmp_path: Path) -> None:
    stubborn = {"text 0": 1}
    hear(remembering(ToneSpeech(stubborn=stubborn), tmp_path), [request("a", 0)])
    found = hear(remembering(ToneSpeech(), tmp_path), [request("a", 0), request("a", 0, attempt=1)])
    assert found[request("a", 0).id].stop_reason is StopReason.LIMIT
    assert found[request("a", 0, attempt=1).id].stop_reason is StopReason.END


def test_a_seed_follows_from_what_is_said_not_from_where() -> None:
    assert request("a", 0).seed == request("b", 0).seed
    seeds = {request("a", 0).seed, request("a", 1).seed, request("a", 0, attempt=1).seed}
    assert len(seeds) == 3


def test_a_line_says_the_same_words_in_several_ways() -> None:
    said = [replace(utterance("a", i), phoneme_ids=(1, 2)) for i in range(3)]
    seeds = {
        attempt_request(said, i, voice=VOICE, sampling=SAMPLING, job_seed=0, variation=0).seed
        for i in range(3)
    }
    assert len(seeds) == 3


PROSODIC = replace(utterance("a", 0), spans=(Span("zh", "你好", (2, 2)),), phoneme_ids=(1, 2, 3, 4))
WITH_BERT = replace(VOICE, bert=Path("bert"), bert_digest="b1")
BASE = SpeechRequest("a@0", WITH_BERT, PROSODIC, SAMPLING, 5)

CHANGES: dict[str, SpeechRequest] = {
    "phonemes": replace(BASE, utterance=replace(PROSODIC, phoneme_ids=(1, 2, 3, 5))),
    "text of the prosody": replace(
        BASE, utterance=replace(PROSODIC, spans=(Span("zh", "拟好", (2, 2)),))
    ),
    "bert": replace(BASE, voice=replace(WITH_BERT, bert_digest="b2")),
    "no bert": replace(BASE, voice=replace(WITH_BERT, bert_digest="")),
    "voice": replace(BASE, voice=replace(WITH_BERT, digest="d2")),
    "models": replace(BASE, voice=replace(WITH_BERT, models="m2")),
    "seed": replace(BASE, seed=6),
    **{
        name: replace(BASE, sampling=replace(SAMPLING, **{name: value}))
        for name, value in {
            "top_k": 14,
            "top_p": 0.9,
            "temperature": 0.9,
            "repetition_penalty": 1.3,
            "speed": 1.1,
            "ref_free": True,
            "sample_steps": 16,
        }.items()
    },
}


@pytest.mark.parametrize("name", CHANGES)
def test_all_that_changes_samples_changes_the_key(name: str) -> None:
    assert speech_key(CHANGES[name]) != speech_key(BASE)


def test_every_sampling_setting_is_looked_at() -> None:
    fields = set(SpeechSampling.__dataclass_fields__) - {"style"}
    assert fields <= set(CHANGES)


SAME: dict[str, SpeechRequest] = {
    "id": replace(BASE, id="b@0"),
    "place": replace(BASE, utterance=replace(PROSODIC, id="b#2", line_id="b", index=1)),
    "pauses": replace(BASE, utterance=replace(PROSODIC, pause_after=2.0)),
    "name of the voice": replace(BASE, voice=replace(WITH_BERT, name="anna/happy")),
    "folders": replace(
        BASE,
        voice=replace(WITH_BERT, folder=Path("c"), source=ModelSource(Path("d"), Path("e"))),
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_what_nobody_hears_leaves_the_key(name: str) -> None:
    assert speech_key(SAME[name]) == speech_key(BASE)


def test_text_without_prosody_features_is_its_phonemes() -> None:
    plain = replace(BASE, voice=replace(VOICE))
    other = replace(plain, utterance=replace(PROSODIC, spans=(Span("zh", "拟好", (2, 2)),)))
    assert speech_key(plain) == speech_key(other)


def test_another_version_speaks_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    from gsvbatch.render import identity

    before = speech_key(BASE)
    identity._made_by.cache_clear()
    monkeypatch.setattr(identity, "REVISION", identity.REVISION + 1)
    assert speech_key(BASE) != before
    monkeypatch.undo()
    identity._made_by.cache_clear()
    monkeypatch.setattr(identity, "__version__", "99")
    assert speech_key(BASE) != before
    identity._made_by.cache_clear()


def test_precisions() -> None:
    assert precision_name("cpu", "auto") == "cpu-float32"
    assert precision_name("cuda", "auto") == "cuda-float16"
    assert precision_name("cuda", "bfloat16") == "cuda-bfloat16"


def test_samples_are_not_shared_with_the_cache(tmp_path: Path) -> None:
    """What is done to the audio of one line is not done to that of the next."""
    hear(remembering(ToneSpeech(), tmp_path), [request("a")])
    cached = hear(remembering(ToneSpeech(), tmp_path), [request("a"), request("b")])
    first, second = (cached[request(name).id].waveform for name in ("a", "b"))
    assert first is not None
    assert second is not None
    first.samples[:] = 0
    assert np.abs(second.samples).max() > 0


def test_another_voice_or_temperature_draws_the_same_chances() -> None:
    other, warm = replace(VOICE, digest="d2", models="m2"), replace(SAMPLING, temperature=1.2)
    one = request("a")
    (said,) = (one.utterance,)
    two = attempt_request([said], 0, voice=other, sampling=warm, job_seed=0, variation=0)
    assert two.seed == one.seed
    assert speech_key(two) != speech_key(one)


def test_voices_by_digest() -> None:
    named = VoiceRef("other", Path("o"), VOICE.digest, VOICE.models, VOICE.source)
    assert speech_key(replace(request("a"), voice=named)) == speech_key(request("a"))
