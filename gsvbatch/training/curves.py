"""Training curves as one page of HTML with drawings in it, to be opened in any browser, offline."""

import html
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gsvbatch.errors import ConfigError
from gsvbatch.training.loop import CURVE_NAME

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 12, 28  # margins, pixels
N_TICKS = 4
Point = tuple[float, float]

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 90em; padding: 0 1em; color: #222; }
main { display: flex; flex-wrap: wrap; gap: 1em 2em; }
figure { margin: 0; } figcaption { font-weight: 600; }
svg { background: #fff; border: 1px solid #ddd; max-width: 100%; height: auto; }
.grid { stroke: #e6e6e6; } .line { fill: none; stroke: #1f6feb; stroke-width: 1.6; }
text { font: 11px system-ui, sans-serif; fill: #555; }
"""


@dataclass(frozen=True, slots=True)
class Curve:
    """One measure of one run."""

    run: str
    measure: str
    points: tuple[Point, ...]
    """Steps and values."""


def read_curves(runs: Path) -> list[Curve]:
    """Return the curves of every run in a folder, or of the one run that it is.

    Raises:
        ConfigError: There are none, or a line is no point.
    """
    paths = [runs / CURVE_NAME, *sorted(runs.glob(f"*/{CURVE_NAME}"))]
    found: list[Curve] = []
    for path in filter(Path.is_file, paths):
        series: dict[str, list[Point]] = {}
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                row = json.loads(line)
                step = float(row.pop("step"))
                row.pop("seconds", None)
                for name, value in row.items():
                    if math.isfinite(value):
                        series.setdefault(name, []).append((step, float(value)))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ConfigError(f"{path}:{number}: no point of a curve") from error
        found += [Curve(path.parent.name, name, tuple(points)) for name, points in series.items()]
    if not found:
        raise ConfigError(
            f"{runs}: no {CURVE_NAME} here or one folder below; train something first"
        )
    return found


def page(curves: Sequence[Curve]) -> str:
    """Return the whole page, a section for each run."""
    parts = []
    for run in dict.fromkeys(curve.run for curve in curves):
        figures = "".join(_figure(curve) for curve in curves if curve.run == run)
        parts.append(f"<h2>{html.escape(run)}</h2>\n<main>{figures}</main>\n")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Training curves</title>'
        f"<style>{_STYLE}</style></head>\n<body><h1>Training curves</h1>\n{''.join(parts)}</body></html>\n"
    )


def _figure(curve: Curve) -> str:
    steps = [step for step, _ in curve.points]
    values = [value for _, value in curve.points]
    x_low, x_high = _widened(min(steps), max(steps))
    y_low, y_high = _widened(min(values), max(values))

    def x(step: float) -> float:
        return LEFT + (step - x_low) / (x_high - x_low) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (value - y_low) / (y_high - y_low) * (HEIGHT - TOP - BOTTOM)

    drawn = []
    for tick in _ticks(y_low, y_high):
        drawn.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>'
        )
        drawn.append(
            f'<text x="{LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:.4g}</text>'
        )
    drawn += [
        f'<text x="{x(tick):.1f}" y="{HEIGHT - 8}" text-anchor="middle">{tick:.6g}</text>'
        for tick in _ticks(x_low, x_high)
    ]
    path = " ".join(f"{x(step):.1f},{y(value):.1f}" for step, value in curve.points)
    drawn.append(f'<polyline class="line" points="{path}"/>')
    last = f"{curve.measure}: {values[-1]:.4g} after {steps[-1]:.0f} steps"
    return (
        f"<figure><figcaption>{html.escape(last)}</figcaption>"
        f'<svg width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f"{''.join(drawn)}</svg></figure>"
    )


def _widened(low: float, high: float) -> tuple[float, float]:
    """The range, or one around its only value."""
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers inside a range, at most twice N_TICKS of them."""
    rough = (high - low) / N_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first = math.ceil(low / step)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]
