"""The requests that a line becomes, one for each attempt at each of its utterances."""

from collections.abc import Sequence

from gsvbatch.data import Utterance
from gsvbatch.render.seeds import attempt_seed, content_of
from gsvbatch.render.work import SpeechRequest, SpeechSampling, VoiceRef


def attempt_request(
    utterances: Sequence[Utterance],
    position: int,
    *,
    voice: VoiceRef,
    sampling: SpeechSampling,
    job_seed: int,
    variation: int,
    attempt: int = 0,
) -> SpeechRequest:
    """One attempt at one utterance of a line.

    Args:
        utterances: Of the whole line.
        position: Which of them, from 0.
        voice: Who speaks.
        sampling: How.
        job_seed: Of the project, or of the line.
        variation: How many retakes were asked for.
        attempt: From 0.
    """
    utterance = utterances[position]
    before = utterances[:position]
    return SpeechRequest(
        id=f"{utterance.id}@{attempt}",
        voice=voice,
        utterance=utterance,
        sampling=sampling,
        seed=attempt_seed(
            job_seed,
            content_of(utterance.phoneme_ids),
            # "No. No. No." says it three ways
            sum(other.phoneme_ids == utterance.phoneme_ids for other in before),
            variation,
            attempt,
        ),
    )
