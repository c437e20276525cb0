"""Numbers that count or measure something, in Korean: money, temperatures, units."""

import re

_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_UNITS = {
    "km": "킬로미터", "m": "미터", "cm": "센티미터", "mm": "밀리미터", "nm": "나노미터", "μm": "마이크로미터",
    "km²": "제곱킬로미터", "m²": "제곱미터", "cm²": "제곱센티미터", "km2": "제곱킬로미터", "m2": "제곱미터",
    "cm2": "제곱센티미터", "m³": "세제곱미터", "m3": "세제곱미터", "cm³": "세제곱센티미터", "cm3": "세제곱센티미터",
    "kg": "킬로그램", "g": "그램", "mg": "밀리그램", "t": "톤", "L": "리터", "l": "리터", "ℓ": "리터", "mL": "밀리리터",
    "ml": "밀리리터", "cc": "시시", "h": "시간", "min": "분", "s": "초", "ms": "밀리초", "Hz": "헤르츠",
    "kHz": "킬로헤르츠", "MHz": "메가헤르츠", "GHz": "기가헤르츠", "dB": "데시벨", "W": "와트", "kW": "킬로와트",
    "kWh": "킬로와트시", "V": "볼트", "A": "암페어", "mAh": "밀리암페어시", "cal": "칼로리", "kcal": "킬로칼로리",
    "Pa": "파스칼", "hPa": "헥토파스칼", "KB": "킬로바이트", "MB": "메가바이트", "GB": "기가바이트", "TB": "테라바이트",
    "px": "픽셀", "fps": "프레임", "ha": "헥타르", "KM": "킬로미터", "KG": "킬로그램", "CM": "센티미터", "MM": "밀리미터",
    "ML": "밀리리터", "mA": "밀리암페어", "mV": "밀리볼트", "kV": "킬로볼트", "N": "뉴턴", "J": "줄", "Ω": "옴",
}  # fmt: skip
_SPEEDS = {"h": "시속 ", "min": "분속 ", "s": "초속 "}
_UNIT = "|".join(sorted(_UNITS, key=len, reverse=True))
_QUANTITY = re.compile(rf"([시분초]속\s*)?({_NUMBER})\s?({_UNIT})(?:/({_UNIT}))?(?![0-9A-Za-z²³])")

_CURRENCIES = {
    "₩": "원", "$": "달러", "US$": "미국 달러", "HK$": "홍콩 달러", "NT$": "대만 달러", "¥": "엔", "￥": "엔", "€": "유로",
    "£": "파운드", "₽": "루블", "₹": "루피",
}  # fmt: skip
_MONEY = re.compile(
    rf"(-\s?)?((?:US|HK|NT)?\$|[₩¥￥€£₽₹])\s?(-)?({_NUMBER})((?:\s?[백천만억조])*)(?:\s?(?:원|달러|엔|유로|파운드))?"
)
_DEGREES = re.compile(rf"(?:(-)\s?)?({_NUMBER})\s?°\s?([CF])?")


def say_money(text: str) -> str:
    """Return text with the currency behind the number, in words: $12.50 12.5 달러."""
    return _MONEY.sub(_say_money, text)


def say_degrees(text: str) -> str:
    """Return text with degrees in words: -3°C 영하 3도, 90°F 화씨 90도."""
    return _DEGREES.sub(_say_degrees, text)


def say_units(text: str) -> str:
    """Return text with Latin units in words: 3kg 3킬로그램, 60km/h 시속 60킬로미터."""
    return _QUANTITY.sub(_say_quantity, text)


def _say_money(match: re.Match[str]) -> str:
    number = match[4].rstrip("0").rstrip(".") if "." in match[4] else match[4]
    sign = "마이너스 " if match[1] or match[3] else ""
    return f"{sign}{number}{match[5]} {_CURRENCIES[match[2]]}"


def _say_degrees(match: re.Match[str]) -> str:
    if match[3] == "F":
        return f"화씨 {'마이너스 ' if match[1] else ''}{match[2]}도"
    below = ("영하 " if match[3] else "마이너스 ") if match[1] else ""
    return f"{below}{match[2]}도"


def _say_quantity(match: re.Match[str]) -> str:
    speed, number, unit, per = match.groups()
    said = f"{speed or ''}{number}{_UNITS[unit]}"
    if not per or speed:
        return said
    return (
        _SPEEDS[per] + said
        if unit in ("km", "m") and per in _SPEEDS
        else f"{said} 퍼 {_UNITS[per]}"
    )
