import pytest

from gsvbatch.text.mandarin.numbers import say_digits, say_integer, say_number


@pytest.mark.parametrize(
    ("digits", "said"),
    [
        ("0", "零"), ("000", "零"), ("007", "七"), ("10", "十"), ("11", "十一"), ("20", "二十"), ("101", "一百零一"),
        ("110", "一百一十"), ("1001", "一千零一"), ("1010", "一千零一十"), ("10001", "一万零一"), ("10010", "一万零一十"),
        ("10100", "一万零一百"), ("20002", "二万零二"), ("101000", "十万一千"), ("1000000", "一百万"),
        ("100000001", "一亿零一"), ("100010000", "一亿零一万"), ("1001000000000", "一万零一十亿"),
        ("10000000000000001", "一零零零零零零零零零零零零零零零一"),
    ],
)  # fmt: skip
def test_quantity(digits, said):
    assert say_integer(digits) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [("0.50", "零点五零"), (".5", "零点五"), ("12", "十二"), ("1234.5", "一千二百三十四点五")],
)
def test_decimal(number, said):
    assert say_number(number) == said


def test_digits_of_a_telephone_number():
    assert say_digits("110", one="幺") == "幺幺零"
