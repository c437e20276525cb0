"""The pitch of made-up voices is followed, and nothing else is taken for one."""

import numpy as np
import pytest

from gsvbatch.training.pitch import track_pitch

RATE = 24000
FRAMES = 50


def voice(hertz: np.ndarray) -> np.ndarray:
    """A buzz of eight overtones at a pitch that moves."""
    phase = 2 * np.pi * np.cumsum(hertz) / RATE
    return 0.1 * sum(np.sin(k * phase) / k for k in range(1, 9))


@pytest.mark.parametrize("middle", [85, 130, 220, 350])
def test_gliding_voice_is_followed_between_silences(middle: float) -> None:
    t = np.arange(3 * RATE) / RATE
    hertz = middle * 2 ** (0.3 * np.sin(2 * np.pi * 0.7 * t))
    samples = voice(hertz)
    samples[: RATE // 2] = samples[-RATE // 2 :] = 0
    samples += 1e-3 * np.random.default_rng(0).normal(size=len(t))
    found, voiced = track_pitch(samples.astype(np.float32), RATE, 3 * FRAMES, FRAMES)
    assert found.shape == voiced.shape == (3 * FRAMES,)
    assert not voiced[:23].any()
    assert not voiced[-23:].any()
    assert voiced[27:-27].mean() > 0.98
    true = hertz[((np.arange(3 * FRAMES) + 0.5) * RATE / FRAMES).astype(int)]
    semitones = 12 * np.abs(np.log2(found / true))[voiced]
    assert np.median(semitones) < 0.1
    assert semitones.max() < 1


def test_noise_and_silence_have_no_pitch() -> None:
    noise = 0.1 * np.random.default_rng(1).normal(size=RATE)
    assert track_pitch(noise.astype(np.float32), RATE, FRAMES, FRAMES)[1].mean() < 0.1
    hertz, voiced = track_pitch(np.zeros(RATE, np.float32), RATE, FRAMES, FRAMES)
    assert not voiced.any()
    assert (hertz == 150).all()


def test_frames_past_the_end_are_silent() -> None:
    samples = voice(np.full(RATE // 2, 150.0)).astype(np.float32)
    hertz, voiced = track_pitch(samples, RATE, 2 * FRAMES, FRAMES)
    assert len(hertz) == 2 * FRAMES
    assert voiced[:20].all()
    assert not voiced[30:].any()
