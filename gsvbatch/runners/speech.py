"""An engine as a renderer sees it: voices by reference, no tensors."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from gsvbatch.data import StopReason
from gsvbatch.engine import Engine, Request, Result, Sampling, VoicePrompt
from gsvbatch.engine.request import DEFAULT_STEPS, MAX_TOKENS
from gsvbatch.errors import CheckpointError
from gsvbatch.gsv.prosody import AHEAD, Prosody, mandarin_texts
from gsvbatch.render.gates import LONGEST_PHONEME, RUN_ON_SLACK, count_spoken
from gsvbatch.render.work import SpeechRequest, SpeechResult, VoiceRef
from gsvbatch.units import SEMANTIC_RATE, Seconds
from gsvbatch.voice import VoiceProfile, load_profile
from gsvbatch.voice.conditioning import require_conditioning


class EngineSpeech:
    """Speaks the voices of one pair of models.

    Args:
        engine: With the models.
        load_prosody: Makes the prosody of a BERT's folder, when the first text is spoken with it.
    """

    def __init__(self, engine: Engine, load_prosody: Callable[[Path], Prosody]) -> None:
        self.engine = engine
        self.loading: Seconds = 0.0
        """Time for loading prosody."""

        self._load_prosody = load_prosody
        self._prosodies: dict[Path, Prosody] = {}
        self._prompts: dict[str, VoicePrompt] = {}

    def speak(self, requests: Iterable[SpeechRequest]) -> Iterator[SpeechResult]:
        """Yield one result per request, in whatever order they finish.

        Raises:
            CheckpointError: A BERT cannot be loaded, or is not the kind that the models were trained with.
            ConfigError: Its vocabulary is damaged.
        """
        try:
            for result in self.engine.run(self._ahead(requests)):
                yield _speech_result(result)
        finally:
            self._prosodies.clear()  # the pool decides what stays loaded

    def _ahead(self, requests: Iterable[SpeechRequest]) -> Iterator[Request]:
        """Requests for the engine; with a BERT, texts are drawn some ahead, to go through it together."""
        source = iter(requests)
        for first in source:
            block = [first]
            if first.voice.bert is not None:
                block += islice(source, AHEAD - 1)
                self._expect(block)
            yield from map(self._request, block)

    def _expect(self, block: list[SpeechRequest]) -> None:
        """Tell the prosody which texts come next."""
        texts: dict[Path, list[str]] = {}
        for request in block:
            said = mandarin_texts(request.utterance.spans)
            if request.voice.bert is not None and said:
                texts.setdefault(request.voice.bert, []).extend(said)
        for folder, upcoming in texts.items():
            self._prosody(folder).expect(upcoming)

    def _prosody(self, folder: Path) -> Prosody:
        if folder not in self._prosodies:
            started = time.perf_counter()
            prosody = self._load_prosody(folder)
            self.loading += time.perf_counter() - started
            wanted = self.engine.bundle.t2s.config.bert_width
            if prosody.width != wanted:
                raise CheckpointError(
                    folder,
                    f"makes prosody features of width {prosody.width}, while the models were trained "
                    f"on {wanted}; use chinese-roberta-wwm-ext-large, or do without "
                    "(models.bert: none)",
                )
            self._prosodies[folder] = prosody
        return self._prosodies[folder]

    def _features(self, request: SpeechRequest) -> Tensor | None:
        """Prosody features of what is said, (D, P); None if none of it has any."""
        spans = request.utterance.spans
        if request.voice.bert is None or not mandarin_texts(spans):
            return None
        return self._prosody(request.voice.bert).of(spans)

    def _request(self, request: SpeechRequest) -> Request:
        sampling = request.sampling
        return Request(
            id=request.id,
            phoneme_ids=request.utterance.phoneme_ids,
            voice=self._prompt(request.voice, is_free=sampling.ref_free),
            seed=request.seed,
            sampling=Sampling(
                top_k=sampling.top_k,
                top_p=sampling.top_p,
                temperature=sampling.temperature,
                repetition_penalty=sampling.repetition_penalty,
            ),
            bert_features=self._features(request),
            speed=sampling.speed,
            sample_steps=sampling.sample_steps or DEFAULT_STEPS,
            max_tokens=token_limit(count_spoken(request.utterance)),
        )

    def _prompt(self, voice: VoiceRef, *, is_free: bool) -> VoicePrompt:
        if voice.digest not in self._prompts:
            profile = load_profile(voice.folder)
            require_conditioning(profile, self.engine.bundle, voice.folder)
            self._prompts[voice.digest] = voice_prompt(profile)
        prompt = self._prompts[voice.digest]
        if is_free:
            return replace(prompt, prompt_phoneme_ids=(), prompt_tokens=(), prompt_bert=None)
        return prompt


def voice_prompt(profile: VoiceProfile) -> VoicePrompt:
    """What of a voice the engine is given."""
    mel, bert = profile.reference_mel, profile.prompt_bert
    return VoicePrompt(
        prompt_phoneme_ids=tuple(int(i) for i in profile.prompt_phoneme_ids),
        prompt_tokens=tuple(int(i) for i in profile.prompt_tokens),
        style=torch.from_numpy(profile.style),
        prompt_bert=None if bert is None else torch.from_numpy(bert),
        reference_mel=None if mel is None else torch.from_numpy(mel),
    )


def token_limit(n_spoken: int) -> int:
    """Tokens after which an utterance has run on: what the slowest speech would need."""
    longest = n_spoken * LONGEST_PHONEME + RUN_ON_SLACK
    return min(MAX_TOKENS, math.ceil(longest * SEMANTIC_RATE))


def _speech_result(result: Result) -> SpeechResult:
    tokens = result.tokens
    return SpeechResult(
        request_id=result.request_id,
        waveform=result.waveform,
        stop_reason=tokens.stop_reason if tokens else StopReason.END,
        n_tokens=len(tokens.tokens) if tokens else 0,
        error=str(result.error) if result.error else "",
    )
