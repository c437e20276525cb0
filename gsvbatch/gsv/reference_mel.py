"""The reference's normalized log-mel, which a v3 or v4 model continues."""

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from gsvbatch.data import Waveform
from gsvbatch.gsv.spectrogram import sinc_resample, spectrogram
from gsvbatch.units import Hertz

N_MELS = 100
FLOOR = 1e-5
LOWEST_LOG, HIGHEST_LOG = -12.0, 2.0
"""What normalization maps to -1 and 1."""


@dataclass(frozen=True, slots=True)
class MelSettings:
    """How a mel spectrogram is taken."""

    sample_rate: Hertz
    n_fft: int
    """Samples; the window is as long."""

    hop: int
    """Samples."""

    n_mels: int = N_MELS


def reference_mel(waveform: Waveform, settings: MelSettings) -> Tensor:
    """The normalized log-mel (1, mels, F) of a reference clip, fp32 on the CPU."""
    samples = torch.from_numpy(waveform.samples)[None]
    samples = sinc_resample(samples, waveform.sample_rate, settings.sample_rate)
    return normalized(log_mel(samples, settings))


def log_mel(samples: Tensor, settings: MelSettings) -> Tensor:
    """Natural logarithms of mel magnitudes (B, mels, N // hop) of samples (B, N)."""
    magnitudes = spectrogram(samples, settings.n_fft, settings.hop)
    mels = _filters(settings).to(magnitudes) @ magnitudes
    return mels.clamp(min=FLOOR).log()


def normalized(mel: Tensor) -> Tensor:
    """Log-mels in the range of the models, about [-1, 1]."""
    return (mel - LOWEST_LOG) / (HIGHEST_LOG - LOWEST_LOG) * 2 - 1


def denormalized(mel: Tensor) -> Tensor:
    """Log-mels as vocoders take them."""
    return (mel + 1) / 2 * (HIGHEST_LOG - LOWEST_LOG) + LOWEST_LOG


@lru_cache(maxsize=4)
def _filters(settings: MelSettings) -> Tensor:
    """Triangular filters on Slaney's mel scale, of unit area, (mels, n_fft / 2 + 1)."""
    top = _to_mel(settings.sample_rate / 2)
    edges = _to_hertz(torch.linspace(0.0, top, settings.n_mels + 2, dtype=torch.float64))[:, None]
    bins = torch.linspace(
        0.0, settings.sample_rate / 2, settings.n_fft // 2 + 1, dtype=torch.float64
    )[None, :]
    rise = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    filters = torch.minimum(rise, fall).clamp(min=0.0) * 2.0 / (edges[2:] - edges[:-2])
    return filters.float()


# Slaney's scale is linear up to 1 kHz, 3 mels for 200 Hz, and logarithmic above, 27 mels for a factor
# of 6.4 (Auditory Toolbox, 1998).
_LINEAR_TOP = 1000.0
_MELS_PER_HERTZ = 3 / 200
_MELS_PER_LOG = 27 / math.log(6.4)


def _to_mel(frequency: float) -> float:
    """The mel of a frequency above 1 kHz."""
    return _LINEAR_TOP * _MELS_PER_HERTZ + math.log(frequency / _LINEAR_TOP) * _MELS_PER_LOG


def _to_hertz(mels: Tensor) -> Tensor:
    knee = _LINEAR_TOP * _MELS_PER_HERTZ
    above = _LINEAR_TOP * torch.exp((mels - knee) / _MELS_PER_LOG)
    return torch.where(mels < knee, mels / _MELS_PER_HERTZ, above)
