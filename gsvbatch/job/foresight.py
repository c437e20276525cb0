"""Which lines a render will not have to speak: they are in the cache, or say what another line says."""

from collections.abc import Mapping, Sequence

from gsvbatch.config import EngineConfig
from gsvbatch.job.desk import Case
from gsvbatch.job.records import Action
from gsvbatch.render.identity import precision_name, speech_key
from gsvbatch.render.remembering import FROM_CACHE
from gsvbatch.render.requests import attempt_request
from gsvbatch.render.speech_cache import (
    Cache,
    MemoryCache,
    SpeechCache,
    cache_folder,
    remembered_device,
)


def foresee(
    cases: Sequence[Case], config: EngineConfig, *, reads_cache: bool = True
) -> Mapping[str, str]:
    """Where the audio of lines will come from that are rendered without being spoken.

    Only first attempts are looked at; a line whose first attempt failed its checks is tried again.

    Args:
        cases: In the order in which they are rendered.
        config: Says for which device and precision, and whether there is a cache at all.
        reads_cache: Whether what earlier jobs spoke counts.

    Returns:
        By line id: ``cache``, or the id of the line that is spoken in its place.
    """
    cache = _cache(config) if reads_cache else None
    speakers: dict[str, str] = {}
    origins: dict[str, str] = {}
    for case in cases:
        if case.decision.action is not Action.RENDER:
            continue
        found = [_origin(key, speakers, cache) for key in first_keys(case)]
        if found and all(origin for _, origin in found):
            named = [origin for _, origin in found if origin != FROM_CACHE]
            origins[case.source.id] = named[0] if named else FROM_CACHE
        speakers.update({key: case.source.id for key, origin in found if not origin})
    return origins


def first_keys(case: Case) -> list[str]:
    """What identifies the first attempt at each utterance of a line that is not blocked."""
    assert case.part is not None  # a blocked line is never rendered
    part = case.part
    return [
        speech_key(
            attempt_request(
                case.utterances,
                position,
                voice=part.voice.ref,
                sampling=part.sampling,
                job_seed=part.seed,
                variation=case.decision.variation,
            )
        )
        for position in range(len(case.utterances))
    ]


def _origin(key: str, speakers: Mapping[str, str], cache: Cache | None) -> tuple[str, str]:
    if key in speakers:
        return key, speakers[key]
    return key, FROM_CACHE if cache is not None and cache.holds(key) else ""


def _cache(config: EngineConfig) -> Cache:
    """The cache that rendering with these settings will read; an empty one if that cannot be known yet."""
    folder = cache_folder()
    device = remembered_device(folder) if config.device == "auto" else config.device
    if not config.cache_size or not device:
        return MemoryCache()
    precision = precision_name(device.partition(":")[0], config.dtype)
    return SpeechCache(folder, int(config.cache_size * 2**30), precision)
