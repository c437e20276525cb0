"""One decode step over the slots, in two forms that say the same.

The plain form is torch and runs anywhere. The fused form is for NVIDIA devices with triton. Both work on
the slots' tensors alone, wait for nothing, and allocate nothing that depends on data, so that either
can be captured as a CUDA graph. Weights and cache may be half precision; norms, logits and sampling
are in fp32.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from gsvbatch.engine.guide import Guide
from gsvbatch.engine.layers import LayerMath, PackedLayer, PlainLayer, packed_linear
from gsvbatch.engine.sampling import MIN_TOKENS, draw
from gsvbatch.engine.slots import Slots
from gsvbatch.gsv.t2s import LAYER_NORM_EPS, MAX_POSITIONS, Layer, TextToSemantic

MAX_FUSED_TOP_K = 64
"""The fused draw finds the k-th largest by going down one by one."""

_FEW_ROWS = 8

MOST_WHOLE = 1.5
"""A processor reads a cache without gaps faster than the used part of each head, if that is not much less: 256
positions of 16 rows in 18 ms, 220 of the 256 in 32 ms (bench/RESULTS.md)."""


@dataclass(frozen=True, slots=True)
class StepShape:
    """What the host has to know of a step before it runs: one captured graph for each."""

    n_rows: int
    n_keys: int
    """Positions that attention looks at; every row's length is below it."""

    max_top_k: int
    has_top_p: bool


class DecodeStep(Protocol):
    """Draws the next token of rows 0 to ``n_rows - 1``, and writes it and all that follows from it."""

    def __call__(self, slots: Slots, shape: StepShape) -> None:
        """Run one step."""


class PlainStep:
    """The step in torch."""

    def __init__(
        self, model: TextToSemantic, *, packs: bool = False, guide: Guide | None = None
    ) -> None:
        """Prepare a step.

        Args:
            model: In eval mode.
            packs: Whether weights are packed for a processor, which :func:`can_pack` must allow.
            guide: What holds rows to their text.
        """
        self.model, self.guide = model, guide
        layers = [layer for layer in model.h.layers if isinstance(layer, Layer)]
        self.layers: list[LayerMath] = [PackedLayer(x) if packs else PlainLayer(x) for x in layers]
        # Rounded to half precision, logits would have ties that the network did not mean.
        self._head = model.ar_predict_layer.weight.float()
        self._packed_head = packed_linear(self._head, None) if packs else None
        self._attend = attend
        if self._head.device.type == "cpu" and torch.backends.mkl.is_available():
            self._attend = attend_in_products

    @property
    def rows_are_free(self) -> bool:
        """Whether a step costs the same however few keys it is told to look at."""
        return False

    def logits(self, hidden: Tensor) -> Tensor:
        """The logits (B, V) of hidden states (B, D), in fp32."""
        if self._packed_head is None:
            return F.linear(hidden.float(), self._head)
        return self._packed_head(hidden.float())

    def __call__(self, slots: Slots, shape: StepShape) -> None:
        """Run one step."""
        n_rows, n_keys = shape.n_rows, shape.n_keys
        if self._attend is attend_in_products and slots.capacity <= n_keys * MOST_WHOLE:
            n_keys = slots.capacity
        n_heads, width = self.model.config.n_heads, self.model.config.width
        rows = torch.arange(n_rows, device=slots.length.device)
        columns = torch.arange(n_keys, device=slots.length.device)
        # Rows that nobody reads any more go on with the others; they must stay inside their tensors.
        positions = slots.length[:n_rows].clamp(max=slots.capacity - 1)
        hidden = torch.zeros(n_rows, n_keys, device=columns.device, dtype=slots.keys[0].dtype)
        hidden.masked_fill_(columns > positions[:, None], -torch.inf)
        cells = slots.cells(rows, positions)
        at = slots.n_prompt[:n_rows] + slots.n_drawn[:n_rows] - 1
        at = at.clamp(0, MAX_POSITIONS - 1)
        x = self.model.embed_tokens(slots.last_token[:n_rows, None], at[:, None])[:, 0]
        n_spare = max(layer.rows(n_rows) for layer in self.layers) - n_rows
        x = F.pad(x, (0, 0, 0, n_spare)) if n_spare else x
        for i, layer in enumerate(self.layers):
            heads = layer.project(x)[:n_rows].view(n_rows, 3, n_heads, -1)
            slots.write(i, cells, heads[:, 1], heads[:, 2])
            query = heads[:, 0].to(hidden.dtype)
            attended = self._attend(query, slots.keys[i], slots.values[i], hidden)
            attended = attended.view(n_rows, width).to(x.dtype)
            attended = F.pad(attended, (0, 0, 0, n_spare)) if n_spare else attended
            x = layer.finish(x, attended)
        slots.length[:n_rows] += 1
        logits = self.logits(x)[:n_rows]
        self.draw(slots, rows, logits, shape.max_top_k, has_top_p=shape.has_top_p)

    def draw(
        self, slots: Slots, rows: Tensor, logits: Tensor, max_top_k: int, *, has_top_p: bool
    ) -> None:
        """Draw a token for each of the rows (B,) from logits (B, V), and note what follows from it."""
        if self.guide is None:
            draw_rows(slots, rows, logits, max_top_k, has_top_p=has_top_p)
            return
        around = self.guide.around(slots, rows)
        held = self.guide.hold(slots, rows, around, logits)
        tokens = draw_rows(slots, rows, held, max_top_k, has_top_p=has_top_p)
        self.guide.follow(slots, rows, around, tokens)

    def prefill(self, slots: Slots, rows: Tensor, x: Tensor, mask: Tensor) -> Tensor:
        """Run whole rows at once and fill their caches.

        Args:
            slots: Where keys and values go.
            rows: (B,).
            x: Embedded phonemes and tokens, (B, L, D).
            mask: Added to the scores, (B, 1, L, L).

        Returns:
            Hidden states, (B, L, D).
        """
        B, L, D = x.shape
        x = x.reshape(B * L, D)
        for i, layer in enumerate(self.layers):
            heads = layer.project(x).view(B, L, 3, self.model.config.n_heads, -1)
            query, key, value = heads.permute(2, 0, 3, 1, 4)
            slots.fill(i, rows, key, value)
            attended = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
            x = layer.finish(x, attended.transpose(1, 2).reshape(B * L, D))
        return x.view(B, L, D)


class FusedStep(PlainStep):
    """The step with everything between two matrix products in one kernel of triton."""

    def __init__(self, model: TextToSemantic, *, guide: Guide | None = None) -> None:
        super().__init__(model, guide=guide)
        self._modules = [layer for layer in model.h.layers if isinstance(layer, Layer)]

    @property
    def rows_are_free(self) -> bool:
        """Attention goes over true lengths."""
        return True

    def __call__(self, slots: Slots, shape: StepShape) -> None:
        """Run one step."""
        from gsvbatch.engine import triton_kernels as kernels

        config, n_rows = self.model.config, shape.n_rows
        width, n_heads = config.width, config.n_heads
        positions = self.model.ar_audio_position
        x = torch.empty(n_rows, width, device=slots.length.device, dtype=slots.keys[0].dtype)
        kernels.embed_kernel[(n_rows,)](
            slots.last_token, slots.n_prompt, slots.n_drawn,
            self.model.ar_audio_embedding.word_embeddings.weight, positions.table, positions.alpha,
            x, LAST=MAX_POSITIONS - 1, WIDTH=width,
        )  # fmt: skip
        attended, normed = torch.empty_like(x), torch.empty_like(x)
        # Few rows leave most of the device idle: then fewer, larger bites end sooner.
        block, n_warps = (256, 4) if n_rows <= _FEW_ROWS else (64, 2)
        for i, layer in enumerate(self._modules):
            attention = layer.self_attn
            heads = F.linear(x, attention.in_proj_weight, attention.in_proj_bias)
            kernels.attend_kernel[(n_rows, n_heads)](
                heads, slots.keys[i], slots.values[i], slots.length, attended,
                slots.capacity, (width // n_heads) ** -0.5,
                N_HEADS=n_heads, DEPTH=width // n_heads, BLOCK=block, num_warps=n_warps,
            )  # fmt: skip
            self._add_norm(x, attention.out_proj(attended), layer.norm1, normed)
            inner = torch._addmm_activation(layer.linear1.bias, normed, layer.linear1.weight.t())
            self._add_norm(normed, layer.linear2(inner), layer.norm2, x)
        logits = self.logits(x)
        if shape.has_top_p or shape.max_top_k > MAX_FUSED_TOP_K or self.guide is not None:
            rows = torch.arange(n_rows, device=x.device)
            slots.length[:n_rows] += 1
            self.draw(slots, rows, logits, shape.max_top_k, has_top_p=shape.has_top_p)
            return
        kernels.draw_kernel[(n_rows,)](
            logits, slots.seen.view(torch.uint8), slots.seed, slots.top_k, slots.temperature,
            slots.penalty, slots.tokens, slots.last_token, slots.n_drawn, slots.length,
            slots.ended_at, slots.tokens.shape[1], MIN_TOKENS=MIN_TOKENS, N=logits.shape[1],
            BLOCK=kernels.next_power(logits.shape[1]), num_warps=8,
        )  # fmt: skip

    def _add_norm(self, x: Tensor, y: Tensor, norm: torch.nn.LayerNorm, out: Tensor) -> None:
        from gsvbatch.engine import triton_kernels as kernels

        kernels.add_norm_kernel[(x.shape[0],)](
            x, y, norm.weight, norm.bias, out, EPS=LAYER_NORM_EPS, WIDTH=x.shape[1], num_warps=4
        )


def attend(query: Tensor, keys: Tensor, values: Tensor, hidden: Tensor) -> Tensor:
    """What each row's query finds among its keys.

    Args:
        query: (B, H, d).
        keys: (n_slots, H, capacity, d), row = slot; likewise ``values``.
        values: Likewise.
        hidden: Added to the scores of the first positions, (B, n_keys): 0, or -inf beyond a row's length.

    Returns:
        (B, H, d).
    """
    n_rows, n_keys = hidden.shape
    return F.scaled_dot_product_attention(
        query[:, :, None],
        keys[:n_rows, :, :n_keys],
        values[:n_rows, :, :n_keys],
        attn_mask=hidden[:, None, None],
    )[:, :, 0].contiguous()


def attend_in_products(query: Tensor, keys: Tensor, values: Tensor, hidden: Tensor) -> Tensor:
    """The same in two batched matrix products, which MKL does faster than torch's attention; see :func:`attend`."""
    n_rows, n_keys = hidden.shape
    _, n_heads, capacity, depth = keys.shape
    n = n_rows * n_heads
    mask = hidden[:, None].expand(-1, n_heads, -1).reshape(n, 1, n_keys)
    # Rows come first, so one flat axis of rows and heads needs no copy.
    seen = keys.view(-1, capacity, depth)[:n, :n_keys].transpose(1, 2)
    scores = torch.baddbmm(mask, query.reshape(n, 1, depth), seen, alpha=depth**-0.5)
    found = torch.bmm(scores.softmax(dim=2), values.view(-1, capacity, depth)[:n, :n_keys])
    return found.view(n_rows, n_heads, depth)


def draw_rows(
    slots: Slots, rows: Tensor, logits: Tensor, max_top_k: int, *, has_top_p: bool
) -> Tensor:
    """Draw a token for each of the rows and note it, and which of them have ended; return them (B,)."""
    steps = slots.n_drawn[rows]
    drawn = draw(
        logits,
        seen=slots.seen[rows],
        steps=steps,
        seeds=slots.seed[rows],
        top_k=slots.top_k[rows],
        top_p=slots.top_p[rows] if has_top_p else None,
        temperature=slots.temperature[rows],
        penalty=slots.penalty[rows],
        max_top_k=max_top_k,
    )
    last = slots.tokens.shape[1]
    slots.tokens[rows, steps.clamp(max=last - 1)] = drawn.tokens
    # Not "= True": a number of the host's would have to be copied, and the copy waited for.
    slots.seen[rows, drawn.tokens] = torch.ones_like(drawn.is_end)
    slots.last_token[rows] = drawn.tokens
    slots.n_drawn[rows] = (steps + 1).clamp(max=last)
    ended_at = slots.ended_at[rows]
    slots.ended_at[rows] = torch.where((ended_at < 0) & drawn.is_end, steps, ended_at)
    return drawn.tokens


def is_fusable(model: TextToSemantic) -> bool:
    """Whether the fused step can run this network here: an NVIDIA device, triton, widths of two's powers."""
    weight, config = model.ar_predict_layer.weight, model.config
    depth = config.width // config.n_heads
    if weight.device.type != "cuda" or torch.version.hip is not None:
        return False
    if config.width & (config.width - 1) or depth & (depth - 1):
        return False
    try:
        import triton  # noqa: F401
    except ImportError:
        return False
    return True
