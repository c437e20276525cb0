"""The reference's spectrogram, from which the style encoder reads the timbre.

Resampling here follows the windowed-sinc method that upstream's models were trained with, so that the
style vector equals upstream's; everywhere else audio is resampled by :mod:`gsvbatch.audio`.
"""

import math
from functools import lru_cache
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from gsvbatch.data import Waveform
from gsvbatch.units import Hertz

POWER_FLOOR = 1e-8
MAX_PEAK_DIVISOR = 2.0
_ZERO_CROSSINGS = 6
"""Of the sinc, kept at either side of its peak."""

_ROLLOFF = 0.99
"""Cut-off as a share of the lower Nyquist frequency."""


class SpectrogramConfig(Protocol):
    """How a synthesizer's spectrogram is taken: the part of its config that counts here."""

    @property
    def sample_rate(self) -> Hertz:
        """Of the samples."""

    @property
    def filter_length(self) -> int:
        """Samples of a window."""

    @property
    def hop_length(self) -> int:
        """Samples between windows."""


def reference_spectrogram(waveform: Waveform, config: SpectrogramConfig) -> Tensor:
    """The linear magnitudes that ``Synthesizer.style_of`` takes, (1, bins, F), fp32 on the CPU.

    Audio over full scale is brought back into it first, by at most a factor of two.
    """
    samples = bounded_reference(waveform, config.sample_rate)
    return spectrogram(samples, config.filter_length, config.hop_length)


def bounded_reference(waveform: Waveform, rate: Hertz) -> Tensor:
    """A reference's samples (1, N) at a rate, brought back towards full scale where they are over it."""
    samples = torch.from_numpy(waveform.samples)[None]
    samples = sinc_resample(samples, waveform.sample_rate, rate)
    peak = float(samples.abs().max())
    if peak > 1:
        samples = samples / min(MAX_PEAK_DIVISOR, peak)
    return samples


def spectrogram(samples: Tensor, n_fft: int, hop: int) -> Tensor:
    """Linear magnitudes (B, n_fft / 2 + 1, N // hop) of samples (B, N); frames are not centred.

    The signal is mirrored by ``(n_fft - hop) / 2`` samples at either end, so N must be longer than that.
    """
    edge = (n_fft - hop) // 2
    padded = F.pad(samples[:, None], (edge, edge), mode="reflect")[:, 0]
    window = torch.hann_window(n_fft, device=samples.device, dtype=samples.dtype)
    spectrum = torch.stft(padded, n_fft, hop, window=window, center=False, return_complex=True)
    return torch.sqrt(spectrum.real.square() + spectrum.imag.square() + POWER_FLOOR)


def sinc_resample(samples: Tensor, rate: Hertz, new_rate: Hertz) -> Tensor:
    """Samples (B, N) at the new rate, (B, ceil(N * new_rate / rate)), by a Hann-windowed sinc."""
    if rate == new_rate:
        return samples
    divisor = math.gcd(rate, new_rate)
    step, phases = rate // divisor, new_rate // divisor
    kernel, reach = _sinc_kernel(step, phases)
    padded = F.pad(samples[:, None], (reach, reach + step))
    out = F.conv1d(padded, kernel.to(samples), stride=step)  # (B, phases, frames)
    n_samples = math.ceil(samples.shape[1] * phases / step)
    return out.transpose(1, 2).reshape(len(samples), -1)[:, :n_samples]


@lru_cache(maxsize=16)
def _sinc_kernel(step: int, phases: int) -> tuple[Tensor, int]:
    """One filter for each output phase, (phases, 1, taps), and how far it reaches to either side."""
    cutoff = min(step, phases) * _ROLLOFF
    reach = math.ceil(_ZERO_CROSSINGS * step / cutoff)
    offsets = torch.arange(-reach, reach + step, dtype=torch.float64)[None, :] / step
    shifts = torch.arange(phases, dtype=torch.float64)[:, None] / phases
    time = ((offsets - shifts) * cutoff).clamp(-_ZERO_CROSSINGS, _ZERO_CROSSINGS)
    window = torch.cos(time * math.pi / _ZERO_CROSSINGS / 2).square()
    return (torch.sinc(time) * window * cutoff / step)[:, None].float(), reach
