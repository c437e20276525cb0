"""Made-up speech: what a reference clip must be like, and what it must not."""

from pathlib import Path

import numpy as np

from gsvbatch.audio import AudioFormat, Tags, write_audio
from gsvbatch.data import Waveform

RATE = 24000


def speech(
    duration: float, *, peak: float = 0.5, noise: float = 1e-4, pitch: float = 140
) -> Waveform:
    """Syllables of a harmonic tone with short gaps, and a little noise under all of it."""
    t = np.arange(int(duration * RATE)) / RATE
    tone = sum(np.sin(2 * np.pi * pitch * k * t) / k for k in range(1, 9))
    syllables = np.clip(np.sin(2 * np.pi * 3 * t), 0, 1) ** 0.3 * (
        np.sin(2 * np.pi * 0.5 * t) > -0.9
    )
    samples = tone * syllables
    samples = peak * samples / np.abs(samples).max()
    samples += noise * np.random.default_rng(0).normal(size=len(t))
    return Waveform(samples.astype(np.float32), RATE)


def write_speech(path: Path, duration: float, **how: float) -> Path:
    """Write a clip as WAV; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_audio(path, speech(duration, **how), AudioFormat.WAV, Tags(title="x"), label=None)
    return path
