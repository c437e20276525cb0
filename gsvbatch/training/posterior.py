"""The posterior encoder: what the latent of a recording is. Needed only while training."""

import torch
from torch import Tensor, nn

from gsvbatch.gsv.layers import WaveNet


class Posterior(nn.Module):
    """Log-mel frames to the mean and log-spread of the latent (VITS's ``enc_q``)."""

    def __init__(
        self, n_mels: int, hidden: int, latent: int, style: int, n_layers: int, kernel: int = 5
    ) -> None:
        super().__init__()
        self.pre = nn.Conv1d(n_mels, hidden, 1)
        self.enc = WaveNet(hidden, kernel, n_layers, style)
        self.proj = nn.Conv1d(hidden, 2 * latent, 1)

    def forward(self, mel: Tensor, mask: Tensor, style: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-spread (B, C, F) of mel (B, M, F)."""
        x = self.enc(self.pre(mel) * mask, mask, style)
        mean, log_spread = (self.proj(x) * mask).chunk(2, dim=1)
        return mean, torch.clamp(log_spread, -8.0, 3.0)
