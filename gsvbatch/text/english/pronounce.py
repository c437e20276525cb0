"""One English word to phonemes, by the surest means that knows it.

dictionary -> hyphen -> apostrophe -> known word with an ending -> spelled abbreviation -> letter-to-phoneme model
"""

from importlib.resources import files

from gsvbatch.text.english.dictionary import Dictionary, Phonemes
from gsvbatch.text.english.letters import LETTER_NAMES, can_be_sounded, spell
from gsvbatch.text.english.morphology import PREFIXES, derived, plural_ending
from gsvbatch.text.english.predictor import Predictor


class Pronouncer:
    """Pronounces words; what it has worked out it remembers."""

    def __init__(self, dictionary: Dictionary, predictor: Predictor) -> None:
        self._dictionary = dictionary
        self._predictor = predictor
        self._known: dict[str, Phonemes] = {}

    def pronounce(self, word: str) -> Phonemes:
        """Return the phonemes of ``word``: letters a-z, inner apostrophes and hyphens, in any case."""
        word = word.lower()
        if word not in self._known:
            self._known[word] = self._work_out(word)
        return self._known[word]

    def _work_out(self, word: str) -> Phonemes:
        if len(word) == 1:
            # As a word "a" is the article; its letter's name is asked for by a capital.
            return self._dictionary.get(word) or LETTER_NAMES.get(word, ())
        found = self._dictionary.get(word)
        if found:
            return found
        if "-" in word:
            parts = [part for part in word.split("-") if part]
            first = PREFIXES.get(parts[0], ()) if len(parts) == 2 else ()
            rest = parts[1:] if first else parts
            return first + tuple(
                p for part in rest for p in LETTER_NAMES.get(part) or self.pronounce(part)
            )
        stem, apostrophe, ending = word.rpartition("'")
        if apostrophe:
            return self._contraction(stem, ending)
        return derived(word, self._dictionary.get) or self._unknown(word)

    def _contraction(self, stem: str, ending: str) -> Phonemes:
        sounds: dict[str, Phonemes] = {
            "d": ("D",),
            "ll": ("AH0", "L"),
            "m": ("M",),
            "re": ("ER0",),
            "ve": ("AH0", "V"),
        }
        spoken = self.pronounce(stem) if stem else ()
        if ending == "s":
            return (*spoken, *plural_ending(spoken))
        if ending == "t" and stem.endswith("n"):
            return (
                (*self.pronounce(stem[:-1]), "AH0", "N", "T")
                if len(stem) > 1
                else ("AH0", "N", "T")
            )
        return (*spoken, *(sounds.get(ending) or (self.pronounce(ending) if ending else ())))

    def _unknown(self, word: str) -> Phonemes:
        if can_be_sounded(word):
            return self._predictor.predict(word)
        if len(word) > 3 and word.endswith("s") and not can_be_sounded(word[:-1]):
            spoken = spell(word[:-1])  # npcs, mcus
            return (*spoken, *plural_ending(spoken))
        return spell(word)


def load_pronouncer(dictionary: Dictionary) -> Pronouncer:
    """Return a pronouncer over the shipped dictionary and model, neither read before it is needed."""
    weights = files("gsvbatch.text.english") / "data" / "letters.npz"
    return Pronouncer(dictionary, Predictor(weights))
