"""A voice reads a list of texts aloud, straight from the engine: tokens and untrimmed audio, each judged.

For lessons and comparisons. Files, retries and levels are rendering's business.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from gsvbatch.audio import trim_edges
from gsvbatch.config import EngineConfig
from gsvbatch.data import Utterance, Waveform
from gsvbatch.engine import Engine, Request, Sampling
from gsvbatch.engine.request import DEFAULT_STEPS
from gsvbatch.errors import UserError, VoiceError
from gsvbatch.gsv.bundle import ModelSource
from gsvbatch.gsv.prosody import Prosody
from gsvbatch.render.gates import count_spoken, judge
from gsvbatch.render.record import Verdict
from gsvbatch.render.seeds import attempt_seed
from gsvbatch.runners.local import load_engine
from gsvbatch.runners.speech import token_limit, voice_prompt
from gsvbatch.text.frontend import Frontend
from gsvbatch.training.pitch import track_pitch
from gsvbatch.units import SEMANTIC_RATE, Hertz, Seconds
from gsvbatch.voice import VoiceProfile, require_models
from gsvbatch.voice.conditioning import require_conditioning

PITCH_RATE: Hertz = 50
N_SLOTS = 16
"""Utterances decoded at once; more would take the memory that students learn in."""


@dataclass(frozen=True, slots=True, eq=False)
class ReadAloud:
    """What became of an utterance."""

    utterance: Utterance
    tokens: tuple[int, ...]
    waveform: Waveform | None
    """As it was made; None where nothing was."""

    verdict: Verdict
    problem: str
    """What is wrong with it, or empty."""


@dataclass(frozen=True, slots=True)
class Scores:
    """How a pair of models read some utterances."""

    who: str
    n_bytes: int
    """Of all files that rendering needs."""

    audio: Seconds
    elapsed: Seconds
    """That the audio took, models loaded and warm."""

    n_ok: int
    n_suspect: int
    n_failed: int
    pitch: Hertz
    """Median of what is voiced."""

    t2s_loss: float
    """Cross-entropy of the teacher's tokens, nats a token."""

    @property
    def real_time_factor(self) -> float:
        """Seconds that a second of audio takes."""
        return self.elapsed / self.audio if self.audio else float("inf")


class Reader:
    """A voice with the engine that it speaks with.

    Args:
        profile: The voice.
        source: Its models.
        frontend: For their symbol table.
        prosody: For Mandarin, or None.
        device: As in ``engine.device``.
        seed: Of everything that is drawn.
        folder: The voice's, for errors.
    """

    def __init__(
        self,
        profile: VoiceProfile,
        source: ModelSource,
        frontend: Frontend,
        prosody: Prosody | None,
        *,
        device: str,
        seed: int,
        folder: Path,
    ) -> None:
        require_models(profile, source.for_rendering().digests(), folder, source)
        self.profile, self.source = profile, source
        self.frontend, self.prosody, self.seed = frontend, prosody, seed
        self.engine: Engine = load_engine(source, EngineConfig(device=device, slots=N_SLOTS))
        require_conditioning(profile, self.engine.bundle, folder)
        prompt = voice_prompt(profile)
        if profile.sampling.ref_free:
            prompt = replace(prompt, prompt_phoneme_ids=(), prompt_tokens=(), prompt_bert=None)
        self.prompt = prompt

    def utterances(
        self, lines: Sequence[tuple[str, str]], language: str | None
    ) -> tuple[list[Utterance], list[str]]:
        """What is to be said of lines, each an id and a text; and what cannot be said, with the reason."""
        found: list[Utterance] = []
        problems: list[str] = []
        for line_id, text in lines:
            try:
                found += self.frontend.utterances(line_id, text, language)
            except UserError as error:
                problems.append(f"line {line_id}: {error}")
        return found, problems

    def read(self, utterances: Iterable[Utterance]) -> Iterator[ReadAloud]:
        """Yield what becomes of each utterance, as it is finished."""
        asked: dict[str, Utterance] = {}

        def requests() -> Iterator[Request]:
            for utterance in utterances:
                asked[utterance.id] = utterance
                yield self._request(utterance)

        for result in self.engine.run(requests()):
            utterance = asked.pop(result.request_id)
            if result.waveform is None or result.tokens is None:
                yield ReadAloud(utterance, (), None, Verdict.FAILED, str(result.error))
                continue
            found = judge(
                trim_edges(result.waveform), utterance, result.tokens.stop_reason, speed=1.0
            )
            yield ReadAloud(
                utterance,
                result.tokens.tokens,
                result.waveform,
                found.verdict,
                "; ".join(found.problems),
            )

    def _request(self, utterance: Utterance) -> Request:
        chosen, usual = self.profile.sampling, Sampling()
        return Request(
            id=utterance.id,
            phoneme_ids=utterance.phoneme_ids,
            voice=self.prompt,
            seed=attempt_seed(self.seed, utterance.id, 0, 0, 0),
            sampling=Sampling(
                top_k=chosen.top_k or usual.top_k,
                top_p=chosen.top_p or usual.top_p,
                temperature=chosen.temperature or usual.temperature,
                repetition_penalty=chosen.repetition_penalty or usual.repetition_penalty,
            ),
            bert_features=self.prosody.of(utterance.spans) if self.prosody else None,
            sample_steps=chosen.sample_steps or DEFAULT_STEPS,
            max_tokens=token_limit(count_spoken(utterance)),
        )


def require_consent(profile: VoiceProfile, today: date | None = None) -> None:
    """Make sure that a voice may be used.

    Raises:
        VoiceError: It may not.
    """
    problem = profile.consent_problem(today)
    if problem is not None:
        raise VoiceError(profile.label, problem)


def score(
    who: str,
    reader: Reader,
    utterances: Sequence[Utterance],
    t2s_loss: float,
    *,
    report: Callable[[int], None] = lambda _: None,
) -> Scores:
    """Let a voice read utterances, and measure how.

    Args:
        who: Name for the figures.
        reader: The voice.
        utterances: At least one; the first is read once before, to warm up.
        t2s_loss: What was measured of its text-to-semantic.
        report: Told how many are done.
    """
    list(reader.read(utterances[:1]))
    started = time.perf_counter()
    heard: list[ReadAloud] = []
    for one in reader.read(utterances):
        heard.append(one)
        report(len(heard))
    elapsed = time.perf_counter() - started
    waveforms = [one.waveform for one in heard if one.waveform is not None]
    files = reader.source.for_rendering().files()
    counts = {verdict: sum(one.verdict is verdict for one in heard) for verdict in Verdict}
    return Scores(
        who=who,
        n_bytes=sum(path.stat().st_size for path in files.values()),
        audio=sum(waveform.duration for waveform in waveforms),
        elapsed=elapsed,
        n_ok=counts[Verdict.OK],
        n_suspect=counts[Verdict.SUSPECT],
        n_failed=counts[Verdict.FAILED],
        pitch=_median_pitch(waveforms),
        t2s_loss=t2s_loss,
    )


def samples_wanted(tokens: Sequence[int], sample_rate: Hertz) -> int:
    """How many samples tokens stand for at the model's own speed."""
    return len(tokens) * sample_rate // SEMANTIC_RATE


def _median_pitch(waveforms: Sequence[Waveform]) -> Hertz:
    heights = []
    for waveform in waveforms:
        n_frames = int(waveform.duration * PITCH_RATE)
        if n_frames:
            hertz, voiced = track_pitch(
                waveform.samples, waveform.sample_rate, n_frames, PITCH_RATE
            )
            heights.append(hertz[voiced])
    known = np.concatenate(heights) if heights else np.zeros(0)
    return round(float(np.median(known))) if len(known) else 0
