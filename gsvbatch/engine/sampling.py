"""Draws the next token of every row, each by its own rules, in upstream's order.

repetition penalty -> end rule -> top-p -> temperature -> top-k -> draw

The order matters: top-p sees logits before the temperature, and whether the end token wins by arg-max is
judged right after the penalty. All rows go through at once; no row looks at another.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from gsvbatch.engine.noise import exponential_race

MIN_TOKENS = 11
"""Draws in which the end token is not allowed: 0.44 s."""

MIN_TEMPERATURE = 1e-5


@dataclass(frozen=True, slots=True)
class Draw:
    """What one step drew."""

    tokens: Tensor
    """(B,) int64."""

    is_end: Tensor
    """(B,) bool: the row ends, and its token does not count."""


def draw(
    logits: Tensor,
    *,
    seen: Tensor,
    steps: Tensor,
    seeds: Tensor,
    top_k: Tensor,
    top_p: Tensor | None,
    temperature: Tensor,
    penalty: Tensor,
    max_top_k: int,
) -> Draw:
    """Draw one token for every row.

    Args:
        logits: (B, V), the end token last.
        seen: Tokens of prompt and history, (B, V) bool.
        steps: Tokens drawn before, (B,) int64.
        seeds: (B,) int64.
        top_k: (B,) int64, at least 1.
        top_p: (B,), or None where every row keeps all.
        temperature: (B,).
        penalty: (B,).
        max_top_k: The largest of ``top_k``, known without asking the device.
    """
    eos = logits.shape[1] - 1
    logits = logits.float()
    by = penalty[:, None]
    logits = torch.where(seen, torch.where(logits < 0, logits * by, logits / by), logits)
    too_early = steps < MIN_TOKENS
    logits[:, eos].masked_fill_(too_early, -torch.inf)
    best = logits.argmax(dim=1)
    if top_p is not None:
        logits = keep_nucleus(logits, top_p)
    logits = logits / temperature.clamp(min=MIN_TEMPERATURE)[:, None]
    largest = logits.topk(min(max_top_k, logits.shape[1]), dim=1).values
    last_kept = largest.gather(1, (top_k - 1).clamp(0, largest.shape[1] - 1)[:, None])
    logits = logits.masked_fill(logits < last_kept, -torch.inf)
    # The arg-max of probability over an exponential draw falls on a token with its probability; logs
    # keep it exact without normalizing.
    race = exponential_race(seeds, steps, logits.shape[1]).log_()
    tokens = (logits - race).argmax(dim=1)
    return Draw(tokens, (best == eos) | (tokens == eos))


def keep_nucleus(logits: Tensor, top_p: Tensor) -> Tensor:
    """The logits (B, V) with -inf outside each row's nucleus.

    An entry goes when the probability of it and all likelier ones exceeds ``top_p`` (B,): the one that
    crosses the border goes too, unlike the common convention, but the likeliest always stays.
    """
    ordered, order = logits.sort(dim=1, descending=True)
    goes = ordered.softmax(dim=1).cumsum(dim=1) > top_p[:, None]
    goes[:, 0] = False
    return logits.masked_fill(torch.zeros_like(goes).scatter(1, order, goes), -torch.inf)
