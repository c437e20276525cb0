"""Conditional flow matching (Lipman et al. 2023): from noise to a mel that continues a prompt."""

import torch
from torch import Tensor, nn

from gsvbatch.gsv.dit import DiT, DiTConfig


class FlowMatching(nn.Module):
    """Euler steps along the direction that ``estimator`` gives; the checkpoint's ``cfm``."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        self.estimator = DiT(config)

    def forward(
        self,
        noise: Tensor,
        condition: Tensor,
        prompt: Tensor,
        n_prompt: Tensor,
        mask: Tensor | None = None,
        *,
        n_steps: int,
        guidance: float = 0.0,
    ) -> Tensor:
        """Return normalized mels (B, mels, F), zero where the prompt is.

        Args:
            noise: where to start, (B, mels, F); what stands at the prompt does not matter.
            condition: (B, C, F), prompt first.
            prompt: the prompt's mel, padded with zeros to the whole length, (B, mels, F).
            n_prompt: frames of each row's prompt, (B,).
            mask: (B, 1, F) with 1 where a frame is real, or None when all are.
            n_steps: more steps sound cleaner and take longer.
            guidance: how far to go beyond the unconditioned direction; 0, as upstream, asks for none.
        """
        rows = None if mask is None else mask.transpose(1, 2)
        known = prompt.transpose(1, 2)
        position = torch.arange(noise.shape[2], device=noise.device)
        is_new = (position[None, :] >= n_prompt[:, None]).unsqueeze(2)
        frames = condition.transpose(1, 2)
        embedded = self.estimator.text_embed(frames, rows)
        unconditioned = self.estimator.text_embed(frames * 0, rows) if guidance else None
        # The sum over the steps is kept in fp32, whatever the network's precision is.
        x = noise.float().transpose(1, 2) * is_new
        step = torch.full((len(x),), 1 / n_steps, device=x.device)
        for i in range(n_steps):
            time, here = step * i, x.to(known.dtype)
            direction = self.estimator(here, known, embedded, time, step, rows)
            if unconditioned is not None:
                free = self.estimator(here, known * 0, unconditioned, time, step, rows)
                direction = direction + (direction - free) * guidance
            x = (x + direction / n_steps) * is_new
        return x.transpose(1, 2).to(known.dtype)
