import numpy as np
import pytest

from gsvbatch.audio import ReferenceLimits, measure, reference_problems, suggest_stretch
from gsvbatch.audio.reference import phrases
from gsvbatch.data import Waveform

RATE = 32000


def sine(level=0.0, duration=1.0):
    time = np.arange(round(duration * RATE)) / RATE
    return Waveform((10 ** (level / 20) * np.sin(2 * np.pi * 400 * time)).astype(np.float32), RATE)


def test_a_sine_measures_as_a_sine():
    m = measure(sine(-6.0))
    assert m.peak == pytest.approx(-6, abs=0.01)
    assert m.rms == pytest.approx(-9.01, abs=0.01)
    assert m.dc_offset == pytest.approx(0, abs=1e-6)
    assert m.clipped_share == 0
    assert m.tail_level == pytest.approx(-9.01, abs=0.1)


def test_clipped_samples_are_counted():
    loud = sine(0.0).samples * 2
    m = measure(Waveform(np.clip(loud, -1, 1).astype(np.float32), RATE))
    assert m.clipped_share == pytest.approx(2 / 3, abs=0.01)


def test_an_offset_is_measured_and_not_taken_for_sound(speak):
    waveform = speak(1.0, before=0.5, after=0.5)
    m = measure(Waveform(waveform.samples + np.float32(0.1), RATE))
    assert m.dc_offset == pytest.approx(0.1, abs=0.001)
    assert m.leading_silence == pytest.approx(0.5, abs=0.2)


@pytest.mark.parametrize("n", [0, 1, 1000])
def test_silence_measures_as_silence(n):
    m = measure(Waveform(np.zeros(n, np.float32), RATE))
    assert m.peak == m.rms == m.speech_level == m.tail_level == -120
    assert m.leading_silence == m.duration
    assert m.snr == 0


@pytest.mark.parametrize("noise", [-70, -60, -50])
def test_noise_is_estimated_from_the_pauses(noise, speak):
    m = measure(speak(2.0, level=-20, before=0.3, after=0.3, noise=noise))
    assert m.noise_floor == pytest.approx(noise, abs=1.5)
    assert m.snr == pytest.approx(-20 - noise, abs=3)


def test_silences_at_the_ends_are_measured(speak):
    m = measure(speak(1.0, before=0.4, after=0.7, noise=-80))
    assert m.leading_silence == pytest.approx(0.4, abs=0.06)
    assert m.trailing_silence == pytest.approx(0.7, abs=0.06)


def test_a_cut_off_tail_is_loud(speak):
    whole = speak(1.0)
    cut = Waveform(whole.samples[: round(0.88 * RATE)], RATE)
    assert measure(cut).tail_level > -20
    assert measure(speak(1.0, after=0.2)).tail_level < -115


CLIPS = [
    ({"duration": 5.0, "before": 0.2, "after": 0.2, "noise": -70}, []),
    ({"duration": 1.5}, ["too short: 1.5 s, at least 3 s"]),
    ({"duration": 12.0}, ["too long: 12.0 s, at most 10 s"]),
    ({"duration": 5.0, "level": -55, "noise": -90}, ["too quiet: speech at -5"]),
    ({"duration": 5.0, "before": 0.3, "after": 0.3, "noise": -35}, ["noisy: speech is 1"]),
    ({"duration": 5.0, "level": 3.0}, ["clipped: "]),
]


@pytest.mark.parametrize(("clip", "words"), CLIPS)
def test_reference_clips_are_judged_in_figures(clip, words, speak):
    waveform = speak(**clip)
    clipped = Waveform(np.clip(waveform.samples, -1, 1), waveform.sample_rate)
    problems = reference_problems(measure(clipped))
    assert len(problems) == len(words), problems
    for problem, expected in zip(problems, words, strict=True):
        assert problem.startswith(expected)


def test_limits_can_be_set(speak):
    assert not reference_problems(measure(speak(1.5)), ReferenceLimits(shortest=1.0))


def sentences(speak, *lengths, gap=0.4):
    pieces = []
    for length in lengths:
        pieces += [speak(length, noise=-75).samples, np.zeros(round(gap * RATE), np.float32)]
    return Waveform(np.concatenate(pieces), RATE)


def test_phrases_lie_between_pauses(speak):
    found = phrases(sentences(speak, 1.0, 2.0))
    assert len(found) == 2
    assert found[0] == pytest.approx((0.0, 1.0), abs=0.15)
    assert found[1] == pytest.approx((1.4, 3.4), abs=0.15)


def test_the_longest_usable_run_of_phrases_is_suggested(speak):
    start, end = suggest_stretch(sentences(speak, 1.0, 2.5, 2.0, 1.5), ReferenceLimits(longest=5.0))
    assert end - start <= 5
    assert (start, end) == pytest.approx((1.4, 1.4 + 2.5 + 0.4 + 2.0), abs=0.3)


def test_no_stretch_is_suggested_where_none_will_do(speak):
    assert suggest_stretch(sentences(speak, 1.0)) is None
    assert suggest_stretch(Waveform(np.zeros(RATE, np.float32), RATE)) is None
