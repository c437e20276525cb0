"""The last step of a line: join, level, tag, label, write. Runs in threads; touches no shared state."""

from collections.abc import Sequence
from dataclasses import replace

from gsvbatch.audio import (
    Loudness,
    apply_gain,
    gain_to,
    join,
    measure_loudness,
    offsets,
    write_audio,
)
from gsvbatch.audio.storage import HeldFileError, storage_error
from gsvbatch.data import Utterance, Waveform
from gsvbatch.errors import GsvBatchError, StorageError
from gsvbatch.render.lines import Attempt, OpenLine
from gsvbatch.render.record import RECORD_TAG, TakeRecord, UtteranceRecord, Verdict
from gsvbatch.render.work import LineOutcome
from gsvbatch.units import Seconds

ROUNDING = 6  # decimals of seconds and decibels in records: microseconds


def deliver(line: OpenLine, level: Loudness | None) -> LineOutcome:
    """Write the file of a settled line.

    Args:
        line: All its utterances spoken.
        level: How loud its voice is; without it, the line's own level counts.

    Returns:
        The outcome; an error if an utterance has no audio, or the file cannot be encoded, or another
        program holds the one that it replaces.

    Raises:
        StorageError: The disk is full or cannot be written, so that no other line could be either.
    """
    work = line.work
    if line.error:
        return LineOutcome(work, error=line.error, level=level)
    attempts = line.attempts()
    try:
        pieces = arrange(work.utterances, attempts)
        joined = join(pieces)
        if work.output.preset is not None:
            gain = gain_to(level or measure_loudness(joined), work.output.preset)
            joined = apply_gain(joined, gain, work.output.preset.ceiling)
        record = _record(line, attempts, _starts(pieces), joined)
        work.output.path.parent.mkdir(parents=True, exist_ok=True)
        written = write_audio(
            work.output.path,
            joined,
            work.output.audio_format,
            replace(
                work.tags,
                seed=record.seed,
                take=record.take,
                qa=record.verdict.value,
                extra={**work.tags.extra, RECORD_TAG: record.to_json()},
            ),
            label=work.label,
            encoding=work.output.encoding,
        )
    except HeldFileError as error:
        return LineOutcome(work, error=str(error), level=level)
    except StorageError:
        raise
    except OSError as error:
        raise storage_error(work.output.path, error) from error
    except GsvBatchError as error:
        return LineOutcome(work, error=str(error), level=level)
    origins = tuple(attempt.origin for attempt in attempts)
    return LineOutcome(work, record=record, file=written, level=level, origins=origins)


def arrange(
    utterances: Sequence[Utterance], attempts: Sequence[Attempt]
) -> list[Waveform | Seconds]:
    """A line's utterances, a pause before and after each."""
    pieces: list[Waveform | Seconds] = []
    for utterance, attempt in zip(utterances, attempts, strict=True):
        pieces += [utterance.pause_before, attempt.waveform, utterance.pause_after]
    return pieces


def _starts(pieces: Sequence[Waveform | Seconds]) -> list[Seconds]:
    return [
        start
        for start, piece in zip(offsets(pieces), pieces, strict=True)
        if isinstance(piece, Waveform)
    ]


def _record(
    line: OpenLine, attempts: Sequence[Attempt], starts: Sequence[Seconds], joined: Waveform
) -> TakeRecord:
    work = line.work
    measured = measure_loudness(joined)
    verdicts = [attempt.judgement.verdict for attempt in attempts]
    return TakeRecord(
        line_id=work.line_id,
        written=work.written,
        speaker=work.speaker,
        chapter=work.chapter,
        take=work.take,
        variation=work.variation,
        fingerprint=work.fingerprint,
        parts=dict(work.parts),
        frontend=work.frontend,
        lexicon=work.lexicon,
        voice=work.voice.name,
        seed=attempts[0].seed,
        n_phonemes=sum(len(utterance.phoneme_ids) for utterance in work.utterances),
        duration=round(joined.duration, ROUNDING),
        sample_rate=joined.sample_rate,
        loudness=_finite(measured.integrated),
        peak=round(measured.true_peak, ROUNDING),
        verdict=max(verdicts, key=lambda verdict: verdict.badness),
        problems=_problems(attempts),
        utterances=tuple(
            UtteranceRecord(
                text=utterance.text,
                spoken_text=utterance.spoken_text,
                start=round(start, ROUNDING),
                duration=round(attempt.waveform.duration, ROUNDING),
                seed=attempt.seed,
                attempts=n_attempts,
                n_tokens=attempt.n_tokens,
                stop_reason=attempt.stop_reason,
                verdict=attempt.judgement.verdict,
                problems=attempt.judgement.problems,
            )
            for utterance, attempt, start, n_attempts in zip(
                work.utterances, attempts, starts, line.n_attempts(), strict=True
            )
        ),
    )


def _problems(attempts: Sequence[Attempt]) -> tuple[str, ...]:
    """What is wrong, with the utterance's number where the line has several."""
    many = len(attempts) > 1
    return tuple(
        f"#{number}: {problem}" if many else problem
        for number, attempt in enumerate(attempts, start=1)
        if attempt.judgement.verdict is not Verdict.OK
        for problem in attempt.judgement.problems
    )


def _finite(level: float) -> float | None:
    return round(level, ROUNDING) if level > -1000 else None
