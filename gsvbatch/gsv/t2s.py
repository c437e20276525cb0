"""The text-to-semantic network: phonemes and prompt tokens in, semantic tokens out.

A stack of post-norm transformer layers over [phonemes | tokens]: phonemes see all phonemes, tokens
see all phonemes and the tokens before them. So the keys and values of phonemes never change while
tokens are decoded, which is what makes caching exact.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LAYER_NORM_EPS = 1e-5
MAX_POSITIONS = 4000


@dataclass(frozen=True, slots=True)
class T2SConfig:
    """Dimensions of a text-to-semantic checkpoint; the defaults are v2's."""

    n_layers: int = 24
    width: int = 512
    n_heads: int = 16
    feed_forward: int = 2048
    n_phonemes: int = 732
    vocabulary: int = 1025
    """Semantic codes plus the end token, which is the last id."""

    bert_width: int = 1024

    @property
    def eos(self) -> int:
        """Id of the end-of-speech token."""
        return self.vocabulary - 1


class TokenEmbedding(nn.Module):
    """A table of embeddings under the checkpoint's name ``word_embeddings``."""

    def __init__(self, n_entries: int, width: int) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(n_entries, width)

    def forward(self, ids: Tensor) -> Tensor:
        """Return the embeddings, ids (..., L) -> (..., L, D)."""
        out: Tensor = self.word_embeddings(ids)
        return out


def sinusoids(n_positions: int, width: int) -> Tensor:
    """Return interleaved sine and cosine position vectors, (n_positions, width), fp32."""
    position = torch.arange(n_positions, dtype=torch.float32)[:, None]
    rate = torch.exp(torch.arange(0, width, 2, dtype=torch.float32) * -(math.log(10000.0) / width))
    table = torch.empty(n_positions, width)
    table[:, 0::2] = torch.sin(position * rate)
    table[:, 1::2] = torch.cos(position * rate)
    return table


class PositionScale(nn.Module):
    """Sinusoidal positions scaled by one learned number, ``alpha``."""

    table: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(1))
        self.register_buffer("table", sinusoids(MAX_POSITIONS, width), persistent=False)

    def forward(self, embedded: Tensor, positions: Tensor) -> Tensor:
        """Add scaled positions: embedded (B, L, D), positions (B, L) or (L,) -> (B, L, D)."""
        return embedded + self.alpha * self.table[positions].to(embedded.dtype)


class SelfAttention(nn.Module):
    """Multi-head attention with query, key and value packed in ``in_proj_weight`` (3D, D)."""

    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)

    def project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return query, key and value, each (B, H, L, D/H), of x (B, L, D)."""
        B, L, D = x.shape
        packed = F.linear(x, self.in_proj_weight, self.in_proj_bias)
        heads = packed.view(B, L, 3, self.n_heads, D // self.n_heads).permute(2, 0, 3, 1, 4)
        return heads[0], heads[1], heads[2]

    def attend(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
        """Return the attention output (B, L, D); mask broadcasts to (B, H, L, K).

        A mask of bools is True where a query sees; one of numbers is added to the scores.
        """
        B, H, L, d = query.shape
        out = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        merged = out.transpose(1, 2).reshape(B, L, H * d)
        projected: Tensor = self.out_proj(merged)
        return projected


class Layer(nn.Module):
    """One post-norm transformer layer with a ReLU feed-forward."""

    def __init__(self, config: T2SConfig) -> None:
        super().__init__()
        self.self_attn = SelfAttention(config.width, config.n_heads)
        self.linear1 = nn.Linear(config.width, config.feed_forward)
        self.linear2 = nn.Linear(config.feed_forward, config.width)
        self.norm1 = nn.LayerNorm(config.width, eps=LAYER_NORM_EPS)
        self.norm2 = nn.LayerNorm(config.width, eps=LAYER_NORM_EPS)

    def finish(self, x: Tensor, attended: Tensor) -> Tensor:
        """Return the layer's output from its input and its attention output, (B, L, D)."""
        x = self.norm1(x + attended)
        out: Tensor = self.norm2(x + self.linear2(torch.relu(self.linear1(x))))
        return out

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Run over a whole sequence: x (B, L, D), mask (B, 1, L, L), True = visible."""
        query, key, value = self.self_attn.project(x)
        return self.finish(x, self.self_attn.attend(query, key, value, mask))


class Stack(nn.Module):
    """The layers, under the checkpoint's name ``h.layers``."""

    def __init__(self, config: T2SConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.n_layers))


class TextToSemantic(nn.Module):
    """The first stage of GPT-SoVITS ("GPT", "AR", "T2S").

    ``bert_proj`` projects prosody features, ``ar_text_*`` embed phonemes, ``ar_audio_*`` embed
    semantic tokens, ``h`` is the transformer and ``ar_predict_layer`` the head (no bias).
    """

    def __init__(self, config: T2SConfig) -> None:
        super().__init__()
        self.config = config
        self.bert_proj = nn.Linear(config.bert_width, config.width)
        self.ar_text_embedding = TokenEmbedding(config.n_phonemes, config.width)
        self.ar_text_position = PositionScale(config.width)
        self.ar_audio_embedding = TokenEmbedding(config.vocabulary, config.width)
        self.ar_audio_position = PositionScale(config.width)
        self.h = Stack(config)
        self.ar_predict_layer = nn.Linear(config.width, config.vocabulary, bias=False)

    def embed_phonemes(self, phoneme_ids: Tensor, bert_features: Tensor | None = None) -> Tensor:
        """Embed phonemes with positions from 0.

        Args:
            phoneme_ids: (B, P), prompt's phonemes first.
            bert_features: (B, D, P) with D the BERT width; None means zeros, whose projection is
                the bias alone.

        Returns:
            (B, P, width).
        """
        embedded = self.ar_text_embedding(phoneme_ids)
        if bert_features is None:
            embedded = embedded + self.bert_proj.bias
        else:
            embedded = embedded + self.bert_proj(bert_features.transpose(1, 2).to(embedded.dtype))
        positions = torch.arange(phoneme_ids.shape[1], device=phoneme_ids.device)
        out: Tensor = self.ar_text_position(embedded, positions)
        return out

    def embed_tokens(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """Embed semantic tokens (B, S) at positions (B, S) or (S,), 0 = first prompt token."""
        out: Tensor = self.ar_audio_position(self.ar_audio_embedding(tokens), positions)
        return out

    def head(self, hidden: Tensor) -> Tensor:
        """Return logits over the vocabulary, hidden (..., D) -> (..., V)."""
        out: Tensor = self.ar_predict_layer(hidden)
        return out

    def forward(
        self, phonemes: Tensor, tokens: Tensor, phonemes_visible: Tensor | None = None
    ) -> Tensor:
        """Run both halves at once, as in training and in the reference decoder.

        Args:
            phonemes: embedded phonemes (B, P, D).
            tokens: embedded tokens (B, S, D).
            phonemes_visible: (B, P), True where a phoneme is real; None means all are.

        Returns:
            Hidden states of the token half, (B, S, D). Padding after the last real token cannot be
            seen by the tokens before it, so tokens need no mask of their own.
        """
        P, S = phonemes.shape[1], tokens.shape[1]
        mask = attention_layout(P, S, phonemes.device)[None, None]
        if phonemes_visible is not None:
            visible = F.pad(phonemes_visible, (0, S), value=True)
            mask = mask & visible[:, None, None, :]
        x = torch.cat([phonemes, tokens], dim=1)
        for layer in self.h.layers:
            x = layer(x, mask)
        return x[:, P:]


def attention_layout(n_phonemes: int, n_tokens: int, device: torch.device) -> Tensor:
    """Return who sees whom, (P + S, P + S), True = visible, rows are queries."""
    length = n_phonemes + n_tokens
    mask = torch.ones(length, length, dtype=torch.bool, device=device).tril()
    mask[:n_phonemes, :n_phonemes] = True
    return mask
