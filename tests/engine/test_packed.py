"""What is packed for a processor says what torch says, to rounding."""

import numpy as np
import pytest
import torch

from gsvbatch.data import SemanticTokens, StopReason
from gsvbatch.engine import packed_generator
from gsvbatch.engine.layers import PackedLayer, PlainLayer, can_pack
from gsvbatch.engine.packed_generator import PackedGenerator
from gsvbatch.engine.sequence import Sequence
from gsvbatch.engine.synthesizer_runner import SynthesizerRunner
from gsvbatch.gsv.t2s import Layer, T2SConfig
from tests import toy
from tests.engine.requests import request

LEAST_PRECISION = 1e-4

pytestmark = pytest.mark.skipif(
    not can_pack(torch.ones(2, 2)), reason="this torch has no oneDNN to pack for"
)


@pytest.mark.parametrize("n_rows", [1, 4, 37])
def test_a_packed_layer_is_the_layer(n_rows: int) -> None:
    layer = toy.seeded(Layer(T2SConfig(width=64, n_heads=2, feed_forward=128)), 1)
    assert isinstance(layer, Layer)
    x, attended = torch.randn(2, n_rows, 64)
    plain, packed = PlainLayer(layer), PackedLayer(layer)
    torch.testing.assert_close(packed.project(x), plain.project(x), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(
        packed.finish(x, attended), plain.finish(x, attended), atol=1e-5, rtol=1e-5
    )


@pytest.mark.parametrize("window", [20, 64, 100_000])
@pytest.mark.parametrize("n_frames", [[3, 1], [40, 33], [90, 90]])
def test_a_generator_in_windows_is_the_generator_in_one(window: int, n_frames: list[int]) -> None:
    synthesizer = toy.toy_synthesizer()
    generator, config = synthesizer.dec, synthesizer.config
    latent = torch.randn(2, config.latent, max(n_frames))
    style = torch.randn(2, config.style, 1)
    mask = (torch.arange(max(n_frames)) < torch.tensor(n_frames)[:, None])[:, None].float()
    expected = generator(latent, style, mask).detach()
    latent = latent.masked_fill(mask == 0, 1e6)  # what is past a row's end is nobody's business
    found = PackedGenerator(generator, window)(latent, style, n_frames)
    scale = expected.abs().max()
    assert scale > 0
    torch.testing.assert_close(found / scale, expected / scale, atol=LEAST_PRECISION, rtol=0)


def test_an_overlap_too_small_would_be_heard() -> None:
    generator = toy.toy_synthesizer().dec
    narrow = PackedGenerator(generator, 50)
    object.__setattr__(narrow._stages[1], "radius", 2)
    latent, style = torch.randn(1, 8, 60), torch.randn(1, 16, 1)
    expected = generator(latent, style).detach()
    apart = (narrow(latent, style, [60]) - expected).abs().max() / expected.abs().max()
    assert apart > LEAST_PRECISION


def test_what_cannot_be_packed_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    assert packed_generator.can_pack(toy.toy_synthesizer().dec)
    assert not can_pack(torch.ones(2, 2, dtype=torch.int32))
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert not can_pack(torch.ones(2, 2))
    assert not packed_generator.can_pack(toy.toy_synthesizer().dec)


@pytest.mark.parametrize("packs", [False, True])
def test_lengths_rounded_up_change_nothing(packs: bool) -> None:
    model = toy.toy_synthesizer()
    lines = []
    for number, n_tokens in enumerate((3, 8, 8)):
        sequence = Sequence(request(number, speed=(1.0, 1.3, 1.0)[number]))
        sequence.tokens = SemanticTokens(tuple(range(n_tokens)), StopReason.LIMIT)
        lines.append(sequence)
    exact = SynthesizerRunner(model, 100, packs=packs, alignment=1)
    rounded = SynthesizerRunner(model, 100, packs=packs, alignment=32)
    for batch in (lines, lines[:1], lines[1:2]):
        for one, other in zip(exact.run(batch), rounded.run(batch), strict=True):
            assert len(one.samples) == len(other.samples)
            scale = np.abs(one.samples).max()
            np.testing.assert_allclose(
                one.samples / scale, other.samples / scale, atol=LEAST_PRECISION
            )
