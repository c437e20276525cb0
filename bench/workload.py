"""The workload that all comparisons use, and the models with random weights that they share.

Full-size v2. A line has 100 prompt tokens, 40 phonemes of the prompt, 60 of its own and 150 tokens, which are
6 s. The weights never end of themselves: every engine decodes to the limit.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gsvbatch.data import SemanticTokens, StopReason
from gsvbatch.engine import Request, VoicePrompt
from gsvbatch.engine.sequence import Sequence
from gsvbatch.gsv.bundle import ModelBundle
from gsvbatch.gsv.synthesizer import SynthesizerConfig
from gsvbatch.gsv.t2s import T2SConfig

N_PROMPT, N_PROMPT_PHONEMES, N_PHONEMES, N_TOKENS = 100, 40, 60, 150
SEMANTIC_RATE = 25
SAMPLES_PER_TOKEN = 1280  # 32 kHz

SMALL_T2S = T2SConfig(n_layers=3, width=64, n_heads=2, feed_forward=128, bert_width=8)
SMALL_SYNTHESIZER = SynthesizerConfig(
    ssl_width=16, latent=16, hidden=16, feed_forward=32, style=16, style_hidden=8,
    initial_channels=64, resblock_kernels=(3, 5), resblock_dilations=((1, 3), (1, 3)),
)  # fmt: skip
"""For runs that are to end in seconds."""


def voice(bundle: ModelBundle, seed: int, n_prompt: int, n_phonemes: int) -> VoicePrompt:
    """A voice with a random prompt."""
    draw = np.random.default_rng(seed)
    return VoicePrompt(
        prompt_phoneme_ids=tuple(draw.integers(0, 700, n_phonemes).tolist()),
        prompt_tokens=tuple(draw.integers(0, 1024, n_prompt).tolist()),
        style=torch.from_numpy(
            draw.normal(size=bundle.synthesizer.config.style).astype(np.float32)
        ),
    )


def line(bundle: ModelBundle, number: int, n_tokens: int = N_TOKENS) -> Request:
    """A line of the workload; its phonemes are in proportion to its tokens."""
    draw = np.random.default_rng(1000 + number)
    return Request(
        id=f"line-{number}",
        phoneme_ids=tuple(draw.integers(0, 700, N_PHONEMES * n_tokens // N_TOKENS).tolist()),
        voice=voice(bundle, number % 4, N_PROMPT, N_PROMPT_PHONEMES),
        seed=number * 7919 + 1,
        max_tokens=n_tokens,
    )


def decoded(bundle: ModelBundle, n: int) -> list[Sequence]:
    """Lines whose tokens are known."""
    draw = np.random.default_rng(3)
    lines = []
    for number in range(n):
        sequence = Sequence(line(bundle, number))
        tokens = tuple(draw.integers(0, 1024, N_TOKENS).tolist())
        sequence.tokens = SemanticTokens(tokens, StopReason.LIMIT)
        lines.append(sequence)
    return lines


def save_checkpoints(bundle: ModelBundle, folder: Path) -> None:
    """The networks as GPT-SoVITS stores them, weight norm unfolded: ``model.ckpt`` and ``model.pth``."""
    t2s, config = bundle.t2s, bundle.t2s.config
    fields = {
        "vocab_size": config.vocabulary, "phoneme_vocab_size": config.n_phonemes,
        "embedding_dim": config.width, "hidden_dim": config.width, "head": config.n_heads,
        "linear_units": config.feed_forward, "n_layer": config.n_layers, "dropout": 0,
        "EOS": config.eos, "random_bert": 0,
    }  # fmt: skip
    weight = {f"model.{key}": value.clone() for key, value in t2s.state_dict().items()}
    content = {"data": {"max_sec": 54}, "model": fields, "inference": {"top_k": 15}}
    torch.save({"weight": weight, "config": content, "info": "random"}, folder / "model.ckpt")
    pairs: dict[str, Any] = {}
    for key, value in bundle.synthesizer.state_dict().items():
        base = key.removesuffix(".weight")
        in_flow = base.startswith("flow.") and ".enc." in base
        if base != key and (in_flow or base.startswith(("dec.ups.", "dec.resblocks."))):
            norm = value.flatten(1).norm(dim=1).view(-1, *[1] * (value.dim() - 1))
            pairs[f"{base}.weight_g"], pairs[f"{base}.weight_v"] = norm, value.clone()
        else:
            pairs[key] = value.clone()
    sizes = asdict(bundle.synthesizer.config)
    model = {
        "inter_channels": sizes["latent"], "hidden_channels": sizes["hidden"],
        "filter_channels": sizes["feed_forward"], "n_heads": sizes["n_heads"],
        "n_layers": sizes["n_layers"], "kernel_size": sizes["kernel"], "p_dropout": 0.1,
        "resblock": "1", "resblock_kernel_sizes": list(sizes["resblock_kernels"]),
        "resblock_dilation_sizes": [list(d) for d in sizes["resblock_dilations"]],
        "upsample_rates": list(sizes["upsample_rates"]),
        "upsample_initial_channel": sizes["initial_channels"],
        "upsample_kernel_sizes": list(sizes["upsample_kernels"]), "n_layers_q": 3,
        "use_spectral_norm": False, "gin_channels": sizes["style"],
        "semantic_frame_rate": "25hz", "freeze_quantizer": True, "version": "v2",
    }  # fmt: skip
    data = {
        "sampling_rate": 32000, "filter_length": 2048, "hop_length": 640, "win_length": 2048,
        "n_speakers": 300,
    }  # fmt: skip
    config_s2 = {"train": {"segment_size": 20480}, "data": data, "model": model}
    torch.save({"weight": pairs, "config": config_s2, "info": "random"}, folder / "model.pth")
