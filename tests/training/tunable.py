"""Clips and pairs to tune, small enough to be tuned in seconds."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from gsvbatch.audio import resample
from gsvbatch.gsv.posterior import PosteriorEncoder
from gsvbatch.gsv.source import ModelSource
from gsvbatch.gsv.synthesizer import Synthesizer
from gsvbatch.training.clips import Clip, Prompt, to_int16
from gsvbatch.training.synthesizer_tuning import SynthesizerTuning
from tests import toy, toy_versions
from tests.clips import speech, write_speech

TEXT = "今天的天气非常好，我们去公园走一走。"
RECIPE = SynthesizerTuning(batch=2, slice_frames=8, plain_steps=1, critics_every=2, n_warm=1)
RECIPE_TEXT = "synthesizer: {batch: 2, slice_frames: 8, plain_steps: 1}\nt2s: {batch: 4}\n"
STUDENT_TEXT = (
    RECIPE_TEXT + "synthesizer_model: {latent: 18, hidden: 16, feed_forward: 16, n_layers: 2, "
    "style: 16, style_hidden: 8, initial_channels: 16}\n"
)


def clips_for(synthesizer: Synthesizer, n_clips: int = 5) -> list[Clip]:
    """Clips of made-up speech with random words and tokens."""
    draw = np.random.default_rng(0)
    config, per_token = synthesizer.config, synthesizer.samples_per_token
    clips = []
    for i in range(n_clips):
        samples = resample(speech(1.0 + 0.2 * i), config.sample_rate).samples
        n_tokens = len(samples) // per_token
        clips.append(
            Clip(
                id=f"c{i}",
                text=TEXT,
                phoneme_ids=tuple(draw.integers(1, 300, 10).tolist()),
                tokens=draw.integers(0, config.codebook_size, n_tokens),
                samples=to_int16(samples, n_tokens * per_token),
                sample_rate=config.sample_rate,
            )
        )
    return clips


def prompts_of(clips: list[Clip]) -> list[Prompt]:
    return [Prompt(clip.id, clip.phoneme_ids, clip.tokens) for clip in clips]


def toy_posterior(synthesizer: Synthesizer, seed: int = 7) -> PosteriorEncoder:
    config = synthesizer.config
    n_bins = config.filter_length // 2 + 1
    network = PosteriorEncoder(n_bins, config.latent, config.hidden, 5, 2, config.style)
    toy.seeded(network, seed)
    return network


def posterior_weights(network: nn.Module) -> dict[str, torch.Tensor]:
    """As a base model stores its posterior encoder: weight-norm pairs, half precision."""
    stored = {}
    for key, value in network.state_dict().items():
        base = key.removesuffix(".weight")
        if base != key and base.startswith("enc."):
            norm = value.flatten(1).norm(dim=1).view(-1, 1, 1)
            stored[f"enc_q.{base}.weight_g"], stored[f"enc_q.{base}.weight_v"] = norm, value * 0.5
        else:
            stored[f"enc_q.{key}"] = value
    return {key: value.half() for key, value in stored.items()}


def write_clips(folder: Path, n_clips: int = 7) -> Path:
    """A folder of recordings with transcripts, 23 s in all."""
    for i in range(n_clips):
        write_speech(folder / f"c{i}.wav", 2.7 + 0.2 * i, pitch=120 + 5 * i)
        (folder / f"c{i}.txt").write_text(TEXT, encoding="utf-8")
    return folder


def published_pair(folder: Path, version: str) -> ModelSource:
    """A base model's pair with a posterior encoder (v2Pro), or a fine-tune's without (v2)."""
    native = toy.toy_models(folder / "native", content=True)
    toy.save_ckpt(folder / "base.ckpt", toy.toy_t2s())
    is_pro = version == "v2Pro"
    network = toy.toy_synthesizer(config=toy_versions.PRO if is_pro else toy.SYNTHESIZER)
    extra = posterior_weights(toy_posterior(network)) if is_pro else {}
    toy.save_pth(folder / "base.pth", network, extra=extra, version=None)
    speaker = toy_versions.save_speaker_encoder(folder / "sv.ckpt") if is_pro else None
    return ModelSource(folder / "base.ckpt", folder / "base.pth", native.content, speaker)
