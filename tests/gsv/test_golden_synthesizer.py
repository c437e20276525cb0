"""The synthesizer against upstream's numbers, full size, through the checkpoint's own key names."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gsvbatch.gsv.checkpoint import fold_weight_norm, load_into
from gsvbatch.gsv.synthesizer import Synthesizer, SynthesizerConfig
from tests.devices import DEVICES, working_on
from tests.golden_weights import assert_matches, golden_weights, unfolded_shapes

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "golden_sovits.json").read_text(encoding="utf-8")
)
INPUTS = GOLDEN["inputs"]
PRO = SynthesizerConfig(style=1024, fusion=512, speaker=20480)
CONFIGS = {
    "v1": SynthesizerConfig(n_phonemes=322, style_bins=1025),
    "v2": SynthesizerConfig(),
    "v2Pro": PRO,
    "v2ProPlus": replace(PRO, initial_channels=768, upsample_kernels=(20, 16, 8, 2, 2)),
}

pytestmark = pytest.mark.slow


def uniform(seed: int, low: float, high: float, shape: tuple[int, ...]) -> Tensor:
    draw = np.random.RandomState(seed).uniform(low, high, shape)
    return torch.from_numpy(draw.astype(np.float32)).to(torch.get_default_device())


@pytest.fixture(scope="module", params=DEVICES)
def device(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def _on_device(device: str) -> Iterator[None]:
    with working_on(device):
        yield


@pytest.fixture(scope="module", params=list(CONFIGS))
def loaded(request: pytest.FixtureRequest, device: str) -> tuple[Synthesizer, dict[str, Any]]:
    model = Synthesizer(CONFIGS[request.param]).eval()
    shapes = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    path = Path("golden.pth")
    load_into(model, fold_weight_norm(path, golden_weights(unfolded_shapes(shapes))), path)
    return model.to(device), GOLDEN[request.param]


def speakers(model: Synthesizer) -> tuple[Tensor | None, Tensor | None]:
    if not model.config.speaker:
        return None, None
    return uniform(16, -1, 1, (1, 20480)), uniform(17, -1, 1, (1, 20480))


def styles(model: Synthesizer) -> tuple[Tensor, Tensor]:
    first, second = speakers(model)
    return (
        model.style_of(uniform(11, 0, 2, (1, 1025, 150)), speaker=first),
        model.style_of(uniform(12, 0, 2, (1, 1025, 120)), speaker=second),
    )


def speak(model: Synthesizer, style: Tensor, speed: float, noise: Tensor | None) -> Tensor:
    tokens, phonemes = torch.tensor([INPUTS["codes"]]), torch.tensor([INPUTS["text"]])
    samples, _ = model(
        tokens,
        torch.tensor([tokens.shape[1]]),
        phonemes,
        torch.tensor([phonemes.shape[1]]),
        style,
        noise=torch.zeros(1, model.config.latent, 200) if noise is None else noise,
        speed=torch.tensor([speed]),
    )
    return samples


@torch.inference_mode()
def test_style_and_semantic_tokens(loaded: tuple[Synthesizer, dict[str, Any]]) -> None:
    model, golden = loaded
    assert_matches(model.ref_enc(uniform(11, 0, 2, (1, 1025, 150))), golden["ref_enc"])
    if model.config.speaker:
        style, _ = styles(model)
        assert_matches(style, golden["ge_after_prelu"])
        assert_matches(model.ge_to512(style.transpose(1, 2)), golden["ge512"])
    tokens = model.tokenize(uniform(15, -1, 1, (1, 768, 41)))
    assert tokens[0].tolist() == golden["extract_latent_codes"]


@pytest.mark.parametrize("speed", [1.0, 1.25])
@torch.inference_mode()
def test_prior_flow_and_audio(loaded: tuple[Synthesizer, dict[str, Any]], speed: float) -> None:
    model, golden = loaded
    style, _ = styles(model)
    tokens, phonemes = torch.tensor([INPUTS["codes"]]), torch.tensor([INPUTS["text"]])
    n_tokens, n_phonemes = torch.tensor([tokens.shape[1]]), torch.tensor([phonemes.shape[1]])
    mean, log_spread, mask = model.prior(
        tokens, n_tokens, phonemes, n_phonemes, style, torch.tensor([speed])
    )
    name = f"speed{speed:g}"
    assert mean.shape[2] == golden[f"frames_{name}"]
    assert_matches(mean, golden[f"m_p_{name}"])
    assert_matches(log_spread, golden[f"logs_p_{name}"])
    assert_matches(model.flow(mean, mask, style, inverse=True), golden[f"z_noise0_{name}"])
    assert_matches(speak(model, style, speed, None), golden[f"audio_noise0_{name}"])


@torch.inference_mode()
def test_two_references_are_averaged(loaded: tuple[Synthesizer, dict[str, Any]]) -> None:
    model, golden = loaded
    style = torch.stack(styles(model)).mean(dim=0)
    assert_matches(speak(model, style, 1.0, None), golden["audio_noise0_tworefs"])


@torch.inference_mode()
def test_noise_of_a_seed(loaded: tuple[Synthesizer, dict[str, Any]]) -> None:
    model, golden = loaded
    noise = torch.randn(
        (1, model.config.latent, golden["frames_speed1"]),
        generator=torch.Generator("cpu").manual_seed(7),
        device="cpu",
    )
    assert_matches(
        speak(model, styles(model)[0], 1.0, noise.to(torch.get_default_device())),
        golden["audio_noise0.5_manual_seed7"],
    )
