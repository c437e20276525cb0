"""Percentages, temperatures and measures in words: ``"10 km/h"`` -> ``"ten kilometers per hour"``."""

import re

from gsvbatch.text.english.numbers import cardinal
from gsvbatch.text.english.rules import NUMBER, SIGNED, Rule, alternatives, signed

UNITS: dict[str, tuple[str, str]] = {
    "m": ("meter", "meters"),
    "km": ("kilometer", "kilometers"),
    "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"),
    "µm": ("micrometer", "micrometers"),
    "nm": ("nanometer", "nanometers"),
    "ft": ("foot", "feet"),
    "yd": ("yard", "yards"),
    "mi": ("mile", "miles"),
    "L": ("liter", "liters"),
    "l": ("liter", "liters"),
    "mL": ("milliliter", "milliliters"),
    "ml": ("milliliter", "milliliters"),
    "tbsp": ("tablespoon", "tablespoons"),
    "tsp": ("teaspoon", "teaspoons"),
    "gal": ("gallon", "gallons"),
    "oz": ("ounce", "ounces"),
    "lb": ("pound", "pounds"),
    "lbs": ("pound", "pounds"),
    "g": ("gram", "grams"),
    "kg": ("kilogram", "kilograms"),
    "mg": ("milligram", "milligrams"),
    "µg": ("microgram", "micrograms"),
    "h": ("hour", "hours"),
    "hr": ("hour", "hours"),
    "hrs": ("hour", "hours"),
    "min": ("minute", "minutes"),
    "mins": ("minute", "minutes"),
    "s": ("second", "seconds"),
    "sec": ("second", "seconds"),
    "secs": ("second", "seconds"),
    "ms": ("millisecond", "milliseconds"),
    "µs": ("microsecond", "microseconds"),
    "ns": ("nanosecond", "nanoseconds"),
    "Hz": ("hertz", "hertz"),
    "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("megahertz", "megahertz"),
    "GHz": ("gigahertz", "gigahertz"),
    "B": ("byte", "bytes"),
    "KB": ("kilobyte", "kilobytes"),
    "kB": ("kilobyte", "kilobytes"),
    "MB": ("megabyte", "megabytes"),
    "GB": ("gigabyte", "gigabytes"),
    "TB": ("terabyte", "terabytes"),
    "kbps": ("kilobit per second", "kilobits per second"),
    "Mbps": ("megabit per second", "megabits per second"),
    "Gbps": ("gigabit per second", "gigabits per second"),
    "W": ("watt", "watts"),
    "kW": ("kilowatt", "kilowatts"),
    "MW": ("megawatt", "megawatts"),
    "kWh": ("kilowatt hour", "kilowatt hours"),
    "mAh": ("milliamp hour", "milliamp hours"),
    "V": ("volt", "volts"),
    "mA": ("milliamp", "milliamps"),
    "Pa": ("pascal", "pascals"),
    "kPa": ("kilopascal", "kilopascals"),
    "cal": ("calorie", "calories"),
    "kcal": ("kilocalorie", "kilocalories"),
    "J": ("joule", "joules"),
    "kJ": ("kilojoule", "kilojoules"),
    "N": ("newton", "newtons"),
    "dB": ("decibel", "decibels"),
    "px": ("pixel", "pixels"),
    "ha": ("hectare", "hectares"),
    "mph": ("mile per hour", "miles per hour"),
    "kph": ("kilometer per hour", "kilometers per hour"),
    "fps": ("frame per second", "frames per second"),
    "rpm": ("revolution per minute", "revolutions per minute"),
    "bpm": ("beat per minute", "beats per minute"),
    "°": ("degree", "degrees"),
    "°C": ("degree celsius", "degrees celsius"),
    "°F": ("degree fahrenheit", "degrees fahrenheit"),
}
_AREAS = {"²": "square", "2": "square", "³": "cubic", "3": "cubic"}
_UPPER_CASE_ONLY_AFTER_SPACE = {
    "B",
    "V",
    "N",
    "J",
    "T",
}  # "3B", "5V"... may be a name, "5 V" is not
_LENGTHS = ("m", "km", "cm", "mm", "ft", "mi", "yd")
_SPANS = ("hour", "day", "week", "month", "year", "person")


def _percent(match: re.Match[str]) -> str:
    return f"{signed(match[1])} {'per mille' if match[2] == '‰' else 'percent'}"


def _measure(match: re.Match[str]) -> str:
    amount, space, length, power, unit, per = match.groups()
    unit = unit or length
    if unit in _UPPER_CASE_ONLY_AFTER_SPACE and not space:
        return match[0]
    singular, plural = UNITS[unit]
    words = singular if amount.lstrip("+-") == "1" else plural
    if power:
        words = f"{_AREAS[power]} {words}"
    if per:
        words += f" per {UNITS[per][0] if per in UNITS else per}"
    return f"{signed(amount)} {words}"


def _feet_and_inches(match: re.Match[str]) -> str:
    feet, inches = match[1], match[2]
    words = f"{cardinal(int(feet))} {'foot' if feet == '1' else 'feet'}"
    return f"{words} {cardinal(int(inches))}" if inches else words


MEASURE_RULES: tuple[Rule, ...] = (
    (
        re.compile(
            rf"(?<![\w.,-])({NUMBER})\s?[-–~]\s?(?={NUMBER}\s?(?:[%‰]|(?:{alternatives(UNITS)})(?!\w)))"
        ),
        lambda m: f"{signed(m[1])} to ",
    ),
    (re.compile(rf"(?<!\d)({SIGNED})\s?([%‰])"), _percent),
    (re.compile(r"(?<![\w.'])(\d{1,2})'(?:(\d{1,2})\")?(?![\w'])"), _feet_and_inches),
    (
        re.compile(
            rf"(?<![A-Za-z_/.\d-])({SIGNED})(\s?)(?:({alternatives(_LENGTHS)})([²³23])|({alternatives(UNITS)}))"
            rf"(?:/({alternatives((*UNITS, *_SPANS))}))?(?![A-Za-z0-9'])"
        ),
        _measure,
    ),
    (
        re.compile(
            rf"\b(dollars?|cents?|euros?|pounds?|pence|yen|yuan|percent)\s?/\s?({alternatives((*UNITS, *_SPANS))})(?!\w)"
        ),
        lambda m: f"{m[1]} per {UNITS[m[2]][0] if m[2] in UNITS else m[2]}",
    ),
)
"""Applied in order."""
