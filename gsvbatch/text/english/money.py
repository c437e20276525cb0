"""Amounts of money in words: ``"$6.24"`` -> ``"six dollars and twenty-four cents"``."""

import re

from gsvbatch.text.english.numbers import cardinal, number
from gsvbatch.text.english.rules import NUMBER, Rule, alternatives, signed

CURRENCIES: dict[str, tuple[str, str, str, str]] = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "sen", "sen"),
    "₩": ("won", "won", "jeon", "jeon"),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "₽": ("ruble", "rubles", "kopek", "kopeks"),
    "¢": ("cent", "cents", "", ""),
}
"""Sign -> unit, units, subunit, subunits."""

_YUAN = ("yuan", "yuan", "fen", "fen")
_CODES: dict[str, tuple[str, str, str, str]] = {
    "USD": ("U S dollar", "U S dollars", "cent", "cents"),
    "US$": ("U S dollar", "U S dollars", "cent", "cents"),
    "HKD": ("Hong Kong dollar", "Hong Kong dollars", "cent", "cents"),
    "HK$": ("Hong Kong dollar", "Hong Kong dollars", "cent", "cents"),
    "NT$": ("Taiwan dollar", "Taiwan dollars", "cent", "cents"),
    "A$": ("Australian dollar", "Australian dollars", "cent", "cents"),
    "C$": ("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "S$": ("Singapore dollar", "Singapore dollars", "cent", "cents"),
    "EUR": CURRENCIES["€"],
    "GBP": CURRENCIES["£"],
    "JPY": CURRENCIES["¥"],
    "KRW": CURRENCIES["₩"],
    "INR": CURRENCIES["₹"],
    "CHF": ("Swiss franc", "Swiss francs", "rappen", "rappen"),
    "CNY": _YUAN,
    "RMB": _YUAN,
    "CN¥": _YUAN,
}

MAGNITUDES = {
    "k": "thousand",
    "K": "thousand",
    "m": "million",
    "M": "million",
    "mn": "million",
    "bn": "billion",
    "b": "billion",
    "B": "billion",
    "tn": "trillion",
    "T": "trillion",
}


def _amount(text: str, names: tuple[str, str, str, str]) -> str:
    """Return an amount of money in units and subunits, the latter rounded to hundredths."""
    unit, units, subunit, subunits = names
    whole, _, decimals = text.replace(",", "").partition(".")
    if len(decimals) > 2 or (not subunit and decimals):
        return f"{number(text)} {units}"
    n, hundredths = int(whole or "0"), int(decimals.ljust(2, "0") or "0")
    words = []
    if n or not hundredths:
        words.append(f"{cardinal(n)} {unit if n == 1 else units}")
    if hundredths:
        words.append(f"{cardinal(hundredths)} {subunit if hundredths == 1 else subunits}")
    return " and ".join(words)


def _money(match: re.Match[str]) -> str:
    parts = match.groupdict()
    names = _CODES.get(parts["sign"]) or CURRENCIES[parts["sign"]]
    minus = "negative " if parts.get("minus") else ""
    magnitude = parts.get("magnitude") or ""
    if magnitude:
        word = MAGNITUDES.get(magnitude.strip(), magnitude.strip())
        return f"{minus}{number(parts['amount'])} {word} {names[1]}"
    return minus + _amount(parts["amount"], names)


_CODE = alternatives(_CODES)
_SIGN = f"[{''.join(CURRENCIES)}]"
_AMOUNT = (
    rf"(?P<amount>{NUMBER})"
    rf"(?P<magnitude>\s?(?:thousand|million|billion|trillion)\b|(?:{alternatives(MAGNITUDES)})\b)?"
)

MONEY_RULES: tuple[Rule, ...] = (
    (
        re.compile(rf"({_SIGN})({NUMBER})\s?[-–~]\s?\1?(?={NUMBER})"),
        lambda m: f"{signed(m[2])} to {m[1]}",
    ),
    (
        re.compile(rf"(?P<minus>(?<!\w)-)?(?P<sign>(?<![A-Za-z])(?:{_CODE})|{_SIGN})\s?{_AMOUNT}"),
        _money,
    ),
    (
        re.compile(
            rf"(?P<minus>(?<!\w)-)?(?<![\w.]){_AMOUNT}\s?(?P<sign>{_SIGN}|(?:{_CODE})(?!\w))"
        ),
        _money,
    ),
)
