"""A teacher reads a list of texts to its student: each text once, whatever happens in between."""

import hashlib
import json
from collections.abc import Callable, Sequence, Set
from pathlib import Path

import numpy as np

from gsvbatch.errors import ConfigError
from gsvbatch.job.reading_aloud import Reader, samples_wanted
from gsvbatch.render.record import Verdict
from gsvbatch.training.clips import Clip, to_int16
from gsvbatch.training.dictation import dictated_ids, keep_clip, keep_failure, read_dictation
from gsvbatch.units import Seconds

LEAST_SPEECH: Seconds = 10.0
"""To learn from; hours are good."""

ID_LENGTH = 12
"""Of a line's id; what follows it in a clip's counts its utterances."""


def dictate(
    reader: Reader,
    lines: Sequence[tuple[str, str]],
    folder: Path,
    *,
    language: str | None,
    first: Set[str],
    enough: Seconds,
    spoken: Callable[[int, int, Seconds], bool],
) -> list[str]:
    """Let a voice read what it has not read yet.

    Args:
        reader: The voice.
        lines: Ids and texts.
        folder: Where what it reads is kept.
        language: Of the texts; None detects it.
        first: Lines that are read before the others.
        enough: Speech after which it may stop.
        spoken: Told how many utterances are read, of how many, and how long they are; False ends it.

    Returns:
        What cannot be read, and why.
    """
    utterances, problems = reader.utterances(lines, language)
    done = dictated_ids(folder)
    # Those to measure on first: a list need not be read to its end.
    utterances.sort(key=lambda utterance: utterance.line_id not in first)
    missing = [one for one in utterances if _file_name(one.id) not in done]
    audio = sum(clip.duration for clip in read_dictation(folder).clips)
    if not missing or audio >= enough:
        return problems
    for n_read, heard in enumerate(reader.read(missing), start=len(utterances) - len(missing) + 1):
        utterance, waveform = heard.utterance, heard.waveform
        clip_id = _file_name(utterance.id)
        if waveform is None or heard.verdict is Verdict.FAILED:
            keep_failure(folder, clip_id, utterance.text, heard.problem)
        else:
            features = reader.prosody.of(utterance.spans) if reader.prosody else None
            n_samples = samples_wanted(heard.tokens, waveform.sample_rate)
            clip = Clip(
                id=clip_id,
                text=utterance.text,
                phoneme_ids=utterance.phoneme_ids,
                tokens=np.array(heard.tokens, np.int64),
                samples=to_int16(waveform.samples, n_samples),
                sample_rate=waveform.sample_rate,
                bert=None if features is None else features.half().cpu().numpy(),
            )
            keep_clip(folder, clip)
            audio += clip.duration
        if not spoken(n_read, len(utterances), audio) or audio >= enough:
            break
    return problems


def line_id(i: int, text: str) -> str:
    """An id that another text at this place does not have."""
    return f"{i:05d}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def spoken_by(reader: Reader) -> str:
    """What tells one teacher's lines from another's."""
    digests = reader.engine.bundle.digest
    parts = [reader.profile.digest, *digests.rendering, reader.seed, reader.prosody is not None]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:8]


def _file_name(utterance_id: str) -> str:
    return utterance_id.replace("#", "-")


def require_enough(
    clips: Sequence[Clip],
    held: Sequence[Clip],
    duration: Seconds,
    n_failed: int,
    problems: Sequence[str],
) -> None:
    """Make sure that there is something to learn from, and something to measure on.

    Raises:
        ConfigError: There is too little; the message says how much there is.
    """
    if duration >= LEAST_SPEECH and held:
        return
    first = f" ({problems[0]})" if problems else ""
    raise ConfigError(
        f"too little speech: the voice read {duration:.1f} s in {len(clips)} lines to learn from and "
        f"{len(held)} to measure on, {n_failed} failed, {len(problems)} cannot be read{first}; at "
        f"least {LEAST_SPEECH:g} s and 1 line are needed, and an hour is good"
    )
