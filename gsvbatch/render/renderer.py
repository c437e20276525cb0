"""Lines in, files out: speaks utterances, judges them, tries bad ones again, hands lines to encoders.

    works -> requests -> speech -> gates -> (retry) -> encoder threads -> outcomes

The speech draws requests as it has room, retries before new lines, so that a retry waits for nobody
and no batch runs half empty at the end of a round.
"""

import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from gsvbatch.audio import Loudness, measure_loudness, trim_edges
from gsvbatch.audio.ffmpeg import end_encoders
from gsvbatch.errors import RenderError, StorageError
from gsvbatch.render.delivery import deliver
from gsvbatch.render.lines import OpenLine
from gsvbatch.render.seeds import attempt_seed
from gsvbatch.render.work import (
    LineOutcome,
    LineWork,
    Speech,
    SpeechRequest,
    SpeechResult,
    SpeechSampling,
    Stop,
)
from gsvbatch.units import Seconds

ENCODINGS_PER_THREAD = 4
"""Lines waiting for an encoder; more would only pile up samples in memory."""


@dataclass(slots=True)
class _VoiceLevel:
    """A voice's level, and the lines that wait for it."""

    level: Loudness | None = None
    is_known: bool = False
    waiting: list[OpenLine] = field(default_factory=list)


class _Stopped(Exception):  # noqa: N818 - a way out, not a failure
    """Leaves a speech in the middle of its work."""


class Renderer:
    """Renders lines with one speech.

    Args:
        speech: What speaks.
        n_encoders: Threads that encode and write files.
    """

    def __init__(self, speech: Speech, *, n_encoders: int = 2) -> None:
        self.speech = speech
        self.n_encoders = n_encoders
        self.stages: dict[str, Seconds] = {"speech": 0.0, "gates": 0.0, "files": 0.0}
        """Busy time of each stage, summed over its threads."""

        self._lines: dict[str, tuple[OpenLine, SpeechRequest]] = {}
        self._probes: dict[str, str] = {}
        self._levels: dict[str, _VoiceLevel] = {}
        self._retries: deque[SpeechRequest] = deque()
        self._encodings: set[Future[tuple[LineOutcome, Seconds]]] = set()
        self._refused: list[LineOutcome] = []
        self._failure: StorageError | None = None

    def run(self, works: Iterable[LineWork], stop: Stop = lambda: False) -> Iterator[LineOutcome]:
        """Yield an outcome for each line as it is finished.

        Args:
            works: Lines to render, drawn as there is room.
            stop: Asked after every utterance; when it says so, what is being encoded is finished and
                the rest abandoned.

        Raises:
            StorageError: A file cannot be written; all that could be was yielded before.
        """
        source = iter(works)
        with ThreadPoolExecutor(self.n_encoders, "encoder") as pool:
            try:
                is_going = True
                while is_going and self._failure is None:
                    yield from self._speak(source, stop, pool)
                    is_going = bool(self._retries) and not stop()
                yield from self._finished(keep=0)
            except KeyboardInterrupt:  # the second one: nobody waits for what is being encoded
                self._cancel()
                end_encoders()
                raise
            finally:
                self._cancel()
        if self._failure is not None:
            raise self._failure

    def _cancel(self) -> None:
        """Give up the encodings that no thread has begun."""
        for encoding in self._encodings:
            encoding.cancel()

    def _speak(
        self, source: Iterator[LineWork], stop: Stop, pool: ThreadPoolExecutor
    ) -> Iterator[LineOutcome]:
        """Speak until the speech has run dry; retries that came too late for it are left."""
        started = time.perf_counter()
        results = self.speech.speak(self._requests(source, stop))
        with suppress(_Stopped), _closed_after(results):
            for result in results:
                self.stages["speech"] += time.perf_counter() - started
                self._hear(result, pool)
                yield from self._finished(keep=self.n_encoders * ENCODINGS_PER_THREAD)
                if self._failure is not None or stop():
                    return
                started = time.perf_counter()

    def _requests(self, source: Iterator[LineWork], stop: Stop) -> Iterator[SpeechRequest]:
        while True:
            while self._retries:
                yield self._retries.popleft()
            if stop():
                # A big batch speaks for minutes; this leaves it at the next free slot.
                raise _Stopped
            work = next(source, None)
            if work is None:
                return
            if not work.utterances:
                continue
            if work.problem:
                self._refused.append(LineOutcome(work, error=work.problem))
                continue
            line = OpenLine(work)
            yield from self._probe(work)
            for position in range(len(work.utterances)):
                yield self._remembered(line, position)

    def _probe(self, work: LineWork) -> Iterator[SpeechRequest]:
        """The request that a voice's level is measured on, when its first line comes."""
        if work.output.preset is None or work.voice.digest in self._levels:
            return
        known = self._levels[work.voice.digest] = _VoiceLevel(work.level, work.level is not None)
        if known.is_known:
            return
        request = level_request(work)
        self._probes[request.id] = work.voice.digest
        yield request

    def _remembered(self, line: OpenLine, position: int) -> SpeechRequest:
        request = line.request(position)
        self._lines[request.id] = (line, request)
        return request

    def _hear(self, result: SpeechResult, pool: ThreadPoolExecutor) -> None:
        """Take a result in: a level, a retry, or a line that can be encoded."""
        started = time.perf_counter()
        if result.request_id in self._probes:
            known = self._levels[self._probes.pop(result.request_id)]
            known.is_known = True
            if result.waveform is not None:
                measured = measure_loudness(trim_edges(result.waveform))
                known.level = measured if measured.duration else None
            for waiting in known.waiting:
                self._encode(waiting, pool)
            known.waiting.clear()
        else:
            line, request = self._lines.pop(result.request_id)
            if line.hear(request, result):
                self._retries.append(self._remembered(line, request.utterance.index))
            elif line.is_settled:
                known = self._levels.get(line.work.voice.digest, _VoiceLevel(is_known=True))
                if known.is_known or line.work.output.preset is None:
                    self._encode(line, pool)
                else:
                    known.waiting.append(line)
        self.stages["gates"] += time.perf_counter() - started

    def _encode(self, line: OpenLine, pool: ThreadPoolExecutor) -> None:
        known = self._levels.get(line.work.voice.digest)
        self._encodings.add(pool.submit(_timed_delivery, line, known.level if known else None))

    def _finished(self, *, keep: int) -> list[LineOutcome]:
        """Outcomes of files that are written; waits until at most ``keep`` are under way.

        Lines that are refused come with them.

        The first write error is kept for the end, so that what was written is not lost with it.
        """
        outcomes, self._refused = self._refused, []
        while True:
            done = {encoding for encoding in self._encodings if encoding.done()}
            self._encodings -= done
            for encoding in done:
                try:
                    outcome, elapsed = encoding.result()
                except StorageError as error:
                    self._failure = self._failure or error
                    continue
                self.stages["files"] += elapsed
                outcomes.append(outcome)
            if len(self._encodings) <= keep:
                return outcomes
            wait(self._encodings, return_when=FIRST_COMPLETED)


def level_request(work: LineWork) -> SpeechRequest:
    """The request that the level of a line's voice is measured on.

    Raises:
        RenderError: The voice has nothing to say for that.
    """
    if work.probe is None:
        raise RenderError(work.problem)
    return SpeechRequest(
        id=f"level of {work.voice.name}",
        voice=work.voice,
        utterance=work.probe,
        sampling=SpeechSampling(top_k=15, top_p=1, temperature=1, repetition_penalty=1.35, speed=1),
        seed=attempt_seed(0, f"level/{work.voice.digest}/{work.voice.models}", 0, 0, 0),
    )


def _timed_delivery(line: OpenLine, level: Loudness | None) -> tuple[LineOutcome, Seconds]:
    started = time.perf_counter()
    return deliver(line, level), time.perf_counter() - started


@contextmanager
def _closed_after(results: Iterator[SpeechResult]) -> Iterator[None]:
    """Abandon results when the block is left, if they are a generator's."""
    try:
        yield
    finally:
        if isinstance(results, Generator):
            results.close()
