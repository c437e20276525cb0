"""Letters as strokes, for pictures that are drawn without a font: what a chart's labels need, no more.

A glyph is a text of lines; a line is points of two digits, across from 0 to 4 and down from 0 (top of
capitals) over 6 (the base line) to 8. A line with twice the same point is a dot.
"""

from collections.abc import Iterator
from itertools import pairwise

TOP, BASE = 0, 6
ADVANCE = 5.6
"""From one letter to the next."""

Stroke = tuple[tuple[float, float], tuple[float, float]]

_GLYPHS = {
    "A": "062046 1434", "B": "06003041423303 3344453606", "C": "4130100105163645",
    "D": "06003041453606", "E": "40000646 0333", "F": "400006 0333", "G": "41301001051636454323",
    "H": "0006 4046 0343", "I": "1030 2026 1636", "J": "4045361605", "K": "0006 4004 1346",
    "L": "000646", "M": "0600234046", "N": "06004640", "O": "100105163645413010",
    "P": "06003041423303", "Q": "100105163645413010 2446", "R": "06003041423303 2346",
    "S": "413010010213334445361605", "T": "0040 2026", "U": "000516364540", "V": "002640",
    "W": "0016233640", "X": "0046 4006", "Y": "002340 2326", "Z": "00400646",
    "a": "12324346 441405163645", "b": "0006 0312324345361605", "c": "4332120305163645",
    "d": "4046 4332120305163645", "e": "04444332120305163645", "f": "40302126 0242",
    "g": "4247381807 4332120305163645", "h": "0006 0312324346", "i": "2226 2020",
    "j": "22271808 2020", "k": "0006 4205 2346", "l": "202536", "m": "0206 03122326 23324346",
    "n": "0206 0312324346", "o": "120305163645433212", "p": "0208 0312324345361605",
    "q": "4248 4332120305163645", "r": "0206 03123243", "s": "43321203143445361605",
    "t": "20253646 0242", "u": "0205163645 4246", "v": "022642", "w": "0216243642",
    "x": "0246 4206", "y": "0226 42261808", "z": "02420646",
    "0": "100105163645413010 2324", "1": "112026 1636", "2": "01103041420646",
    "3": "01103041423323 334445361605", "4": "36300444", "5": "400002324345361605",
    "6": "413010010516364544331304", "7": "004016", "8": "100102133342413010 1304051636454433",
    "9": "051636454130100102133342",
    " ": "", ".": "2626", ",": "2617", ":": "2323 2626", ";": "2323 2617", "!": "2024 2626",
    "?": "01103041422324 2626", "'": "2021", '"': "1011 3031", "-": "1434", "_": "0747",
    "+": "0444 2226", "=": "0343 0545", "*": "1333 2224", "/": "0640", "\\": "0046",
    "|": "2027", "(": "30212536", ")": "10212516", "[": "30202636", "]": "10202616",
    "{": "302113222536", "}": "102133222516", "<": "411445", ">": "013405", "~": "04133443",
    "#": "1016 3036 0242 0444", "%": "0640 0101 4545", "&": "462110303104051646",
    "@": "34321425364541301001051636", "$": "413010010213334445361605 2026",
}  # fmt: skip

_BOX = "0040460600"
"""In place of what is not known."""


def text_width(text: str, size: float) -> float:
    """How wide a text is, in the unit of its size."""
    return max(0.0, len(text) * ADVANCE - (ADVANCE - 4)) * _scale(size)


def text_strokes(text: str, x: float, y: float, size: float) -> Iterator[Stroke]:
    """The lines that a text is drawn with.

    Args:
        text: In one line; letters other than ASCII's become boxes.
        x: Its left edge.
        y: Its base line.
        size: As of a font: capitals are 0.7 as high.
    """
    scale = _scale(size)
    for position, letter in enumerate(text):
        left = x + position * ADVANCE * scale
        for line in _GLYPHS.get(letter, _BOX).split():
            points = [
                (left + int(line[i]) * scale, y + (int(line[i + 1]) - BASE) * scale)
                for i in range(0, len(line), 2)
            ]
            yield from pairwise(points)


def _scale(size: float) -> float:
    return 0.7 * size / (BASE - TOP)
