"""Line charts, drawn by hand: one picture is no reason for a plotting library.

A chart is laid out once, as lines, dots and texts, and then written as SVG or PNG.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 80, 20, 48, 56
COLORS = ("#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df")
GRID, INK = "#dddddd", "#000000"

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Path:
    """A line through points."""

    points: tuple[Point, ...]
    color: str
    """``#rrggbb``."""

    width: float = 2.0


@dataclass(frozen=True, slots=True)
class Dot:
    """A filled circle."""

    center: Point
    color: str
    radius: float = 3.5


@dataclass(frozen=True, slots=True)
class Text:
    """A word or two."""

    at: Point
    """On the base line."""

    text: str
    anchor: Literal["start", "middle", "end"] = "start"
    """Which part of the text stands there."""

    size: float = 13.0
    is_upright: bool = False
    """Whether it runs from bottom to top."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """Shapes on white, ``WIDTH`` by ``HEIGHT``, the origin in the upper left corner."""

    shapes: tuple[Path | Dot | Text, ...]


def line_chart(
    title: str,
    x_name: str,
    y_name: str,
    x: Sequence[float],
    series: Mapping[str, Sequence[float]],
) -> Drawing:
    """A chart with one line a series; the horizontal axis has a place for each x.

    Args:
        title: Above the chart.
        x_name: Below the horizontal axis.
        y_name: Beside the vertical axis, which begins at 0.
        x: Where the points are, at equal distances.
        series: Values by name, as many as x or fewer.
    """
    top = _nice(max((value for values in series.values() for value in values), default=1.0))
    places = [LEFT + i * (WIDTH - LEFT - RIGHT) / max(1, len(x) - 1) for i in range(len(x))]

    def height(value: float) -> float:
        return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)

    shapes: list[Path | Dot | Text] = [
        Text((WIDTH / 2, 20), title, "middle", 15),
        Text(((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12), x_name, "middle"),
        Text((22, (TOP + HEIGHT - BOTTOM) / 2), y_name, "middle", is_upright=True),
    ]
    for i in range(5):
        value = top * i / 4
        y = height(value)
        shapes.append(Path(((LEFT, y), (WIDTH - RIGHT, y)), GRID, 1))
        shapes.append(Text((LEFT - 8, y + 4), f"{value:g}", "end"))
    shapes += [
        Text((place, HEIGHT - BOTTOM + 20), f"{value:g}", "middle")
        for place, value in zip(places, x, strict=True)
    ]
    for number, (name, values) in enumerate(series.items()):
        color = COLORS[number % len(COLORS)]
        points = tuple((a, height(b)) for a, b in zip(places, values, strict=False))
        shapes.append(Path(points, color))
        shapes += [Dot(point, color) for point in points]
        y = TOP + 4 + 18 * number
        shapes.append(Path(((LEFT + 12, y), (LEFT + 34, y)), color))
        shapes.append(Text((LEFT + 40, y + 4), name))
    return Drawing(tuple(shapes))


def to_svg(drawing: Drawing) -> str:
    """The drawing as an SVG document."""
    view = f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {view}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        *map(_svg_shape, drawing.shapes),
    ]
    return "\n".join([*parts, "</svg>", ""])


def _svg_shape(shape: Path | Dot | Text) -> str:
    if isinstance(shape, Path):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
        stroke = f'stroke="{shape.color}" stroke-width="{shape.width:g}"'
        return f'<polyline points="{points}" fill="none" {stroke}/>'
    if isinstance(shape, Dot):
        x, y = shape.center
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{shape.radius:g}" fill="{shape.color}"/>'
    x, y = shape.at
    turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if shape.is_upright else ""
    font = f'text-anchor="{shape.anchor}" font-size="{shape.size:g}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {font}{turn}>{escape(shape.text)}</text>'


def _nice(largest: float) -> float:
    """The next of 1, 2, 4, 5, 8 times a power of ten, which four lines divide evenly."""
    power = 1.0
    while power * 10 <= largest:
        power *= 10
    while power > largest and power > 1e-9:
        power /= 10
    return next(factor * power for factor in (1, 2, 4, 5, 8, 10, 20) if factor * power >= largest)
