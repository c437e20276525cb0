"""Figures that are no date, sum or measure: telephone and version numbers, ranges, sums, plain numbers."""

import re

from gsvbatch.text.english.numbers import (
    cardinal,
    digits,
    fraction,
    integer,
    number,
    ordinal,
    pairs,
)
from gsvbatch.text.english.rules import NUMBER, Rule

OPERATORS = {
    "+": "plus",
    "-": "minus",
    "−": "minus",
    "×": "times",
    "*": "times",
    "÷": "divided by",
    "/": "divided by",
    "=": "equals",
    "<": "is less than",
    ">": "is greater than",
    "≤": "is at most",
    "≥": "is at least",
    "≠": "is not",
    "≈": "is about",
    "±": "plus or minus",
    "→": "to",
}

_NATURAL = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma "
    "sigma tau upsilon phi chi psi omega"
).split()
GREEK = {
    **{chr(0x3B1 + i): name for i, name in enumerate(_NATURAL)},
    **{chr(0x391 + i): name for i, name in enumerate(_NATURAL) if i != 17},
    "µ": "mu",
}

POWERS = {"²": " squared", "³": " cubed", "2": " squared", "3": " cubed"}


def _list_number(match: re.Match[str]) -> str:
    return f"{ordinal(int(match[1]))}, "


def _operator(match: re.Match[str]) -> str:
    return f" {OPERATORS[match[0].strip()]} "


def _telephone(match: re.Match[str]) -> str:
    """Groups of digits with a pause between them."""
    groups = re.findall(r"\d+", match[0])
    plus = "plus " if match[0].startswith("+") else ""
    return plus + ", ".join(
        digits(group, zero="oh" if len(group) > 1 else "zero") for group in groups
    )


def _dotted(match: re.Match[str]) -> str:
    """Versions and addresses: 1.2.3, 192.168.1.1."""
    parts = match[0].split(".")
    word = "dot" if len(parts) > 3 else "point"
    spoken = (digits(p) if len(p) > 2 or p[0] == "0" else cardinal(int(p)) for p in parts)
    return _set_apart(match, f" {word} ".join(spoken))


def _range(match: re.Match[str]) -> str:
    low, high = match[1], match[2]
    return f"{_say(low)} to {_say(high)}"


def _say(text: str) -> str:
    return number(text) if "," in text or "." in text else integer(text)


def _mixed_fraction(match: re.Match[str]) -> str:
    return f"{_say(match[1])} and {fraction(int(match[2]), int(match[3]))}"


def _fraction(match: re.Match[str]) -> str:
    numerator, denominator = int(match[1]), int(match[2])
    if (numerator >= 10 and denominator >= 7) or (numerator, denominator) == (9, 11):  # 24/7, 50/50
        return f"{_say(match[1])} {_say(match[2])}"
    return fraction(numerator, denominator)


def _model_number(match: re.Match[str]) -> str:
    """RTX 4090 and Boeing 747 are read in pairs, not as quantities."""
    return f"{match[1]}{' ' if match[1][-1].isalpha() else ''}{_in_pairs(match[2])}"


def _resolution(match: re.Match[str]) -> str:
    return f"{_in_pairs(match[1])} P"


def _in_pairs(text: str) -> str:
    """Return three or four digits in pairs from the end: 1080 -> ``"ten eighty"``, 720 -> ``"seven twenty"``."""
    if len(text) == 4 or text.endswith("00"):
        return pairs(int(text)) if len(text) == 4 else cardinal(int(text))
    tail = f"oh {digits(text[2])}" if text[1] == "0" else cardinal(int(text[1:]))
    return f"{digits(text[0])} {tail}"


def _signed_number(match: re.Match[str]) -> str:
    return f"{'plus' if match[1] == '+' else 'negative'} {_say(match[2])}"


def _times(match: re.Match[str]) -> str:
    return f"{_say(match[1])} times"


def _power(match: re.Match[str]) -> str:
    return POWERS.get(match[1]) or f" to the power of {integer(match[1])}"


def _plain_number(match: re.Match[str]) -> str:
    """A number that nothing else has read; set apart from letters on either side (``PS5``, ``3D``)."""
    return _set_apart(match, _say(match[0]))


def _set_apart(match: re.Match[str], words: str) -> str:
    before = match.string[max(match.start() - 1, 0) : match.start()]
    after = match.string[match.end() : match.end() + 1]
    return f"{' ' if before.isalpha() else ''}{words}{' ' if after.isalpha() else ''}"


def _by(match: re.Match[str]) -> str:
    return f"{_say(match[1])} by {_say(match[2])}"


_SUM = re.compile(
    r"(?:(?<=\b[A-Za-z])|(?<=[\d)]))\s+[-+−*/×÷<>]\s+(?=[A-Za-z]\b|[-\d(.])|(?<=\d)\*(?=\d)"
)
_OPERATOR = re.compile(r"[+×÷≤≥≠≈±→]|(?<![=!<>])=(?![=>])")

FIGURE_RULES: tuple[Rule, ...] = (
    (re.compile(r"(?m)^\s*(\d{1,3})\.\s+(?!\d)"), _list_number),
    (re.compile(r"(?<!\w)\+\d{1,3}[ -]?(?:\(?\d{2,4}\)?[ -]?){2,4}\d{2,4}(?!\d)"), _telephone),
    (re.compile(r"\(?(?<!\d)\d{3}\)?[ -]\d{3}-\d{4}(?![\d-])"), _telephone),
    (re.compile(r"(?<![\d-])\d{3}-\d{4}(?:-\d{4})?(?![\d-])"), _telephone),
    (re.compile(r"(?<![\d.,])\d+(?:\.\d+){2,}(?![\d,]\d)"), _dotted),
    (re.compile(r"(\b[A-Z]{2,}[ -]?)([1-9]\d(?:\d[1-9]|[1-9]\d))(?!\d|[.,%]\d)"), _model_number),
    (
        re.compile(
            r"(\b(?:Boeing|[Rr]oom|[Ff]light|[Rr]oute|[Ss]uite|[Hh]ighway) )(\d{3})(?!\d|[.,]\d)"
        ),
        _model_number,
    ),
    (re.compile(r"(?<![\w.,])(\d{3,4})[pi]\b"), _resolution),
    (re.compile(r"(?<![\w.,/-])(\d+)\s(\d+)/([1-9]\d*)(?![\w/])"), _mixed_fraction),
    (re.compile(r"(?<![\w.,/-])(\d+)/(\d+)(?![\w/]|\.\d)"), _fraction),
    (re.compile(rf"(?<![\w.,-])({NUMBER})\s?×\s?({NUMBER})\s?×"), lambda m: f"{_by(m)} by "),
    (_SUM, _operator),
    (_OPERATOR, _operator),
    (re.compile(rf"(?<![\w.,-])({NUMBER})\s?[-–~]\s?({NUMBER})(?![\w-]|\.\d)"), _range),
    (re.compile(rf"(?<![\w.:])({NUMBER})x({NUMBER})(?!\w)"), _by),
    (re.compile(rf"(?<![\w.:])({NUMBER})x\b"), _times),
    (re.compile(r"(?<![\d:])(\d+):(\d+)(?![\d:])"), _range),
    (
        re.compile(r"(?<![\w.,])(\d{1,3}(?:,\d{3})+|\d+)(?:st|nd|rd|th)\b"),
        lambda m: ordinal(int(m[1].replace(",", ""))),
    ),
    (re.compile(rf"(?<![\w.)\]])([-+])({NUMBER})"), _signed_number),
    (re.compile(r"~\s?(?=\d)"), lambda _: "about "),
    (re.compile(r"#\s?(?=\d)"), lambda _: "number "),
    (re.compile(f"[{''.join(GREEK)}]"), lambda m: f" {GREEK[m[0]]} "),
    (re.compile(r"(?<=[\w)])[²³]"), lambda m: POWERS[m[0]]),
    (re.compile(r"(?<=[\w)])\^(\d+)"), _power),
    (re.compile(r"(?<=[A-Za-z0-9])-(?=\d)|(?<=\w)/(?=\w)"), lambda _: " "),
    (re.compile(NUMBER), _plain_number),
)
"""Applied in order."""
