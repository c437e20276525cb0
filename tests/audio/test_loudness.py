import numpy as np
import pytest

from gsvbatch.audio import (
    PRESETS,
    AudioFormat,
    Encoding,
    Loudness,
    LoudnessPreset,
    Tags,
    apply_gain,
    gain_to,
    group_loudness,
    limit,
    loudness_preset,
    measure,
    measure_loudness,
    normalize,
    preset_problems,
    read_audio,
    resample,
    true_peak,
    with_room_tone,
    write_audio,
)
from gsvbatch.data import Waveform
from gsvbatch.errors import ConfigError

RATE = 48000


def tone(frequency, level, duration, phase=0.0, rate=RATE):
    time = np.arange(round(duration * rate)) / rate
    wave = 10 ** (level / 20) * np.sin(2 * np.pi * frequency * time + phase)
    return Waveform(wave.astype(np.float32), rate)


@pytest.mark.parametrize("duration", [0.1, 0.5, 2.0, 10.0])
@pytest.mark.parametrize("level", [-33.0, -20.0])
def test_a_tone_measures_as_the_standard_says_whatever_its_length(duration, level):
    # BS.1770: a full-scale 997 Hz sine in one channel is -3.01 LKFS.
    found = measure_loudness(tone(997, level, duration))
    assert found.integrated == pytest.approx(level - 3.01, abs=0.35)
    assert found.rms == pytest.approx(level - 3.01, abs=0.05)


def test_silence_around_a_word_does_not_make_it_quieter(speak):
    alone = measure_loudness(speak(0.3))
    within = measure_loudness(speak(0.3, before=1.0, after=1.0))
    assert within.integrated == pytest.approx(alone.integrated, abs=0.5)
    assert within.duration == pytest.approx(0.3, abs=0.05)


@pytest.mark.parametrize("n", [0, 100, RATE])
def test_silence_has_no_loudness_and_gets_no_gain(n):
    found = measure_loudness(Waveform(np.zeros(n, np.float32), RATE))
    assert found.integrated == float("-inf")
    assert gain_to(found, PRESETS["podcast"]) == 0


def test_a_group_is_weighted_by_length_and_gated():
    long = Loudness(-20, -20, -3, 10.0)
    short = Loudness(-26, -26, -9, 1.0)
    whisper = Loudness(-45, -45, -30, 5.0)
    silent = Loudness(float("-inf"), -120, -120, 0.0)
    together = group_loudness([long, short, whisper, silent])
    expected = 10 * np.log10((10 * 10**-2 + 10**-2.6) / 11)
    assert together.integrated == pytest.approx(expected)
    assert together.true_peak == -3


def test_a_speakers_whisper_stays_a_whisper(speak):
    lines = [speak(1.0, level=level) for level in (-30, -24, -42)]
    preset = PRESETS["game"]
    gain = gain_to(group_loudness(measure_loudness(line) for line in lines), preset)
    after = [measure_loudness(apply_gain(line, gain, preset.ceiling)).integrated for line in lines]
    assert after[1] - after[2] == pytest.approx(18, abs=0.5)


def test_a_group_of_nothing_has_no_loudness():
    assert group_loudness([]).integrated == float("-inf")


@pytest.mark.parametrize("phase", [0.0, np.pi / 4])
def test_true_peak_sees_between_samples(phase):
    quarter = tone(RATE / 4, -6.0, 0.1, phase)
    faded = Waveform(quarter.samples * np.hanning(len(quarter.samples)).astype(np.float32), RATE)
    assert true_peak(faded) == pytest.approx(-6.0, abs=0.15)


@pytest.mark.parametrize("ceiling", [-1.0, -3.0])
@pytest.mark.parametrize("seed", range(3))
def test_nothing_passes_the_ceiling(seed, ceiling):
    rng = np.random.default_rng(seed)
    wild = (rng.standard_normal(RATE // 2) * rng.uniform(0.5, 2.0)).astype(np.float32)
    limited = limit(resample(Waveform(wild, RATE // 2), RATE), ceiling)
    assert true_peak(limited) <= ceiling + 0.01
    # measured independently, on a grid eight times as fine
    fine = resample(limited, RATE * 8).samples
    assert 20 * np.log10(np.abs(fine).max()) <= ceiling + 0.3


def test_limiting_is_local(speak):
    waveform = speak(2.0, level=-30)
    samples = waveform.samples.copy()
    samples[32000] = 1.5
    limited = limit(Waveform(samples, waveform.sample_rate), -1.0)
    reach = round(0.02 * waveform.sample_rate)
    assert np.array_equal(limited.samples[: 32000 - reach], samples[: 32000 - reach])
    assert np.array_equal(limited.samples[32000 + reach :], samples[32000 + reach :])
    assert 0.85 < limited.samples[32000] < 0.9


def test_what_is_under_the_ceiling_is_left_alone(speak):
    waveform = speak(0.5)
    assert limit(waveform, -1.0) is waveform


@pytest.mark.parametrize("name", ["podcast", "ebu", "acx"])
@pytest.mark.parametrize("level", [-45, -20, -8])
def test_a_work_is_brought_to_its_preset(name, level, speak):
    preset = loudness_preset(name)
    work = with_room_tone(normalize(speak(6.0, level=level), preset), preset)
    assert preset_problems(work, preset) == ()


def test_acx_holds_on_the_encoded_mp3(speak, tmp_path):
    preset = loudness_preset("acx")
    work = with_room_tone(normalize(speak(8.0, level=-30), preset), preset)
    path = tmp_path / "a.mp3"
    encoding = Encoding(bitrate=preset.bitrate, sample_rate=preset.sample_rate)
    write_audio(path, work, AudioFormat.MP3, Tags(), label=None, encoding=encoding)
    found = read_audio(path)
    assert preset_problems(found, preset) == ()
    m = measure(found)
    assert 0.5 <= m.leading_silence <= 1.0
    assert 1.0 <= m.trailing_silence <= 5.0
    assert -75 < m.noise_floor < -60, "room tone, not digital silence"


def test_what_misses_a_preset_is_said_in_figures(speak):
    preset = loudness_preset("acx")
    noisy = speak(4.0, level=-10, before=1, after=1, noise=-50)
    problems = " ".join(preset_problems(noisy, preset))
    assert "dB RMS, not -20" in problems
    assert "dBTP, above -3" in problems
    assert "pauses are at -5" in problems


def test_an_unknown_preset_is_said_with_the_known_ones():
    with pytest.raises(ConfigError, match="acx, ebu, game, podcast"):
        loudness_preset("loud")


@pytest.mark.parametrize("kwargs", [{"target": 3, "ceiling": -1}, {"target": -16, "ceiling": 1}])
def test_impossible_presets_are_refused(kwargs):
    with pytest.raises(ConfigError, match="outside"):
        LoudnessPreset("x", **kwargs)
