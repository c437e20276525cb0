"""Kernels in Triton for NVIDIA devices: what lies between two matrix products, done in one pass each.

A decode step at a small batch waits for launches, not for memory, so the fewer kernels the better; at a
large one attention over true lengths reads no padding. The generator's convolutions run over rows of
(length, channels), so that tensor cores need no transposed copies, and see zeros outside a line without
a mask ever being multiplied. Importing this module needs triton, which not every platform has.
"""

import triton
import triton.language as tl

_GOLDEN = tl.constexpr(0x9E3779B97F4A7C15)
_FIRST_FACTOR = tl.constexpr(0xBF58476D1CE4E5B9)
_SECOND_FACTOR = tl.constexpr(0x94D049BB133111EB)


@triton.jit
def embed_kernel(
    tokens, n_prompt, n_drawn, table, positions, alpha, out, LAST: tl.constexpr, WIDTH: tl.constexpr
):
    """The embedding of each row's last token at its position; one program a row."""
    row = tl.program_id(0)
    column = tl.arange(0, WIDTH)
    token = tl.load(tokens + row)
    at = tl.load(n_prompt + row) + tl.load(n_drawn + row) - 1
    at = tl.minimum(tl.maximum(at, 0), LAST)
    embedded = tl.load(table + token * WIDTH + column).to(tl.float32)
    position = tl.load(positions + at * WIDTH + column).to(tl.float32)
    tl.store(out + row * WIDTH + column, embedded + tl.load(alpha).to(tl.float32) * position)


@triton.jit
def attend_kernel(
    packed, keys, values, lengths, out, capacity, scale,
    N_HEADS: tl.constexpr, DEPTH: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Store the new key and value of a row's head and attend over all of its keys; softmax in fp32."""
    row = tl.program_id(0)
    head = tl.program_id(1)
    width = N_HEADS * DEPTH
    n_before = tl.minimum(tl.load(lengths + row).to(tl.int32), capacity - 1)
    d = tl.arange(0, DEPTH)
    own = packed + row * 3 * width + head * DEPTH + d
    query = tl.load(own).to(tl.float32) * scale
    key = tl.load(own + width)
    value = tl.load(own + 2 * width)
    start_of_row = (row * N_HEADS + head).to(tl.int64) * capacity * DEPTH
    tl.store(keys + start_of_row + n_before * DEPTH + d, key)
    tl.store(values + start_of_row + n_before * DEPTH + d, value)
    largest = tl.sum(query * key.to(tl.float32))
    total = 1.0
    mixed = value.to(tl.float32)
    for first in range(0, n_before, BLOCK):
        j = first + tl.arange(0, BLOCK)
        is_valid = j < n_before
        at = start_of_row + j[:, None] * DEPTH + d[None, :]
        block = tl.load(keys + at, mask=is_valid[:, None], other=0.0).to(tl.float32)
        other = tl.load(values + at, mask=is_valid[:, None], other=0.0).to(tl.float32)
        score = tl.where(is_valid, tl.sum(block * query[None, :], 1), float("-inf"))
        new_largest = tl.maximum(largest, tl.max(score))
        shrink = tl.exp(largest - new_largest)
        weight = tl.exp(score - new_largest)
        total = total * shrink + tl.sum(weight)
        mixed = mixed * shrink + tl.sum(other * weight[:, None], 0)
        largest = new_largest
    tl.store(out + row * width + head * DEPTH + d, mixed / total)


@triton.jit
def add_norm_kernel(x, y, weight, bias, out, EPS: tl.constexpr, WIDTH: tl.constexpr):
    """Layer norm of x + y in fp32; one program a row."""
    row = tl.program_id(0)
    column = tl.arange(0, WIDTH)
    both = tl.load(x + row * WIDTH + column).to(tl.float32)
    both += tl.load(y + row * WIDTH + column).to(tl.float32)
    centred = both - tl.sum(both) / WIDTH
    spread = tl.sqrt(tl.sum(centred * centred) / WIDTH + EPS)
    normed = centred / spread * tl.load(weight + column).to(tl.float32)
    tl.store(out + row * WIDTH + column, normed + tl.load(bias + column).to(tl.float32))


@triton.jit
def _mix(x):
    """SplitMix64's finalizer, as in ``noise.py``."""
    x = (x ^ (x >> 30)) * _FIRST_FACTOR
    x = (x ^ (x >> 27)) * _SECOND_FACTOR
    return x ^ (x >> 31)


@triton.jit
def _log(x):
    """Logarithm, exact to fp32: the small exponential draws win the race, so they have to be right."""
    return tl.log(x.to(tl.float64)).to(tl.float32)


@triton.jit
def draw_kernel(
    logits, seen, seeds, top_k, temperature, penalty,
    tokens, last_token, n_drawn, length, ended_at,
    tokens_width, MIN_TOKENS: tl.constexpr, N: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Draw a row's next token as ``sampling.draw`` does without top-p, and note it in its state."""
    row = tl.program_id(0)
    column = tl.arange(0, BLOCK)
    is_token = column < N
    x = tl.load(logits + row * N + column, mask=is_token, other=float("-inf"))
    was_seen = tl.load(seen + row * N + column, mask=is_token, other=0) != 0
    by = tl.load(penalty + row)
    x = tl.where(was_seen, tl.where(x < 0, x * by, x / by), x)
    step = tl.load(n_drawn + row)
    x = tl.where((column == N - 1) & (step < MIN_TOKENS), float("-inf"), x)
    best = tl.argmax(x, 0)
    x = x / tl.maximum(tl.load(temperature + row), 1e-5)
    # The k-th largest, equals counted: go down until k are no smaller. Bounded, for NaN counts as none.
    k = tl.load(top_k + row).to(tl.int32)
    border = tl.max(x, 0)
    n_kept = tl.sum((x >= border).to(tl.int32))
    rounds = 1
    while (n_kept < k) & (rounds < k):
        border = tl.max(tl.where(x < border, x, float("-inf")), 0)
        n_kept = tl.sum((x >= border).to(tl.int32))
        rounds += 1
    seed = tl.load(seeds + row).to(tl.uint64)
    state = _mix(_mix(seed + 1) + step.to(tl.uint64) * _GOLDEN)
    bits = _mix(state + (column + 1).to(tl.uint64) * _GOLDEN) >> 40
    uniform = (bits.to(tl.float32) + 0.5) * (1.0 / 16777216.0)
    uniform = tl.minimum(uniform, 1.0 - 1.0 / 16777216.0)
    race = _log(-_log(uniform))
    token = tl.argmax(tl.where(is_token & (x >= border), x - race, float("-inf")), 0)
    at = tl.minimum(step, tokens_width - 1)
    tl.store(tokens + row * tokens_width + at, token.to(tl.int64))
    tl.store(seen + row * N + token, 1)
    tl.store(last_token + row, token.to(tl.int64))
    tl.store(n_drawn + row, tl.minimum(step + 1, tokens_width))
    tl.store(length + row, tl.load(length + row) + 1)
    ended = tl.load(ended_at + row)
    is_end = (best == N - 1) | (token == N - 1)
    tl.store(ended_at + row, tl.where((ended < 0) & is_end, step, ended))


@triton.jit(
    do_not_specialize=["n_taps", "dilation", "left", "extra", "scale", "accumulate", "slope"]
)
def conv_kernel(
    x, weight, bias, residual, total, out_x, out_y, lengths,
    x_stride, residual_stride, total_stride, out_x_stride, out_y_stride, bias_stride,
    n_taps, dilation, left, extra, scale, accumulate, slope,
    C_IN: tl.constexpr, C_OUT: tl.constexpr,
    BLOCK_L: tl.constexpr, BLOCK_IN: tl.constexpr, BLOCK_OUT: tl.constexpr,
    HAS_RESIDUAL: tl.constexpr, HAS_TOTAL: tl.constexpr,
    STORE_X: tl.constexpr, STORE_Y: tl.constexpr, TANH: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Convolve rows (L, C_IN) with taps (n_taps, C_IN, C_OUT), and what comes after it.

    v = (convolution + bias + residual) * scale + total; stored as it is (X), and leaky-rectified (Y).
    Frames outside a row's length count as zeros and are not read.
    """
    n_in = tl.load(lengths + tl.program_id(2)).to(tl.int32)
    first = tl.program_id(0) * BLOCK_L
    n_out = n_in + extra
    if first >= n_out:
        return
    b = tl.program_id(2).to(tl.int64)
    frame = first + tl.arange(0, BLOCK_L)
    c_out = tl.program_id(1) * BLOCK_OUT + tl.arange(0, BLOCK_OUT)
    c_in = tl.arange(0, BLOCK_IN)
    is_out = c_out < C_OUT
    n_blocks: tl.constexpr = (C_IN + BLOCK_IN - 1) // BLOCK_IN
    x += b * x_stride
    acc = tl.zeros((BLOCK_L, BLOCK_OUT), dtype=tl.float32)
    for step in range(n_taps * n_blocks):
        tap = step // n_blocks
        channel = (step % n_blocks) * BLOCK_IN + c_in
        at = frame + tap * dilation - left
        is_real = (at >= 0) & (at < n_in)
        if C_IN % BLOCK_IN == 0:
            read = tl.load(
                x + at[:, None] * C_IN + channel[None, :], mask=is_real[:, None], other=0.0
            )
            taps = tl.load(
                weight + (tap * C_IN + channel)[:, None] * C_OUT + c_out[None, :],
                mask=is_out[None, :], other=0.0,
            )  # fmt: skip
        else:
            is_in = channel < C_IN
            read = tl.load(
                x + at[:, None] * C_IN + channel[None, :],
                mask=is_real[:, None] & is_in[None, :], other=0.0,
            )  # fmt: skip
            taps = tl.load(
                weight + (tap * C_IN + channel)[:, None] * C_OUT + c_out[None, :],
                mask=is_in[:, None] & is_out[None, :], other=0.0,
            )  # fmt: skip
        acc = tl.dot(read, taps, acc, input_precision=PRECISION)
    is_stored = (frame < n_out)[:, None] & is_out[None, :]
    cell = frame[:, None] * C_OUT + c_out[None, :]
    acc += tl.load(bias + b * bias_stride + c_out, mask=is_out, other=0.0).to(tl.float32)[None, :]
    if HAS_RESIDUAL:
        acc += tl.load(residual + b * residual_stride + cell, mask=is_stored, other=0.0).to(
            tl.float32
        )
    acc *= scale
    if HAS_TOTAL:
        before = is_stored & (accumulate != 0)
        acc += tl.load(total + b * total_stride + cell, mask=before, other=0.0).to(tl.float32)
    if TANH:
        acc = 1.0 - 2.0 / (tl.exp(2.0 * acc) + 1.0)
    if STORE_X:
        tl.store(out_x + b * out_x_stride + cell, acc, mask=is_stored)
    if STORE_Y:
        rectified = tl.where(acc < 0, acc * slope, acc)
        tl.store(out_y + b * out_y_stride + cell, rectified, mask=is_stored)


def next_power(n: int) -> int:
    """The smallest power of two that is no smaller, at least 16 as tensor cores need."""
    return max(16, int(triton.next_power_of_2(n)))
