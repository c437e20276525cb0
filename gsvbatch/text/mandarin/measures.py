"""Numbers that count or measure something: money, percentages, temperatures, units, measure words."""

import re

from gsvbatch.text.mandarin.numbers import say_integer, say_number

_NUMBER = r"[0-9]+(?:\.[0-9]+)?|(?<![0-9])\.[0-9]+"
_START = r"(?<![0-9A-Za-z.])"
_SIGN = r"(?<![0-9A-Za-z%])[-+]"

_UNITS = {
    "km": "千米", "m": "米", "dm": "分米", "cm": "厘米", "mm": "毫米", "μm": "微米", "um": "微米", "nm": "纳米",
    "km²": "平方千米", "m²": "平方米", "dm²": "平方分米", "cm²": "平方厘米", "mm²": "平方毫米",
    "km2": "平方千米", "m2": "平方米", "dm2": "平方分米", "cm2": "平方厘米", "mm2": "平方毫米",
    "m³": "立方米", "dm³": "立方分米", "cm³": "立方厘米", "mm³": "立方毫米", "m3": "立方米", "dm3": "立方分米",
    "cm3": "立方厘米", "mm3": "立方毫米", "kg": "千克", "g": "克", "mg": "毫克", "μg": "微克", "t": "吨",
    "L": "升", "l": "升", "mL": "毫升", "ml": "毫升", "cc": "毫升", "h": "小时", "min": "分钟", "s": "秒",
    "ms": "毫秒", "μs": "微秒", "ns": "纳秒", "s²": "二次方秒", "Hz": "赫兹", "kHz": "千赫兹", "MHz": "兆赫兹",
    "GHz": "吉赫兹", "dB": "分贝", "db": "分贝", "W": "瓦", "kW": "千瓦", "MW": "兆瓦", "kWh": "千瓦时",
    "kW·h": "千瓦时", "V": "伏", "kV": "千伏", "mV": "毫伏", "A": "安", "mA": "毫安", "mAh": "毫安时", "Ω": "欧姆",
    "kΩ": "千欧", "J": "焦耳", "kJ": "千焦", "cal": "卡", "kcal": "千卡", "N": "牛", "Pa": "帕", "kPa": "千帕",
    "hPa": "百帕", "MPa": "兆帕", "mmHg": "毫米汞柱", "mol": "摩尔", "rpm": "转每分", "px": "像素", "fps": "帧每秒",
    "bpm": "拍每分", "mph": "英里每小时", "ft": "英尺", "ha": "公顷", "KM": "千米", "KG": "千克", "Kg": "千克",
    "CM": "厘米", "MM": "毫米", "ML": "毫升",
}  # fmt: skip
_UNIT = "|".join(sorted(_UNITS, key=len, reverse=True))
# A followed by these is a grade (5A景区, 3A大作), not an ampere.
_UNIT_END = r"(?![0-9A-Za-z²³])(?<!A(?=[级景大游作]))"

LATIN_QUANTITY = re.compile(
    rf"{_START}(?:{_NUMBER})\s?(?:{_UNIT})(?:/(?:{_UNIT}))?{_UNIT_END}|[0-9]\s?°[CF]\b"
)
"""A number with a unit in Latin letters: Mandarin when it stands in Mandarin text, though its letters
are not. For whoever cuts a mixed text into languages."""

# Longest first, for a regular expression takes the first that fits.
_HAN_UNIT = (
    "平方公里|平方千米|平方厘米|立方厘米|平方米|立方米|公里|千米|分米|厘米|毫米|微米|纳米|公斤|千克|毫克|微克|毫升|公顷"
    "|小时|分钟|秒钟|刻钟|个半|个月|星期|年级|世纪|美元|欧元|英镑|日元|港元|韩元|卢布|人次|英里|英尺|英寸|海里|光年|像素"
    "|[年月日号天夜周岁元块角毛分秒时刻点个人名位只条件张本册页章节课集部篇首段句字行列层楼栋幢座间套所家户辆架艘台把支枝根"
    "棵株朵片颗粒滴杯瓶碗盘盒箱袋包桶罐壶锅份封幅枚门扇头匹群双对副组批排队班代届期轮场次回遍趟声步度级种类样项款倍成折斤两"
    "吨克米里尺寸丈亩升口笔股团束串席员卷幕道题格圈针帧瓦伏]"
)
# 2 of these is 两; beside the rest (2月, 2号, 2楼, 2两) it stays 二, for it names or is a unit of weight.
_NO_PAIR = "月|日|号|年级|楼|班|级|期|两|分米|世纪|代|卷|题|度"

_CURRENCIES = {
    "￥": "元", "$": "美元", "US$": "美元", "HK$": "港元", "NT$": "新台币", "€": "欧元", "£": "英镑", "₩": "韩元",
    "₽": "卢布", "₹": "卢比", "฿": "泰铢",
}  # fmt: skip
_CURRENCY = r"(?:US|HK|NT)?\$|[￥€£₩₽₹฿]"
_SCALE = "百万|千万|百亿|千亿|万亿|[百千万亿]"
_MONEY = re.compile(
    rf"(?P<sign>-)?(?P<currency>{_CURRENCY})\s*(?P<negative>-)?(?P<number>{_NUMBER})(?P<scale>(?:{_SCALE})?)"
    rf"(?:\s*[-~到至]\s*(?:{_CURRENCY})?\s*(?P<number_to>{_NUMBER})(?P<scale_to>(?:{_SCALE})?))?"
    r"(?P<unit>\s*(?:元|块|美元|美金|港元|港币|欧元|英镑|日元|人民币|新台币|韩元))?"
)
# Not with a sign before the number, for then the second is a pause (￥5￥), nor with a number after it (100￥50).
_MONEY_BEFORE_CURRENCY = re.compile(
    rf"(?<![0-9A-Za-z.￥$€£₩₽₹฿])(?P<sign>-)?(?P<number>{_NUMBER})(?P<scale>(?:{_SCALE})?)"
    rf"(?:(?:{_CURRENCY})?\s*[-~—到至]\s*(?P<number_to>{_NUMBER})(?P<scale_to>(?:{_SCALE})?))?"
    rf"(?P<currency>{_CURRENCY})(?!\s*-?[0-9])"
)
_PRICE = re.compile(r"(?<![0-9.])([0-9]+\.[0-9]*?)0+(?=\s*(?:元|块钱|美元|欧元|英镑|港元))")

_PERCENT_FROM_TO = re.compile(
    rf"({_SIGN})?({_NUMBER})\s*([%‰]?)\s*[-~至到]\s*(-?)({_NUMBER})\s*([%‰])"
)
_PERCENT = re.compile(rf"({_SIGN})?({_NUMBER})\s*([%‰])")
_PARTS = {"%": "百分之", "‰": "千分之"}

_DEGREES = r"°C|°F|摄氏度|华氏度|度"
_DEGREES_FROM_TO = re.compile(
    rf"({_SIGN})?({_NUMBER})\s*({_DEGREES})?\s*[-~至到]\s*(-?)({_NUMBER})\s*({_DEGREES})"
)
_TEMPERATURE = re.compile(rf"({_SIGN})?({_NUMBER})\s*({_DEGREES})")
_ANGLE = re.compile(rf"({_NUMBER})\s*°")

_FROM_TO = re.compile(rf"(?<![0-9.])({_NUMBER})\s*~\s*(?={_NUMBER})")
_FROM_TO_DASHED = re.compile(
    rf"(?P<first>第?)(?<![0-9./-])(?P<low>{_NUMBER})(?P<scale>[万亿千百]?)\s*-\s*"
    rf"(?P<high>{_NUMBER})(?=\s*(?:(?:{_UNIT}){_UNIT_END}|[多余几]?(?:[万亿千百]|{_HAN_UNIT})))"
)
_MEASURE = rf"(?:{_SCALE})?\s*(?:{_UNIT}|{_HAN_UNIT})"
# A dash, which may also break off a sentence, is of a range where a measure stands after it too; a long one is not.
_UNIT_FROM_TO = re.compile(
    rf"((?:{_NUMBER})\s*{_MEASURE})\s*[-~]\s*(?=[0-9])"
    rf"|(?<![第0-9.])((?:{_NUMBER})\s*{_MEASURE})\s*—(?!—)\s*(?=(?:{_NUMBER})\s*{_MEASURE})"
)
_TIMES = re.compile(rf"(?<![0-9.])((?:{_NUMBER})\s*(?:(?:{_UNIT})\s*)?)\*\s*(?={_NUMBER})")
_QUANTITY = re.compile(rf"{_START}({_NUMBER})\s*({_UNIT})(?:/({_UNIT}))?{_UNIT_END}")
_HOURS_OF_DURATION = re.compile(r"(?<=[0-9])h(?=[0-9]{1,2}m)|(?<=[0-9])(min|m)(?=[0-9]{1,2}s)")
_PER_LATIN = re.compile(rf"(?<=[\u4e00-\u9fff])/({_UNIT}){_UNIT_END}")
_PER = re.compile(
    "(?<=元|块|角|米|升|克|吨|里|斤|瓦|卡|焦|度|字|帧|转|拍|次|户)/(?=[0-9\u4e00-\u9fff])"
)

_ORDINAL = re.compile(r"第\s*([0-9]+)(?!\.[0-9])")
_COUNT = re.compile(rf"{_START}([0-9]+)\s*(?=[多余几来]?(?:[万亿]|[百千](?!分)|{_HAN_UNIT}))")
_PAIR = re.compile(rf"(?<![0-9.第A-Za-z])2\s*(?=[百千万亿]|(?!{_NO_PAIR})(?:{_HAN_UNIT}))")
_THOUSANDS = re.compile(r"(?<![0-9.,A-Za-z])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9,])")
_THOUSANDS_ALONE = re.compile(
    r"(?<![-+￥$€£₩₽₹฿0-9.,A-Za-z])[0-9]{1,3}(?:,[0-9]{3})+(?=\s*(?:[\u4e00-\u9fff，。；、！？]|$))"
    r"(?!\s*(?:[元块至到度年]|美元))"
)


def join_thousands(text: str) -> str:
    """Return text without the commas of 1,234,567; in words where nothing beside it is to be read with it."""
    text = _THOUSANDS_ALONE.sub(lambda m: say_integer(m[0].replace(",", "")), text)
    return _THOUSANDS.sub(lambda m: m[0].replace(",", ""), text)


def say_money(text: str) -> str:
    """Return text with sums of money in words, the currency after the number: ￥15, 15￥ 十五元."""
    text = _MONEY_BEFORE_CURRENCY.sub(_say_money, text)
    text = _MONEY.sub(_say_money, text)
    return _PRICE.sub(lambda m: m[1].rstrip("."), text)


def say_percentages(text: str) -> str:
    """Return text with percentages and per mille in words: -3.5% 负百分之三点五."""
    text = _PERCENT_FROM_TO.sub(_say_percent_from_to, text)
    return _PERCENT.sub(lambda m: _say_percent(m[1] or "", m[2], m[3]), text)


def say_temperatures(text: str) -> str:
    """Return text with degrees in words: -10°C 零下十度, 5~10度 五到十度."""
    text = _DEGREES_FROM_TO.sub(_say_degrees_from_to, text)
    text = _TEMPERATURE.sub(lambda m: _say_degrees(m[1] or "", m[2], m[3]), text)
    return _ANGLE.sub(r"\1度", text)


def say_ranges(text: str) -> str:
    """Return text with the sign of a range as a word: 1~3天 1到3天, 5-10个 5到10个, 5km-8km 5km至8km."""
    text = _UNIT_FROM_TO.sub(lambda m: f"{m[1] or m[2]}至", text)
    text = _FROM_TO.sub(r"\1到", text)
    return _FROM_TO_DASHED.sub(_say_from_to, text)


def say_units(text: str) -> str:
    """Return text with Latin units and their numbers in words: 3kg 三千克, 9.8m/s 九点八米每秒."""
    text = _HOURS_OF_DURATION.sub(lambda m: "分" if m[1] else "小时", text)
    text = _TIMES.sub(r"\1乘", text)
    text = _QUANTITY.sub(_say_quantity, text)
    text = _PER_LATIN.sub(lambda m: f"每{_UNITS[m[1]]}", text)
    return _PER.sub("每", text)


def say_counts(text: str) -> str:
    """Return text with ordinals, and integers before a measure word, in words: 第3名, 2个, 10000人."""
    text = _ORDINAL.sub(lambda m: f"第{say_integer(m[1])}", text)
    text = _PAIR.sub("两", text)
    return _COUNT.sub(lambda m: say_integer(m[1]), text)


def _say_money(match: re.Match[str]) -> str:
    sums = match.groupdict()
    sign = "负" if sums["sign"] or sums.get("negative") else ""
    said = sign + _say_price(match["number"]) + match["scale"]
    if match["number_to"]:
        said += "到" + _say_price(match["number_to"]) + match["scale_to"]
    unit = (sums.get("unit") or "").strip()
    return said + (unit or _CURRENCIES[match["currency"]])


def _say_price(number: str) -> str:
    """Return a price without the zeros that only fill up the cents."""
    return say_number(number.rstrip("0").rstrip(".") if "." in number else number)


def _say_percent(sign: str, number: str, part: str) -> str:
    return {"-": "负", "+": "正", "": ""}[sign] + _PARTS[part] + say_number(number)


def _say_percent_from_to(match: re.Match[str]) -> str:
    sign, low, low_part, high_sign, high, part = match.groups()
    joint = "至" if low_part else "到"
    return (
        _say_percent(sign or "", low, low_part or part)
        + joint
        + _say_percent(high_sign, high, part)
    )


def _say_degrees(sign: str, number: str, unit: str) -> str:
    said = say_number(number) + "度"
    if unit in ("°F", "华氏度"):
        return {"-": "零下", "+": "", "": ""}[sign] + "华氏" + said
    return {"-": "零下", "+": "零上", "": ""}[sign] + said


def _say_degrees_from_to(match: re.Match[str]) -> str:
    sign, low, low_unit, high_sign, high, unit = match.groups()
    if low_unit or sign:
        joint = "至" if low_unit else "到"
        return _say_degrees(sign or "", low, unit) + joint + _say_degrees(high_sign, high, unit)
    return f"{say_number(low)}到{_say_degrees(high_sign, high, unit)}"


def _say_from_to(match: re.Match[str]) -> str:
    # 10-5个 is a subtraction; so is 1-2-3, whose middle the pattern refuses.
    low, high, ordinal = match["low"], match["high"], match["first"]
    if not ordinal and not match["scale"] and float(low) >= float(high):
        return match[0]
    return f"{ordinal}{low}{match['scale']}到{high}"


def _say_quantity(match: re.Match[str]) -> str:
    said = say_number(match[1]) + _UNITS[match[2]]
    return f"{said}每{_UNITS[match[3]]}" if match[3] else said
