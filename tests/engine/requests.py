"""Requests for toy models, of many lengths, voices and settings, and what an engine makes of them."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from gsvbatch.data import StopReason
from gsvbatch.engine import Engine, Request, Result, Sampling, VoicePrompt
from gsvbatch.gsv.bundle import ModelBundle
from tests import toy

N_REQUESTS = 16
LEAST_PRECISION = 1e-4

SAMPLINGS = (
    Sampling(),
    Sampling(top_k=1),
    Sampling(top_k=50, temperature=1.3, repetition_penalty=1.0),
    Sampling(top_p=0.8, temperature=0.7),
)


def voice(seed: int) -> VoicePrompt:
    """A voice with a prompt and a style of its own."""
    draw = np.random.default_rng(seed)
    return VoicePrompt(
        prompt_phoneme_ids=tuple(draw.integers(0, toy.N_PHONEMES, 3 + seed % 5).tolist()),
        prompt_tokens=tuple(draw.integers(0, 1024, 4 + seed % 7).tolist()),
        style=torch.from_numpy(draw.normal(size=toy.STYLE_WIDTH).astype(np.float32)),
    )


def request(number: int, **changes: Any) -> Request:
    """The request of a number: every third voice, every length from 1 to 14 phonemes."""
    draw = np.random.default_rng(1000 + number)
    plain = Request(
        id=f"line-{number}",
        phoneme_ids=tuple(draw.integers(0, toy.N_PHONEMES, 1 + (number * 5) % 14).tolist()),
        voice=voice(number % 3),
        sampling=SAMPLINGS[number % len(SAMPLINGS)],
        seed=number * 7919,
        speed=(1.0, 1.0, 1.3)[number % 3],
        max_tokens=32,
    )
    return replace(plain, **changes)


def rendered(bundle: ModelBundle, requests: list[Request], **settings: Any) -> dict[str, Result]:
    results = list(Engine(bundle, **settings).run(requests))
    assert len(results) == len(requests)
    return {result.request_id: result for result in results}


def tokens_of(results: dict[str, Result]) -> dict[str, tuple[tuple[int, ...], bool]]:
    found = {}
    for name, result in results.items():
        assert result.tokens is not None, result.error
        found[name] = (result.tokens.tokens, result.tokens.stop_reason is StopReason.END)
    return found


def assert_same_audio(results: dict[str, Result], others: dict[str, Result]) -> None:
    for name, result in results.items():
        other = others[name].waveform
        assert result.waveform is not None
        assert other is not None
        np.testing.assert_allclose(
            result.waveform.samples, other.samples, atol=LEAST_PRECISION, err_msg=name
        )
