"""English: written text to ARPAbet phonemes, with a dictionary, rules, and a model for unknown words.

normalize -> words and marks -> each word by its neighbours (homographs), the dictionary, its parts or its letters
"""

import re
from collections.abc import Mapping

from gsvbatch.text.english.casing import Casing
from gsvbatch.text.english.dictionary import VOWELS, Dictionary, Phonemes
from gsvbatch.text.english.homographs import Context, choose, is_article
from gsvbatch.text.english.letters import LETTER_NAMES
from gsvbatch.text.english.normalize import normalize
from gsvbatch.text.english.pronounce import load_pronouncer
from gsvbatch.text.reading import Group, Reading
from gsvbatch.text.symbols import PUNCTUATION, SymbolTable, SymbolVersion

MIN_PHONEMES = 4
"""English with fewer phonemes was trained with `SHORT_TEXT_PHONEME` put before it."""

SHORT_TEXT_PHONEME = ","

_TOKEN = re.compile(
    r"(?P<initials>(?<![A-Za-z])(?:[a-z]\.){2,})"
    r"|(?P<word>'?[A-Za-z]+(?:['-][A-Za-z]+)*'?)"
    r"|(?P<other>.)",
    re.DOTALL,
)
_ENDS_SENTENCE = re.compile(r"\s*$|\s+[A-Z]")


class English:
    """The English frontend; dictionary and model are read when the first word needs them."""

    language = "en"
    notations = frozenset({"pinyin", "arpabet"})

    def __init__(self, version: SymbolVersion = "v2") -> None:
        self._table = SymbolTable.load(version)
        dictionary = Dictionary()
        self._casing = Casing(dictionary)
        self._pronouncer = load_pronouncer(dictionary)

    def normalize(self, text: str) -> str:
        """Return ``text`` as it is spoken: only letters, apostrophes, spaces and ``. , ? ! -`` remain.

        A single capital stands for the name of its letter: ``"GPT-4o"`` -> ``"G P T four o"``.
        """
        return normalize(text, self._casing)

    def phonemize(self, normalized: str, readings: Mapping[str, Reading]) -> tuple[Group, ...]:
        """Return the phonemes of each word and mark; spaces and what is not spoken have none.

        Args:
            normalized: What `normalize` returned.
            readings: For each private-use character in the text, what it stands for.
        """
        tokens = [match[0] for match in _TOKEN.finditer(normalized)]
        words = [token.lower() for token in tokens if not token.isspace()]
        contexts = iter(Context.every(words))
        groups: list[Group] = []
        offset = 0
        for token in tokens:
            offset += len(token)
            if token.isspace():
                groups.append(Group(token, ()))
                continue
            context = next(contexts)
            if token in readings:
                groups.append(self._fixed(readings[token]))
            elif token.endswith(".") and len(token) > 1:
                spoken = tuple(p for letter in token if letter != "." for p in LETTER_NAMES[letter])
                groups.append(Group(token[:-1], spoken))
                # The last full stop of "p.m." is a pause only where the sentence ends with it.
                ends = _ENDS_SENTENCE.match(normalized, offset) is not None
                groups.append(Group(".", (".",) if ends else ()))
            else:
                groups.append(Group(token, self._phonemes(token, context)))
        return tuple(groups)

    def _phonemes(self, token: str, context: Context) -> Phonemes:
        if not any(character.isalpha() and character.isascii() for character in token):
            return (token,) if token in PUNCTUATION else ()
        if len(token) == 1 and token.isupper():
            is_word = token.startswith("A") and is_article(context)
            return self._pronouncer.pronounce("a") if is_word else LETTER_NAMES[token.lower()]
        word = token.lower()
        return choose(word, context) or self._pronouncer.pronounce(word)

    def _fixed(self, reading: Reading) -> Group:
        """Return a reading as it is given; a vowel without a stress digit gets one."""
        if reading.kind != "arpabet":
            return Group(
                reading.text, self._pronouncer.pronounce(re.sub("[^A-Za-z'-]", "", reading.text))
            )
        phonemes: list[str] = []
        for symbol in reading.symbols:
            is_first = not any(p[-1].isdigit() for p in phonemes)
            # Without its digit AA would be the Mandarin symbol of that name.
            phonemes.append(f"{symbol}{1 if is_first else 0}" if symbol in VOWELS else symbol)
        return Group(reading.text, tuple(p for p in phonemes if p in self._table))
