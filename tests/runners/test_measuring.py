"""Measuring runs what it says it runs, and its shares are shares of something countable."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from gsvbatch.gsv.bundle import ModelBundle, load_bundle
from gsvbatch.gsv.random_models import random_bundle
from gsvbatch.gsv.synthesizer import SynthesizerConfig
from gsvbatch.gsv.t2s import T2SConfig
from gsvbatch.runners import measuring
from gsvbatch.runners.measuring import Ceilings, Workload, least_step, measure_engine, speaking_flop
from tests import toy
from tests.toy_versions import save_version

SMALL = Workload(n_prompt=12, n_prompt_phonemes=5, n_phonemes=8, n_tokens=15)


@pytest.fixture(scope="module")
def bundle() -> ModelBundle:
    return random_bundle(toy.T2S, toy.SYNTHESIZER)


def test_every_batch_is_measured(bundle: ModelBundle) -> None:
    told: list[str] = []
    figures = measure_engine(bundle, (1, 3), workload=SMALL, tell=told.append)
    assert [each.n_lines for each in figures.decoding] == [1, 3]
    assert [each.n_lines for each in figures.speaking] == [1, 3]
    for each in figures.decoding:
        assert each.tokens_per_second == pytest.approx(each.n_lines / each.step)
        whole = each.prefill + (SMALL.n_tokens - 1) * each.step
        expected = each.n_lines * SMALL.n_tokens / whole
        assert each.tokens_per_second_with_prefill == pytest.approx(expected)
        assert 0 < each.share < 1
    assert all(each.speed > 0 and each.share > 0 for each in figures.speaking)
    assert set(figures.latency) == {"prefill", "decode", "synthesis"}
    assert all(elapsed > 0 for elapsed in figures.latency.values())
    assert figures.ceilings.bandwidth > 1e8
    assert figures.peak_memory > 1e6
    assert (figures.dtype, figures.device != "") == ("float32", True)
    assert "3 lines at once" in told


@pytest.mark.parametrize("version", ["v3", "v4"])
def test_models_that_draw_mels_are_measured(tmp_path: Path, version: str) -> None:
    bundle = load_bundle(save_version(tmp_path, version))
    figures = measure_engine(bundle, (1, 2), workload=SMALL)
    assert [each.n_lines for each in figures.speaking] == [1, 2]
    assert all(each.speed > 0 and 0 < each.share < 1 for each in figures.speaking)
    assert figures.latency["synthesis"] > 0
    assert figures.sample_steps == 32


def test_counted_operations_are_those_of_the_steps(tmp_path: Path) -> None:
    """A mel is drawn in 32 steps, so the estimator's linear layers are counted 32 times a window."""
    bundle = load_bundle(save_version(tmp_path, "v4"))
    flop = measuring._flop_per_second(bundle, SMALL) * SMALL.n_tokens / 25
    estimator = bundle.synthesizer.cfm.estimator
    per_frame = sum(
        2 * layer.weight.numel()
        for block in estimator.transformer_blocks
        for layer in block.modules()
        if isinstance(layer, torch.nn.Linear) and "norm" not in str(layer)
    )
    assert flop > 32 * per_frame * 0.5 * SMALL.n_tokens * 4


def test_a_batch_too_large_for_memory_ends_the_series(
    bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoding = measuring._decoding

    def limited(bundle: ModelBundle, n_lines: int, *rest: object) -> object:
        if n_lines > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return decoding(bundle, n_lines, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(measuring, "_decoding", limited)
    figures = measure_engine(bundle, (1, 2, 4), workload=SMALL)
    assert [each.n_lines for each in figures.decoding] == [1]


def test_the_roofline_is_that_of_the_published_dimensions() -> None:
    # 76.2 M weights and 96 KiB of keys and values a position in fp32; 165.6 MFLOP a token.
    ceilings = Ceilings(bandwidth=1e12, matrix_rate=1e30)
    step = least_step(T2SConfig(), 1, Workload(), ceilings, (4, 4))
    assert step * 1e12 == pytest.approx(305e6 + 275 * 96 * 1024, rel=0.01)
    halves = least_step(T2SConfig(), 1, Workload(), ceilings, (2, 4))
    assert halves * 1e12 == pytest.approx(152.5e6 + 275 * 96 * 1024, rel=0.01)
    by_flop = least_step(T2SConfig(), 1000, Workload(), Ceilings(1e30, 1e12), (4, 4))
    assert by_flop * 1e12 == pytest.approx(1000 * 165.6e6, rel=0.001)
    assert speaking_flop(SynthesizerConfig()) == pytest.approx(42.5e9, rel=0.04)
    wider = replace(SynthesizerConfig(), initial_channels=768)
    assert speaking_flop(wider) > 2 * speaking_flop(SynthesizerConfig())


def test_random_models_never_end_of_themselves(bundle: ModelBundle, tmp_path: Path) -> None:
    assert not bundle.t2s.ar_predict_layer.weight[bundle.t2s.config.eos].any()
    again = random_bundle(toy.T2S, toy.SYNTHESIZER)
    for key, value in bundle.synthesizer.state_dict().items():
        assert torch.equal(value, again.synthesizer.state_dict()[key]), key
