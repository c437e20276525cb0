import json
from pathlib import Path
from typing import Any

import pytest

from gsvbatch.text.japanese import Japanese
from gsvbatch.text.symbols import SymbolTable

GOLDEN = [
    case
    for case in json.loads(
        (Path(__file__).parents[2] / "data" / "golden_text.json").read_text(encoding="utf-8")
    )["g2p"]
    if case["lang"] == "ja"
]

# Where upstream's answer is not ours, and why.
DIFFERENT = {
    "Hello.すごい": "upstream puts Latin letters in lower case, for which the dictionary has no word, and spells them",
}


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: f"{case['version']}-{case['text'][:8]}")
def test_phoneme_ids_are_those_of_upstream_or_differ_for_a_reason(case: dict[str, Any]) -> None:
    japanese = Japanese()
    groups = japanese.phonemize(japanese.normalize(case["text"]), {})
    phonemes = [phoneme for group in groups for phoneme in group.phonemes]
    ids = SymbolTable.load(case["version"]).ids(phonemes)
    assert (list(ids) == case["ids"]) is (case["text"] not in DIFFERENT)
