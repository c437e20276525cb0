"""The text-to-semantic network against upstream's numbers, full size (24 layers, width 512)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gsvbatch.gsv.t2s import T2SConfig, TextToSemantic
from tests.golden_weights import assert_matches, golden_weights

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "golden_t2s.json").read_text(encoding="utf-8")
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model() -> TextToSemantic:
    model = TextToSemantic(T2SConfig()).eval()
    shapes = {f"model.{key}": tuple(value.shape) for key, value in model.state_dict().items()}
    weights = golden_weights(shapes)
    model.load_state_dict({key.removeprefix("model."): value for key, value in weights.items()})
    return model


def phonemes_of(model: TextToSemantic, name: str, seed: int) -> Tensor:
    ids = torch.tensor([GOLDEN[f"phones_{name}"]])
    bert = np.random.RandomState(seed).uniform(-1, 1, (1024, ids.shape[1])).astype(np.float32)
    return model.embed_phonemes(ids, torch.from_numpy(bert)[None])


@torch.inference_mode()
def test_hidden_states_and_logits_equal_upstreams(model: TextToSemantic) -> None:
    phonemes = phonemes_of(model, "A", 3)
    assert_matches(phonemes, GOLDEN["x_after_position_A"])
    prompt = torch.tensor([GOLDEN["prompt"]])
    tokens = model.embed_tokens(prompt, torch.arange(prompt.shape[1]))
    assert_matches(tokens, GOLDEN["y_after_position"])
    hidden = model(phonemes, tokens)[:, -1]
    assert_matches(hidden, GOLDEN["last_hidden_A"])
    assert_matches(model.head(hidden), GOLDEN["step0_logits_A"])
