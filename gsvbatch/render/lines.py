"""Lines on their way: which utterances are still to come, and the best attempt at each so far."""

from dataclasses import dataclass, field

from gsvbatch.audio import trim_edges
from gsvbatch.data import StopReason, Waveform
from gsvbatch.render.gates import Judgement, judge
from gsvbatch.render.record import Verdict
from gsvbatch.render.requests import attempt_request
from gsvbatch.render.work import LineWork, SpeechRequest, SpeechResult


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at one utterance, heard and judged."""

    waveform: Waveform
    seed: int
    n_tokens: int
    stop_reason: StopReason
    judgement: Judgement
    origin: str
    """As in `SpeechResult`."""


@dataclass(slots=True)
class _OpenUtterance:
    n_attempts: int = 0
    best: Attempt | None = None
    error: str = ""
    """Of the last attempt, if it made no audio."""

    is_settled: bool = False


@dataclass(slots=True)
class OpenLine:
    """A line whose utterances are being spoken; the one mutable record of rendering."""

    work: LineWork
    utterances: list[_OpenUtterance] = field(init=False)

    def __post_init__(self) -> None:
        self.utterances = [_OpenUtterance() for _ in self.work.utterances]

    @property
    def is_settled(self) -> bool:
        """Whether nothing more will be asked for."""
        return all(utterance.is_settled for utterance in self.utterances)

    @property
    def error(self) -> str:
        """Why the line has no audio, or an empty text."""
        return next((u.error for u in self.utterances if u.is_settled and u.best is None), "")

    def attempts(self) -> list[Attempt]:
        """The best attempt at each utterance."""
        return [utterance.best for utterance in self.utterances if utterance.best is not None]

    def n_attempts(self) -> list[int]:
        """How often each utterance was tried."""
        return [utterance.n_attempts for utterance in self.utterances]

    def request(self, position: int) -> SpeechRequest:
        """The next attempt at an utterance."""
        work = self.work
        return attempt_request(
            work.utterances,
            position,
            voice=work.voice,
            sampling=work.sampling,
            job_seed=work.seed,
            variation=work.variation,
            attempt=self.utterances[position].n_attempts,
        )

    def hear(self, request: SpeechRequest, result: SpeechResult) -> bool:
        """Take an attempt in; returns whether another one is wanted."""
        utterance = self.utterances[request.utterance.index]
        utterance.n_attempts += 1
        again = True
        if result.waveform is None or not len(result.waveform.samples):
            utterance.error = result.error or "no audio came out"
        else:
            attempt = self._judged(request, result, result.waveform)
            if utterance.best is None or _rank(attempt) < _rank(utterance.best):
                utterance.best = attempt
            again = attempt.judgement.verdict is not Verdict.OK and attempt.judgement.is_retried
        utterance.is_settled = not again or utterance.n_attempts > self.work.retries
        return not utterance.is_settled

    def _judged(self, request: SpeechRequest, result: SpeechResult, waveform: Waveform) -> Attempt:
        trimmed = trim_edges(waveform)
        judgement = judge(
            trimmed, request.utterance, result.stop_reason, speed=request.sampling.speed
        )
        return Attempt(
            waveform=trimmed if self.work.output.trim else waveform,
            seed=request.seed,
            n_tokens=result.n_tokens,
            stop_reason=result.stop_reason,
            judgement=judgement,
            origin=result.origin,
        )


def _rank(attempt: Attempt) -> tuple[int, float]:
    """Less is better; of equals the earlier attempt stays."""
    return attempt.judgement.verdict.badness, attempt.judgement.oddness
