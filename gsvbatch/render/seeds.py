"""Seeds: every attempt's own, so that what is said depends on nothing around it."""

import hashlib

SEED_BITS = 63
"""Fits a signed 64-bit integer, as SQLite and most random generators take it."""


def attempt_seed(job_seed: int, line_id: str, position: int, variation: int, attempt: int) -> int:
    """The seed of one attempt at one utterance, 63 bits.

    Args:
        job_seed: Of the project, or of the line.
        line_id: The line's.
        position: Of the utterance in its line, from 0.
        variation: How many retakes were asked for.
        attempt: From 0.
    """
    # Lengths are unambiguous because the id, the only text, stands last.
    text = f"{job_seed}/{variation}/{attempt}/{position}/{line_id}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> (64 - SEED_BITS)
