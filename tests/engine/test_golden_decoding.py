"""The decoding loop against the tokens that upstream's own loop made, full size; and its sampling."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gsvbatch.engine import Request, Sampling, VoicePrompt, sampling
from gsvbatch.engine.sequence import Sequence
from gsvbatch.engine.t2s_runner import T2SRunner
from gsvbatch.gsv.t2s import T2SConfig, TextToSemantic
from tests import naive
from tests.golden_weights import golden_weights

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "golden_t2s.json").read_text(encoding="utf-8")
)
N_TOKENS = 40
BERT_SEEDS = {"A": 3, "B": 4}


@pytest.fixture(scope="module")
def model() -> TextToSemantic:
    model = TextToSemantic(T2SConfig()).eval()
    shapes = {f"model.{key}": tuple(value.shape) for key, value in model.state_dict().items()}
    weights = golden_weights(shapes)
    model.load_state_dict({key.removeprefix("model."): value for key, value in weights.items()})
    return model


def request(name: str, settings: Sampling, prompt: list[int]) -> Request:
    phonemes = tuple(GOLDEN[f"phones_{name}"])
    bert = np.random.RandomState(BERT_SEEDS[name]).uniform(-1, 1, (1024, len(phonemes)))
    return Request(
        id=name,
        phoneme_ids=phonemes,
        voice=VoicePrompt((), tuple(prompt), style=torch.zeros(0)),
        seed=1,
        sampling=settings,
        bert_features=torch.from_numpy(bert.astype(np.float32)),
        max_tokens=N_TOKENS,
    )


def decode(model: TextToSemantic, requests: list[Request]) -> list[list[int]]:
    """The tokens of each request, prompt included, decoded together."""
    runner = T2SRunner(model, n_slots=len(requests))
    sequences = [Sequence(each, slot=slot) for slot, each in enumerate(requests)]
    runner.prefill(sequences)
    while len(runner.collect(sequences)) < len(sequences):
        runner.decode(sequences)
    return [
        [*sequence.request.voice.prompt_tokens, *sequence.tokens.tokens]
        for sequence in sequences
        if sequence.tokens is not None
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("case", "penalty"), [("greedy", 1.35), ("greedy_rep6", 6.0)])
def test_a_batch_says_what_upstream_says_one_by_one(
    model: TextToSemantic, case: str, penalty: float
) -> None:
    settings = Sampling(top_k=1, repetition_penalty=penalty)
    tokens = decode(model, [request(name, settings, GOLDEN["prompt"]) for name in "AB"])
    assert tokens == GOLDEN[f"{case}_batch_AB"]["y"]
    assert tokens[0] == GOLDEN[f"{case}_naive_A"]["y"][: len(tokens[0])]


@pytest.mark.slow
def test_without_a_prompt(model: TextToSemantic) -> None:
    (tokens,) = decode(model, [request("A", Sampling(top_k=1), [])])
    assert tokens == GOLDEN["greedy_reffree_A"]["y"][:N_TOKENS]


@pytest.mark.slow
def test_drawn_tokens_equal_upstreams_from_the_same_generator(
    model: TextToSemantic, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = torch.Generator().manual_seed(1234)

    def upstreams_race(seeds: Tensor, steps: Tensor, n_choices: int) -> Tensor:
        # While the end token is not allowed, upstream draws one number less.
        n_drawn = n_choices - (int(steps[0]) < sampling.MIN_TOKENS)
        race = torch.ones(1, n_choices)
        race[:, :n_drawn] = torch.empty(1, n_drawn).exponential_(1, generator=generator)
        return race

    monkeypatch.setattr(sampling, "exponential_race", upstreams_race)
    (tokens,) = decode(model, [request("A", Sampling(), GOLDEN["prompt"])])
    assert tokens == GOLDEN["seed1234_topk15_naive_A"]["y"][: len(tokens)]


@pytest.mark.parametrize("case", GOLDEN["sampling_cases"])
def test_the_references_probabilities_equal_upstreams(case: dict[str, Any]) -> None:
    settings = {"top_k": 1025, "repetition_penalty": 1.0} | case["args"]
    probability, penalized = naive.probabilities(
        torch.tensor(case["logits"]), case["previous"], Sampling(**settings)
    )
    torch.testing.assert_close(probability, torch.tensor(case["probs"]), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(penalized, torch.tensor(case["logits_after_call_inplace"]))
