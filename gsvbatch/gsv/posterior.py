"""The posterior encoder: what of a recording's spectrum the flow and the generator are to say (Kim et al. 2021).

Only training needs it. Base models have it; GPT-SoVITS leaves it out of the fine-tunes it saves.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from gsvbatch.gsv.container import read_container
from gsvbatch.gsv.layers import WaveNet
from gsvbatch.gsv.weights import Weights, count, fold_weight_norm, load_into, shape_of, tensors

POSTERIOR_PREFIX = "enc_q."


class PosteriorEncoder(nn.Module):
    """A recording's spectrogram to mean and log-spread of its latent, the checkpoint's ``enc_q``."""

    def __init__(
        self, n_bins: int, latent: int, hidden: int, kernel: int, n_layers: int, condition: int
    ) -> None:
        super().__init__()
        self.latent = latent
        self.pre = nn.Conv1d(n_bins, hidden, 1)
        self.enc = WaveNet(hidden, kernel, n_layers, condition)
        self.proj = nn.Conv1d(hidden, 2 * latent, 1)

    def forward(self, spectrogram: Tensor, mask: Tensor, style: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-spread of the latent, (B, latent, F) each.

        Args:
            spectrogram: linear magnitudes (B, bins, F), all bins.
            mask: (B, 1, F).
            style: (B, G, 1).
        """
        x = self.enc(self.pre(spectrogram) * mask, mask, style)
        mean, log_spread = (self.proj(x) * mask).split(self.latent, dim=1)
        return mean, log_spread


def read_posterior(path: Path) -> PosteriorEncoder | None:
    """The posterior encoder that is in a ``.pth``, or None where there is none.

    Raises:
        CheckpointError: The file is missing or damaged, or the encoder is not whole.
    """
    stored = tensors(path, read_container(path)["weight"])
    found = {key: value for key, value in stored.items() if key.startswith(POSTERIOR_PREFIX)}
    if not found:
        return None
    weights: Weights = {
        key.removeprefix(POSTERIOR_PREFIX): value.float()
        for key, value in fold_weight_norm(path, found).items()
    }
    hidden, n_bins, _ = (*shape_of(path, weights, "pre.weight"), 0, 0, 0)[:3]
    _, _, kernel = (*shape_of(path, weights, "enc.in_layers.0.weight"), 0, 0, 0)[:3]
    encoder = PosteriorEncoder(
        n_bins=n_bins,
        latent=shape_of(path, weights, "proj.weight")[0] // 2,
        hidden=hidden,
        kernel=kernel,
        n_layers=count(weights, r"enc\.in_layers\.(\d+)\."),
        condition=shape_of(path, weights, "enc.cond_layer.weight")[1],
    )
    load_into(encoder, weights, path)
    return encoder.to(torch.float32)
