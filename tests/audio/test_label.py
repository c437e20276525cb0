import json

import numpy as np
import pytest

from gsvbatch.audio import AigcLabel, rhythm_mark
from gsvbatch.audio.label import parse_label
from gsvbatch.errors import ConfigError


def test_the_value_is_spelled_as_the_guide_has_it():
    assert AigcLabel("公司", "id-1").to_json() == (
        '{"Label":"1","ContentProducer":"公司","ProduceID":"id-1","ReservedCode1":"",'
        '"ContentPropagator":"","PropagateID":"","ReservedCode2":""}'
    )


def test_a_label_comes_back():
    label = AigcLabel(
        "P", "1", label="2", content_propagator="Q", propagate_id="7", reserved_code1="x"
    )
    assert parse_label(label.to_json()) == label


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"AIGC": {"Label": "1", "ContentProducer": "P", "ProduceID": "7"}}),
        json.dumps({"Label": 1, "ContentProducer": "P", "ProduceID": "7", "ReserveCode1": ""}),
    ],
)
def test_other_spellings_are_read(text):
    assert parse_label(text) == AigcLabel("P", "7")


@pytest.mark.parametrize("text", [None, "", "AI", "[]", "{}", '{"Label":"9"}', '{"Label":"1"', "1"])
def test_what_is_no_label_is_none(text):
    assert parse_label(text) is None


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"content_producer": 'a"b', "produce_id": "1"}, "ContentProducer"),
        ({"content_producer": "a\\b", "produce_id": "1"}, "ContentProducer"),
        ({"content_producer": "a\nb", "produce_id": "1"}, "ContentProducer"),
        ({"content_producer": "a", "produce_id": "1 2"}, "ProduceID"),
        ({"content_producer": "a", "produce_id": "编号"}, "ProduceID"),
        ({"content_producer": "a", "produce_id": "1", "label": "4"}, "one of 1, 2, 3"),
    ],
)
def test_characters_that_readers_refuse_are_said(kwargs, words):
    with pytest.raises(ConfigError, match=words):
        AigcLabel(**kwargs)


@pytest.mark.parametrize("rate", [16000, 32000, 44100])
def test_the_mark_is_short_long_short_short(rate):
    mark = rhythm_mark(rate)
    step = rate // 100
    frames = mark.samples[: len(mark.samples) // step * step].reshape(-1, step)
    on = np.abs(frames).max(axis=1) > 0.3 * np.abs(mark.samples).max()
    edges = np.flatnonzero(np.diff(np.concatenate(([False], on, [False])).astype(int)))
    lengths = (edges[1::2] - edges[::2]) / 100
    assert lengths == pytest.approx([0.12, 0.36, 0.12, 0.12], abs=0.03)
    gaps = (edges[2::2] - edges[1:-1:2]) / 100
    assert gaps == pytest.approx([0.12, 0.36, 0.12], abs=0.03)
    assert abs(20 * np.log10(np.abs(mark.samples).max()) + 28) < 0.1


def test_the_mark_begins_and_ends_without_a_click():
    samples = rhythm_mark(32000).samples
    assert abs(samples[0]) < 1e-3
    assert abs(samples[-1]) < 1e-3
    assert np.abs(np.diff(samples)).max() < 0.01
