"""Drawings as PNG: strokes with soft edges on an array, and the few bytes that a PNG file is."""

import struct
import zlib
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gsvbatch.job.figure import HEIGHT, INK, WIDTH, Dot, Drawing, Path, Point, Text
from gsvbatch.job.stroke_font import text_strokes, text_width

SCALE = 2
"""Pixels for each unit of a drawing."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PEN = 1.2  # width of letters' strokes, in units of the drawing

Segment = tuple[Point, Point, float, str]
"""From, to, width, color; a dot begins where it ends."""


def to_png(drawing: Drawing) -> bytes:
    """The drawing as a PNG file of ``WIDTH`` by ``HEIGHT`` times `SCALE` pixels.

    Letters other than ASCII's become boxes: there is no font for them. SVG has them all.
    """
    pixels = np.full((HEIGHT * SCALE, WIDTH * SCALE, 3), 255.0)
    for shape in drawing.shapes:
        for start, end, width, color in _segments(shape):
            _stroke(pixels, start, end, width, color)
    return encode_png(np.rint(pixels).astype(np.uint8))


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """Pixels (height, width, 3), red, green, blue, as a PNG file."""
    height, width, _ = pixels.shape
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    no_filter = np.zeros((height, 1), np.uint8)
    rows = np.concatenate([no_filter, pixels.reshape(height, -1)], axis=1).tobytes()
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def _segments(shape: Path | Dot | Text) -> Iterator[Segment]:
    """What a shape is drawn with."""
    if isinstance(shape, Path):
        for start, end in pairwise(shape.points):
            yield start, end, shape.width, shape.color
    elif isinstance(shape, Dot):
        yield shape.center, shape.center, 2 * shape.radius, shape.color
    else:
        share = {"start": 0.0, "middle": 0.5, "end": 1.0}[shape.anchor]
        before = share * text_width(shape.text, shape.size)
        x, y = shape.at
        for (x1, y1), (x2, y2) in text_strokes(shape.text, -before, 0, shape.size):
            if shape.is_upright:
                yield (x + y1, y - x1), (x + y2, y - x2), _PEN, INK
            else:
                yield (x + x1, y + y1), (x + x2, y + y2), _PEN, INK


def _stroke(
    pixels: NDArray[np.float64], start: Point, end: Point, width: float, color: str
) -> None:
    """Draw a line with round ends; a pixel at its edge takes a part of its color."""
    (x1, y1), (x2, y2) = ((SCALE * x, SCALE * y) for x, y in (start, end))
    reach = SCALE * width / 2
    left, right = _span(x1, x2, reach, pixels.shape[1])
    top, bottom = _span(y1, y2, reach, pixels.shape[0])
    if left >= right or top >= bottom:
        return
    x = np.arange(left, right)[None, :] + 0.5 - x1
    y = np.arange(top, bottom)[:, None] + 0.5 - y1
    across, down = x2 - x1, y2 - y1
    length = across**2 + down**2
    along = np.clip((x * across + y * down) / length, 0, 1) if length else np.zeros((1, 1))
    distance = np.hypot(x - along * across, y - along * down)
    cover = np.clip(reach + 0.5 - distance, 0, 1)[:, :, None]
    paint = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)], np.float64)
    part = pixels[top:bottom, left:right]
    part += cover * (paint - part)


def _span(a: float, b: float, reach: float, size: int) -> tuple[int, int]:
    """Pixels that a line may touch on one axis, as a range inside the picture."""
    low, high = min(a, b) - reach - 1, max(a, b) + reach + 2
    return max(0, int(low)), min(size, int(high))
