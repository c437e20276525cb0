"""The word lists that ship beside this package, read when first asked for."""

from functools import cache
from importlib.resources import files

_EXCEPTION = "-"


@cache
def neutral_words() -> frozenset[str]:
    """Return the words whose last syllable is in the neutral tone."""
    return _words("neutral_tone.txt", exceptions=False)


@cache
def full_tone_words() -> frozenset[str]:
    """Return the words that a rule for the neutral tone must leave alone."""
    return _words("neutral_tone.txt", exceptions=True)


@cache
def erhua_words() -> frozenset[str]:
    """Return the words with erhua whatever their part of speech."""
    return _words("erhua.txt", exceptions=False)


@cache
def plain_er_words() -> frozenset[str]:
    """Return the words whose 儿 is a syllable of its own: 女儿, 花儿."""
    return _words("erhua.txt", exceptions=True)


@cache
def polyphones() -> dict[str, tuple[str, ...]]:
    """Return phrase -> one checked syllable a character."""
    phrases = {}
    for line in _lines("polyphones.txt"):
        phrase, *syllables = line.split()
        if len(phrase) != len(syllables):
            raise ValueError(f"polyphones.txt: {line!r} needs {len(phrase)} syllables")
        phrases[phrase] = tuple(syllables)
    return phrases


def _words(name: str, *, exceptions: bool) -> frozenset[str]:
    words: set[str] = set()
    for line in _lines(name):
        kind, _, listed = line.partition(":")
        if kind.startswith(_EXCEPTION) == exceptions:
            words.update(listed.split())
    return frozenset(words)


def _lines(name: str) -> list[str]:
    text = (files("gsvbatch.text.mandarin") / "data" / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
