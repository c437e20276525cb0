"""Seeds: every attempt's own, so that what is said depends on nothing around it.

A seed follows from what is said, not from where it stands. So equal lines are one piece of work, in this
job and in the next, and a moved or renamed line keeps its sound.
"""

import hashlib
from collections.abc import Sequence

SEED_BITS = 63
"""Fits a signed 64-bit integer, as SQLite and most random generators take it."""


def attempt_seed(job_seed: int, content: str, occurrence: int, variation: int, attempt: int) -> int:
    """The seed of one attempt at one utterance, 63 bits.

    Args:
        job_seed: Of the project, or of the line.
        content: What is said, from `content_of`.
        occurrence: How many utterances before it in its line say the same; from 0.
        variation: How many retakes were asked for.
        attempt: From 0.
    """
    # Lengths are unambiguous because the content, the only text, stands last.
    text = f"{job_seed}/{variation}/{attempt}/{occurrence}/{content}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> (64 - SEED_BITS)


def content_of(phoneme_ids: Sequence[int]) -> str:
    """What is said, as a text for `attempt_seed`.

    Voice, models and sampling are left out on purpose: a change of one of them is heard by itself only if
    chance stays the same.
    """
    return ",".join(map(str, phoneme_ids))
