"""The reference that the engine is held to: one utterance at a time, no cache, no batch, no cleverness.

Written from the description of upstream's decoding loop; its sampling is checked against upstream's in
tests/engine/test_golden_decoding.py. It is slow: every step runs the whole sequence again.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from gsvbatch.engine.noise import exponential_race, latent_noise
from gsvbatch.engine.request import Request, Sampling
from gsvbatch.gsv.bundle import ModelBundle
from gsvbatch.gsv.reference_mel import denormalized
from gsvbatch.gsv.t2s import TextToSemantic
from gsvbatch.gsv.vocoder import vocode

Race = Callable[[int, int], Tensor]
"""Exponential draws for (step, number of choices), (choices,)."""


def probabilities(logits: Tensor, history: list[int], sampling: Sampling) -> tuple[Tensor, Tensor]:
    """What is drawn from, (V,), and the logits after the repetition penalty."""
    logits = logits.clone()
    for token in set(history):
        by = sampling.repetition_penalty
        logits[token] = logits[token] * by if logits[token] < 0 else logits[token] / by
    penalized = logits.clone()
    if sampling.top_p < 1:
        order = torch.argsort(logits, descending=True)
        cumulative = torch.cumsum(torch.softmax(logits[order], 0), 0)
        for place, token in enumerate(order.tolist()):
            if place > 0 and cumulative[place] > sampling.top_p:
                logits[token] = -torch.inf
    logits = logits / max(sampling.temperature, 1e-5)
    smallest = torch.sort(logits, descending=True).values[min(sampling.top_k, len(logits)) - 1]
    logits[logits < smallest] = -torch.inf
    return torch.softmax(logits, 0), penalized


@torch.inference_mode()
def decode(
    model: TextToSemantic,
    phonemes: Tensor,
    prompt: list[int],
    sampling: Sampling,
    race: Race,
    max_tokens: int,
) -> tuple[list[int], bool]:
    """New tokens, and whether the model ended of itself.

    Args:
        model: The network.
        phonemes: Embedded phonemes of prompt and utterance, (1, P, D).
        prompt: Tokens of the reference.
        sampling: How to draw.
        race: Where the randomness comes from.
        max_tokens: When to stop at the latest.
    """
    tokens: list[int] = []
    eos = model.config.eos
    while len(tokens) < max_tokens:
        history = prompt + tokens
        embedded = model.embed_tokens(torch.tensor([history]).long(), torch.arange(len(history)))
        hidden = model(phonemes, embedded)[0, -1] if history else phonemes_only(model, phonemes)
        logits = model.head(hidden)
        if len(tokens) < 11:
            logits = logits[:eos]
        probability, penalized = probabilities(logits, history, sampling)
        token = int(torch.argmax(probability / race(len(tokens), len(logits))))
        if token == eos or int(penalized.argmax()) == eos:
            return tokens, True
        tokens.append(token)
    return tokens, False


def phonemes_only(model: TextToSemantic, phonemes: Tensor) -> Tensor:
    """The hidden state (D,) of the last phoneme, where there is no token yet."""
    everything = torch.ones(1, 1, phonemes.shape[1], phonemes.shape[1], dtype=torch.bool)
    for layer in model.h.layers:
        phonemes = layer(phonemes, everything)
    return phonemes[0, -1]


@torch.inference_mode()
def tokens_of(bundle: ModelBundle, request: Request) -> tuple[tuple[int, ...], bool]:
    """The semantic tokens of a request, and whether speech ended of itself."""
    voice, model = request.voice, bundle.t2s
    ids = torch.tensor([voice.prompt_phoneme_ids + request.phoneme_ids])
    bert = None
    if voice.prompt_bert is not None or request.bert_features is not None:
        halves = (
            (voice.prompt_bert, len(voice.prompt_phoneme_ids)),
            (request.bert_features, len(request.phoneme_ids)),
        )
        zeros = [torch.zeros(model.config.bert_width, n) for _, n in halves]
        parts = [
            zero if half is None else half for (half, _), zero in zip(halves, zeros, strict=True)
        ]
        bert = torch.cat(parts, 1)[None]

    def race(step: int, n_choices: int) -> Tensor:
        return exponential_race(torch.tensor([request.seed]), torch.tensor([step]), n_choices)[0]

    tokens, is_end = decode(
        model,
        model.embed_phonemes(ids, bert),
        list(voice.prompt_tokens),
        request.sampling,
        race,
        request.max_tokens,
    )
    return tuple(tokens), is_end


@torch.inference_mode()
def mel_audio_of(bundle: ModelBundle, request: Request, tokens: tuple[int, ...]) -> Tensor:
    """The samples of a v3 or v4 request whose tokens are known, (N,): window after window."""
    model, voice = bundle.synthesizer, request.voice
    frames = model.frames
    style = voice.style[None, :, None]

    def condition(ids: tuple[int, ...], phonemes: tuple[int, ...], speed: float) -> Tensor:
        out, _ = model.condition(
            torch.tensor([ids]),
            torch.tensor([len(ids)]),
            torch.tensor([phonemes]),
            torch.tensor([len(phonemes)]),
            style,
            torch.tensor([speed]),
        )
        return out

    reference = condition(voice.prompt_tokens, voice.prompt_phoneme_ids, 1.0)
    line = condition(tokens, request.phoneme_ids, request.speed)
    n_least = min(voice.reference_mel.shape[1], reference.shape[2])
    mel, reference = voice.reference_mel[None, :, :n_least], reference[:, :, :n_least]
    if n_least > frames.longest_prompt:
        n_least = frames.longest_prompt
        mel, reference = mel[:, :, -n_least:], reference[:, :, -n_least:]
    chunk = frames.window - n_least
    noise = latent_noise(torch.tensor([request.seed]), mel.shape[1], line.shape[2])
    drawn = []
    for start in range(0, line.shape[2], chunk):
        part = line[:, :, start : start + chunk]
        zeros = torch.zeros(1, mel.shape[1], part.shape[2])
        new = model.cfm(
            torch.cat([torch.zeros_like(mel), noise[:, :, start : start + chunk]], 2),
            torch.cat([reference, part], 2),
            torch.cat([mel, zeros], 2),
            torch.tensor([mel.shape[2]]),
            n_steps=request.sample_steps,
        )[:, :, mel.shape[2] :]
        drawn.append(new)
        mel, reference = new[:, :, -n_least:], part[:, :, -n_least:]
    audio: Tensor = vocode(bundle.vocoder, denormalized(torch.cat(drawn, 2)))[0, 0]
    return audio


@torch.inference_mode()
def audio_of(bundle: ModelBundle, request: Request, tokens: tuple[int, ...]) -> Tensor:
    """The samples of a request whose tokens are known, (N,)."""
    synthesizer = bundle.synthesizer
    n_frames = 2 * len(tokens)
    if request.speed != 1:
        n_frames = int(n_frames / request.speed) + 1
    latent = synthesizer.config.latent
    samples, n_samples = synthesizer(
        torch.tensor([tokens]),
        torch.tensor([len(tokens)]),
        torch.tensor([request.phoneme_ids]),
        torch.tensor([len(request.phoneme_ids)]),
        request.voice.style[None, :, None],
        noise=latent_noise(torch.tensor([request.seed]), latent, n_frames),
        speed=torch.tensor([request.speed]),
    )
    audio: Tensor = samples[0, 0, : int(n_samples)]
    return audio
