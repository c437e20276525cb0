"""Renders in this process: loads each pair of models once and speaks all voices that share it."""

import functools
import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, groupby
from pathlib import Path

import torch

from gsvbatch.config import EngineConfig
from gsvbatch.engine import Engine, EngineStats
from gsvbatch.engine.memory import free_memory, release
from gsvbatch.errors import ConfigError
from gsvbatch.gsv.bundle import load_bundle
from gsvbatch.gsv.prosody import Prosody
from gsvbatch.gsv.sizes import pair_values, stored_values
from gsvbatch.gsv.source import ModelSource
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
from gsvbatch.render.work import LineOutcome, LineWork, Stop
from gsvbatch.runners.pool import ModelPool
from gsvbatch.runners.speech import EngineSpeech
from gsvbatch.units import Seconds

logger = logging.getLogger(__name__)

KEPT_SHARE = 0.5
"""Of the memory that is free when the first models are loaded: what models may take, if nothing is said."""


class LocalRunner:
    """A runner with the engine of this machine.

    Lines come as they are drawn: those that share their models should stand together, for with other
    models in between these may have to be loaded anew.

    Args:
        config: Device, precision, slots, encoders, memory, size of the cache.
        reads_cache: Whether what earlier jobs spoke is taken from the cache.
    """

    def __init__(self, config: EngineConfig, *, reads_cache: bool = True) -> None:
        self._config = config
        self._reads_cache = reads_cache
        self._pool: ModelPool | None = None
        self.stages: dict[str, Seconds] = {}
        """Busy time of each stage, ``loading`` among them."""

    @property
    def threads(self) -> Mapping[str, int]:
        """How many threads a stage has, where it is more than one."""
        return {"files": self._config.n_encoders}

    @property
    def pool(self) -> ModelPool:
        """The models that are loaded.

        Raises:
            ConfigError: There is no such device.
        """
        if self._pool is None:
            device = choose_device(self._config.device)
            free = free_memory(device) or 0  # where nobody knows, one pair at a time
            budget = int(free * KEPT_SHARE)
            if self._config.max_memory is not None:
                budget = int(self._config.max_memory * 2**30)
            self._pool = ModelPool(budget, lambda: release(device))
        return self._pool

    @property
    def resident(self) -> tuple[str, ...]:
        """Digests of the pairs of models that need not be loaded again."""
        return () if self._pool is None else self._pool.names

    @property
    def n_loads(self) -> int:
        """How often a pair of models was loaded so far."""
        loads = {} if self._pool is None else self._pool.loads
        return sum(n for name, n in loads.items() if not name.startswith(_BERT))

    def run(self, works: Iterable[LineWork], stop: Stop = lambda: False) -> Iterator[LineOutcome]:
        """Yield one outcome per line; see `Runner`.

        Raises:
            CheckpointError: A pair of models cannot be loaded.
            ConfigError: There is no such device.
            StorageError: A file cannot be written.
        """
        self.stages = {}
        cache = open_cache(self._config)
        for models, group in groupby(works, key=lambda work: work.voice.models):
            yield from self._run_group(models, group, cache, stop)
            if stop():
                return  # asking for the next group would draw the rest of this one

    def _run_group(
        self, models: str, works: Iterator[LineWork], cache: Cache, stop: Stop
    ) -> Iterator[LineOutcome]:
        """Render lines that share their models, which are loaded once something has to be spoken."""
        first = next(works)
        opened: list[tuple[EngineSpeech, EngineStats, Seconds]] = []

        def open_speech() -> EngineSpeech:
            started = time.perf_counter()
            speech = self._speech(models, first.voice.source)
            self._add("loading", time.perf_counter() - started)
            opened.append((speech, speech.engine.stats, speech.loading))
            return speech

        remembering = RememberingSpeech(open_speech, cache, reads=self._reads_cache)
        renderer = Renderer(remembering, n_encoders=self._config.n_encoders)
        try:
            yield from renderer.run(chain([first], works), stop)
        finally:
            for speech, before, loading_before in opened:  # none if all was in the cache
                stats = speech.engine.stats
                for stage in ("prefill", "decode", "synthesis"):
                    name = f"{stage}_busy"
                    self._add(stage, getattr(stats, name) - getattr(before, name))
                self._add("loading", speech.loading - loading_before)
            self._add("cache", remembering.busy)
            self._add("gates", renderer.stages["gates"])
            self._add("files", renderer.stages["files"])

    def _speech(self, models: str, source: ModelSource) -> EngineSpeech:
        """The engine of a pair of models, loaded if it is not there."""

        def load() -> EngineSpeech:
            engine = load_engine(source, self._config)
            return EngineSpeech(engine, functools.partial(self._prosody, models, engine))

        device = choose_device(self._config.device)
        dtype = choose_dtype(self._config.dtype, device)
        copies = 2 if device.type == "cpu" else 1  # on a processor weights are packed besides
        n_bytes = pair_values(source) * dtype.itemsize * copies
        speech = self.pool.get(models, n_bytes, load)
        speech.engine.make_room = lambda: self.pool.keep_only(
            [models, *(name for name in self.pool.names if name.startswith(_BERT))]
        )
        self.pool.note(models, speech.engine.n_bytes)  # before its slots are really there
        return speech

    def _prosody(self, models: str, engine: Engine, folder: Path) -> Prosody:
        """The prosody of a BERT, which pairs of models share."""
        from gsvbatch.gsv.bert_source import bert_weights

        n_bytes = stored_values(bert_weights(folder)) * engine.dtype.itemsize
        return self.pool.get(
            f"{_BERT}{folder}",
            n_bytes,
            lambda: load_prosody(engine, folder),
            beside=[models],
        )

    def _add(self, stage: str, elapsed: Seconds) -> None:
        self.stages[stage] = self.stages.get(stage, 0.0) + elapsed


_BERT = "bert "
"""Before the folder of a BERT, in the pool."""


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
    if is_slow(dtype, device):
        name = str(dtype).removeprefix("torch.")
        logger.warning("engine.dtype %s is slow on this processor; float32 is faster", name)
    return Engine(
        bundle,
        n_slots=config.slots,
        device=device,
        dtype=dtype,
        max_memory=None if config.max_memory is None else int(config.max_memory * 2**30),
    )


def load_prosody(engine: Engine, folder: Path) -> Prosody:
    """The prosody of a BERT, on an engine's device and in its precision.

    Raises:
        CheckpointError: The BERT cannot be loaded.
        ConfigError: Its vocabulary is damaged.
    """
    from gsvbatch.gsv.bert import load_bert  # transformers takes seconds

    return Prosody(load_bert(folder, device=engine.device, dtype=engine.dtype))


def remembering_speech(work: LineWork, config: EngineConfig) -> RememberingSpeech:
    """What speaks the lines that share a line's models; the engine is made when it is needed.

    Raises:
        ConfigError: There is no such device.
    """

    def open_speech() -> EngineSpeech:
        engine = load_engine(work.voice.source, config)
        # Utterances come one by one, each in a call of its own, and no pool keeps a BERT in between.
        return EngineSpeech(engine, functools.cache(functools.partial(load_prosody, engine)))

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
        # bfloat16 is faster on some processors too, but what is heard should not depend on which
        "auto": torch.float16 if device.type == "cuda" else torch.float32,
    }
    return names[name]


def is_slow(dtype: torch.dtype, device: torch.device) -> bool:
    """Whether a device calculates in a precision only by converting it at every step.

    Processors have bfloat16 in AVX-512 or AMX (Intel's since Cooper Lake, AMD's since Zen 4); float16 in AMX
    or AVX-512 too, but seldom. Of other kinds of processors nothing is known.
    """
    if device.type != "cpu" or dtype == torch.float32:
        return False
    found = torch.cpu.get_capabilities()
    if found.get("architecture") != "x86_64":
        return False
    names = {torch.bfloat16: ("avx512_bf16", "amx_bf16"), torch.float16: ("avx512_fp16",)}
    return not any(found.get(name) for name in names[dtype])
