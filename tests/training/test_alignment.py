"""Times and labels from the teacher's durations, worked out by hand."""

import numpy as np
import pytest

from gsvbatch.training.alignment import Timing, label_frames, locate, sounds, tones

MA_MA = "ma→ ma↘, o→"
PHONES = ["ma1", "ma4", ",", "o1"]


def timing(letters: str, ticks: int = 4) -> Timing:
    total = ticks * (len(letters) + 2)
    return Timing(letters, (ticks,) * (len(letters) + 2), (200.0,) * (2 * total))


@pytest.mark.parametrize(
    ("phones", "letters", "places"),
    [
        (["ma1", "ma4"], "ma→ ma↘", [(0, 3), (4, 7)]),
        (["ma1", ",", "ma4", "."], "ma→,  ma↘.", [(0, 3), (3, 4), (6, 9), (9, 10)]),
        (["ma1", ",", "ma4"], "ma→ ma↘", [(0, 3), None, (4, 7)]),
        (["ma1", "ma4"], "ma→, ma↘", [(0, 3), (5, 8)]),
        (["K", "AE1", "T"], "kˈæt", [(0, 1), (1, 3), (3, 4)]),
        ([], "ma→", []),
    ],
)
def test_locate(phones: list[str], letters: str, places: list[tuple[int, int] | None]) -> None:
    assert locate(phones, letters) == places


@pytest.mark.parametrize(
    ("phones", "letters"), [(["ma1"], "ma↘"), (["ma1", "ma1"], "ma→"), (["K"], "ˈæt")]
)
def test_locate_refuses_what_was_not_read(phones: list[str], letters: str) -> None:
    with pytest.raises(ValueError, match="should read"):
        locate(phones, letters)


@pytest.mark.parametrize(
    ("letters", "first", "second"),
    [
        ("ma→", "maa", "maa"),
        ("ˈæt", "æ æ t", "æ æ t"),
        ("a b", "a a b", "a b b"),
        ("a, b", ["a", "", "", "b"], ["a", "", "", "b"]),
        ("a↘ ˈæ", ["a", "a", "a", "æ", "æ"], ["a", "a", "æ", "æ", "æ"]),
        (" a ", ["", "a", ""], ["", "a", ""]),
        ("↘", [""], [""]),
    ],
)
def test_sounds_hand_marks_to_their_neighbours(
    letters: str, first: str | list[str], second: str | list[str]
) -> None:
    split = [
        list(want.replace(" ", "")) if isinstance(want, str) else want for want in (first, second)
    ]
    assert sounds(letters) == tuple(split)


@pytest.mark.parametrize(
    ("phones", "letters", "wanted"),
    [
        (["ma1", "ma4"], "ma→ ma↘", [1, 1, 1, 0, 4, 4, 4]),
        (["ma5", "."], "ma.", [0, 0, 0]),
        (["K", "AE1", "T", "AH0"], "kˈætə", [0, 5, 5, 0, 0]),
        (["AY2"], "ˌI", [6, 6]),
    ],
)
def test_tones(phones: list[str], letters: str, wanted: list[int]) -> None:
    assert tones(phones, locate(phones, letters), len(letters)).tolist() == wanted


def test_bounds_begin_after_the_silence_before() -> None:
    assert timing("ma").bounds.tolist() == pytest.approx([0.1, 0.2, 0.3])
    assert timing("ma").total == pytest.approx(0.4)


def test_durations_must_fit_the_letters() -> None:
    with pytest.raises(ValueError, match="2 durations for 2 letters"):
        Timing("ma", (1, 1), ())


def test_frames_are_labelled_by_their_middle() -> None:
    spoken = timing("ma")  # silence to 0.1 s, m to 0.2, a to 0.3, silence
    frames = label_frames(spoken, np.array([1, 1], np.int8), 20)
    assert frames.sound == [""] * 5 + ["m"] * 5 + ["a"] * 5 + [""] * 5
    assert frames.tone.tolist() == [0] * 5 + [1] * 10 + [0] * 5
    later = label_frames(spoken, np.array([1, 1], np.int8), 10, offset=0.1)
    assert later.sound == frames.sound[5:15]


def test_pitch_is_relative_to_the_median_and_zero_where_unvoiced() -> None:
    spoken = Timing("ma", (4, 4, 4, 4), (0.0,) * 8 + (100.0,) * 8 + (200.0,) * 8 + (0.0,) * 8)
    frames = label_frames(spoken, np.zeros(2, np.int8), 20)
    assert frames.voiced.tolist() == [False] * 5 + [True] * 10 + [False] * 5
    heard = frames.pitch[frames.voiced].astype(float)
    assert heard[-1] - heard[0] == pytest.approx(np.log(2), abs=1e-3)
    assert not frames.pitch[~frames.voiced].any()
