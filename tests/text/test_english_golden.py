"""Against what GPT-SoVITS's own frontend made of the same texts (POS tags fixed to NN, no neural reader)."""

import json
from pathlib import Path

import pytest

from gsvbatch.text.english import MIN_PHONEMES, SHORT_TEXT_PHONEME, English

DATA = Path(__file__).parent.parent / "data"
NORM = json.loads((DATA / "golden_norm.json").read_text(encoding="utf-8"))
TEXTS = [
    case
    for case in json.loads((DATA / "golden_text.json").read_text(encoding="utf-8"))["g2p"]
    if case["lang"] == "en"
]

# Where upstream is wrong: input -> (what is right, why).
DIFFERS = {
    "4:05": ("four oh five a.m.", "minutes below ten are said with oh"),
    "0:30": ("twelve thirty a.m.", "the hour after midnight is twelve"),
    "10km/h": ("ten kilometers per hour", "upstream reads the unit's letters, run together"),
    "1,234": ("one thousand, two hundred thirty-four", "a number with a comma is no year"),
    "2 + 3 = 5": ("two plus three equals five", "a capital is the name of a letter"),
    "NASA's": ("NASA's", "NASA is said as a word"),
    "Mr. Smith": ("Mister Smith", "the full stop would be a pause before the name"),
    "hello…world": ("hello. world", "an ellipsis is a pause, and parts two words"),
    "semi; colon: test": ("semi, colon, test", "the pauses are lost"),
    "don’t": ("don't", "the curly apostrophe is lost, which makes another word"),
    "email@x.com": ("email at x dot com", "the sign and the dot are not said"),
    "U.S.A.": ("U S A.", "two full stops would be pauses within the name"),
    "GPT-4o": ("G P T four o", "four and o run together into a word of no language"),
    "v2.0": ("v two point zero", "v and two run together"),
}

DIFFERS_IN_WORDS = {
    "abcd": ("EY1 B IY1 S IY1 D IY1", "no English word ends in -bcd"),
    "aadi": ("AA1 D IY0", "the name, whatever its first letter's case"),
}

DIFFERS_IN_TEXTS = {
    "I paid $6.24 for 3/4 of it at 13:30.": (
        None,
        (
            "AY1 P EY1 D S IH1 K S D AA1 L ER0 Z AH0 N D T W EH1 N T IY0 F AO2 R S EH1 N T S F AO1 R TH R IY1 "
            "F AO1 R TH S AH1 V IH1 T AE1 T W AH1 N TH ER1 D IY2 P IY1 EH1 M ."
        ),
        "no pause within p.m.",
    ),
    "A 1st-class train; it runs 20km/h.": (
        "A first-class train, it runs twenty kilometers per hour.",
        (
            "AH0 F ER2 S T K L AE1 S T R EY1 N , IH1 T R AH1 N Z T W EH1 N T IY0 K AH0 L AA1 M AH2 T ER0 Z "
            "P ER1 AW1 ER0 ."
        ),
        "the article, the pause, and the unit",
    ),
    "xylotomous blorptank": (
        None,
        "Z AY0 L AA1 T AH0 M AH0 S B L AO1 R P T AE2 NG K",
        "upstream spells the pieces that it finds no word for",
    ),
    "It's 1,234.5 - 3 = ?": (
        "It's one thousand, two hundred thirty-four point five minus three equals?",
        (
            "IH1 T S W AH1 N TH AW1 Z AH0 N D , T UW1 HH AH1 N D R AH0 D TH ER1 D IY2 F AO1 R P OY1 N T F AY1 V "
            "M AY1 N AH0 S TH R IY1 IY1 K W AH0 L Z ?"
        ),
        "no year, and the sign and the question are lost",
    ),
}


@pytest.fixture(scope="module")
def english():
    return English()


def phonemes(english, normalized):
    return [p for group in english.phonemize(normalized, {}) for p in group.phonemes]


@pytest.mark.parametrize("case", NORM["en"], ids=lambda case: case["in"])
def test_normalizes_like_upstream_or_better(english, case):
    right, _ = DIFFERS.get(case["in"], (case["norm"], ""))
    assert english.normalize(case["in"]) == right


@pytest.mark.parametrize("case", NORM["en_words"], ids=lambda case: case["word"])
def test_pronounces_words_like_upstream_or_better(english, case):
    right, _ = DIFFERS_IN_WORDS.get(case["word"], (" ".join(case["phones"]), ""))
    assert " ".join(phonemes(english, case["word"])) == right


@pytest.mark.parametrize("case", TEXTS, ids=lambda case: case["text"])
def test_reads_texts_like_upstream_or_better(english, case):
    norm, right, _ = DIFFERS_IN_TEXTS.get(case["text"], (None, " ".join(case["phones"]), ""))
    normalized = english.normalize(case["text"])
    assert normalized == (norm or case["norm"])
    said = phonemes(english, normalized)
    if len(said) < MIN_PHONEMES:
        said.insert(0, SHORT_TEXT_PHONEME)
    assert " ".join(said) == right


def test_every_listed_difference_is_one():
    for case in NORM["en"]:
        if case["in"] in DIFFERS and case["in"] != "NASA's":
            assert DIFFERS[case["in"]][0] != case["norm"]
    inputs = {case["in"] for case in NORM["en"]} | {case["word"] for case in NORM["en_words"]}
    inputs |= {case["text"] for case in TEXTS}
    assert inputs.issuperset({*DIFFERS, *DIFFERS_IN_WORDS, *DIFFERS_IN_TEXTS})
