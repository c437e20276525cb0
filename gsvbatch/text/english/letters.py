"""The names of the letters, and whether a word can be sounded out or has to be spelled."""

import re

from gsvbatch.text.english.dictionary import Phonemes

LETTER_NAMES: dict[str, Phonemes] = {
    letter: tuple(name.split())
    for letter, name in {
        "a": "EY1",
        "b": "B IY1",
        "c": "S IY1",
        "d": "D IY1",
        "e": "IY1",
        "f": "EH1 F",
        "g": "JH IY1",
        "h": "EY1 CH",
        "i": "AY1",
        "j": "JH EY1",
        "k": "K EY1",
        "l": "EH1 L",
        "m": "EH1 M",
        "n": "EH1 N",
        "o": "OW1",
        "p": "P IY1",
        "q": "K Y UW1",
        "r": "AA1 R",
        "s": "EH1 S",
        "t": "T IY1",
        "u": "Y UW1",
        "v": "V IY1",
        "w": "D AH1 B AH0 L Y UW0",
        "x": "EH1 K S",
        "y": "W AY1",
        "z": "Z IY1",
    }.items()
}

# What English words of up to five letters begin and end with; anything else there is an abbreviation.
_ONSETS = frozenset(
    "b bl br c ch chr cl cr cz d dh dr dw f fj fl fr g gh gl gn gr gw h hw j k kh kl kn kr kw l ll lh m mc mn n "
    "ng p ph phr pl pn pr ps pt q r rh s sc sch scr sh shr sk sl sm sn sp sph spl spr sq sr st str sv sw sz t th "
    "thr tr ts tw tz v vl vr w wh wr x xh z zh zw".split()
)
_LONG_CODAS = frozenset(
    "ght ghts tch nch nth nths rth rths lth mth rst nst rch rsh ngs nks nds nts rts rds rks rms rns rps lls lts "
    "lds lks lps lms mps mpt cks cts pts fts sts sks sps ths chs shs dth wth rld rls rbs rfs rgs lch lsh ndt rdt "
    "rtz ntz ltz nck rck ttz tts sch dts cht hrs ngth ngst ssts tzs phs cht gns wns wls wds".split()
)


def spell(word: str) -> Phonemes:
    """Return the names of the letters in ``word``, other characters left out."""
    return tuple(
        p for letter in word.lower() if letter in LETTER_NAMES for p in LETTER_NAMES[letter]
    )


def can_be_sounded(word: str) -> bool:
    """Whether letters unknown to the dictionary look like a word rather than an abbreviation.

    Args:
        word: In lower case, letters only.
    """
    if len(word) <= 3 or not re.search("[aeiouy]", word):
        return False
    if len(word) > 5:
        return not re.search("[^aeiouy]{6}", word)
    match = re.match("([^aeiouy]*).*?([^aeiouy]*)$", word)
    assert match is not None  # both ends may be empty
    onset, coda = match.groups()
    return (not onset or onset in _ONSETS) and (len(coda) <= 2 or coda in _LONG_CODAS)
