"""What a request asks for is heard, and one that asks for the impossible is refused alone."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from gsvbatch.data import StopReason
from gsvbatch.engine import Engine, Request, Sampling
from gsvbatch.gsv.bundle import ModelBundle
from tests import naive, toy
from tests.engine.requests import assert_same_audio, rendered, request, tokens_of, voice


def test_every_line_keeps_its_own_voice(bundle: ModelBundle) -> None:
    same_words = [request(1, id=str(n), voice=voice(n), speed=1.0) for n in range(3)]
    together = rendered(bundle, same_words, n_slots=3, batch_tokens=400)
    for each in same_words:
        (alone,) = Engine(bundle, n_slots=1).run([each])
        assert_same_audio({each.id: alone}, together)
    samples = [result.waveform.samples for result in together.values() if result.waveform]
    assert len({len(s) for s in samples}) > 1 or not np.allclose(samples[0], samples[1], atol=1e-3)


def test_the_seed_alone_tells_two_takes_apart(bundle: ModelBundle) -> None:
    takes = [request(0, id="a", seed=1), request(0, id="b", seed=2), request(0, id="c", seed=1)]
    results = tokens_of(rendered(bundle, takes, n_slots=3))
    assert results["a"] == results["c"] != results["b"]


def test_running_into_the_limit_is_told(bundle: ModelBundle) -> None:
    never_ends = request(0, max_tokens=9)  # the end is not allowed before 11
    ends = request(1, sampling=Sampling(top_k=1025, temperature=30.0), max_tokens=400)
    results = rendered(bundle, [never_ends, ends], steps_between_looks=4, n_slots=2)
    limited, ended = results[never_ends.id].tokens, results[ends.id].tokens
    assert limited is not None
    assert ended is not None
    assert (limited.stop_reason, len(limited.tokens)) == (StopReason.LIMIT, 9)
    assert ended.stop_reason is StopReason.END
    waveform = results[never_ends.id].waveform
    assert waveform is not None
    assert len(waveform.samples) == 9 * bundle.synthesizer.samples_per_token  # type: ignore[operator]


def test_prosody_features_of_either_half_are_heard(bundle: ModelBundle) -> None:
    width = toy.T2S.bert_width
    plain = request(3, sampling=Sampling(top_k=40))
    features = torch.randn(
        width, len(plain.phoneme_ids), generator=torch.Generator().manual_seed(1)
    )
    spoken = request(3, id="with", sampling=Sampling(top_k=40), bert_features=features)
    results = tokens_of(rendered(bundle, [plain, spoken, request(4)], n_slots=3))
    assert results["with"] == naive.tokens_of(bundle, spoken)
    assert results["with"] != results[plain.id]


def test_a_voice_without_a_prompt_speaks(bundle: ModelBundle) -> None:
    bare = voice(1)
    bare = type(bare)(prompt_phoneme_ids=(), prompt_tokens=(), style=bare.style)
    each = request(5, voice=bare)
    results = tokens_of(rendered(bundle, [each, request(6)], n_slots=2))
    assert results[each.id] == naive.tokens_of(bundle, each)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"phoneme_ids": ()}, "nothing to say"),
        ({"phoneme_ids": (3, 732)}, "outside the models' table of 732"),
        ({"phoneme_ids": (1,) * 5000}, "cut the text into shorter pieces"),
        ({"max_tokens": 0}, "max_tokens is 0"),
        ({"seed": 2**63}, "63 bits"),
        ({"speed": 0.0}, "speed 0 is outside"),
        ({"sampling": Sampling(top_k=0)}, "top_k is below 1"),
        ({"sampling": Sampling(temperature=0)}, "temperature is not above 0"),
        ({"bert_features": torch.zeros(8, 3), "phoneme_ids": (1, 2)}, "prosody features"),
    ],
)
def test_impossible_requests_are_refused_and_the_others_spoken(
    bundle: ModelBundle, changes: dict[str, object], problem: str
) -> None:
    results = rendered(bundle, [request(0, id="bad", **changes), request(1)], n_slots=2)
    assert problem in str(results["bad"].error)
    assert results["line-1"].waveform is not None


def test_requests_are_drawn_lazily(bundle: ModelBundle) -> None:
    drawn = []

    def source() -> Iterator[Request]:
        for number in range(500):
            drawn.append(number)
            yield request(number, max_tokens=11)

    results = Engine(bundle, n_slots=2).run(source())
    next(results)
    assert 2 <= len(drawn) < 60


def test_stats_add_up(bundle: ModelBundle, requests: list[Request]) -> None:
    engine = Engine(bundle, n_slots=4)
    results = list(engine.run([*requests, request(99, phoneme_ids=())]))
    stats = engine.stats
    assert (stats.n_results, stats.n_errors) == (len(results), 1)
    assert stats.n_tokens == sum(len(r.tokens.tokens) for r in results if r.tokens)
    duration = sum(r.waveform.duration for r in results if r.waveform)
    assert stats.audio_duration == pytest.approx(duration)
    assert min(stats.prefill_busy, stats.decode_busy, stats.synthesis_busy) > 0
    assert 0.5 < stats.occupancy <= 1
