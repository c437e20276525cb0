"""Addresses, Roman numerals and signs between words, read as people read them aloud."""

import re

from gsvbatch.text.english.numbers import cardinal, ordinal, roman
from gsvbatch.text.english.rules import Rule, alternatives

NUMBERED = (
    "chapter part act volume book section phase type appendix level war episode class grade scene "
    "stage article season lesson unit round module step mark tier title amendment canto"
).split()
"""Words that a Roman numeral of any letter may follow: ``Chapter V``."""

MONARCHS = (
    "louis henry elizabeth george charles james edward william richard john paul pius benedict "
    "gregory leo clement innocent urban alexander nicholas catherine peter mary philip ferdinand "
    "frederick wilhelm napoleon ramses ramesses cleopatra ptolemy darius xerxes otto robert david "
    "alfonso francis ivan"
).split()

TOP_DOMAINS = (
    "com org net edu gov io ai cn co uk de fr jp dev app tv info eu ru html htm json txt "
    "pdf mp3 mp4 wav png jpg zip exe py js yaml md csv"
).split()

SPELLED_DOMAINS = {
    "cn", "uk", "de", "fr", "jp", "tv", "eu", "ru", "io", "ai", "html", "htm", "pdf",
    "mp3", "mp4", "png", "js", "md", "csv", "txt", "py",
}  # fmt: skip

_SIGNS = {
    ".": " dot ",
    "@": " at ",
    "/": " slash ",
    "-": " dash ",
    "_": " underscore ",
    ":": " colon ",
    "?": " question mark ",
    "&": " and ",
    "=": " equals ",
    "#": " hash ",
    "%": " percent ",
    "+": " plus ",
    "~": " tilde ",
}


def _spell_address(address: str) -> str:
    """Return an address with its signs named, well-known endings spelled as they are said."""
    words = []
    for part in re.findall(r"[A-Za-z]+|\d+|[^\w\s]|_", address):
        if part in _SIGNS:
            words.append(_SIGNS[part].strip())
        elif part.lower() in SPELLED_DOMAINS or part.lower() in {"www", "http", "https", "ftp"}:
            words.append(" ".join(part.upper()))
        elif part.isalnum():
            words.append(part)
    return " ".join(words)


def _email(match: re.Match[str]) -> str:
    return f"{_spell_address(match[1])} at {_spell_address(match[2])}"


def _url(match: re.Match[str]) -> str:
    address = re.sub(r"^(?:[a-z]+://)?(?:www\.)?", "", match[0], flags=re.IGNORECASE)
    trailing = re.search(r"[.,?!:;/]*$", address)
    assert trailing is not None  # the pattern matches the empty string
    spoken = _spell_address(address[: trailing.start()])
    return f" {spoken}{trailing[0].replace('/', '')}"


def _roman(match: re.Match[str]) -> str:
    word, letters = match[1], match[2]
    value = roman(letters)
    is_monarch = word in _MONARCHS
    # "Peter I think", "the part I like": a lone I is a numeral only where it cannot be the pronoun.
    if value is None or (letters == "I" and not _NUMERAL_I.match(match.string, match.end())):
        return match[0]
    return f"{word} the {ordinal(value)}" if is_monarch else f"{word} {cardinal(value)}"


_MONARCHS = frozenset(name.capitalize() for name in MONARCHS)
_NUMERAL_I = re.compile(r"\s*(?:[.:,;)]|$)|\s(?:of|was|is|became|ruled|reigned|died|and|[A-Z])")
_URL_REST = r"[\w.~:/?#@!$&*+,;=%-]"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+"

NAME_RULES: tuple[Rule, ...] = (
    (re.compile(rf"(?<![\w.+-])([\w.+-]{{1,64}})@({_HOST}[A-Za-z]{{2,}})", re.ASCII), _email),
    (re.compile(rf"\b(?:(?:https?|ftp)://|www\.){_URL_REST}+", re.IGNORECASE | re.ASCII), _url),
    (
        re.compile(
            rf"(?<![\w.@/-])[A-Za-z0-9_-]{{1,63}}(?:\.[A-Za-z0-9_-]{{1,63}}){{0,8}}\.(?:{alternatives(TOP_DOMAINS)})\b(?:/[\w./-]*)?"
        ),
        _url,
    ),
    (re.compile(r"(?<!\w)@(?=\w)"), lambda _: "at "),
    (re.compile(r"(?<!\w)#(?=[A-Za-z])"), lambda _: "hashtag "),
    (re.compile(rf"\b((?i:{alternatives(NUMBERED)}))\s([IVXL]+)\b(?!')"), _roman),
    (re.compile(rf"\b({alternatives(_MONARCHS)})\s([IVX]+)\b(?!')"), _roman),
    (re.compile(r"\b([A-Z][a-z]+)\s([IVX]{2,})\b(?!')"), _roman),
    (
        re.compile(r"\b([A-Z]{1,3})&([A-Z]{1,3})\b"),
        lambda m: f"{' '.join(m[1])} and {' '.join(m[2])}",
    ),
    (re.compile(r"\s?&\s?"), lambda _: " and "),
    (re.compile(r"\b([A-G])#(?!\w)"), lambda m: f"{m[1]} sharp"),
    (re.compile(r"№\s?"), lambda _: "number "),
    (re.compile(r"§\s?"), lambda _: "section "),
    (re.compile(r"[-=]+>"), lambda _: ", "),
)
"""Applied in order, before numbers are read."""
