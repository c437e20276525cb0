"""The decoding loop against the tokens that upstream's own loop made, full size; and its sampling."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gsvbatch.engine.request import Sampling
from gsvbatch.gsv.t2s import T2SConfig, TextToSemantic
from tests import naive
from tests.golden_weights import golden_weights

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "golden_t2s.json").read_text(encoding="utf-8")
)
N_TOKENS = 40
GREEDY = {"top_k": 1, "top_p": 1.0, "temperature": 1.0}


def uniform_race(step: int, n_choices: int) -> Tensor:
    return torch.ones(n_choices)


@pytest.fixture(scope="module")
def model() -> TextToSemantic:
    model = TextToSemantic(T2SConfig()).eval()
    shapes = {f"model.{key}": tuple(value.shape) for key, value in model.state_dict().items()}
    weights = golden_weights(shapes)
    model.load_state_dict({key.removeprefix("model."): value for key, value in weights.items()})
    return model


def phonemes_of(model: TextToSemantic, name: str) -> Tensor:
    ids = torch.tensor([GOLDEN[f"phones_{name}"]])
    seed = {"A": 3, "B": 4}[name]
    bert = np.random.RandomState(seed).uniform(-1, 1, (1024, ids.shape[1])).astype(np.float32)
    with torch.inference_mode():
        return model.embed_phonemes(ids, torch.from_numpy(bert)[None])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "name", "penalty", "has_prompt"),
    [
        ("greedy_naive_A", "A", 1.35, True),
        ("greedy_naive_B", "B", 1.35, True),
        ("greedy_rep6_naive_A", "A", 6.0, True),
        ("greedy_reffree_A", "A", 1.35, False),
    ],
)
def test_greedy_tokens_equal_upstreams(
    model: TextToSemantic, case: str, name: str, penalty: float, has_prompt: bool
) -> None:
    prompt = GOLDEN["prompt"] if has_prompt else []
    sampling = Sampling(repetition_penalty=penalty, **GREEDY)
    phonemes = phonemes_of(model, name)
    tokens, is_end = naive.decode(model, phonemes, prompt, sampling, uniform_race, N_TOKENS)
    assert prompt + tokens == GOLDEN[case]["y"][: len(prompt) + N_TOKENS]
    assert not is_end


@pytest.mark.slow
def test_drawn_tokens_equal_upstreams_from_the_same_generator(model: TextToSemantic) -> None:
    generator = torch.Generator().manual_seed(1234)

    def race(step: int, n_choices: int) -> Tensor:
        return torch.empty(1, n_choices).exponential_(1, generator=generator)[0]

    tokens, _ = naive.decode(
        model, phonemes_of(model, "A"), GOLDEN["prompt"], Sampling(), race, N_TOKENS
    )
    assert GOLDEN["prompt"] + tokens == GOLDEN["seed1234_topk15_naive_A"]["y"][: 20 + N_TOKENS]


@pytest.mark.parametrize("case", GOLDEN["sampling_cases"])
def test_probabilities_equal_upstreams(case: dict[str, Any]) -> None:
    settings = {"top_k": 1025, "repetition_penalty": 1.0} | case["args"]
    probability, penalized = naive.probabilities(
        torch.tensor(case["logits"]), case["previous"], Sampling(**settings)
    )
    torch.testing.assert_close(probability, torch.tensor(case["probs"]), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(penalized, torch.tensor(case["logits_after_call_inplace"]))
