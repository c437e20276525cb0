"""Renders in this process: loads each pair of models once and speaks all voices that share it."""

import gc
import logging
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import torch

from gsvbatch.config import EngineConfig
from gsvbatch.data import StopReason
from gsvbatch.engine import Engine, Request, Result, Sampling, VoicePrompt
from gsvbatch.engine.request import DEFAULT_STEPS, MAX_TOKENS
from gsvbatch.errors import CheckpointError, ConfigError
from gsvbatch.gsv.bundle import load_bundle
from gsvbatch.gsv.prosody import Prosody, mandarin_texts
from gsvbatch.gsv.source import ModelSource
from gsvbatch.render.gates import LONGEST_PHONEME, RUN_ON_SLACK, count_spoken
from gsvbatch.render.identity import precision_name
from gsvbatch.render.remembering import RememberingSpeech
from gsvbatch.render.renderer import Renderer
from gsvbatch.render.speech_cache import (
    Cache,
    MemoryCache,
    SpeechCache,
    cache_folder,
    remember_device,
)
from gsvbatch.render.work import (
    LineOutcome,
    LineWork,
    SpeechRequest,
    SpeechResult,
    Stop,
    VoiceRef,
)
from gsvbatch.units import SEMANTIC_RATE, Seconds
from gsvbatch.voice import load_profile
from gsvbatch.voice.conditioning import require_conditioning

logger = logging.getLogger(__name__)


class LocalRunner:
    """A runner with the engine of this machine.

    Args:
        config: Device, precision, slots, encoders, size of the cache.
        reads_cache: Whether what earlier jobs spoke is taken from the cache.
    """

    def __init__(self, config: EngineConfig, *, reads_cache: bool = True) -> None:
        self._config = config
        self._reads_cache = reads_cache
        self.stages: dict[str, Seconds] = {}
        """Busy time of each stage, ``loading`` among them."""

    def run(self, works: Iterable[LineWork], stop: Stop = lambda: False) -> Iterator[LineOutcome]:
        """Yield one outcome per line; see `Runner`.

        Raises:
            CheckpointError: A pair of models cannot be loaded.
            ConfigError: There is no such device.
            StorageError: A file cannot be written.
        """
        by_models: dict[str, list[LineWork]] = {}
        for work in works:
            by_models.setdefault(work.voice.models, []).append(work)
        cache = open_cache(self._config)
        for group in by_models.values():
            if stop():
                return
            yield from self._run_group(group, cache, stop)
            gc.collect()  # the next pair of models needs the room

    def _run_group(self, works: list[LineWork], cache: Cache, stop: Stop) -> Iterator[LineOutcome]:
        opened: list[EngineSpeech] = []

        def open_speech() -> EngineSpeech:
            started = time.perf_counter()
            engine = load_engine(works[0].voice.source, self._config)
            opened.append(EngineSpeech(engine, load_prosody(works, engine)))
            self._add("loading", time.perf_counter() - started)
            return opened[0]

        speech = RememberingSpeech(open_speech, cache, reads=self._reads_cache)
        renderer = Renderer(speech, n_encoders=self._config.encoders)
        try:
            yield from renderer.run(works, stop)
        finally:
            for each in opened:  # none if all was in the cache
                for stage in ("prefill", "decode", "synthesis"):
                    self._add(stage, getattr(each.engine.stats, f"{stage}_busy"))
            self._add("cache", speech.busy)
            self._add("gates", renderer.stages["gates"])
            self._add("files", renderer.stages["files"])

    def _add(self, stage: str, elapsed: Seconds) -> None:
        self.stages[stage] = self.stages.get(stage, 0.0) + elapsed


class EngineSpeech:
    """An engine as a renderer sees it: voices by reference, no tensors."""

    def __init__(self, engine: Engine, prosody: Prosody | None = None) -> None:
        self.engine = engine
        self._prosody = prosody
        self._prompts: dict[str, VoicePrompt] = {}

    def speak(self, requests: Iterable[SpeechRequest]) -> Iterator[SpeechResult]:
        """Yield one result per request, in whatever order they finish."""
        for result in self.engine.run(self._request(request) for request in requests):
            yield _speech_result(result)

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
            bert_features=self._prosody.of(request.utterance.spans) if self._prosody else None,
            speed=sampling.speed,
            sample_steps=sampling.sample_steps or DEFAULT_STEPS,
            max_tokens=token_limit(count_spoken(request.utterance)),
        )

    def _prompt(self, voice: VoiceRef, *, is_free: bool) -> VoicePrompt:
        if voice.digest not in self._prompts:
            profile = load_profile(voice.folder)
            require_conditioning(profile, self.engine.bundle, voice.folder)
            mel = profile.reference_mel
            self._prompts[voice.digest] = VoicePrompt(
                prompt_phoneme_ids=tuple(int(i) for i in profile.prompt_phoneme_ids),
                prompt_tokens=tuple(int(i) for i in profile.prompt_tokens),
                style=torch.from_numpy(profile.style),
                prompt_bert=None
                if profile.prompt_bert is None
                else torch.from_numpy(profile.prompt_bert),
                reference_mel=None if mel is None else torch.from_numpy(mel),
            )
        prompt = self._prompts[voice.digest]
        if is_free:
            return replace(prompt, prompt_phoneme_ids=(), prompt_tokens=(), prompt_bert=None)
        return prompt


def token_limit(n_spoken: int) -> int:
    """Tokens after which an utterance has run on: what the slowest speech would need."""
    longest = n_spoken * LONGEST_PHONEME + RUN_ON_SLACK
    return min(MAX_TOKENS, math.ceil(longest * SEMANTIC_RATE))


def load_prosody(
    works: Sequence[LineWork], engine: Engine, *, is_ahead: bool = True
) -> Prosody | None:
    """The prosody of lines that share their models, on the engine's device; None if none is wanted.

    Args:
        works: What will be spoken.
        engine: What speaks it.
        is_ahead: Whether texts are read in batches ahead of their turn; somebody who listens already
            would wait for all of them.

    Raises:
        CheckpointError: The BERT cannot be loaded, or is not the kind that the models were trained with.
        ConfigError: Its vocabulary is damaged.
    """
    folder = works[0].voice.bert
    probes = [work.probe for work in works[:1]]
    utterances = [*probes, *(utterance for work in works for utterance in work.utterances)]
    upcoming = [text for utterance in utterances for text in mandarin_texts(utterance.spans)]
    if folder is None or not upcoming:
        return None
    from gsvbatch.gsv.bert import load_bert  # transformers takes seconds

    bert = load_bert(folder, device=engine.device, dtype=engine.dtype)
    wanted = engine.bundle.t2s.config.bert_width
    if bert.width != wanted:
        raise CheckpointError(
            folder,
            f"makes prosody features of width {bert.width}, while the models were trained on "
            f"{wanted}; use chinese-roberta-wwm-ext-large, or do without (models.bert: none)",
        )
    return Prosody(bert, upcoming if is_ahead else ())


def load_engine(source: ModelSource, config: EngineConfig) -> Engine:
    """An engine with a pair of models, on the device that the settings name.

    Raises:
        CheckpointError: The models cannot be loaded.
        ConfigError: There is no such device.
    """
    device = choose_device(config.device)
    dtype = choose_dtype(config.dtype, device)
    bundle = load_bundle(source.for_rendering(), device=device, dtype=dtype)
    logger.info("rendering on %s in %s", device, dtype)
    return Engine(
        bundle,
        n_slots=config.slots,
        device=device,
        dtype=dtype,
        max_memory=None if config.max_memory is None else int(config.max_memory * 2**30),
    )


def remembering_speech(work: LineWork, config: EngineConfig) -> RememberingSpeech:
    """What speaks the lines that share a line's models; the engine is made when it is needed.

    Raises:
        ConfigError: There is no such device.
    """

    def open_speech() -> EngineSpeech:
        engine = load_engine(work.voice.source, config)
        return EngineSpeech(engine, load_prosody([work], engine, is_ahead=False))

    return RememberingSpeech(open_speech, open_cache(config))


def open_cache(config: EngineConfig) -> Cache:
    """Where spoken utterances are kept: in the user's folder, or with a size of 0 in memory for this job.

    Raises:
        ConfigError: There is no such device.
    """
    if not config.cache_size:
        return MemoryCache()
    device, folder = choose_device(config.device), cache_folder()
    if config.device == "auto":
        remember_device(folder, device.type)
    dtype = str(choose_dtype(config.dtype, device)).removeprefix("torch.")
    precision = precision_name(device.type, dtype)
    return SpeechCache(folder, int(config.cache_size * 2**30), precision)


def choose_device(name: str) -> torch.device:
    """The device of a name; ``auto`` is a CUDA card if there is one, else the CPU.

    Raises:
        ConfigError: There is no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda"):
        n_cards = torch.cuda.device_count()
        index = int(name.partition(":")[2] or 0)
        if index >= n_cards:
            raise ConfigError(f"engine.device: {name} is not there; CUDA cards found: {n_cards}")
    if name == "mps" and not torch.backends.mps.is_available():
        raise ConfigError("engine.device: mps is not there; use auto or cpu")
    return torch.device(name)


def choose_dtype(name: str, device: torch.device) -> torch.dtype:
    """The precision of a name, ``auto`` among them."""
    names = {
        "float32": torch.float32,
        "float16": torch.float16,
        "bfloat16": torch.bfloat16,
        # half precision saves nothing on a CPU, where it is converted at every step
        "auto": torch.float16 if device.type == "cuda" else torch.float32,
    }
    return names[name]


def _speech_result(result: Result) -> SpeechResult:
    tokens = result.tokens
    return SpeechResult(
        request_id=result.request_id,
        waveform=result.waveform,
        stop_reason=tokens.stop_reason if tokens else StopReason.END,
        n_tokens=len(tokens.tokens) if tokens else 0,
        error=str(result.error) if result.error else "",
    )
