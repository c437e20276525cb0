import numpy as np
import pytest

from gsvbatch.audio.pcm import BLOCK_SAMPLES, blocks, resample, to_bounded_float, to_int16, to_int24
from gsvbatch.data import Waveform

CASES_16 = [
    (0.0, 0), (1.0, 32767), (-1.0, -32767), (1.5, 32767), (-1.5, -32768), (0.5, 16384),
    (1e9, 32767), (-1e9, -32768), (np.nan, 0), (np.inf, 32767), (1.0001, 32767),
]  # fmt: skip


@pytest.mark.parametrize(("sample", "stored"), CASES_16)
def test_16_bits_clip_and_never_wrap(sample, stored):
    assert to_int16(np.array([sample], np.float32))[0] == stored


@pytest.mark.parametrize(
    ("sample", "stored"), [(1.0, 8388607), (-2.0, -8388608), (np.nan, 0), (0.5, 4194304)]
)
def test_24_bits_clip_and_never_wrap(sample, stored):
    assert to_int24(np.array([sample], np.float32))[0] == stored


def test_floats_are_bounded():
    found = to_bounded_float(np.array([2, -2, np.nan, 0.25], np.float32))
    assert found.tolist() == [1, -1, 0, 0.25]


def test_dither_is_small_repeatable_and_breaks_up_steps():
    quiet = (0.4 / 32767 * np.sin(np.arange(20000) / 50)).astype(np.float32)
    plain, dithered = to_int16(quiet), to_int16(quiet, dither=True)
    assert not plain.any(), "below half a step nothing is left without dither"
    assert np.abs(dithered).max() <= 2
    assert np.corrcoef(dithered, quiet)[0, 1] > 0.2
    assert np.array_equal(dithered, to_int16(quiet, dither=True))


def test_dither_does_not_wrap_at_full_scale():
    full = np.ones(1000, np.float32)
    assert to_int16(full, dither=True).min() > 32000
    assert to_int16(-full, dither=True).max() < -32000


def test_blocks_cover_all_samples_once():
    samples = np.arange(BLOCK_SAMPLES + 3, dtype=np.float32)
    parts = list(blocks(samples))
    assert [len(part) for part in parts] == [BLOCK_SAMPLES, 3]
    assert np.array_equal(np.concatenate(parts), samples)


def test_resampling_to_the_same_rate_is_the_same_waveform():
    waveform = Waveform(np.zeros(5, np.float32), 8000)
    assert resample(waveform, 8000) is waveform
