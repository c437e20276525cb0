"""Charts are whole SVG documents and PNG files, with every point inside the frame."""

import struct
import zlib
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.typing import NDArray

from gsvbatch.job.figure import COLORS, HEIGHT, WIDTH, Dot, Drawing, Text, line_chart, to_svg
from gsvbatch.job.png import SCALE, encode_png, to_png
from gsvbatch.job.stroke_font import text_strokes, text_width

SVG = "{http://www.w3.org/2000/svg}"


def test_every_value_has_its_point() -> None:
    drawing = line_chart("a < b", "x", "y", [1, 8, 64], {"one": [1, 5, 37], "two & three": [2, 4]})
    root = ElementTree.fromstring(to_svg(drawing))  # noqa: S314
    points = root.findall(f"{SVG}circle")
    assert len(points) == 5
    for point in points:
        assert 0 < float(point.get("cx", "-1")) < WIDTH
        assert 0 < float(point.get("cy", "-1")) < HEIGHT
    highest = min(points, key=lambda point: float(point.get("cy", "0")))
    assert highest is points[2]
    texts = [text.text for text in root.findall(f"{SVG}text")]
    assert {"a < b", "two & three", "64", "40"} <= set(texts)


@pytest.mark.parametrize("values", [[], [0.0], [1e-4], [123456.0]])
def test_odd_values_are_drawn_too(values: list[float]) -> None:
    drawing = line_chart("t", "x", "y", [1.0][: len(values)], {"s": values})
    ElementTree.fromstring(to_svg(drawing))  # noqa: S314
    assert read_png(to_png(drawing)).shape == (HEIGHT * SCALE, WIDTH * SCALE, 3)


def read_png(content: bytes) -> NDArray[np.uint8]:
    """Pixels of an RGB file without filters, every chunk checked as the standard says."""
    assert content[:8] == bytes([137, 80, 78, 71, 13, 10, 26, 10])
    chunks: dict[bytes, bytes] = {}
    at = 8
    while at < len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        body = content[at + 4 : at + 8 + length]
        (check,) = struct.unpack(">I", content[at + 8 + length : at + 12 + length])
        assert check == zlib.crc32(body)
        chunks[body[:4]] = body[4:]
        at += 12 + length
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    width, height, depth, kind, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, kind, rest) == (8, 2, [0, 0, 0])
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, 1 + 3 * width)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, 3)


def test_pixels_come_back() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    assert np.array_equal(read_png(encode_png(pixels)), pixels)


def test_every_point_is_painted_in_its_color() -> None:
    drawing = line_chart("t", "x", "y", [1, 8, 64], {"one": [1, 5, 37], "two": [2, 4]})
    pixels = read_png(to_png(drawing))
    dots = [shape for shape in drawing.shapes if isinstance(shape, Dot)]
    assert len(dots) == 5
    for dot in dots:
        x, y = (round(SCALE * each) for each in dot.center)
        color = "#" + "".join(f"{value:02x}" for value in pixels[y, x])
        assert color == dot.color
        assert color in COLORS
    assert (pixels[0, 0] == 255).all()


def test_texts_stand_where_they_are_anchored() -> None:
    def dark(anchor: str, *, is_upright: bool = False) -> tuple[float, float, float, float]:
        text = Text((400, 200), "Mel 16", anchor, 20, is_upright)  # type: ignore[arg-type]
        rows, columns = np.nonzero(read_png(to_png(Drawing((text,))))[:, :, 0] < 128)
        found = (columns.min(), columns.max(), rows.min(), rows.max())
        return tuple(value / SCALE for value in found)  # type: ignore[return-value]

    width = text_width("Mel 16", 20)
    left, right, top, bottom = dark("start")
    assert (left, right) == pytest.approx((400, 400 + width), abs=3)
    assert (top, bottom) == pytest.approx((200 - 14, 200), abs=2)
    left, right, *_ = dark("middle")
    assert (left, right) == pytest.approx((400 - width / 2, 400 + width / 2), abs=3)
    assert dark("end")[1] == pytest.approx(400, abs=3)
    left, right, top, bottom = dark("middle", is_upright=True)
    assert (top, bottom) == pytest.approx((200 - width / 2, 200 + width / 2), abs=3)
    assert (left, right) == pytest.approx((400 - 14, 400), abs=2)


def test_letters_look_unlike_one_another() -> None:
    letters = [chr(code) for code in range(33, 127) if chr(code) not in "^`"]
    shapes = {letter: tuple(text_strokes(letter, 0, 0, 10)) for letter in letters}
    assert len(set(shapes.values())) == len(letters)
    assert tuple(text_strokes("声", 0, 0, 10)) == tuple(text_strokes("^", 0, 0, 10))  # a box
    assert list(text_strokes(" ", 0, 0, 10)) == []
