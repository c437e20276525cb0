"""Random numbers that depend on a seed and a counter, and on nothing else.

A generator is a state that whoever draws first changes, so in a batch every draw would depend on the
neighbours. Here every number is a hash of (seed, step, index): it can be computed for any row, in any
order, on any device, and is always the same. The hash is SplitMix64's (Steele, Lea and Flood 2014) in
wrapping 64-bit integers.
"""

import math

import torch
from torch import Tensor

_GOLDEN = -7046029254386353131  # 0x9E3779B97F4A7C15
_MIX = ((30, -4658895280553007687), (27, -7723592293110705685), (31, 1))
"""Shifts and multipliers of the finalizer: 0xBF58476D1CE4E5B9, 0x94D049BB133111EB."""

_MANTISSA = 24
_BELOW_ONE = 1 - 2.0**-24
"""The largest fp32 number below 1. The last of the 2^24 steps would round to 1 itself, whose logarithm wins
every race, against tokens that are not allowed too."""

_DRAWS = 1
_LATENT = 2
"""Purposes, so that the streams of one seed never meet."""


def exponential_race(seeds: Tensor, steps: Tensor, n_choices: int) -> Tensor:
    """Standard exponential draws (B, n_choices), fp32 and positive.

    Args:
        seeds: Of the rows, (B,) int64.
        steps: How often each row has drawn before, (B,) int64.
        n_choices: Draws a row.
    """
    keys = _mix(_mix(seeds + _DRAWS) + steps * _GOLDEN)
    index = torch.arange(1, n_choices + 1, device=seeds.device)
    return _uniform(keys[:, None] + index * _GOLDEN).log_().neg_()


def latent_noise(seeds: Tensor, channels: int, n_frames: int) -> Tensor:
    """Standard normal noise (B, channels, n_frames), fp32; the first frames are those of any length.

    Args:
        seeds: Of the rows, (B,) int64.
        channels: Of the latent.
        n_frames: Of the longest row.
    """
    keys = _mix(seeds + _LATENT)
    index = torch.arange(2 * n_frames * channels, device=seeds.device)
    uniform = _uniform(keys[:, None] + index * _GOLDEN)
    first, second = uniform.view(-1, n_frames, channels, 2).unbind(-1)
    radius = first.log().mul_(-2).sqrt_()
    return (radius * second.mul(2 * math.pi).cos_()).transpose(1, 2)


def _mix(x: Tensor) -> Tensor:
    """Hash 64-bit integers, elementwise."""
    for shift, factor in _MIX:
        # The mask makes the arithmetic shift a logical one.
        x = (x ^ ((x >> shift) & ((1 << (64 - shift)) - 1))) * factor
    return x


def _uniform(counters: Tensor) -> Tensor:
    """Uniform numbers in the open interval (0, 1), fp32."""
    bits = (_mix(counters) >> (64 - _MANTISSA)) & ((1 << _MANTISSA) - 1)
    return bits.float().add_(0.5).mul_(2.0**-_MANTISSA).clamp_(max=_BELOW_ONE)
