"""What comes out for a request depends on the request alone, and equals the naive reference."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gsvbatch.data import StopReason
from gsvbatch.engine import Engine, Request, Result, Sampling
from gsvbatch.engine import engine as engine_module
from gsvbatch.engine.slots import BUCKET
from gsvbatch.gsv.bundle import ModelBundle, load_bundle, native_source
from gsvbatch.gsv.native import save_native
from tests import naive, toy
from tests.engine.requests import request, voice

N_REQUESTS = 16
LEAST_PRECISION = 1e-4


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    return toy.toy_bundle(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def requests() -> list[Request]:
    return [request(number) for number in range(N_REQUESTS)]


@pytest.fixture(scope="module")
def alone(bundle: ModelBundle, requests: list[Request]) -> dict[str, tuple[tuple[int, ...], bool]]:
    """Tokens of every request by the naive reference."""
    return {request.id: naive.tokens_of(bundle, request) for request in requests}


def rendered(bundle: ModelBundle, requests: list[Request], **settings: int) -> dict[str, Result]:
    results = list(Engine(bundle, **settings).run(requests))
    assert len(results) == len(requests)
    return {result.request_id: result for result in results}


def tokens_of(results: dict[str, Result]) -> dict[str, tuple[tuple[int, ...], bool]]:
    found = {}
    for name, result in results.items():
        assert result.tokens is not None, result.error
        found[name] = (result.tokens.tokens, result.tokens.stop_reason is StopReason.END)
    return found


def assert_same_audio(results: dict[str, Result], others: dict[str, Result]) -> None:
    for name, result in results.items():
        other = others[name].waveform
        assert result.waveform is not None
        assert other is not None
        np.testing.assert_allclose(
            result.waveform.samples, other.samples, atol=LEAST_PRECISION, err_msg=name
        )


@pytest.fixture(scope="module")
def one_by_one(bundle: ModelBundle, requests: list[Request]) -> dict[str, Result]:
    return rendered(bundle, requests, n_slots=1, batch_tokens=1)


def test_toy_speech_is_worth_testing(alone: dict[str, tuple[tuple[int, ...], bool]]) -> None:
    lengths = {len(tokens) for tokens, _ in alone.values()}
    n_ended = sum(is_end for _, is_end in alone.values())
    assert len(lengths) >= 6
    assert 4 <= n_ended < N_REQUESTS


@pytest.mark.parametrize(
    ("n_slots", "steps_between_looks"), [(1, 1), (3, 1), (8, 4), (N_REQUESTS + 5, 1)]
)
def test_tokens_equal_the_naive_reference(
    bundle: ModelBundle,
    requests: list[Request],
    alone: dict[str, tuple[tuple[int, ...], bool]],
    n_slots: int,
    steps_between_looks: int,
) -> None:
    results = rendered(
        bundle, requests, n_slots=n_slots, steps_between_looks=steps_between_looks, batch_tokens=1
    )
    assert tokens_of(results) == alone


def test_audio_equals_the_naive_reference(
    bundle: ModelBundle, requests: list[Request], one_by_one: dict[str, Result]
) -> None:
    for each in requests:
        result = one_by_one[each.id]
        assert result.tokens is not None
        assert result.waveform is not None
        expected = naive.audio_of(bundle, each, result.tokens.tokens)
        np.testing.assert_allclose(result.waveform.samples, expected.numpy(), atol=LEAST_PRECISION)
        assert result.waveform.sample_rate == 32000


def test_speaking_beside_decoding_changes_nothing(
    bundle: ModelBundle, requests: list[Request], one_by_one: dict[str, Result]
) -> None:
    results = rendered(bundle, requests, n_slots=4, batch_tokens=60, overlaps=True)
    assert tokens_of(results) == tokens_of(one_by_one)
    assert_same_audio(results, one_by_one)


def test_caches_that_grow_while_lines_are_decoded_change_nothing(bundle: ModelBundle) -> None:
    some = [request(n, max_tokens=150, sampling=Sampling(top_k=1025)) for n in range(4)]
    some[0] = replace(some[0], phoneme_ids=(7,) * 60)
    engine = Engine(bundle, n_slots=2)
    results = {result.request_id: result for result in engine.run(some)}
    assert engine._t2s.slots.generation > 1
    assert tokens_of(results) == {each.id: naive.tokens_of(bundle, each) for each in some}


def test_order_of_requests_changes_nothing(
    bundle: ModelBundle, requests: list[Request], one_by_one: dict[str, Result]
) -> None:
    shuffled = random.Random(3).sample(requests, len(requests))  # noqa: S311
    results = rendered(bundle, shuffled, n_slots=4, batch_tokens=1)
    assert tokens_of(results) == tokens_of(one_by_one)
    assert_same_audio(results, one_by_one)


def test_neighbours_in_a_synthesizer_batch_change_nothing(
    bundle: ModelBundle, requests: list[Request], one_by_one: dict[str, Result]
) -> None:
    # Lines of different lengths, voices and speeds in padded batches: tails included.
    assert_same_audio(rendered(bundle, requests, n_slots=8, batch_tokens=400), one_by_one)


@pytest.fixture(scope="module")
def embedded_kind(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    """Toy models whose generator ends in a spectral head, as the embedded model's does."""
    folder = tmp_path_factory.mktemp("spectral")
    config = replace(
        toy.SYNTHESIZER,
        upsample_rates=(4,),
        upsample_kernels=(8,),
        spectral_hop=120,
        sample_rate=24000,
        hop_length=480,
    )
    save_native(
        folder,
        toy.toy_t2s(),
        toy.toy_synthesizer(config=config),
        version="toy",
        dtype=torch.float32,
    )
    return load_bundle(native_source(folder))


def test_neighbours_change_nothing_before_a_spectral_head(
    embedded_kind: ModelBundle, requests: list[Request]
) -> None:
    some = requests[:7]
    alone = rendered(embedded_kind, some, n_slots=1, batch_tokens=1)
    assert_same_audio(rendered(embedded_kind, some, n_slots=7, batch_tokens=400), alone)
    for each in some:
        result = alone[each.id]
        assert result.tokens is not None
        assert result.waveform is not None
        expected = naive.audio_of(embedded_kind, each, result.tokens.tokens)
        np.testing.assert_allclose(result.waveform.samples, expected.numpy(), atol=LEAST_PRECISION)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_speaks(
    embedded_kind: ModelBundle, requests: list[Request], dtype: torch.dtype
) -> None:
    source = embedded_kind.source
    engine = Engine(load_bundle(source), n_slots=3, dtype=dtype)
    features = torch.ones(toy.T2S.bert_width, len(requests[1].phoneme_ids))
    some = [requests[0], replace(requests[1], bert_features=features), requests[2]]
    for result in engine.run(some):
        assert result.waveform is not None
        assert np.isfinite(result.waveform.samples).all()
        assert result.waveform.samples.std() > 0


def test_an_engine_that_was_used_before_says_the_same(
    bundle: ModelBundle, requests: list[Request], alone: dict[str, tuple[tuple[int, ...], bool]]
) -> None:
    engine = Engine(bundle, n_slots=4)
    long_before = [request(n, max_tokens=90, phoneme_ids=(5,) * 60) for n in range(100, 106)]
    assert len(list(engine.run(long_before))) == 6
    again = {result.request_id: result for result in engine.run(requests)}
    assert tokens_of(again) == alone


def test_what_is_left_in_unused_cache_positions_is_never_seen(
    bundle: ModelBundle, requests: list[Request], alone: dict[str, tuple[tuple[int, ...], bool]]
) -> None:
    engine = Engine(bundle, n_slots=4)
    slots = engine._t2s.slots
    slots.reserve(4 * BUCKET)
    for cache in (*slots.keys, *slots.values):
        cache.fill_(50.0)
    assert tokens_of({r.request_id: r for r in engine.run(requests)}) == alone


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
    assert len(waveform.samples) == 9 * bundle.synthesizer.samples_per_token


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


def fail_once_over(
    monkeypatch: pytest.MonkeyPatch, runner: object, method: str, limit: int
) -> list[int]:
    """Let a runner's method run out of memory for batches larger than a limit."""
    original = getattr(runner, method)
    sizes: list[int] = []

    def limited(batch: list[object]) -> object:
        sizes.append(len(batch))
        if len(batch) > limit:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return original(batch)

    monkeypatch.setattr(runner, method, limited)
    return sizes


@pytest.mark.parametrize("method", ["prefill", "decode"])
def test_decoding_goes_on_with_less_when_memory_runs_out(
    bundle: ModelBundle,
    requests: list[Request],
    alone: dict[str, tuple[tuple[int, ...], bool]],
    monkeypatch: pytest.MonkeyPatch,
    method: str,
) -> None:
    engine = Engine(bundle, n_slots=16)
    fail_once_over(monkeypatch, engine._t2s, method, 4)
    assert tokens_of({r.request_id: r for r in engine.run(requests)}) == alone
    assert engine.n_slots == 4
    assert engine.stats.n_shrinks == 2
    assert engine._t2s.slots.n_slots == 4


@pytest.mark.parametrize("overlaps", [False, True])
def test_speaking_goes_on_with_less_when_memory_runs_out(
    overlaps: bool,
    bundle: ModelBundle,
    requests: list[Request],
    one_by_one: dict[str, Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = Engine(bundle, n_slots=16, batch_tokens=2000, overlaps=overlaps)
    sizes = fail_once_over(monkeypatch, engine._synthesizer, "start", 2)
    assert_same_audio({r.request_id: r for r in engine.run(requests)}, one_by_one)
    assert max(sizes) > 2
    assert engine.stats.n_results == N_REQUESTS


def test_a_line_that_never_fits_is_an_error_of_its_own(
    bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(bundle, n_slots=2)
    original = engine._t2s.prefill

    def no_room_for_long(sequences: list[object]) -> None:
        if any(len(s.request.phoneme_ids) > 30 for s in sequences):
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to ...")
        original(sequences)

    monkeypatch.setattr(engine._t2s, "prefill", no_room_for_long)
    long = request(0, id="long", phoneme_ids=(1,) * 40)
    results = {r.request_id: r for r in engine.run([request(1), long, request(2)])}
    assert "too long for the memory there is" in str(results["long"].error)
    assert results["line-1"].waveform is not None
    assert results["line-2"].waveform is not None


def test_other_errors_are_not_hidden(bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(bundle, n_slots=2)

    def broken(sequences: object) -> int:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(engine._t2s, "decode", broken)
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        list(engine.run([request(1)]))


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


def test_less_memory_means_fewer_slots(bundle: ModelBundle, requests: list[Request]) -> None:
    row = 2 * toy.T2S.n_layers * toy.T2S.width * 4 * 768
    assert Engine(bundle, max_memory=2 * 5 * row).n_slots == 5
    assert Engine(bundle, max_memory=1).n_slots == 1
    assert Engine(bundle, max_memory=2**40).n_slots == Engine(bundle).n_slots
    assert Engine(bundle, max_memory=1, n_slots=7).n_slots == 7


def test_memory_decides_where_the_user_does_not(bundle: ModelBundle) -> None:
    assert Engine(bundle).n_slots >= 1
    assert engine_module.CUDA_STEPS_BETWEEN_LOOKS > 1


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_says_what_the_cpu_says(
    tmp_path: Path, requests: list[Request], one_by_one: dict[str, Result]
) -> None:
    results = rendered(toy.toy_bundle(tmp_path), requests, n_slots=8, device="cuda")  # type: ignore[arg-type]
    assert tokens_of(results) == tokens_of(one_by_one)
    for name, result in results.items():
        assert result.waveform is not None
        expected = one_by_one[name].waveform
        assert expected is not None
        np.testing.assert_allclose(result.waveform.samples, expected.samples, atol=1e-3)
