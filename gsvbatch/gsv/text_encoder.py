"""The prior encoder: semantic tokens and phonemes to the mean and spread of the latent.

Three stacks of VITS's relative-position transformer with a cross-attention ("MRTE") between them
that lets every semantic frame look at the phonemes of the text.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gsvbatch.gsv.layers import ChannelNorm

RELATIVE_WINDOW = 4
MASKED_SCORE = -1e4


class RelativeAttention(nn.Module):
    """Self-attention with learned relative positions up to a window (Shaw et al. 2018)."""

    def __init__(self, channels: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.conv_q = nn.Conv1d(channels, channels, 1)
        self.conv_k = nn.Conv1d(channels, channels, 1)
        self.conv_v = nn.Conv1d(channels, channels, 1)
        self.conv_o = nn.Conv1d(channels, channels, 1)
        depth = channels // n_heads
        spread = depth**-0.5
        self.emb_rel_k = nn.Parameter(torch.randn(1, 2 * RELATIVE_WINDOW + 1, depth) * spread)
        self.emb_rel_v = nn.Parameter(torch.randn(1, 2 * RELATIVE_WINDOW + 1, depth) * spread)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return attention output (B, C, L) for x (B, C, L) and mask (B, 1, L)."""
        B, C, L = x.shape
        H, d = self.n_heads, C // self.n_heads
        query = self.conv_q(x).view(B, H, d, L).transpose(2, 3) / math.sqrt(d)
        key = self.conv_k(x).view(B, H, d, L)
        value = self.conv_v(x).view(B, H, d, L).transpose(2, 3)
        scores = query @ key  # (B, H, L, L)
        offsets = torch.arange(L, device=x.device)
        distance = offsets[None, :] - offsets[:, None]  # j - i
        relative = query @ self.emb_rel_k[0].transpose(0, 1).to(x.dtype)  # (B, H, L, 2W + 1)
        relative = F.pad(relative, (1, 1))  # a zero column at either end: outside the window
        column = distance.clamp(-RELATIVE_WINDOW - 1, RELATIVE_WINDOW + 1) + RELATIVE_WINDOW + 1
        scores = scores + torch.gather(relative, 3, column.expand(B, H, L, L))
        visible = mask[:, :, None, :] * mask[:, :, :, None]
        scores = scores.masked_fill(visible == 0, MASKED_SCORE)
        weights = torch.softmax(scores.float(), dim=-1).to(x.dtype)
        out = weights @ value
        # The band of weights around the diagonal, one column for each relative distance.
        band = offsets[:, None] + torch.arange(2 * RELATIVE_WINDOW + 1, device=x.device)[None, :]
        padded = F.pad(weights, (RELATIVE_WINDOW, RELATIVE_WINDOW))
        near = torch.gather(padded, 3, band.expand(B, H, L, 2 * RELATIVE_WINDOW + 1))
        out = out + near @ self.emb_rel_v[0].to(x.dtype)
        merged: Tensor = self.conv_o(out.transpose(2, 3).reshape(B, C, L))
        return merged


class FeedForward(nn.Module):
    """Two convolutions with a ReLU between them."""

    def __init__(self, channels: int, inner: int, kernel: int) -> None:
        super().__init__()
        self.conv_1 = nn.Conv1d(channels, inner, kernel, padding=kernel // 2)
        self.conv_2 = nn.Conv1d(inner, channels, kernel, padding=kernel // 2)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return (B, C, L) masked."""
        out: Tensor = self.conv_2(torch.relu(self.conv_1(x * mask)) * mask) * mask
        return out


class Encoder(nn.Module):
    """A stack of relative-position transformer layers, post-norm."""

    def __init__(
        self, channels: int, inner: int, n_heads: int, n_layers: int, kernel: int, dropout: float
    ) -> None:
        super().__init__()
        self.attn_layers = nn.ModuleList(
            RelativeAttention(channels, n_heads) for _ in range(n_layers)
        )
        self.norm_layers_1 = nn.ModuleList(ChannelNorm(channels) for _ in range(n_layers))
        self.ffn_layers = nn.ModuleList(
            FeedForward(channels, inner, kernel) for _ in range(n_layers)
        )
        self.norm_layers_2 = nn.ModuleList(ChannelNorm(channels) for _ in range(n_layers))
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return (B, C, L) masked."""
        x = x * mask
        for attention, norm_1, feed, norm_2 in zip(
            self.attn_layers, self.norm_layers_1, self.ffn_layers, self.norm_layers_2, strict=True
        ):
            x = norm_1(x + self.drop(attention(x, mask)))
            x = norm_2(x + self.drop(feed(x, mask)))
        return x * mask


class CrossAttention(nn.Module):
    """Frames look at phonemes; no positions, the content has to match."""

    def __init__(self, channels: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.conv_q = nn.Conv1d(channels, channels, 1)
        self.conv_k = nn.Conv1d(channels, channels, 1)
        self.conv_v = nn.Conv1d(channels, channels, 1)
        self.conv_o = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor) -> Tensor:
        """Return (B, C, L) for x (B, C, L), memory (B, C, P) and mask (B, 1, P)."""
        B, C, L = x.shape
        H, d = self.n_heads, C // self.n_heads
        query = self.conv_q(x).view(B, H, d, L).transpose(2, 3)
        key = self.conv_k(memory).view(B, H, d, -1).transpose(2, 3)
        value = self.conv_v(memory).view(B, H, d, -1).transpose(2, 3)
        visible = (mask != 0)[:, :, None, :]
        out = F.scaled_dot_product_attention(query, key, value, attn_mask=visible)
        merged: Tensor = self.conv_o(out.transpose(2, 3).reshape(B, C, L))
        return merged


class TextFusion(nn.Module):
    """VITS frames plus text by cross-attention plus style, upstream's ``MRTE``."""

    def __init__(self, channels: int, inner: int, style: int, n_heads: int) -> None:
        super().__init__()
        if style != inner:
            # Upstream adds the style vector straight to the fused frames, so widths must agree.
            raise ValueError(f"style width {style} must equal the fusion width {inner}")
        self.cross_attention = CrossAttention(inner, n_heads)
        self.c_pre = nn.Conv1d(channels, inner, 1)
        self.text_pre = nn.Conv1d(channels, inner, 1)
        self.c_post = nn.Conv1d(inner, channels, 1)

    def forward(
        self, frames: Tensor, mask: Tensor, text: Tensor, text_mask: Tensor, style: Tensor
    ) -> Tensor:
        """Return fused frames (B, C, L); text (B, C, P), style (B, inner, 1)."""
        wide = self.c_pre(frames * mask)
        memory = self.text_pre(text * text_mask)
        fused = self.cross_attention(wide * mask, memory * text_mask, text_mask) + wide + style
        out: Tensor = self.c_post(fused * mask)
        return out


class TextEncoder(nn.Module):
    """The prior encoder, the checkpoint's ``enc_p``."""

    def __init__(
        self,
        *,
        n_phonemes: int,
        ssl_width: int,
        hidden: int,
        inner: int,
        latent: int,
        n_heads: int,
        n_layers: int,
        kernel: int,
        fusion_width: int,
        fusion_heads: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.latent = latent
        self.ssl_proj = nn.Conv1d(ssl_width, hidden, 1)
        half = n_layers // 2
        self.encoder_ssl = Encoder(hidden, inner, n_heads, half, kernel, dropout)
        self.encoder_text = Encoder(hidden, inner, n_heads, n_layers, kernel, dropout)
        self.text_embedding = nn.Embedding(n_phonemes, hidden)
        self.mrte = TextFusion(hidden, fusion_width, fusion_width, fusion_heads)
        self.encoder2 = Encoder(hidden, inner, n_heads, half, kernel, dropout)
        self.proj = nn.Conv1d(hidden, 2 * latent, 1)

    def forward(
        self,
        codes: Tensor,
        mask: Tensor,
        phoneme_ids: Tensor,
        text_mask: Tensor,
        style: Tensor,
        frames: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return mean and log-spread of the latent and the frames' mask.

        Args:
            codes: code vectors at 50 Hz, (B, ssl_width, L).
            mask: (B, 1, L).
            phoneme_ids: the utterance's own phonemes, without the prompt's, (B, P).
            text_mask: (B, 1, P).
            style: (B, fusion_width, 1).
            frames: (B,) wanted frame counts when the speaking rate is changed; None keeps L.

        Returns:
            mean (B, latent, F), log_spread (B, latent, F), mask (B, 1, F).
        """
        y, mask = self.features(codes, mask, phoneme_ids, text_mask, style, frames)
        stats = self.proj(y) * mask
        mean, log_spread = stats.split(self.latent, dim=1)
        return mean, log_spread, mask

    def features(
        self,
        codes: Tensor,
        mask: Tensor,
        phoneme_ids: Tensor,
        text_mask: Tensor,
        style: Tensor,
        frames: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return what mean and spread are read off, (B, hidden, F), and its mask; see `forward`."""
        y = self.encoder_ssl(self.ssl_proj(codes * mask) * mask, mask)
        text = self.encoder_text(self.text_embedding(phoneme_ids).transpose(1, 2), text_mask)
        y = self.mrte(y, mask, text, text_mask, style)
        y = self.encoder2(y * mask, mask)
        if frames is not None:
            y, mask = resample_frames(y, mask, frames)
        return y, mask


def resample_frames(x: Tensor, mask: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
    """Stretch each row's real frames linearly to the wanted count.

    Rows are stretched one by one over their real part, so that a row in a batch comes out as it
    would alone.

    Args:
        x: (B, C, L).
        mask: (B, 1, L).
        frames: (B,) integer.

    Returns:
        (B, C, max(frames)) zero-padded, and its mask.
    """
    longest = int(frames.max())
    out = x.new_zeros(x.shape[0], x.shape[1], longest)
    new_mask = mask.new_zeros(x.shape[0], 1, longest)
    for row, wanted in enumerate(frames.tolist()):
        real = int(mask[row].sum())
        stretched = F.interpolate(
            x[row : row + 1, :, :real].float(), size=wanted, mode="linear", align_corners=False
        )
        out[row, :, :wanted] = stretched[0].to(x.dtype)
        new_mask[row, :, :wanted] = 1
    return out, new_mask
