import numpy as np
import pytest

from gsvbatch.audio import Room, fade_edges, join, offsets, silence, trim_edges
from gsvbatch.audio.levels import find_speech
from gsvbatch.data import Waveform

RATE = 32000


def ones(n):
    return Waveform(np.ones(n, np.float32), RATE)


def test_pauses_are_exact_to_the_sample():
    joined = join([0.25, ones(1000), 0.1234, ones(500), 1.0])
    assert len(joined.samples) == 8000 + 1000 + round(0.1234 * RATE) + 500 + RATE
    heard = np.flatnonzero(joined.samples)
    assert heard[0] == 8000
    assert heard[-1] == 8000 + 1000 + round(0.1234 * RATE) + 500 - 1
    assert not joined.samples[9000 : 9000 + round(0.1234 * RATE)].any()


def test_offsets_say_where_each_piece_begins():
    pieces = [0.25, ones(1000), 0.5, ones(500)]
    starts = offsets(pieces)
    assert starts == pytest.approx([0, 0.25, 0.25 + 1000 / RATE, 0.75 + 1000 / RATE])
    assert join(pieces).samples[round(starts[3] * RATE)] > 0


def test_ten_thousand_pieces_do_not_drift():
    pieces = [ones(100), 0.01] * 5000
    assert offsets(pieces)[-2] == pytest.approx(4999 * (100 + 320) / RATE, abs=1e-9)


def test_seams_do_not_click():
    joined = join([ones(1000), 0.1, ones(1000)])
    assert np.abs(np.diff(joined.samples)).max() < 0.02


@pytest.mark.parametrize(
    "pieces",
    [[], [0.5], [ones(10), Waveform(np.ones(10, np.float32), 16000)], [ones(10), -0.1]],
)
def test_what_cannot_be_joined_is_refused(pieces):
    with pytest.raises(ValueError, match=r"sample rate|negative"):
        join(pieces)


@pytest.mark.parametrize("n", [0, 1, 2, 5, 100])
def test_short_waveforms_are_faded_without_harm(n):
    assert len(fade_edges(ones(n)).samples) == n


def test_fading_leaves_the_given_waveform_alone():
    waveform = ones(1000)
    fade_edges(waveform)
    assert waveform.samples.min() == 1


@pytest.mark.parametrize(
    ("level", "noise"),
    [(-40, -120), (-20, -120), (-10, -120), (-40, -75), (-20, -75), (-20, -60), (-10, -48)],
)
def test_quiet_edges_go_and_speech_stays(level, noise, speak):
    waveform = speak(1.0, level=level, before=0.6, after=0.9, noise=noise)
    room = Room(0.05, 0.12)
    trimmed = trim_edges(waveform, room)
    # syllables swell from nothing: up to 30 ms of a rise lies below any threshold
    assert trimmed.duration == pytest.approx(1.0 + 0.05 + 0.12, abs=0.06)
    kept = np.sum(trimmed.samples.astype(float) ** 2) / np.sum(waveform.samples.astype(float) ** 2)
    assert kept > 0.99


def test_a_faint_ending_is_not_cut_off(speak):
    vowel = speak(0.5, level=-20)
    rng = np.random.default_rng(2)
    hiss = (rng.standard_normal(round(0.15 * RATE)) * 10 ** (-52 / 20)).astype(np.float32)
    quiet = np.zeros(RATE // 2, np.float32)
    waveform = Waveform(np.concatenate([quiet, vowel.samples, hiss, quiet]), RATE)
    trimmed = trim_edges(waveform)
    end = find_speech(waveform)[1]
    assert end >= round((0.5 + 0.5 + 0.15 - 0.011) * RATE), "an f 32 dB under the vowels is speech"
    assert trimmed.duration == pytest.approx(0.05 + 0.65 + 0.12, abs=0.04)


def test_speech_in_loud_noise_is_not_cut(speak):
    waveform = speak(1.0, level=-20, before=0.5, after=0.5, noise=-40)
    assert trim_edges(waveform).duration == waveform.duration


@pytest.mark.parametrize("n", [0, 100, 32000])
def test_silence_is_left_as_it_is(n):
    waveform = silence(n / RATE, RATE)
    assert trim_edges(waveform) is waveform


def test_noise_alone_is_not_cut(speak):
    rng = np.random.default_rng(0)
    noise = Waveform((rng.standard_normal(RATE) * 0.05).astype(np.float32), RATE)
    assert len(trim_edges(noise).samples) == RATE


def test_cut_edges_are_faded_and_others_untouched(speak):
    waveform = speak(1.0, noise=-40)
    assert np.array_equal(trim_edges(waveform).samples, waveform.samples)
