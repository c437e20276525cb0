import re
import zlib

import pytest

from gsvbatch.text.english import English
from gsvbatch.text.english.dictionary import PHONEMES, Dictionary
from gsvbatch.text.english.homographs import NOUN_VERB
from gsvbatch.text.reading import Reading
from gsvbatch.text.symbols import SymbolTable


@pytest.fixture(scope="module")
def english():
    return English()


def say(english, text):
    return " ".join(p for group in english.phonemize(text, {}) for p in group.phonemes)


@pytest.mark.parametrize(
    ("text", "word", "phonemes"),
    [
        ("I will read it", "read", "R IY1 D"),
        ("he has read it", "read", "R EH1 D"),
        ("I read it yesterday", "read", "R EH1 D"),
        ("Read the text", "Read", "R IY1 D"),
        ("live music", "live", "L AY1 V"),
        ("we live here", "live", "L IH1 V"),
        ("their lives", "lives", "L AY1 V Z"),
        ("he lives here", "lives", "L IH1 V Z"),
        ("the lead pipe", "lead", "L EH1 D"),
        ("lead me", "lead", "L IY1 D"),
        ("the wind blows", "wind", "W IH1 N D"),
        ("wind up the clock", "wind", "W AY1 N D"),
        ("please record it", "record", "R AH0 K AO1 R D"),
        ("a new record", "record", "R EH1 K ER0 D"),
        ("he records it", "records", "R AH0 K AO1 R D Z"),
        ("old records", "records", "R EH1 K ER0 D Z"),
        ("we present it", "present", "P R IH0 Z EH1 N T"),
        ("a present", "present", "P R EH1 Z AH0 N T"),
        ("Use headphones", "Use", "Y UW1 Z"),
        ("the use of force", "use", "Y UW1 S"),
        ("I used to sing", "used", "Y UW1 S T"),
        ("he used it", "used", "Y UW1 Z D"),
        ("close the door", "close", "K L OW1 Z"),
        ("it is close", "close", "K L OW1 S"),
        ("a tear fell", "tear", "T IH1 R"),
        ("tear it up", "tear", "T EH1 R"),
        ("bow down", "bow", "B AW1"),
        ("a bow", "bow", "B OW1"),
        ("a minute", "minute", "M IH1 N AH0 T"),
        ("minute details", "minute", "M AY0 N UW1 T"),
        ("A cat", "A", "AH0"),
        ("plan A", "A", "EY1"),
        ("A I", "A", "EY1"),
        ("a plus b", "a", "EY1"),
        ("a plus", "a", "EY1"),
        ("a cat", "a", "AH0"),
    ],
)
def test_neighbours_tell_homographs_apart(english, text, word, phonemes):
    groups = english.phonemize(text, {})
    assert " ".join(next(g for g in groups if g.text == word).phonemes) == phonemes


@pytest.mark.parametrize(
    ("word", "phonemes"),
    [
        ("blockchains", "B L AA1 K CH EY1 N Z"),
        ("npm", "EH1 N P IY1 EH1 M"),
        ("emojis", "IH0 M OW1 JH IY0 Z"),
        ("smartphoneless", "S M AA1 R T F OW2 N L AH0 S"),
        ("Genshin's", "JH EH1 N SH IH1 N Z"),
        ("npcs", "EH1 N P IY1 S IY1 Z"),
        ("T-shirt", "T IY1 SH ER2 T"),
        ("A-level", "EY1 L EH1 V AH0 L"),
        ("re-read", "R IY0 R EH1 D"),
        ("well-known", "W EH1 L N OW1 N"),
        ("y'all'd've", "Y AO2 L D AH0 V"),
        ("'em", "AH0 M"),
        ("C's", "S IY1 Z"),
        ("O'Toole", "OW0 T UW1 L"),
        ("qx", "K Y UW1 EH1 K S"),
        ("htmlx", "EY1 CH T IY1 EH1 M EH1 L EH1 K S"),
        ("p.m.", "P IY1 EH1 M ."),
    ],
)
def test_word_is_pronounced(english, word, phonemes):
    assert say(english, word) == phonemes


def test_p_m_ends_a_sentence_only_at_its_end(english):
    assert say(english, "at five p.m. yesterday").count(".") == 0
    assert say(english, "at five p.m. He left").count(".") == 1


def test_fixed_readings_are_spoken_as_given(english):
    readings = {
        "\ue000": Reading("NVIDIA", "arpabet", ("EH0", "N", "V", "IH1", "D", "IY0", "AH0")),
        "\ue001": Reading("Aa", "arpabet", ("AA", "AH")),
    }
    groups = english.phonemize("the \ue000, \ue001!", readings)
    assert [group.text for group in groups] == ["the", " ", "NVIDIA", ",", " ", "Aa", "!"]
    assert groups[2].phonemes == readings["\ue000"].symbols
    assert groups[5].phonemes == ("AA1", "AH0")  # bare AA is a Mandarin symbol


def test_unknown_words_are_read_well():
    # CRC-32 divisible by 20 marks the words that training never saw.
    dictionary, predictor = Dictionary(), English()._pronouncer._predictor
    held_out = [
        line.split(b"\t")[0].decode()
        for line in dictionary._block.split(b"\n")
        if zlib.crc32(line.split(b"\t")[0]) % 20 == 0
        and re.fullmatch(rb"[a-z']{2,}", line.split(b"\t")[0])
    ]
    right = [predictor.predict(word) == dictionary._find(word.encode()) for word in held_out[::90]]
    assert len(right) > 60
    assert sum(right) / len(right) > 0.55


def test_dictionary_finds_its_first_middle_and_last_words():
    dictionary = Dictionary()
    lines = dictionary._block.strip(b"\n").split(b"\n")
    for line in (lines[0], *lines[1:-1:997], lines[-1]):
        word, codes = line.split(b"\t")
        assert dictionary._find(word) == tuple(PHONEMES[code - 48] for code in codes)


@pytest.mark.parametrize("word", ["", "!", "zzzzzzzz", "hellp", "\n", "hello\tH", "é"])
def test_dictionary_does_not_find_what_is_not_there(word):
    assert Dictionary().get(word) is None


def test_own_words_and_homographs_use_known_phonemes():
    table = SymbolTable.load("v1")
    own = Dictionary()._own
    readings = [*own.values(), *(reading for pair in NOUN_VERB.values() for reading in pair)]
    assert readings
    assert {p for reading in readings for p in reading} <= set(PHONEMES)
    assert all(phoneme in table for phoneme in PHONEMES)


def test_nothing_is_read_before_the_first_word():
    english = English()
    assert "_block" not in vars(english._pronouncer._dictionary)
    assert "_weights" not in vars(english._pronouncer._predictor)
