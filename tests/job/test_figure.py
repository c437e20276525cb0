"""Charts are whole SVG documents, with every point inside the frame."""

from xml.etree import ElementTree

import pytest

from gsvbatch.job.figure import HEIGHT, WIDTH, line_chart

SVG = "{http://www.w3.org/2000/svg}"


def test_every_value_has_its_point() -> None:
    drawing = line_chart("a < b", "x", "y", [1, 8, 64], {"one": [1, 5, 37], "two & three": [2, 4]})
    root = ElementTree.fromstring(drawing)  # noqa: S314
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
    ElementTree.fromstring(line_chart("t", "x", "y", [1.0][: len(values)], {"s": values}))  # noqa: S314
