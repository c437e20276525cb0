"""Numbers as English words: cardinals, ordinals, years, decimals, fractions, digits, Roman numerals.

American wording without "and"; a comma before a group of three that begins with hundreds, as checkpoints
heard it in training ("twelve thousand, three hundred forty-five").
"""

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
SCALES = ("", "thousand", "million", "billion", "trillion", "quadrillion")

LARGEST = 10 ** (3 * len(SCALES)) - 1
"""Above this, digits are read one by one."""

IRREGULAR_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}

ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def digits(text: str, zero: str = "zero") -> str:
    """Return the digits of ``text`` one by one: ``"007"`` -> ``"zero zero seven"``."""
    return " ".join(zero if c == "0" else ONES[int(c)] for c in text if c in "0123456789")


def _below_hundred(n: int) -> str:
    if n < 20:
        return ONES[n]
    tens, ones = divmod(n, 10)
    return TENS[tens] + (f"-{ONES[ones]}" if ones else "")


def _below_thousand(n: int) -> str:
    hundreds, rest = divmod(n, 100)
    words = [f"{ONES[hundreds]} hundred"] if hundreds else []
    if rest or not hundreds:
        words.append(_below_hundred(rest))
    return " ".join(words)


def cardinal(n: int) -> str:
    """Return ``n`` >= 0 in words."""
    if n > LARGEST:
        return digits(str(n))
    groups: list[tuple[int, str]] = []
    rest, scale = n, 0
    while rest or not groups:
        rest, group = divmod(rest, 1000)
        if group or n == 0:
            groups.append((group, SCALES[scale]))
        scale += 1
    words = ""
    for group, name in reversed(groups):
        spoken = f"{_below_thousand(group)} {name}".rstrip()
        if words:
            words += ", " if group >= 100 else " "
        words += spoken
    return words


def ordinal(n: int) -> str:
    """Return ``n`` >= 0 as a place in a row: 21 -> ``"twenty-first"``."""
    words = cardinal(n)
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    head, last = words[:cut], words[cut:]
    if last in IRREGULAR_ORDINALS:
        return head + IRREGULAR_ORDINALS[last]
    return head + (last[:-1] + "ieth" if last.endswith("y") else last + "th")


def year(n: int) -> str:
    """Return ``n`` as years are said, in two pairs; 2005 and outside 1001 to 2999 as a cardinal."""
    if not 1001 <= n <= 2999 or 2000 <= n <= 2009:
        return cardinal(n)
    return pairs(n)


def pairs(n: int) -> str:
    """Return a number of four digits (1000 to 9999) in two pairs: 4090 -> ``"forty ninety"``."""
    head, tail = divmod(n, 100)
    if tail == 0:
        return cardinal(n) if head % 10 == 0 else f"{_below_hundred(head)} hundred"
    return f"{_below_hundred(head)} {'oh ' if tail < 10 else ''}{_below_hundred(tail)}"


def integer(text: str) -> str:
    """Return an unsigned run of digits as it is usually read.

    Leading zeros and more than nine digits without separators (serial numbers) are read digit by
    digit; 1001 to 2999 like years, which is how counts of that size are said as well.
    """
    if (len(text) > 1 and text[0] == "0") or len(text) > 9:
        return digits(text)
    return year(int(text))


def number(text: str) -> str:
    """Return a quantity, such as ``"1,234.50"``: a cardinal, then the decimals digit by digit."""
    whole, _, decimals = text.replace(",", "").partition(".")
    words = [cardinal(int(whole))] if whole else []
    if decimals:
        words += ["point", digits(decimals)]
    return " ".join(words)


def fraction(numerator: int, denominator: int) -> str:
    """Return ``numerator / denominator`` in words: ``"three halves"``, ``"five over zero"``."""
    if denominator == 1:
        return cardinal(numerator)
    if denominator == 0 or denominator > 1000:
        return f"{cardinal(numerator)} over {cardinal(denominator)}"
    name = "half" if denominator == 2 else ordinal(denominator)
    if numerator != 1:
        name = "halves" if denominator == 2 else f"{name}s"
    return f"{cardinal(numerator)} {name}"


def plural_of_number(n: int) -> str:
    """Return ``n`` as a span of years: 1990 -> ``"nineteen nineties"``, 80 -> ``"eighties"``."""
    words = year(n)
    if words.endswith("y"):
        return f"{words[:-1]}ies"
    return f"{words}{'es' if words.endswith('x') else 's'}"


def roman(text: str) -> int | None:
    """Return the value of a well-formed Roman numeral in capitals (1 to 3999), else None."""
    value = 0
    for here, after in zip(text, f"{text[1:]} ", strict=False):
        worth = ROMAN.get(here, 0)
        value += -worth if ROMAN.get(after, 0) > worth else worth
    return value if text and to_roman(value) == text else None


def to_roman(n: int) -> str:
    """Return ``n`` as a Roman numeral; empty outside 1 to 3999."""
    if not 1 <= n <= 3999:
        return ""
    steps = ("M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I")
    values = (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1)
    letters = ""
    for letter, value in zip(steps, values, strict=True):
        count, n = divmod(n, value)
        letters += letter * count
    return letters
