"""Work goes on with less where memory runs out; how much there is decides how many slots there are."""

import pytest
import torch

from gsvbatch.engine import Engine, Request, Result
from gsvbatch.engine import engine as engine_module
from gsvbatch.engine.sequence import Sequence
from gsvbatch.gsv.bundle import ModelBundle
from tests import toy
from tests.engine.requests import N_REQUESTS, assert_same_audio, request, tokens_of


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

    def no_room_for_long(sequences: list[Sequence]) -> None:
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


def test_less_memory_means_fewer_slots(bundle: ModelBundle, requests: list[Request]) -> None:
    row = 2 * toy.T2S.n_layers * toy.T2S.width * 4 * 768
    assert Engine(bundle, max_memory=2 * 5 * row).n_slots == 5
    assert Engine(bundle, max_memory=1).n_slots == 1
    assert Engine(bundle, max_memory=2**40).n_slots == Engine(bundle).n_slots
    assert Engine(bundle, max_memory=1, n_slots=7).n_slots == 7


def test_memory_decides_where_the_user_does_not(bundle: ModelBundle) -> None:
    assert Engine(bundle).n_slots >= 1
    assert engine_module.CUDA_STEPS_BETWEEN_LOOKS > 1
