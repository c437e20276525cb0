"""A speech that says nothing twice: equal requests are spoken once, in this job and the next ones.

A request that was spoken before gets its result from the cache; one that is being spoken right now waits
for that result; only what is left goes to the speech itself, which is not even made until it is needed.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain

from gsvbatch.render.cache_entry import Spoken
from gsvbatch.render.identity import speech_key
from gsvbatch.render.speech_cache import Cache
from gsvbatch.render.work import Speech, SpeechRequest, SpeechResult

FROM_CACHE = "cache"
"""`SpeechResult.origin` of what an earlier job spoke."""


class RememberingSpeech:
    """Speaks what nobody has spoken before.

    Args:
        open_speech: Makes the speech; called at most once, for the first request that is new.
        cache: Where results are looked for and kept.
        reads: Whether what earlier jobs kept counts; else only what this one speaks.
    """

    def __init__(
        self, open_speech: Callable[[], Speech], cache: Cache, *, reads: bool = True
    ) -> None:
        self._open_speech = open_speech
        self._cache = cache
        self._reads = reads
        self._speech: Speech | None = None
        self._speakers: dict[str, str] = {}
        """Lines that were spoken in this job, by key."""

        self.busy = 0.0
        """Seconds spent on the cache."""

    def speak(self, requests: Iterable[SpeechRequest]) -> Iterator[SpeechResult]:
        """Yield one result per request, in whatever order they finish; see `Speech`."""
        upcoming = iter(requests)
        # As long as everything is known, there is no need for a speech, nor to draw ahead of one.
        for request in upcoming:
            known = self._recall(speech_key(request), request)
            if known is None:
                yield from self._speak_new(request, upcoming)
                return
            yield known

    def _speak_new(
        self, first: SpeechRequest, upcoming: Iterator[SpeechRequest]
    ) -> Iterator[SpeechResult]:
        """Speak the first request and those after it; known ones among them are given in between."""
        known: deque[tuple[str, SpeechRequest]] = deque()
        asked: dict[str, tuple[str, SpeechRequest]] = {}
        waiting: dict[str, list[SpeechRequest]] = {}

        def unknown() -> Iterator[SpeechRequest]:
            for request in chain((first,), upcoming):
                key = speech_key(request)
                if key in waiting:
                    waiting[key].append(request)
                elif request is not first and self._counts(key) and self._cache.holds(key):
                    known.append(
                        (key, request)
                    )  # read in its turn, for a thousand would fill memory
                else:
                    waiting[key] = []
                    asked[request.id] = key, request
                    yield request

        if self._speech is None:
            self._speech = self._open_speech()
        lost: list[SpeechRequest] = []
        with _closed_after(self._speech.speak(unknown())) as results:
            for result in results:
                key, request = asked.pop(result.request_id)
                self._keep(key, request, result)
                yield result
                for repeat in waiting.pop(key):
                    yield replace(result, request_id=repeat.id, origin=request.utterance.line_id)
                yield from self._recalled(known, lost)
        yield from self._recalled(known, lost)
        if lost:
            yield from self.speak(lost)

    def _recalled(
        self, requests: deque[tuple[str, SpeechRequest]], lost: list[SpeechRequest]
    ) -> Iterator[SpeechResult]:
        """Results that were seen in the cache; what went away since is lost, and has to be spoken."""
        while requests:
            key, request = requests.popleft()
            known = self._recall(key, request)
            if known is None:
                lost.append(request)
            else:
                yield known

    def _counts(self, key: str) -> bool:
        """Whether what the cache has under a key may be used."""
        return self._reads or key in self._speakers

    def _recall(self, key: str, request: SpeechRequest) -> SpeechResult | None:
        """The result of a request that was spoken before."""
        if not self._counts(key):
            return None
        started = time.perf_counter()
        spoken = self._cache.get(key)
        self.busy += time.perf_counter() - started
        if spoken is None:
            return None
        return SpeechResult(
            request_id=request.id,
            waveform=spoken.waveform,
            stop_reason=spoken.stop_reason,
            n_tokens=spoken.n_tokens,
            origin=self._speakers.get(key, FROM_CACHE),
        )

    def _keep(self, key: str, request: SpeechRequest, result: SpeechResult) -> None:
        """Keep what was spoken; an error is not, for the next try may have more memory."""
        if result.waveform is None:
            return
        started = time.perf_counter()
        self._cache.put(key, Spoken(result.waveform, result.stop_reason, result.n_tokens))
        self._speakers[key] = request.utterance.line_id
        self.busy += time.perf_counter() - started


@contextmanager
def _closed_after(results: Iterator[SpeechResult]) -> Iterator[Iterator[SpeechResult]]:
    """Abandon results when the block is left, if they are a generator's."""
    try:
        yield results
    finally:
        if isinstance(results, Generator):
            results.close()
