"""Digits that name something: telephone and card numbers, versions, and runs without a unit.

Whether a bare run is a quantity or a name is not in the digits: 123 may be a room or a count. Words
beside it decide; without any, three digits or more are read one by one, as GPT-SoVITS models learnt it,
unless the number is round.
"""

import re

from gsvbatch.text.mandarin.numbers import say_digits, say_integer, say_number

_MOBILE = re.compile(
    r"(?<![0-9])(?:\+?(86)[- ]?)?(1[3-9][0-9])([- ]?)([0-9]{4})([- ]?)([0-9]{4})(?![0-9])"
)
_LANDLINE = re.compile(
    r"(?<![0-9-])(?:\+?(86)[- ]?)?[(（]?(0[0-9]{2,3})[)）]?[- ]?([0-9]{7,8}|[0-9]{3,4}[- ][0-9]{4})"
    r"(?:[- ](?:转)?([0-9]{1,6}))?(?![0-9-])"
)
_SERVICE_LINE = re.compile(r"(?<![0-9])([48]00)[- ]([0-9]{3,4})[- ]?([0-9]{3,4})(?![0-9-])")
_SERVICE_LINE_UNBROKEN = re.compile(r"(?<![0-9])([48]00)([0-9]{3})([0-9]{4})(?![0-9-])")
_INTERNATIONAL = re.compile(r"(?<![0-9])\+([1-9][0-9]{0,2})((?:[- ][0-9]{2,5}){2,5})(?![0-9-])")
_DASHED = re.compile(r"(?<![0-9.-])[0-9]+(?:-[0-9]+){2,}(?![0-9.-])")
_MIN_DASHED_DIGITS = 8
"""Fewer make a sum: 1-2-3."""

_ADDRESS = re.compile(r"(?<![0-9.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9]|\.[0-9])")
_VERSION = re.compile(r"(?<![0-9.])[0-9]+(?:\.[0-9]+){2,}(?![0-9])")

_DECIMAL = re.compile(r"(?<![0-9.])[0-9]+\.[0-9]+|(?<![0-9A-Za-z\u4e00-\u9fff.])\.[0-9]+")
_RUN = re.compile("[0-9]+")
_NAMES = re.compile(
    "(?:编号|代码|代号|号码|电话|热线|专线|拨打|邮编|密码|验证码|暗号|房间|航班|车次|尾号|工号|学号|警号|证号"
    "|群|卡号|账号|帐号|型号|序列号|门牌|股票|微信|短信|频道|客服|呼叫|房号|订单号|单号|区号|分机|转)"
    '(?:号|号码)?[是为:：“"\\s]{0,2}$'
)
_COUNTS_BEFORE = re.compile(
    "(?:共|共有|共计|约|大约|达|达到|高达|多达|长达|超过|超|突破|接近|将近|近|等于|大于|小于|[加减乘]|乘以|除以"
    "|总计|合计|累计|总数|数量|满|逾|不足|不到|至少|最多|最少|最高|最低|增[加至长到]+|减[少至到]+|[升降]至|得到|根号|负|第)"
    "[是为了有\\s]{0,2}$"
)
_COUNTS_AFTER = re.compile(
    "\\s*(?:加|减|乘|除以|等于|大于|小于|不等于|约等于|的[零一二三四五六七八九十]+次方|多|余|左右|以[上下内外])"
)


def say_codes(text: str) -> str:
    """Return text with telephone numbers, dashed codes, addresses and versions digit by digit."""
    text = _MOBILE.sub(_say_mobile, text)
    text = _SERVICE_LINE.sub(_say_pieces, text)
    text = _SERVICE_LINE_UNBROKEN.sub(_say_pieces, text)
    text = _LANDLINE.sub(_say_pieces, text)
    text = _INTERNATIONAL.sub(lambda m: _say_code(m[1] + m[2].replace(" ", "-")), text)
    text = _DASHED.sub(_say_dashed, text)
    text = _ADDRESS.sub(lambda m: "点".join(map(say_digits, m[0].split("."))), text)
    return _VERSION.sub(_say_version, text)


def say_runs(text: str) -> str:
    """Return text with every number that is left in words."""
    text = _DECIMAL.sub(lambda m: say_number(m[0]), text)
    return _RUN.sub(_say_run, text)


def _say_code(code: str) -> str:
    return "，".join(say_digits(piece, one="幺") for piece in code.split("-"))


def _say_mobile(match: re.Match[str]) -> str:
    country, *pieces = match.groups(default="")
    code = "".join("-" if piece in ("-", " ") else piece for piece in pieces)
    return say_digits(country) + _say_code(code)


def _say_pieces(match: re.Match[str]) -> str:
    return _say_code("-".join(filter(None, match.groups())).replace(" ", "-"))


def _say_dashed(match: re.Match[str]) -> str:
    n_digits = len(match[0]) - match[0].count("-")
    return _say_code(match[0]) if n_digits >= _MIN_DASHED_DIGITS else match[0]


def _say_version(match: re.Match[str]) -> str:
    first, *rest = match[0].split(".")
    return "点".join([say_integer(first), *map(say_digits, rest)])


def _say_run(match: re.Match[str]) -> str:
    digits = match[0]
    before, after = match.string[: match.start()][-12:], match.string[match.end() :][:6]
    if digits[0] == "0" and len(digits) > 1:
        return say_digits(digits, one="幺" if len(digits) > 2 else "一")
    if len(digits) <= 2 or _COUNTS_BEFORE.search(before) or _COUNTS_AFTER.match(after):
        return say_integer(digits)
    is_name = re.search("[A-Za-z]$", before) or _NAMES.search(before)
    if digits.endswith("00") and not is_name:
        return say_integer(digits)
    return say_digits(digits, one="幺")
