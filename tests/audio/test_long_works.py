"""What is reckoned block by block is what is reckoned from the whole, in the memory of a block."""

import tracemalloc

import numpy as np
import pyloudnorm
import pytest

from gsvbatch.audio import levels, limiter, loudness
from gsvbatch.audio.levels import find_speech, measure
from gsvbatch.audio.limiter import limit, true_peak
from gsvbatch.audio.loudness import loudness_preset, measure_loudness, normalize
from gsvbatch.data import Waveform


def speechlike(n_samples: int, sample_rate: int, scale: float = 0.1) -> Waveform:
    """Noise that swells and falls silent."""
    draw = np.random.default_rng(n_samples)
    swell = np.maximum(0, np.sin(np.arange(n_samples) / sample_rate * 2.3)) ** 2
    samples = scale * draw.standard_normal(n_samples) * swell + 1e-5 * draw.standard_normal(
        n_samples
    )
    return Waveform(samples.astype(np.float32), sample_rate)


@pytest.mark.parametrize("sample_rate", [8000, 24000, 44100, 22050])
@pytest.mark.parametrize("n_seconds", [0.4, 3.0, 7.77])
def test_loudness_is_that_of_the_library(sample_rate: int, n_seconds: float) -> None:
    waveform = speechlike(round(n_seconds * sample_rate), sample_rate)
    expected = pyloudnorm.Meter(sample_rate).integrated_loudness(
        waveform.samples.astype(np.float64)
    )
    assert loudness._integrated(waveform.samples, sample_rate) == pytest.approx(expected, abs=1e-3)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    waveform = speechlike(100_003, 24000, scale=0.6)
    whole = (measure_loudness(waveform), measure(waveform), find_speech(waveform))
    limited, peak = limit(waveform, -3.0).samples, true_peak(waveform)
    for module in (levels, limiter, loudness):
        monkeypatch.setattr(module, "BLOCK", 7_000)
    parts = (measure_loudness(waveform), measure(waveform), find_speech(waveform))
    for one, other in zip(whole[:2], parts[:2], strict=True):
        for name in type(one).__dataclass_fields__:
            assert getattr(other, name) == pytest.approx(getattr(one, name), abs=1e-9)
    assert parts[2] == whole[2]
    assert true_peak(waveform) == peak
    np.testing.assert_allclose(limit(waveform, -3.0).samples, limited, atol=1e-6)


def test_a_work_is_levelled_in_little_more_than_its_own_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (levels, limiter, loudness):
        monkeypatch.setattr(module, "BLOCK", 16_000)
    waveform = speechlike(2_000_000, 8000)
    normalize(Waveform(waveform.samples[:80_000], 8000), loudness_preset("podcast"))  # imports
    tracemalloc.start()
    try:
        normalize(waveform, loudness_preset("podcast"))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 16 * len(waveform.samples)  # a sample has 4 bytes; what comes of it as well
