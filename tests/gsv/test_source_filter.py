"""The source-filter head: what its sources are, and that filters do what they say."""

import math

import numpy as np
import pytest
import torch

from gsvbatch.gsv.source_filter import (
    HIGHEST_PITCH,
    LOWEST_PITCH,
    SourceFilter,
    pitch_channel,
)

RATE, HOP = 24000, 120
VOICED, UNVOICED = 20.0, -20.0


@pytest.fixture
def head() -> SourceFilter:
    return SourceFilter(HOP, RATE).eval()


def latent(hertz: float, voicing: float, n_frames: int = 50) -> torch.Tensor:
    """A latent of one channel that nobody looks at, pitch and voicing."""
    frames = torch.zeros(1, 3, n_frames)
    frames[:, 1] = pitch_channel(torch.tensor(hertz))
    frames[:, 2] = voicing
    return frames


def flat_filters(head: SourceFilter, n_frames: int, gain: float, noise_gain: float) -> torch.Tensor:
    n_bins = head.n_outputs // 3
    parts = [math.log(gain), 0.0, math.log(noise_gain)]
    return torch.cat([torch.full((1, n_bins, n_frames), part) for part in parts], dim=1)


def spectrum(samples: torch.Tensor) -> np.ndarray:
    inner = samples.flatten()[2400:-2400]
    return np.abs(np.fft.rfft(inner.numpy() * np.hanning(len(inner))))


def test_frames_come_back_as_samples(head: SourceFilter) -> None:
    samples = torch.randn(2, 40 * HOP, generator=torch.Generator().manual_seed(1))
    frames = head.analyse(samples)
    assert frames.shape == (2, HOP * 4 // 2 + 1, 40)
    torch.testing.assert_close(head.synthesize(frames), samples, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("hertz", [74.0, 181.0, 320.0])
def test_pulses_have_their_pitch_unit_power_and_nothing_above_half_the_rate(
    head: SourceFilter, hertz: float
) -> None:
    pulses = head.pulses(torch.full((1, RATE), hertz))
    assert float(pulses.square().mean()) == pytest.approx(1.0, rel=0.05)
    peaks = spectrum(pulses)
    bins_a_hertz = len(peaks) * 2 / RATE
    at = [round(hertz * k * bins_a_hertz) for k in (1, 2, 3, 10)]
    between = round(hertz * 1.5 * bins_a_hertz)
    for peak in at:
        assert peaks[peak - 2 : peak + 3].max() > 50 * peaks[between]


def test_long_pulse_trains_keep_their_phase(head: SourceFilter) -> None:
    # In single precision the phase of the last second would be off by more than a pulse is wide.
    minute = head.pulses(torch.full((1, 60 * RATE), 100.0))
    torch.testing.assert_close(minute[:, -RATE:], minute[:, :RATE], rtol=0, atol=0.05)


def test_voice_is_a_buzz_and_no_voice_a_hiss(head: SourceFilter) -> None:
    filters = flat_filters(head, 200, 0.1, 1e-6)
    voiced = head(filters, latent(200.0, VOICED))
    silent = head(filters, latent(200.0, UNVOICED))
    assert voiced.shape == (1, 1, 200 * HOP)
    assert float(voiced.square().mean().sqrt()) == pytest.approx(0.1, rel=0.2)
    assert float(silent.abs().max()) < 1e-4
    hiss = head(flat_filters(head, 200, 1e-6, 0.1), latent(200.0, UNVOICED))
    assert float(hiss.square().mean().sqrt()) == pytest.approx(0.1, rel=0.2)


def test_filter_lets_through_what_it_says(head: SourceFilter) -> None:
    filters = flat_filters(head, 200, 0.1, 1e-6)
    filters[:, 100 : head.n_outputs // 3] = math.log(1e-6)  # nothing above 5 kHz
    heard = spectrum(head(filters, latent(200.0, VOICED)))
    half = len(heard) * 5500 // 12000
    assert heard[half:].max() < 0.01 * heard[:half].max()


def test_same_filters_make_the_same_audio_and_training_draws_new_noise(head: SourceFilter) -> None:
    filters = flat_filters(head, 40, 0.1, 0.1)
    frames = latent(200.0, VOICED, 10)
    torch.testing.assert_close(head(filters, frames), head(filters, frames), rtol=0, atol=0)
    head.train()
    assert not torch.equal(head(filters, frames), head(filters, frames))


def test_impossible_pitch_is_held_within_bounds(head: SourceFilter) -> None:
    filters = flat_filters(head, 200, 0.1, 1e-6)
    for hertz, bound in ((1.0, LOWEST_PITCH), (1e4, HIGHEST_PITCH)):
        heard = spectrum(head(filters, latent(hertz, VOICED)))
        lowest = int(np.flatnonzero(heard > 0.3 * heard.max())[0])
        assert lowest * RATE / 2 / len(heard) == pytest.approx(bound, rel=0.03)


def test_half_precision_models_keep_window_and_noise_exact(head: SourceFilter) -> None:
    filters = flat_filters(head, 40, 0.1, 0.1)
    frames = latent(200.0, VOICED, 10)
    before = head(filters, frames)
    torch.testing.assert_close(head.half()(filters, frames), before, rtol=0, atol=0)
