"""The record of a take, as it goes into the manifest and into the tags of its file alike.

Because the file carries the whole of it, a file whose row was lost (a crash between the two, a
deleted manifest) gets the row that it would have had.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Self

from gsvbatch.data import StopReason
from gsvbatch.units import Decibels, Hertz, Seconds

RECORD_TAG = "RECORD"
"""Key among the extra tags."""

FORMAT = 1


class Verdict(StrEnum):
    """What the quality gates say."""

    OK = "ok"
    SUSPECT = "suspect"
    """Worth a listen; delivered."""

    FAILED = "failed"
    """Not fit for use; kept only as the best of all attempts."""

    @property
    def badness(self) -> int:
        """0 is best."""
        return list(Verdict).index(self)


@dataclass(frozen=True, slots=True)
class UtteranceRecord:
    """The best attempt at an utterance."""

    text: str
    spoken_text: str
    start: Seconds
    """Within the line's file."""

    duration: Seconds
    seed: int
    attempts: int
    n_tokens: int
    stop_reason: StopReason
    verdict: Verdict
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TakeRecord:
    """One rendered attempt at a line, all but where its file is."""

    line_id: str
    written: str
    """The line's text as the script has it, markup included."""

    speaker: str
    """As the script names who speaks, or empty."""

    chapter: str
    take: int
    variation: int
    fingerprint: str
    parts: Mapping[str, str]
    frontend: str
    lexicon: str
    voice: str
    seed: int
    """Of the first utterance's best attempt."""

    n_phonemes: int
    duration: Seconds
    sample_rate: Hertz
    loudness: Decibels | None
    """LUFS; None for silence."""

    peak: Decibels
    """dBTP."""

    verdict: Verdict
    problems: tuple[str, ...]
    utterances: tuple[UtteranceRecord, ...]

    def to_json(self) -> str:
        """The record as text for a tag."""
        return json.dumps(
            {"format": FORMAT, **asdict(self)}, ensure_ascii=False, separators=(",", ":")
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The record that a tag holds.

        Raises:
            ValueError: It is damaged, or of a later format.
        """
        try:
            values = json.loads(text)
            if values.pop("format") != FORMAT:
                raise ValueError("a record of a later version")
            utterances = tuple(
                UtteranceRecord(
                    **{
                        **record,
                        "stop_reason": StopReason(record["stop_reason"]),
                        "verdict": Verdict(record["verdict"]),
                        "problems": tuple(record["problems"]),
                    }
                )
                for record in values.pop("utterances")
            )
            take = cls(**values, utterances=utterances)
            return replace(take, verdict=Verdict(take.verdict), problems=tuple(take.problems))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"damaged record: {error}") from error
