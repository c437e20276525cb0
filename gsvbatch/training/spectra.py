"""How far apart two recordings sound: the spectral loss of training."""

import torch
from torch import Tensor, nn

from gsvbatch.gsv.log_mel import LogMel
from gsvbatch.units import Hertz

FLOOR = 1e-3
"""Magnitude below which differences do not count; 80 dB under loud speech."""


class SpectralLoss(nn.Module):
    """Distance of log-mel spectra at several resolutions, plus of linear magnitudes."""

    def __init__(self, sample_rate: Hertz) -> None:
        super().__init__()
        self.mels = nn.ModuleList(
            LogMel(sample_rate, n_fft, n_fft // 4, n_mels, FLOOR)
            for n_fft, n_mels in ((320, 40), (800, 80), (2048, 128))
        )

    def forward(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the mean absolute difference of log-mels of (B, N) audio."""
        with torch.autocast(device_type=real.device.type, enabled=False):
            return torch.stack([(mel(real) - mel(fake)).abs().mean() for mel in self.mels]).mean()
