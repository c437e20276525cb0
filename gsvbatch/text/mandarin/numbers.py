"""Numbers in Chinese words: as quantities, digit by digit, and as decimals."""

_DIGITS = "零一二三四五六七八九"
_LONGEST_QUANTITY = 16
"""Digits; a longer number is read digit by digit, as people do."""


def say_digits(digits: str, one: str = "一") -> str:
    """Return digits one by one; phone and room numbers say ``幺`` for 1."""
    return "".join(one if digit == "1" else _DIGITS[int(digit)] for digit in digits)


def say_integer(digits: str) -> str:
    """Return a quantity: ``10`` 十, ``105`` 一百零五, ``20002`` 二万零二; leading zeros are dropped."""
    digits = digits.lstrip("0")
    if not digits:
        return "零"
    if len(digits) > _LONGEST_QUANTITY:
        return say_digits(digits)
    said = _say_quantity(digits)
    return said[1:] if said.startswith("一十") else said


def say_number(number: str) -> str:
    """Return an unsigned integer or decimal: ``0.50`` 零点五零, ``.5`` 零点五, ``12.5`` 十二点五."""
    whole, _, fraction = number.partition(".")
    said = say_integer(whole)
    return f"{said}点{say_digits(fraction)}" if fraction else said


def _say_quantity(digits: str) -> str:
    """Return digits that begin with none of 0: what stands above 亿 or 万, the unit, the rest."""
    for n_places, unit in ((8, "亿"), (4, "万")):
        if len(digits) > n_places:
            above, below = digits[:-n_places], digits[-n_places:]
            said = _say_quantity(above) + unit
            rest = below.lstrip("0")
            if rest:
                said += ("零" if below[0] == "0" else "") + _say_quantity(rest)
            return said
    said = ""
    for digit, unit in zip(digits.zfill(4), ("千", "百", "十", ""), strict=True):
        if digit != "0":
            said += _DIGITS[int(digit)] + unit
        elif said and not said.endswith("零"):
            said += "零"
    return said.rstrip("零")
