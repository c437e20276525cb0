"""Codes that vary alike in all directions, for a network to tell apart while it learns."""

import torch
from torch import Tensor

from gsvbatch.training.loop import Weights

WHITENING_FLOOR = 0.01
"""Added to the variance of every direction."""

_READS_CODES, _READS_CODES_BIAS = "enc_p.ssl_proj.weight", "enc_p.ssl_proj.bias"


class Whitening:
    """While training, code vectors that vary alike in all directions; afterwards, the codebook's own.

    What tells two codes apart is a thousand times weaker than what tells speech from silence, and a
    gradient follows the strong. The whitening is one matrix, and goes into the layer that reads the codes.
    """

    def __init__(self, codebook: Tensor, uses: Tensor) -> None:
        """Set up.

        Args:
            codebook: (K, C).
            uses: how often each code occurs, (K,).
        """
        shares = (uses / uses.sum()).double()[:, None]
        codes = codebook.double()
        self.mean = (shares * codes).sum(0)
        spread = ((codes - self.mean) * shares).T @ (codes - self.mean)
        values, vectors = torch.linalg.eigh(spread + WHITENING_FLOOR * torch.eye(len(spread)))
        self.matrix = (vectors * values.rsqrt()) @ vectors.T
        self.inverse = (vectors * values.sqrt()) @ vectors.T
        self.codebook = ((codes - self.mean) @ self.matrix).float()

    def whiten(self, weights: Weights) -> Weights:
        """Return a synthesizer's weights for whitened codes, saying the same."""
        weight, bias = (weights[key].cpu().double() for key in (_READS_CODES, _READS_CODES_BIAS))
        flat = weight[:, :, 0]
        return self._changed(weights, flat @ self.inverse, bias + flat @ self.mean)

    def fold(self, weights: Weights) -> Weights:
        """Return them for the codebook's own vectors again."""
        weight, bias = (weights[key].cpu().double() for key in (_READS_CODES, _READS_CODES_BIAS))
        flat = weight[:, :, 0] @ self.matrix
        return self._changed(weights, flat, bias - flat @ self.mean)

    def _changed(self, weights: Weights, flat: Tensor, bias: Tensor) -> Weights:
        new = {_READS_CODES: flat[:, :, None].float(), _READS_CODES_BIAS: bias.float()}
        return {key: new.get(key, value).to(value.device) for key, value in weights.items()}
