"""Weights read as halves change no number; bfloat16 changes logits by as much as its digits say."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from gsvbatch.engine import Engine
from gsvbatch.engine.decode_step import attend, attend_in_products
from gsvbatch.engine.layers import (
    HalfStoredLinear,
    OrderedLinear,
    PackedLayer,
    PlainLayer,
    can_pack,
    is_half_exact,
    packed_linear,
    reads_halves,
)
from gsvbatch.engine.sequence import Sequence
from gsvbatch.engine.t2s_runner import T2SRunner
from gsvbatch.gsv.bundle import load_bundle
from gsvbatch.gsv.t2s import Layer, T2SConfig, TextToSemantic
from tests import naive, toy
from tests.engine.requests import request

CONFIG = T2SConfig(
    n_layers=3, width=64, n_heads=4, feed_forward=256, n_phonemes=toy.N_PHONEMES, bert_width=8
)

needs_halves = pytest.mark.skipif(
    not can_pack(torch.ones(2, 2)) or not reads_halves(),
    reason="this torch, on this processor, reads no halves",
)


def stored_in_halves(network: torch.nn.Module) -> torch.nn.Module:
    return network.half().float()


@needs_halves
@pytest.mark.parametrize("n_rows", [1, 2, 5, 37])
def test_weights_read_as_halves_are_the_weights(n_rows: int) -> None:
    layer = stored_in_halves(toy.seeded(Layer(CONFIG), 1))
    assert isinstance(layer, Layer)
    x, attended = torch.randn(2, n_rows, CONFIG.width)
    plain, packed = PlainLayer(layer), PackedLayer(layer)
    assert packed.itemsize == 2
    assert packed.rows(n_rows) == packed.rows(packed.rows(n_rows)) >= n_rows
    torch.testing.assert_close(packed.project(x), plain.project(x), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(
        packed.finish(x, attended), plain.finish(x, attended), atol=1e-5, rtol=1e-5
    )


@needs_halves
def test_a_row_is_the_same_to_the_last_bit_whoever_is_beside_it() -> None:
    linear = HalfStoredLinear(torch.randn(96, 64).half().float(), torch.randn(96))
    x, other = torch.randn(300, 64), torch.randn(300, 96)
    for made in (linear(x), linear.rectified(x), linear.plus(x, other)):
        assert made.shape == (300, 96)
    for n in range(1, 290):
        assert torch.equal(linear(x[5 : 5 + n]), linear(x)[5 : 5 + n])
    for n in (1, 2, 3, 7, 121):
        assert torch.equal(linear.rectified(x[:n]), linear(x)[:n].relu())
        assert torch.equal(linear.plus(x[:n], other[:n]), linear(x)[:n] + other[:n])


@needs_halves
def test_what_halves_do_not_hold_is_not_read_as_halves() -> None:
    weight = torch.randn(32, 16).half().float()
    assert isinstance(packed_linear(weight, None), HalfStoredLinear)
    for odd in (weight[0, 0] * (1 + 2**-12), torch.tensor(70000.0), torch.tensor(2.0**-26)):
        changed = weight.clone()
        changed[3, 4] = odd
        assert not is_half_exact(changed)
        found = packed_linear(changed, None)
        assert isinstance(found, OrderedLinear)
        x = torch.randn(4, 16)
        torch.testing.assert_close(found(x), x @ changed.t(), atol=1e-4, rtol=1e-4)
    assert not is_half_exact(weight.bfloat16())


def test_other_backends_for_halves_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    class Quantized:
        engine = "qnnpack"

    monkeypatch.setattr(torch.backends, "quantized", Quantized())
    assert not reads_halves.__wrapped__()


@needs_halves
def test_models_stored_in_halves_say_what_the_naive_reference_says(tmp_path: Path) -> None:
    bundle = load_bundle(toy.toy_models(tmp_path, dtype=torch.float16))
    assert bundle.t2s.ar_predict_layer.weight.dtype == torch.float32
    engine = Engine(bundle, n_slots=3)
    assert engine._t2s.itemsize == 2
    requests = [request(number) for number in range(8)]
    for result in engine.run(requests):
        asked = next(each for each in requests if each.id == result.request_id)
        assert result.tokens is not None
        assert result.tokens.tokens == naive.tokens_of(bundle, asked)[0]


@pytest.mark.parametrize("n_rows", [1, 3])
def test_attention_in_products_is_attention(n_rows: int) -> None:
    query = torch.randn(n_rows, 4, 16)
    keys, values = torch.randn(2, 5, 4, 24, 16)
    lengths = torch.tensor([3, 20, 11])[:n_rows]
    hidden = torch.zeros(n_rows, 20).masked_fill_(torch.arange(20) >= lengths[:, None], -torch.inf)
    expected = attend(query, keys, values, hidden)
    torch.testing.assert_close(attend_in_products(query, keys, values, hidden), expected)
    for row, length in enumerate(lengths):
        keys[row, :, length:] = 50.0
        values[row, :, length:] = 50.0
    torch.testing.assert_close(attend_in_products(query, keys, values, hidden), expected)


@torch.inference_mode()
def logits_of(model: TextToSemantic, n_steps: int) -> list[Tensor]:
    """Logits of two lines, (2, V) a step; what they are fed with is fixed."""
    runner = T2SRunner(model, 2)
    found: list[Tensor] = []
    inner = runner._plain.logits

    def watched(hidden: Tensor) -> Tensor:
        out = inner(hidden)
        found.append(out[:2].clone())
        return out

    runner._plain.logits = watched  # type: ignore[method-assign]
    sequences = [Sequence(request(n, id=str(n)), slot=n) for n in range(2)]
    runner.prefill(sequences)
    for _ in range(n_steps):
        # Fed with the same tokens, so that one that was drawn otherwise does not count ever after.
        runner.slots.last_token[:2] = torch.tensor([7, 11])
        runner.decode(sequences)
    return found


def test_bfloat16_changes_logits_by_as_much_as_its_digits() -> None:
    model = toy.toy_t2s(config=CONFIG)
    exact = logits_of(model, 4)
    rough = logits_of(model.bfloat16(), 4)
    assert len(exact) == len(rough) > 4
    for one, other in zip(exact, rough, strict=True):
        assert other.dtype == torch.float32
        apart = (one - other).norm() / one.norm()
        assert 1e-4 < apart < 0.05


def test_keys_and_values_of_bfloat16_are_fp32_on_a_processor() -> None:
    runner = T2SRunner(toy.toy_t2s().bfloat16(), 2)
    runner.prefill([Sequence(request(1), slot=0)])
    assert runner.slots.keys[0].dtype == torch.float32
    assert runner.slots.values[0].dtype == torch.float32
