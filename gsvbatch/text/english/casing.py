"""What capitals say: which letters are spelled, and where a name made of several words comes apart.

``ChatGPT`` -> ``Chat G P T``, ``iPhone`` -> ``i Phone``, ``CDs`` -> ``C D's``; ``NASA`` and ``STOP`` stay words.
A single capital in normalized text stands for its letter's name.
"""

import re

from gsvbatch.text.english.dictionary import Dictionary
from gsvbatch.text.english.letters import can_be_sounded

SPOKEN = frozenset(
    "SIM RAM ROM PIN GIF LAN WAN VAT ZIP DOS CAD GUI CUDA JPEG JSON YAML WLAN BIOS CAPTCHA NASDAQ UNIX "
    "LINUX LORA LEGO ASUS ACER SONY OPPO VIVO IKEA UEFA FIFA MERS UNICEF ASCII WIFI IMAX OLED EPUB".split()
)
"""Abbreviations read as words, though short or in no dictionary."""

SPELLED = frozenset(
    "HTML HTTP HTTPS IEEE ISBN NAACP USSR UCLA NCAA ESPN AARP USDA NYPD LAPD MMORPG ESRB IPTV HDMI IELTS AIGC "
    "IMDB UUID GUID".split()
)
"""Abbreviations spelled, though a dictionary or their looks would make words of them."""

SHORT_WORDS = frozenset(
    "THE AND FOR ARE BUT NOT YOU ALL ANY CAN HER WAS ONE OUR OUT DAY GET HAS HIM HIS HOW MAN NEW NOW OLD SEE "
    "TWO WAY WHO BOY DID ITS LET PUT SAY SHE TOO USE YES YET WHY OFF TOP BAD BIG RUN ASK TRY WIN END RED SIR "
    "HEY WOW AGO ALSO FUN FUNNY HOT ICE JOB KEY LAW LIE LOT LOW MAY MOM DAD OWN PAY SET SIT SIX TEN TEA BUY CAR "
    "CUT EAT FAR FEW GOD GUN GUY HIT SUN WAR YEAH GO NO SO UP ME MY HE BE BY DO IF IN IS OF ON OR TO WE AN AS "
    "AT OH AH HA UM MAX MIN AIR ART BOX DIE DOG CAT EYE FIX FLY SKY SEA SAD MAD ADD NOR PER ACT BAR BUS CUP".split()
)
"""Words of two or three letters that keep being words when written in capitals for stress."""

RESPELLED = {
    "PCIe": "P C I e",
    "NVMe": "N V M e",
    "IoT": "I O T",
    "PhD": "P H D",
    "VoIP": "V O I P",
    "LoRA": "Lora",
    "VTuber": "V tuber",
    "VTubers": "V tubers",
    "PostgreSQL": "Postgres Q L",
    "SaaS": "Sass",
    "GIFs": "GIFs",
    "SIMs": "SIMs",
}
"""Names whose capitals mislead."""

_RUN = re.compile("[A-Za-z]+")
_PIECE = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


class Casing:
    """Rewrites the runs of letters in a text by what their capitals say."""

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary

    def respell(self, text: str) -> str:
        """Return ``text`` with spelled letters set apart and joined names taken apart."""
        is_shouted = self._is_shouted(text)
        return _RUN.sub(lambda match: self._respell_run(match[0], is_shouted), text)

    def _is_shouted(self, text: str) -> bool:
        """Whether all of ``text`` is in capitals, with a plain word among them."""
        words = _RUN.findall(text)
        return (
            len(words) > 2
            and all(word.isupper() for word in words)
            and any(
                w in SHORT_WORDS or (len(w) > 3 and w.lower() in self._dictionary) for w in words
            )
        )

    def _respell_run(self, run: str, is_shouted: bool) -> str:
        if run[1:].islower() or len(run) == 1 or run.islower():
            return run
        if run in RESPELLED:
            return RESPELLED[run]
        if run.isupper():
            return self._acronym(run, is_shouted)
        if run[:-1].isupper() and run[-1] == "s":
            singular = self._acronym(run[:-1], is_shouted)
            return f"{singular}'s" if " " in singular or len(singular) == 1 else run
        has_one_capital_each = not re.search("[A-Z]{2}", run) and run[0].isupper()
        if has_one_capital_each and (run.lower() in self._dictionary or re.match("Ma?c[A-Z]", run)):
            return run
        pieces = _PIECE.findall(run)
        return " ".join(self._acronym(p, False) if p.isupper() else p for p in pieces)

    def _acronym(self, letters: str, is_shouted: bool) -> str:
        """Return a run of capitals as it is, if it is a word, or its letters apart."""
        return letters if self._is_word(letters, is_shouted) else " ".join(letters)

    def _is_word(self, letters: str, is_shouted: bool) -> bool:
        if len(letters) == 1 or letters in SPOKEN or letters in SHORT_WORDS:
            return True
        word = letters.lower()
        if is_shouted and word in self._dictionary and (len(letters) < 3 or can_be_heard(word)):
            return True
        if letters in SPELLED:
            return False
        if len(letters) > 3 and can_be_heard(word) and word in self._dictionary:
            return True
        return len(letters) > 4 and can_be_sounded(word)


def can_be_heard(word: str) -> bool:
    """Whether ``word`` has a vowel: CMUdict also holds spelled abbreviations such as ``bmw``."""
    return re.search("[aeiouy]", word) is not None
