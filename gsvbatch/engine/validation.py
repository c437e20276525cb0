"""What a request may ask for. Checked on the host: on a device an id out of range ends the process."""

from collections.abc import Sequence as Many

from torch import Tensor

from gsvbatch.engine.request import MAX_STEPS, MAX_TOKENS, Request
from gsvbatch.gsv.bundle import ModelBundle
from gsvbatch.gsv.mel_synthesizer import AnySynthesizer, MelSynthesizer
from gsvbatch.gsv.t2s import MAX_POSITIONS


def request_problem(request: Request, bundle: ModelBundle) -> str | None:
    """Why the models cannot speak a request, or None if they can."""
    voice, sampling = request.voice, request.sampling
    config, n_codes = bundle.t2s.config, bundle.t2s.config.eos
    n_symbols = min(config.n_phonemes, bundle.synthesizer.config.n_phonemes)
    n_phonemes = len(voice.prompt_phoneme_ids) + len(request.phoneme_ids)
    style = bundle.synthesizer.config.style
    checks = (
        (not request.phoneme_ids, "there is nothing to say: it has no phonemes"),
        (
            not _are_within(voice.prompt_phoneme_ids + request.phoneme_ids, n_symbols),
            f"a phoneme id is outside the models' table of {n_symbols}",
        ),
        (
            not _are_within(voice.prompt_tokens, n_codes),
            f"a prompt token is outside the models' {n_codes} codes",
        ),
        (
            tuple(voice.style.shape) != (style,),
            f"the voice's style has shape {list(voice.style.shape)}, the models need [{style}]",
        ),
        (
            isinstance(bundle.synthesizer, MelSynthesizer) and not voice.prompt_tokens,
            f"the voice has no prompt, and a {bundle.version} model continues one",
        ),
        (
            not _is_continued(voice.reference_mel, bundle.synthesizer),
            "the voice has no mel of its reference that fits the models; enroll it again",
        ),
        (
            not 1 <= request.sample_steps <= MAX_STEPS,
            f"sample_steps is {request.sample_steps}, allowed are 1 to {MAX_STEPS}",
        ),
        (
            not 1 <= request.max_tokens <= MAX_TOKENS,
            f"max_tokens is {request.max_tokens}, allowed are 1 to {MAX_TOKENS}",
        ),
        (
            n_phonemes > MAX_POSITIONS
            or len(voice.prompt_tokens) + request.max_tokens > MAX_POSITIONS,
            f"too long: the models know {MAX_POSITIONS} positions; cut the text into shorter pieces",
        ),
        (
            not _fits(request.bert_features, config.bert_width, len(request.phoneme_ids))
            or not _fits(voice.prompt_bert, config.bert_width, len(voice.prompt_phoneme_ids)),
            f"prosody features must be {config.bert_width} for each phoneme",
        ),
        (not 0 <= request.seed < 2**63, "the seed does not fit into 63 bits"),
        (not 0.1 <= request.speed <= 10, f"speed {request.speed:g} is outside 0.1 to 10"),
        (sampling.top_k < 1, "top_k is below 1"),
        (not 0 < sampling.top_p <= 1, "top_p is outside (0, 1]"),
        (not sampling.temperature > 0, "temperature is not above 0"),
        (not sampling.repetition_penalty >= 1, "repetition_penalty is below 1"),
    )
    return next((problem for is_wrong, problem in checks if is_wrong), None)


def _are_within(ids: Many[int], n: int) -> bool:
    return all(0 <= i < n for i in ids)


def _is_continued(mel: Tensor | None, synthesizer: AnySynthesizer) -> bool:
    """Whether a reference's mel is there where a synthesizer continues one."""
    if not isinstance(synthesizer, MelSynthesizer):
        return True
    is_there = mel is not None and mel.dim() == 2 and mel.shape[1] > 0
    return is_there and mel is not None and len(mel) == synthesizer.config.dit.n_mels


def _fits(features: Tensor | None, width: int, n_phonemes: int) -> bool:
    return features is None or tuple(features.shape) == (width, n_phonemes)
