from dataclasses import replace

import pytest

from gsvbatch.data import StopReason
from gsvbatch.render import TakeRecord, UtteranceRecord, Verdict

RECORD = TakeRecord(
    line_id="a1",
    written="你好[pause:1]，Tom。",
    speaker="旁白",
    chapter="",
    take=2,
    variation=1,
    fingerprint="ff",
    parts={"text": "aa"},
    frontend="1/ab",
    lexicon="",
    voice="high",
    seed=2**63 - 1,
    n_phonemes=7,
    duration=1.25,
    sample_rate=32000,
    loudness=None,
    peak=-1.5,
    verdict=Verdict.SUSPECT,
    problems=("cut off",),
    utterances=(
        UtteranceRecord(
            "你好，Tom。", "你好,Tom.", 0.0, 1.25, 5, 1, 31, StopReason.END, Verdict.OK, ()
        ),
    ),
)


def test_what_is_written_is_read_back() -> None:
    assert TakeRecord.from_json(RECORD.to_json()) == RECORD


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        RECORD.to_json()[:-5],
        RECORD.to_json().replace('"format":1', '"format":2'),
    ],
)
def test_a_damaged_or_later_record_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        TakeRecord.from_json(text)


def test_verdicts_are_ordered_by_badness() -> None:
    worst = max((Verdict.OK, Verdict.FAILED, Verdict.SUSPECT), key=lambda verdict: verdict.badness)
    assert worst is Verdict.FAILED
    assert replace(RECORD, verdict=worst).to_json() != RECORD.to_json()
