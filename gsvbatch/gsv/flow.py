"""The normalizing flow between prior and latent: mean-only affine couplings (Kim et al. 2021)."""

import torch
from torch import Tensor, nn

from gsvbatch.gsv.layers import WaveNet


class Coupling(nn.Module):
    """Shifts one half of the channels by a function of the other; volume preserving."""

    def __init__(
        self, channels: int, hidden: int, kernel: int, n_layers: int, condition: int
    ) -> None:
        super().__init__()
        self.n_kept = channels // 2
        self.pre = nn.Conv1d(self.n_kept, hidden, 1)
        self.enc = WaveNet(hidden, kernel, n_layers, condition)
        self.post = nn.Conv1d(hidden, self.n_kept, 1)
        nn.init.zeros_(self.post.weight)
        assert self.post.bias is not None
        nn.init.zeros_(self.post.bias)

    def forward(self, x: Tensor, mask: Tensor, style: Tensor, *, inverse: bool) -> Tensor:
        """Return (B, C, F), latent to prior, or prior to latent when inverse."""
        kept, moved = torch.split(x, self.n_kept, dim=1)
        shift = self.post(self.enc(self.pre(kept) * mask, mask, style)) * mask
        moved = (moved - shift) * mask if inverse else shift + moved * mask
        return torch.cat([kept, moved], dim=1)


class Flow(nn.Module):
    """Four couplings with channel flips between; flips have no weights but count as entries."""

    def __init__(
        self,
        channels: int,
        hidden: int,
        kernel: int,
        n_layers: int,
        condition: int,
        n_couplings: int = 4,
    ) -> None:
        super().__init__()
        entries: list[nn.Module] = []
        for _ in range(n_couplings):
            entries += [Coupling(channels, hidden, kernel, n_layers, condition), nn.Identity()]
        self.flows = nn.ModuleList(entries)

    def forward(self, x: Tensor, mask: Tensor, style: Tensor, *, inverse: bool = False) -> Tensor:
        """Map latent (B, C, F) to the prior's space, or back when inverse; style (B, G, 1)."""
        couplings = [entry for entry in self.flows if isinstance(entry, Coupling)]
        if inverse:
            for coupling in reversed(couplings):
                x = coupling(x.flip(1), mask, style, inverse=True)
        else:
            for coupling in couplings:
                x = coupling(x, mask, style, inverse=False).flip(1)
        return x
