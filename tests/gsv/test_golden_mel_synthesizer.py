"""v3, v4 and their vocoders against upstream's numbers, full size, through the checkpoints' key names."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gsvbatch.gsv.bigvgan import BigVGAN, BigVGANConfig, kaiser_sinc
from gsvbatch.gsv.checkpoint import fold_weight_norm, load_into
from gsvbatch.gsv.generator import Generator
from gsvbatch.gsv.mel_synthesizer import MelSynthesizer, MelSynthesizerConfig
from tests.devices import DEVICES, working_on
from tests.golden_weights import assert_matches, golden_weights, unfolded_shapes

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "golden_v3v4.json").read_text(encoding="utf-8")
)
INPUTS = GOLDEN["inputs"]
N_PROMPT = 20
PATH = Path("golden.pth")

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


@pytest.fixture(scope="module")
def both(device: str) -> MelSynthesizer:
    """The weights, which both versions share in the fixtures."""
    model = MelSynthesizer(MelSynthesizerConfig("v3")).eval()
    shapes = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    weights = golden_weights(unfolded_shapes(shapes))
    frequencies = "cfm.estimator.rotary_embed.inv_freq"
    weights[frequencies] = model.state_dict()[frequencies].clone()
    load_into(model, fold_weight_norm(PATH, weights), PATH)
    return model.to(device)


@pytest.fixture(params=["v3", "v4"])
def loaded(
    request: pytest.FixtureRequest, both: MelSynthesizer
) -> tuple[MelSynthesizer, dict[str, Any]]:
    both.config = replace(both.config, version=request.param)
    return both, GOLDEN[request.param]


def condition(model: MelSynthesizer, speed: float = 1.0) -> Tensor:
    style = model.style_of(uniform(11, 0, 2, (1, 1025, 150)))
    tokens, phonemes = torch.tensor([INPUTS["codes"]]), torch.tensor([INPUTS["text"]])
    frames, n_frames = model.condition(
        tokens,
        torch.tensor([tokens.shape[1]]),
        phonemes,
        torch.tensor([phonemes.shape[1]]),
        style,
        torch.tensor([speed]),
    )
    assert n_frames.tolist() == [frames.shape[2]]
    return frames


@pytest.mark.parametrize(("speed", "name"), [(1.0, "fea"), (1.3, "fea_speed1.3")])
@torch.inference_mode()
def test_condition(loaded: tuple[MelSynthesizer, dict[str, Any]], speed: float, name: str) -> None:
    model, golden = loaded
    shape = golden["decode_encp_fea_shape" if speed == 1 else f"{name}_shape"]
    frames = condition(model, speed)
    assert list(frames.shape) == shape
    assert_matches(frames, golden[name])
    assert_matches(model.style_of(uniform(11, 0, 2, (1, 1025, 150))), golden["ge"])


@torch.inference_mode()
def test_one_call_of_the_transformer(loaded: tuple[MelSynthesizer, dict[str, Any]]) -> None:
    model, golden = loaded
    frames = condition(model).transpose(1, 2)
    known = torch.zeros(1, frames.shape[1], 100)
    known[:, :N_PROMPT] = uniform(18, -1, 1, (1, 100, N_PROMPT)).transpose(1, 2)
    x = uniform(19, -1, 1, (1, 100, frames.shape[1])).transpose(1, 2)
    dit = model.cfm.estimator
    embedded = dit.text_embed(frames, None)
    out = dit(x, known, embedded, torch.tensor([0.25]), torch.tensor([0.125]))
    call = golden["dit_single_call"]
    assert_matches(embedded, call["text_embed"])
    assert_matches(out, call["out"])


@pytest.mark.parametrize(
    ("name", "temperature", "n_steps", "guidance"),
    [
        ("cfm_temp0_steps4", 0.0, 4, 0.0),
        ("cfm_seed7_steps4", 1.0, 4, 0.0),
        ("cfm_seed7_steps2_cfg0.7", 1.0, 2, 0.7),
    ],
)
@torch.inference_mode()
def test_flow_matching(
    loaded: tuple[MelSynthesizer, dict[str, Any]],
    name: str,
    temperature: float,
    n_steps: int,
    guidance: float,
) -> None:
    model, golden = loaded
    frames = condition(model)
    shape = (1, 100, frames.shape[2])
    seeded = torch.Generator("cpu").manual_seed(7)
    noise = torch.randn(shape, generator=seeded, device="cpu").to(frames.device) * temperature
    prompt = torch.zeros(shape)
    prompt[:, :, :N_PROMPT] = uniform(18, -1, 1, (1, 100, N_PROMPT))
    mel = model.cfm(
        noise, frames, prompt, torch.tensor([N_PROMPT]), n_steps=n_steps, guidance=guidance
    )
    assert_matches(mel, golden[name])


@torch.inference_mode()
def test_vocoder_of_v4(device: str) -> None:
    model = Generator(
        latent=100,
        style=0,
        upsample_rates=(10, 6, 2, 2, 2),
        upsample_kernels=(20, 12, 4, 4, 4),
        initial_channels=512,
        resblock_kernels=(3, 7, 11),
        resblock_dilations=((1, 3, 5),) * 3,
        final_bias=True,
    ).eval()
    shapes = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    load_into(model.to("cpu"), golden_weights(shapes), PATH)
    model.to(device)
    assert_matches(model(uniform(20, -6, 1, (1, 100, 15)), None), GOLDEN["vocoder_v4"]["audio"])


@torch.inference_mode()
def test_vocoder_of_v3(device: str) -> None:
    torch.testing.assert_close(
        kaiser_sinc().flatten(),
        torch.tensor(GOLDEN["bigvgan"]["kaiser_sinc_filter_12"]),
        rtol=0,
        atol=1e-7,
    )
    model = BigVGAN(BigVGANConfig()).eval()
    shapes: dict[str, tuple[int, ...]] = {}
    for key, value in model.state_dict().items():
        base = key.removesuffix(".weight")
        if base != key:  # every convolution is a weight-norm pair
            shapes[f"{base}.weight_g"] = (value.shape[0], 1, 1)
            shapes[f"{base}.weight_v"] = tuple(value.shape)
        else:
            shapes[key] = tuple(value.shape)
    weights = golden_weights(shapes)
    weights |= {key: kaiser_sinc() for key in weights if key.endswith(".filter")}
    load_into(model, fold_weight_norm(PATH, weights), PATH)
    model.to(device)
    mel = uniform(20, -6, 1, (1, 100, 15))
    loudest: list[float] = []
    model.conv_post.register_forward_hook(lambda *call: loudest.append(float(call[2].abs().max())))
    audio = model(mel)
    # With these weights samples reach 100 before they are cut off at 1, and rounding goes with them.
    assert 50 < loudest[0] < 200
    assert_matches(audio, GOLDEN["bigvgan"]["audio"], scale=10.0)
