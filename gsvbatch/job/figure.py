"""Line charts as SVG, drawn by hand: one picture is no reason for a plotting library."""

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 80, 20, 48, 56
COLORS = ("#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df")


def line_chart(
    title: str,
    x_name: str,
    y_name: str,
    x: Sequence[float],
    series: Mapping[str, Sequence[float]],
) -> str:
    """An SVG document with one line a series; the horizontal axis has a place for each x.

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

    view = f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13"'
    upright = f'text-anchor="middle" transform="rotate(-90 18 {HEIGHT / 2})"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {view}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        _text(WIDTH / 2, 20, title, "middle", size=15),
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x_name, "middle"),
        f'<text x="18" y="{HEIGHT / 2}" {upright}>{escape(y_name)}</text>',
    ]
    for i in range(5):
        value = top * i / 4
        y = height(value)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(_text(LEFT - 8, y + 4, f"{value:g}", "end"))
    parts += [
        _text(place, HEIGHT - BOTTOM + 20, f"{value:g}", "middle")
        for place, value in zip(places, x, strict=True)
    ]
    for number, (name, values) in enumerate(series.items()):
        color = COLORS[number % len(COLORS)]
        points = [(a, height(b)) for a, b in zip(places, values, strict=False)]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3.5" fill="{color}"/>' for a, b in points]
        y = TOP + 4 + 18 * number
        parts.append(f'<path d="M{LEFT + 12} {y}h22" stroke="{color}" stroke-width="2"/>')
        parts.append(_text(LEFT + 40, y + 4, name, "start"))
    return "\n".join([*parts, "</svg>", ""])


def _text(x: float, y: float, text: str, anchor: str, size: int = 13) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">'
        f"{escape(text)}</text>"
    )


def _nice(largest: float) -> float:
    """The next of 1, 2, 4, 5, 8 times a power of ten, which four lines divide evenly."""
    power = 1.0
    while power * 10 <= largest:
        power *= 10
    while power > largest and power > 1e-9:
        power /= 10
    return next(factor * power for factor in (1, 2, 4, 5, 8, 10, 20) if factor * power >= largest)
