"""The diffusion transformer of v3 and v4 (Peebles and Xie 2023; Chen et al. 2024, F5-TTS).

Sequences are frames first, (B, F, D). Rows of a batch may differ in length: every place where frames
see one another (attention, convolutions, response normalization) is masked, so that a row comes out as
it would alone. Attribute names are the checkpoint's.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gsvbatch.gsv.condition import BASE, BLOCK_EPS, ConditionEmbedding
from gsvbatch.gsv.reference_mel import N_MELS

TIME_SCALE = 1000.0
FREQUENCIES = 256
"""Width of the sinusoids that a time becomes."""


@dataclass(frozen=True, slots=True)
class DiTConfig:
    """Dimensions of a :class:`DiT`; the defaults are v3's and v4's."""

    n_mels: int = N_MELS
    width: int = 1024
    n_layers: int = 22
    head_width: int = 64
    feed_forward: int = 2048
    condition: int = 512
    """Width of the condition's frames."""

    condition_layers: int = 4
    condition_inner: int = 1024
    position_kernel: int = 31
    position_groups: int = 16


class TimeEmbedding(nn.Module):
    """A number in [0, 1] as a vector; ``time_mlp`` numbers a SiLU between its layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.time_mlp = nn.ModuleDict(
            {"0": nn.Linear(FREQUENCIES, width), "2": nn.Linear(width, width)}
        )

    def forward(self, time: Tensor) -> Tensor:
        """Return (B, D) for (B,)."""
        half = FREQUENCIES // 2
        steps = torch.arange(half, device=time.device, dtype=torch.float32)
        angles = (
            TIME_SCALE * time.float()[:, None] * torch.exp(steps * -math.log(BASE) / (half - 1))
        )
        waves = torch.cat([angles.sin(), angles.cos()], dim=1).to(next(self.parameters()).dtype)
        out: Tensor = self.time_mlp["2"](F.silu(self.time_mlp["0"](waves)))
        return out


class PositionConvolution(nn.Module):
    """Two grouped convolutions that stand in for positions; ``conv1d`` numbers a Mish after each."""

    def __init__(self, width: int, kernel: int, groups: int) -> None:
        super().__init__()
        self.conv1d = nn.ModuleDict(
            {
                name: nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=groups)
                for name in ("0", "2")
            }
        )

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Return (B, F, D)."""
        for conv in self.conv1d.values():
            real = x if mask is None else x * mask
            x = F.mish(conv(real.transpose(1, 2)).transpose(1, 2))
        return x


class InputEmbedding(nn.Module):
    """What is being drawn, what is known of it, and the condition, as one sequence."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        self.proj = nn.Linear(2 * config.n_mels + config.condition, config.width)
        self.conv_pos_embed = PositionConvolution(
            config.width, config.position_kernel, config.position_groups
        )

    def forward(self, x: Tensor, known: Tensor, condition: Tensor, mask: Tensor | None) -> Tensor:
        """Return (B, F, D)."""
        joined = self.proj(torch.cat([x, known, condition], dim=2))
        out: Tensor = joined + self.conv_pos_embed(joined, mask)
        return out


class Rotation(nn.Module):
    """The stored frequencies of the rotary positions (Su et al. 2021)."""

    inv_freq: Tensor

    def __init__(self, head_width: int) -> None:
        super().__init__()
        steps = torch.arange(0, head_width, 2).float() / head_width
        # A buffer that is loaded: files hold the frequencies rounded to half precision, and the
        # networks were tuned with those.
        self.register_buffer("inv_freq", BASE**-steps)

    def angles(self, n_frames: int) -> Tensor:
        """Return (F, head_width / 2)."""
        position = torch.arange(n_frames, device=self.inv_freq.device).float()
        return position[:, None] * self.inv_freq.float()[None, :]


class Attention(nn.Module):
    """Self-attention whose rotation reaches the first head only.

    Upstream rotates before it splits into heads, with a table as wide as one head: the other heads
    have no positions. The weights are trained that way.
    """

    def __init__(self, width: int, head_width: int) -> None:
        super().__init__()
        self.head_width = head_width
        self.to_q = nn.Linear(width, width)
        self.to_k = nn.Linear(width, width)
        self.to_v = nn.Linear(width, width)
        self.to_out = nn.ModuleList([nn.Linear(width, width)])

    def forward(self, x: Tensor, angles: Tensor, visible: Tensor | None) -> Tensor:
        """Return (B, F, D); angles (F, head_width / 2), visible (B, 1, 1, F) or None."""
        B, L, D = x.shape
        shape = (B, L, D // self.head_width, self.head_width)
        query = self._rotated(self.to_q(x), angles).view(shape).transpose(1, 2)
        key = self._rotated(self.to_k(x), angles).view(shape).transpose(1, 2)
        value = self.to_v(x).view(shape).transpose(1, 2)
        out = F.scaled_dot_product_attention(query, key, value, attn_mask=visible)
        merged: Tensor = self.to_out[0](out.transpose(1, 2).reshape(B, L, D))
        return merged

    def _rotated(self, x: Tensor, angles: Tensor) -> Tensor:
        turned, kept = x[..., : self.head_width].float(), x[..., self.head_width :]
        even, odd = turned[..., 0::2], turned[..., 1::2]
        cos, sin = angles.cos(), angles.sin()
        pairs = torch.stack([even * cos - odd * sin, odd * cos + even * sin], dim=-1)
        return torch.cat([pairs.flatten(-2).to(x.dtype), kept], dim=-1)


class FeedForward(nn.Module):
    """Two layers with a GELU (tanh form) between them, under the checkpoint's nested numbers."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        first = nn.ModuleDict({"0": nn.Linear(width, inner)})
        self.ff = nn.ModuleDict({"0": first, "2": nn.Linear(inner, width)})

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, F, D)."""
        first = self.ff["0"]
        assert isinstance(first, nn.ModuleDict)
        out: Tensor = self.ff["2"](F.gelu(first["0"](x), approximate="tanh"))
        return out


class Modulation(nn.Module):
    """The linear layer that makes shifts, scales and gates of the time."""

    def __init__(self, width: int, n_parts: int) -> None:
        super().__init__()
        self.n_parts = n_parts
        self.linear = nn.Linear(width, n_parts * width)

    def forward(self, time: Tensor) -> tuple[Tensor, ...]:
        """Return ``n_parts`` vectors (B, 1, D)."""
        parts: tuple[Tensor, ...] = self.linear(F.silu(time))[:, None].chunk(self.n_parts, dim=2)
        return parts


class Block(nn.Module):
    """Attention and feed-forward, each normalized, modulated and gated by the time (AdaLN-zero)."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        self.attn_norm = Modulation(config.width, 6)
        self.attn = Attention(config.width, config.head_width)
        self.ff = FeedForward(config.width, config.feed_forward)

    def forward(self, x: Tensor, time: Tensor, angles: Tensor, visible: Tensor | None) -> Tensor:
        """Return (B, F, D)."""
        shift, scale, gate, ff_shift, ff_scale, ff_gate = self.attn_norm(time)
        x = x + gate * self.attn(_modulated(x, shift, scale), angles, visible)
        out: Tensor = x + ff_gate * self.ff(_modulated(x, ff_shift, ff_scale))
        return out


class DiT(nn.Module):
    """Which way to go from noise to mel, at a time; the checkpoint's ``cfm.estimator``."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        self.config = config
        self.time_embed = TimeEmbedding(config.width)
        self.d_embed = TimeEmbedding(config.width)
        self.text_embed = ConditionEmbedding(
            config.condition, config.condition_layers, config.condition_inner
        )
        self.input_embed = InputEmbedding(config)
        self.rotary_embed = Rotation(config.head_width)
        self.transformer_blocks = nn.ModuleList(Block(config) for _ in range(config.n_layers))
        self.norm_out = Modulation(config.width, 2)
        self.proj_out = nn.Linear(config.width, config.n_mels)

    def forward(
        self,
        x: Tensor,
        known: Tensor,
        condition: Tensor,
        time: Tensor,
        step: Tensor,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Return the direction (B, F, mels).

        Args:
            x: where the mel is at this time, (B, F, mels).
            known: the prompt's mel, zero elsewhere, (B, F, mels).
            condition: what ``text_embed`` makes of the condition, (B, F, C).
            time: (B,) in [0, 1].
            step: how far the next step goes, (B,).
            mask: (B, F, 1) with 1 where a frame is real, or None when all are.
        """
        when = self.time_embed(time) + self.d_embed(step)
        visible = None if mask is None else (mask != 0).transpose(1, 2).unsqueeze(1)
        angles = self.rotary_embed.angles(x.shape[1])
        x = self.input_embed(x, known, condition, mask)
        for block in self.transformer_blocks:
            x = block(x, when, angles, visible)
        scale, shift = self.norm_out(when)
        out: Tensor = self.proj_out(_modulated(x, shift, scale))
        return out


def _modulated(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], eps=BLOCK_EPS) * (1 + scale) + shift
