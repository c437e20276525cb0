"""What other batched engines for these models got wrong, each as a test that this one does not.

Every defect was measured in a published program: attention over unwritten cache slots, the first token of
a line lost, the repetition penalty ignored in batches, lines that hear their neighbours, tails that differ in
padded batches, a mixed batch spoken with one voice, silence instead of an error.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gsvbatch.engine import Engine, Request, Result, Sampling
from gsvbatch.engine.sequence import Sequence
from gsvbatch.engine.t2s_runner import T2SRunner
from gsvbatch.gsv.bundle import ModelBundle
from tests import naive, toy
from tests.engine.requests import request, voice

LEAST_PRECISION = 1e-4


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    return toy.toy_bundle(tmp_path_factory.mktemp("models"))


def spoken(bundle: ModelBundle, requests: list[Request], **settings: int) -> dict[str, Result]:
    return {result.request_id: result for result in Engine(bundle, **settings).run(requests)}


def samples(result: Result) -> np.ndarray:
    assert result.waveform is not None, result.error
    return result.waveform.samples


@pytest.mark.parametrize("packs", [False, True])
@torch.inference_mode()
def test_logits_are_the_naive_ones_whatever_lies_in_unwritten_slots(
    bundle: ModelBundle, packs: bool
) -> None:
    lines = [request(n, max_tokens=30) for n in range(5)]  # of unequal lengths
    runner = T2SRunner(bundle.t2s, 5, packs=packs)
    runner.slots.reserve(128)
    for cache in (*runner.slots.keys, *runner.slots.values):
        cache.normal_(std=20)
    kept: list[torch.Tensor] = []
    keep = runner._plain.logits
    runner._plain.logits = lambda hidden: kept.append(keep(hidden).clone()) or kept[-1].clone()  # type: ignore[method-assign, func-returns-value]
    sequences = [Sequence(line, slot=slot) for slot, line in enumerate(lines)]
    for sequence in sequences:  # alone, so that the first logits are in the order of slots
        runner.prefill([sequence])
    first = torch.cat(kept)
    kept.clear()
    for _ in range(19):
        runner.decode(sequences)
    for slot, line in enumerate(lines):
        tokens = runner.slots.tokens[slot, :20].tolist()
        found = torch.stack([first[slot], *(step[slot] for step in kept)])
        expected = teacher_forced(bundle, line, tokens)
        assert (found - expected).abs().max() < LEAST_PRECISION
        assert expected.std() > 0.1


def teacher_forced(bundle: ModelBundle, line: Request, tokens: list[int]) -> torch.Tensor:
    """Logits of every token in one pass without a cache, (n, V)."""
    model, prompt = bundle.t2s, list(line.voice.prompt_tokens)
    history = prompt + tokens
    ids = torch.tensor([line.voice.prompt_phoneme_ids + line.phoneme_ids])
    embedded = model.embed_tokens(torch.tensor([history]), torch.arange(len(history)))
    hidden = model(model.embed_phonemes(ids), embedded)[0]
    return model.head(hidden[len(prompt) - 1 : -1])


def test_the_first_token_of_every_line_is_kept(bundle: ModelBundle) -> None:
    lines = [request(n, sampling=Sampling(top_k=1), max_tokens=15) for n in range(6)]
    results = spoken(bundle, lines, n_slots=6)
    for line in lines:
        tokens, _ = naive.tokens_of(bundle, line)
        found = results[line.id].tokens
        assert found is not None
        assert found.tokens[0] == tokens[0]
        assert len(found.tokens) == len(tokens)
        per_token = bundle.synthesizer.samples_per_token
        if line.speed == 1:
            assert len(samples(results[line.id])) == len(tokens) * per_token


def test_every_row_of_a_batch_has_its_own_repetition_penalty(bundle: ModelBundle) -> None:
    settings = [Sampling(top_k=1, repetition_penalty=p) for p in (1.0, 1.1, 5.0)]
    lines = [request(2, id=str(i), sampling=s) for i, s in enumerate(settings)]
    results = spoken(bundle, lines, n_slots=3)
    found = [results[line.id].tokens for line in lines]
    assert [t.tokens for t in found if t] == [naive.tokens_of(bundle, x)[0] for x in lines]
    assert len({t.tokens for t in found if t}) == 3


def test_a_loud_neighbour_turns_nobody_down(bundle: ModelBundle, tmp_path: Path) -> None:
    loud = replace(voice(1), style=voice(1).style * 40)
    lines = [request(3, id="quiet"), request(3, id="loud", voice=loud)]
    together = spoken(bundle, lines, n_slots=2, batch_tokens=500)
    alone = spoken(bundle, lines[:1], n_slots=1)
    assert np.abs(samples(together["loud"])).max() > 1.5 * np.abs(samples(together["quiet"])).max()
    np.testing.assert_allclose(
        samples(together["quiet"]), samples(alone["quiet"]), atol=LEAST_PRECISION
    )


@pytest.mark.parametrize("packs", [False, True])
def test_a_line_sounds_as_if_alone_to_its_last_sample(bundle: ModelBundle, packs: bool) -> None:
    lines = [request(n, max_tokens=12 + 3 * n, speed=1.0) for n in range(6)]
    together = spoken(bundle, lines, n_slots=6, batch_tokens=1000, packs=packs)
    for line in lines:
        one, other = samples(together[line.id]), samples(spoken(bundle, [line], n_slots=1)[line.id])
        scale = np.abs(other).max()
        tail = bundle.synthesizer.samples_per_token // 2
        np.testing.assert_allclose(one / scale, other / scale, atol=LEAST_PRECISION)
        assert np.abs(one[-tail:] - other[-tail:]).max() < LEAST_PRECISION * scale
        assert np.abs(other[-tail:]).max() > 0.01 * scale  # a tail that could differ


def test_everybody_in_a_mixed_batch_has_their_own_voice(bundle: ModelBundle) -> None:
    lines = [request(1, id=str(n), voice=voice(n), speed=1.0) for n in range(4)]
    together = spoken(bundle, lines, n_slots=4, batch_tokens=1000)
    for line in lines:
        tokens = together[line.id].tokens
        assert tokens is not None
        expected = naive.audio_of(bundle, line, tokens.tokens).numpy()
        np.testing.assert_allclose(samples(together[line.id]), expected, atol=LEAST_PRECISION)
        wrong = replace(line, voice=replace(line.voice, style=lines[0].voice.style))
        if line is not lines[0]:
            other = naive.audio_of(bundle, wrong, tokens.tokens).numpy()
            assert np.abs(other - expected).max() > 10 * LEAST_PRECISION


def test_what_cannot_be_spoken_is_an_error_and_no_silence(bundle: ModelBundle) -> None:
    bad, good = request(0, id="bad", phoneme_ids=(9999,)), request(1)
    results = spoken(bundle, [bad, good], n_slots=2)
    assert results["bad"].error is not None
    assert results["bad"].waveform is None
    assert samples(results[good.id]).std() > 0


def test_the_same_samples_come_from_every_batch_size(bundle: ModelBundle) -> None:
    lines = [request(n) for n in range(7)]
    runs = [
        spoken(bundle, lines, n_slots=n, batch_tokens=b) for n, b in ((1, 1), (3, 60), (7, 900))
    ]
    for line in lines:
        tokens = {result[line.id].tokens.tokens for result in runs if result[line.id].tokens}  # type: ignore[union-attr]
        assert len(tokens) == 1
        for other in runs[1:]:
            np.testing.assert_allclose(
                samples(runs[0][line.id]), samples(other[line.id]), atol=LEAST_PRECISION
            )
