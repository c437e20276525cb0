"""Kaldi's log-mel filterbank, the speaker encoder's front end.

The steps and constants are those of Kaldi's ``compute-fbank-feats`` with dither off, so that a vector
equals what upstream's models were trained with: every frame loses its mean and is pre-emphasized by
itself, the window is Kaldi's own, and filters are triangles on the mel scale rather than in hertz.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor

from gsvbatch.units import Hertz

FBANK_RATE: Hertz = 16000
WINDOW = 400  # samples: 25 ms
HOP = 160  # samples: 10 ms
N_FFT = 512
N_MELS = 80
LOWEST = 20.0  # Hz
PRE_EMPHASIS = 0.97
WINDOW_EXPONENT = 0.85
FLOOR = torch.finfo(torch.float32).eps


def fbank(samples: Tensor) -> Tensor:
    """Log-mel energies (B, F, 80) of samples (B, N) at 16 kHz in [-1, 1]; only whole windows count.

    Raises:
        ValueError: There is less than one window.
    """
    if samples.shape[1] < WINDOW:
        raise ValueError(f"{samples.shape[1]} samples, where a window has {WINDOW}")
    frames = samples.float().unfold(1, WINDOW, HOP)  # (B, F, window)
    frames = frames - frames.mean(dim=2, keepdim=True)
    # The sample before the first one is taken to be equal to it.
    before = torch.cat([frames[:, :, :1], frames[:, :, :-1]], dim=2)
    frames = (frames - PRE_EMPHASIS * before) * _window().to(frames.device)
    power = torch.fft.rfft(frames, n=N_FFT).abs().square()
    energies = power @ _filters().to(frames.device).transpose(0, 1)
    logs: Tensor = energies.clamp(min=FLOOR).log()
    return logs


@lru_cache(maxsize=1)
def _window() -> Tensor:
    return torch.hann_window(WINDOW, periodic=False).pow(WINDOW_EXPONENT)


@lru_cache(maxsize=1)
def _filters() -> Tensor:
    """Triangular filters (80, N_FFT / 2 + 1), of unit height and straight on the mel scale."""

    def mel(frequency: float) -> float:
        return 1127.0 * math.log(1.0 + frequency / 700.0)

    bottom, top = mel(LOWEST), mel(FBANK_RATE / 2)
    edges = torch.linspace(bottom, top, N_MELS + 2, dtype=torch.float64)[:, None]
    bins = torch.arange(N_FFT // 2 + 1, dtype=torch.float64) * (FBANK_RATE / N_FFT)
    mels = 1127.0 * torch.log1p(bins / 700.0)[None, :]
    rise = (mels - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - mels) / (edges[2:] - edges[1:-1])
    return torch.minimum(rise, fall).clamp(min=0.0).float()
