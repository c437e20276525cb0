"""Log-mel spectra: the small content encoder's front end, and what training looks at. In fp32."""

import math

import torch
from torch import Tensor, nn

from gsvbatch.units import Hertz


def mel_filters(sample_rate: Hertz, n_fft: int, n_mels: int) -> Tensor:
    """Return triangular filters on the HTK mel scale, unit area, (n_mels, n_fft // 2 + 1)."""
    top = 2595.0 * math.log10(1.0 + sample_rate / 2 / 700.0)
    mels = torch.linspace(0.0, top, n_mels + 2, dtype=torch.float64)
    edges = 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    bins = torch.linspace(0.0, sample_rate / 2, n_fft // 2 + 1, dtype=torch.float64)
    rise = (bins[None] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - bins[None]) / (edges[2:] - edges[1:-1])[:, None]
    filters = torch.minimum(rise, fall).clamp(min=0.0)
    filters *= (2.0 / (edges[2:] - edges[:-2]))[:, None] * sample_rate / n_fft
    return filters.float()


class LogMel(nn.Module):
    """Log-mel spectrogram with frames centred on multiples of the hop."""

    window: Tensor
    filters: Tensor

    def __init__(
        self, sample_rate: Hertz, n_fft: int, hop: int, n_mels: int, floor: float = 1e-5
    ) -> None:
        super().__init__()
        self.n_fft, self.hop, self.floor = n_fft, hop, floor
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)
        self.register_buffer("filters", mel_filters(sample_rate, n_fft, n_mels), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        """Return (B, n_mels, N // hop) of audio (B, N)."""
        edge = (self.n_fft - self.hop) // 2
        padded = torch.nn.functional.pad(
            audio.float()[:, None], (edge, self.n_fft - self.hop - edge), "reflect"
        )[:, 0]
        spectrum = torch.stft(
            padded, self.n_fft, self.hop, window=self.window, center=False, return_complex=True
        )
        magnitude = torch.sqrt(spectrum.real.square() + spectrum.imag.square() + 1e-9)
        return torch.log((self.filters @ magnitude).clamp(min=self.floor))
