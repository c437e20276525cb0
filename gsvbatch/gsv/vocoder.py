"""Reads vocoders: mel to audio, which v3 and v4 leave to a network of its own."""

from functools import partial
from math import prod
from pathlib import Path
from typing import TypeAlias

from torch import Tensor

from gsvbatch.errors import CheckpointError
from gsvbatch.gsv.bigvgan import BigVGAN, BigVGANConfig
from gsvbatch.gsv.container import read_state_dict
from gsvbatch.gsv.generator import Generator
from gsvbatch.gsv.mel_synthesizer import FRAMES, MelVersion
from gsvbatch.gsv.source import vocoder_weights
from gsvbatch.gsv.weights import Weights, count, fold_weight_norm, load_into, shape_of

Vocoder: TypeAlias = BigVGAN | Generator

_PUBLISHED = {
    "v3": "the folder models--nvidia--bigvgan_v2_24khz_100band_256x",
    "v4": "gsv-v4-pretrained/vocoder.pth",
}
_DILATIONS = (1, 3, 5)
"""Of every published vocoder; tensors do not tell them."""


def vocode(vocoder: Vocoder, mel: Tensor) -> Tensor:
    """Return samples (B, 1, N) of log-mels (B, mels, F)."""
    samples: Tensor = vocoder(mel) if isinstance(vocoder, BigVGAN) else vocoder(mel, None)
    return samples


def require_vocoder(synthesizer: Path, path: Path | None, version: MelVersion) -> Path:
    """The vocoder's path, if there is one.

    Raises:
        CheckpointError: There is none.
    """
    if path is None:
        raise CheckpointError(
            synthesizer,
            f"is a {version} model, whose mels need a vocoder to be heard; "
            f"give {_PUBLISHED[version]} as `vocoder` under `models:`, or with --vocoder",
        )
    return path


def load_vocoder(path: Path, version: MelVersion, n_mels: int) -> Vocoder:
    """The vocoder in a file, or in a folder as it is published.

    Args:
        path: ``bigvgan_generator.pt`` for v3, ``vocoder.pth`` for v4, or the folder of one.
        version: Of the synthesizer that it shall make audible.
        n_mels: Mel bins that this synthesizer makes.

    Raises:
        CheckpointError: It is missing, damaged, or made for another version.
    """
    path = vocoder_weights(path)
    stored = fold_weight_norm(path, read_state_dict(path, "generator"))
    is_bigvgan = "activation_post.act.alpha" in stored
    try:
        rates, vocoder = _bigvgan(path, stored) if is_bigvgan else _generator(path, stored)
    except (IndexError, ValueError, ZeroDivisionError) as error:
        raise CheckpointError(path, f"is no vocoder that is known ({error})") from error
    hop, known = prod(rates), shape_of(path, stored, "conv_pre.weight")[1]
    if (hop, known) != (FRAMES[version].hop, n_mels):
        raise CheckpointError(
            path,
            f"makes {hop} samples of {known} mel bins, while {version} needs {FRAMES[version].hop} "
            f"of {n_mels}; give {_PUBLISHED[version]}",
        )
    load_into(vocoder, stored, path)
    return vocoder


def _bigvgan(path: Path, weights: Weights) -> tuple[tuple[int, ...], BigVGAN]:
    shape = partial(shape_of, path, weights)
    n_stages = count(weights, r"ups\.(\d+)\.")
    kernels = tuple(shape(f"ups.{i}.0.weight")[2] for i in range(n_stages))
    rates = tuple(kernel // 2 for kernel in kernels)
    config = BigVGANConfig(
        n_mels=shape("conv_pre.weight")[1],
        upsample_rates=rates,
        upsample_kernels=kernels,
        initial_channels=shape("conv_pre.weight")[0],
        resblock_kernels=_block_kernels(path, weights, n_stages),
        resblock_dilations=_DILATIONS,
    )
    return rates, BigVGAN(config)


def _generator(path: Path, weights: Weights) -> tuple[tuple[int, ...], Generator]:
    shape = partial(shape_of, path, weights)
    n_stages = count(weights, r"ups\.(\d+)\.")
    kernels = tuple(shape(f"ups.{i}.weight")[2] for i in range(n_stages))
    rates = tuple(kernel // 2 for kernel in kernels)
    block_kernels = _block_kernels(path, weights, n_stages)
    generator = Generator(
        latent=shape("conv_pre.weight")[1],
        style=0,
        upsample_rates=rates,
        upsample_kernels=kernels,
        initial_channels=shape("conv_pre.weight")[0],
        resblock_kernels=block_kernels,
        resblock_dilations=[_DILATIONS] * len(block_kernels),
        final_bias=True,
    )
    return rates, generator


def _block_kernels(path: Path, weights: Weights, n_stages: int) -> tuple[int, ...]:
    n_kernels = count(weights, r"resblocks\.(\d+)\.") // n_stages
    return tuple(
        shape_of(path, weights, f"resblocks.{j}.convs1.0.weight")[2] for j in range(n_kernels)
    )
