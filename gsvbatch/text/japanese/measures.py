"""Numbers that count or measure something: money, percentages, temperatures, units."""

import re

from gsvbatch.text.japanese.numbers import NUMBER

_UNITS = {
    "km": "キロメートル", "m": "メートル", "dm": "デシメートル", "cm": "センチメートル", "mm": "ミリメートル",
    "μm": "マイクロメートル", "um": "マイクロメートル", "nm": "ナノメートル", "km²": "平方キロメートル",
    "m²": "平方メートル", "cm²": "平方センチメートル", "mm²": "平方ミリメートル", "km2": "平方キロメートル",
    "m2": "平方メートル", "cm2": "平方センチメートル", "m³": "立方メートル", "cm³": "立方センチメートル",
    "m3": "立方メートル", "cm3": "立方センチメートル", "kg": "キログラム", "g": "グラム", "mg": "ミリグラム",
    "μg": "マイクログラム", "t": "トン", "L": "リットル", "l": "リットル", "ℓ": "リットル", "dL": "デシリットル",
    "mL": "ミリリットル", "ml": "ミリリットル", "cc": "シーシー", "h": "時間", "min": "分", "s": "秒", "ms": "ミリ秒",
    "μs": "マイクロ秒", "ns": "ナノ秒", "Hz": "ヘルツ", "kHz": "キロヘルツ", "MHz": "メガヘルツ", "GHz": "ギガヘルツ",
    "dB": "デシベル", "db": "デシベル", "W": "ワット", "kW": "キロワット", "MW": "メガワット", "kWh": "キロワット時",
    "V": "ボルト", "kV": "キロボルト", "mV": "ミリボルト", "A": "アンペア", "mA": "ミリアンペア",
    "mAh": "ミリアンペア時", "Ω": "オーム", "kΩ": "キロオーム", "J": "ジュール", "kJ": "キロジュール", "cal": "カロリー",
    "kcal": "キロカロリー", "N": "ニュートン", "Pa": "パスカル", "hPa": "ヘクトパスカル", "kPa": "キロパスカル",
    "MPa": "メガパスカル", "mol": "モル", "px": "ピクセル", "fps": "フレーム毎秒", "bpm": "ビーピーエム",
    "rpm": "回転毎分", "ha": "ヘクタール", "KB": "キロバイト", "kB": "キロバイト", "MB": "メガバイト",
    "GB": "ギガバイト", "TB": "テラバイト", "KM": "キロメートル", "KG": "キログラム", "CM": "センチメートル",
    "MM": "ミリメートル", "ML": "ミリリットル", "ft": "フィート", "mph": "マイル毎時", "s²": "秒毎秒",
}  # fmt: skip
_PER = {"h": "毎時", "min": "毎分", "s": "毎秒", "s²": "毎秒毎秒"}
_SPEEDS = {"h": "時速", "min": "分速", "s": "秒速"}
_UNIT = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
_QUANTITY = re.compile(
    rf"(?P<speed>[時分秒]速)?({NUMBER})\s?({_UNIT})(?:/({_UNIT}))?(?![0-9A-Za-z²³])"
)

_CURRENCIES = {
    "¥": "円", "$": "ドル", "US$": "米ドル", "HK$": "香港ドル", "NT$": "台湾ドル", "€": "ユーロ", "£": "ポンド",
    "₩": "ウォン", "₽": "ルーブル", "₹": "ルピー", "฿": "バーツ",
}  # fmt: skip
_MONEY = re.compile(
    rf"(-\s?)?((?:US|HK|NT)?\$|[¥€£₩₽₹฿])\s?(-)?({NUMBER})([百千万億兆]*)(?:円|ドル|ユーロ|ポンド|ウォン)?"
)
_PARTS = {"%": "パーセント", "‰": "パーミル"}
_DEGREES = re.compile(rf"(?:(-)\s?)?({NUMBER})\s?°\s?([CFＣＦ])?")


def say_money(text: str) -> str:
    """Return text with the currency behind the number, in words: $12.50 12．5ドル, ¥3000 3000円."""
    return _MONEY.sub(_say_money, text)


def say_parts(text: str) -> str:
    """Return text with percent and per mille in words."""
    return re.sub("[%‰]", lambda m: _PARTS[m[0]], text)


def say_degrees(text: str) -> str:
    """Return text with degrees in words: -3°C マイナス3度, 90°F 華氏90度, 45° 45度."""
    return _DEGREES.sub(_say_degrees, text)


def say_units(text: str) -> str:
    """Return text with Latin units in words: 3kg 3キログラム, 60km/h 時速60キロメートル."""
    return _QUANTITY.sub(_say_quantity, text)


def _say_money(match: re.Match[str]) -> str:
    number = match[4].rstrip("0").rstrip("．") if "．" in match[4] else match[4]
    sign = "マイナス" if match[1] or match[3] else ""
    return f"{sign}{number}{match[5]}{_CURRENCIES[match[2]]}"


def _say_degrees(match: re.Match[str]) -> str:
    scale = "華氏" if match[3] == "F" else ""
    return f"{'マイナス' if match[1] else ''}{scale}{match[2]}度"


def _say_quantity(match: re.Match[str]) -> str:
    speed, number, unit, per = match.groups()
    said = f"{speed or ''}{number}{_UNITS[unit]}"
    if not per or speed:
        return said
    if unit in ("km", "m") and per in _SPEEDS:
        return _SPEEDS[per] + said
    return said + (_PER.get(per) or f"パー{_UNITS[per]}")
