"""What comes out for a request depends on the request alone, and equals the naive reference."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gsvbatch.engine import Engine, Request, Result, Sampling
from gsvbatch.engine.slots import BUCKET
from gsvbatch.gsv.bundle import ModelBundle, load_bundle, native_source
from gsvbatch.gsv.native import save_native
from tests import naive, toy
from tests.engine.requests import (
    LEAST_PRECISION,
    N_REQUESTS,
    assert_same_audio,
    rendered,
    request,
    tokens_of,
)


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


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_says_what_the_cpu_says(
    tmp_path: Path, requests: list[Request], one_by_one: dict[str, Result]
) -> None:
    results = rendered(toy.toy_bundle(tmp_path), requests, n_slots=8, device="cuda")
    assert tokens_of(results) == tokens_of(one_by_one)
    for name, result in results.items():
        assert result.waveform is not None
        expected = one_by_one[name].waveform
        assert expected is not None
        np.testing.assert_allclose(result.waveform.samples, expected.samples, atol=1e-3)
