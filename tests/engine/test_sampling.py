"""Drawing tokens for many rows at once: each row as if it were alone, and as upstream would."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from gsvbatch.engine import noise
from gsvbatch.engine.noise import exponential_race, latent_noise
from gsvbatch.engine.request import Sampling
from gsvbatch.engine.sampling import MIN_TOKENS, Draw, draw
from tests import naive

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "golden_t2s.json").read_text(encoding="utf-8")
)
SEVEN = torch.tensor([7])


def draw_rows(
    logits: Tensor,
    histories: list[list[int]],
    samplings: list[Sampling],
    steps: list[int],
    seeds: list[int],
) -> Draw:
    seen = torch.zeros(logits.shape, dtype=torch.bool)
    for row, history in enumerate(histories):
        seen[row, history] = True
    return draw(
        logits,
        seen=seen,
        steps=torch.tensor(steps),
        seeds=torch.tensor(seeds),
        top_k=torch.tensor([s.top_k for s in samplings]),
        top_p=torch.tensor([s.top_p for s in samplings]),
        temperature=torch.tensor([s.temperature for s in samplings]),
        penalty=torch.tensor([s.repetition_penalty for s in samplings]),
        max_top_k=max(s.top_k for s in samplings),
    )


@pytest.mark.parametrize("case", GOLDEN["sampling_cases"])
def test_frequencies_are_upstreams_probabilities(case: dict[str, Any]) -> None:
    n_rows = 4000
    settings = Sampling(**({"top_k": 1025, "repetition_penalty": 1.0} | case["args"]))
    # One more column for the end token, which is never drawn.
    logits = torch.tensor([[*case["logits"], -1e9]]).repeat(n_rows, 1)
    drawn = draw_rows(
        logits, [case["previous"]] * n_rows, [settings] * n_rows, [50] * n_rows, list(range(n_rows))
    )
    frequency = torch.bincount(drawn.tokens, minlength=9)[:8] / n_rows
    expected = torch.tensor(case["probs"])
    torch.testing.assert_close(frequency, expected, rtol=0, atol=0.03)
    assert not frequency[expected == 0].any()


def test_rows_with_different_rules_are_drawn_as_if_alone() -> None:
    generator = torch.Generator().manual_seed(0)
    samplings = [
        Sampling(),
        Sampling(top_k=1),
        Sampling(top_p=0.7),
        Sampling(temperature=0.3, repetition_penalty=3.0),
        Sampling(top_k=5, top_p=0.4, temperature=2.0),
    ] * 12
    n_rows = len(samplings)
    logits = 3 * torch.randn(n_rows, 65, generator=generator)
    histories = [
        torch.randint(0, 64, (row % 9,), generator=generator).tolist() for row in range(n_rows)
    ]
    steps = [(7 * row) % 30 for row in range(n_rows)]
    seeds = [row * 977 for row in range(n_rows)]
    drawn = draw_rows(logits, histories, samplings, steps, seeds)
    for row in range(n_rows):
        n_choices = 64 if steps[row] < MIN_TOKENS else 65
        probability, penalized = naive.probabilities(
            logits[row, :n_choices], histories[row], samplings[row]
        )
        race = exponential_race(torch.tensor([seeds[row]]), torch.tensor([steps[row]]), n_choices)[
            0
        ]
        token = int(torch.argmax(probability / race))
        is_end = token == 64 or int(penalized.argmax()) == 64
        assert (int(drawn.tokens[row]), bool(drawn.is_end[row])) == (token, is_end)


@pytest.mark.parametrize(("step", "is_end"), [(0, False), (10, False), (11, True), (500, True)])
def test_the_end_token_is_not_allowed_in_the_first_draws(step: int, is_end: bool) -> None:
    logits = torch.tensor([[0.0, 1.0, 9.0]])
    assert draw_rows(logits, [[]], [Sampling(top_k=1)], [step], [0]).is_end.item() is is_end


def test_the_end_token_wins_as_soon_as_it_is_the_likeliest() -> None:
    logits = torch.tensor([[0.0, 1.0, 1.01]]).repeat(200, 1)
    settings = Sampling(top_k=3, temperature=50.0)
    drawn = draw_rows(logits, [[]] * 200, [settings] * 200, [20] * 200, list(range(200)))
    assert len(drawn.tokens.unique()) == 3
    assert drawn.is_end.all()


def test_the_penalty_decides_who_is_likeliest() -> None:
    logits = torch.tensor([[2.0, 0.5, 1.9]])
    settings = Sampling(top_k=1, repetition_penalty=1.35)
    assert draw_rows(logits, [[0]], [settings], [20], [0]).is_end.item()
    assert not draw_rows(logits, [[]], [settings], [20], [0]).is_end.item()


def test_ties_at_the_border_of_top_k_are_all_kept() -> None:
    logits = torch.tensor([[1.0, 1.0, 1.0, -9.0, -9.0]]).repeat(300, 1)
    drawn = draw_rows(logits, [[]] * 300, [Sampling(top_k=2)] * 300, [20] * 300, list(range(300)))
    assert drawn.tokens.unique().tolist() == [0, 1, 2]


def test_noise_depends_on_seed_and_counter_alone() -> None:
    seeds, steps = torch.tensor([5, 9, 5]), torch.tensor([3, 3, 4])
    together = exponential_race(seeds, steps, 100)
    alone = torch.cat([exponential_race(seeds[i : i + 1], steps[i : i + 1], 100) for i in range(3)])
    torch.testing.assert_close(together, alone, rtol=0, atol=0)
    assert not torch.isclose(together[0], together[2]).any()
    assert not torch.isclose(together[0], together[1]).any()
    torch.testing.assert_close(exponential_race(seeds, steps, 60), together[:, :60], rtol=0, atol=0)
    long, short = latent_noise(SEVEN, 16, 50)[0], latent_noise(SEVEN, 16, 20)[0]
    torch.testing.assert_close(long[:, :20], short, rtol=0, atol=0)


def test_the_last_step_of_uniform_numbers_stays_below_one() -> None:
    # This counter's hash begins with 24 ones. Rounded to 1, it won every race, even against top-k.
    uniform = noise._uniform(torch.tensor([4375518]))
    assert uniform.item() < 1
    assert (-uniform.log()).log().isfinite()


def test_noise_has_its_distribution() -> None:
    # Seeds as close as line numbers, steps as they come: neighbours must not resemble each other.
    race = exponential_race(torch.arange(400), torch.arange(400) % 20, 1025)
    assert race.min() > 0
    assert race.isfinite().all()
    for moment in (1, 2, 3):
        expected = float(torch.tensor(moment + 1.0).lgamma().exp())
        assert float(race.double().pow(moment).mean()) == pytest.approx(expected, rel=0.03)
    correlation = torch.corrcoef(race[:50].log())
    assert (correlation - torch.eye(50)).abs().max() < 0.15
    normal = latent_noise(torch.tensor([2**62 + 1]), 192, 500)[0]
    assert float(normal.mean()) == pytest.approx(0, abs=0.02)
    assert float(normal.std()) == pytest.approx(1, abs=0.02)
    assert float(normal.pow(4).mean()) == pytest.approx(3, rel=0.1)
    assert float((normal[:, 1:] * normal[:, :-1]).mean()) == pytest.approx(0, abs=0.02)
