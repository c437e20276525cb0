import json
from pathlib import Path
from typing import Any

import pytest

from gsvbatch.text.korean import Korean
from gsvbatch.text.symbols import PUNCTUATION, SymbolTable

GOLDEN = [
    case
    for case in json.loads(
        (Path(__file__).parents[2] / "data" / "golden_text.json").read_text(encoding="utf-8")
    )["g2p"]
    if case["lang"] == "ko"
]


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["text"][:8])
def test_phoneme_ids_are_those_of_upstream(case: dict[str, Any]) -> None:
    korean = Korean()
    groups = korean.phonemize(korean.normalize(case["text"]), {})
    phonemes = [phoneme for group in groups for phoneme in group.phonemes]
    if phonemes[-1] not in PUNCTUATION:
        phonemes.append(".")  # which upstream puts behind Korean, and we behind the utterance
    assert list(SymbolTable.load("v2").ids(phonemes)) == case["ids"]
