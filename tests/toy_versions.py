"""Tiny models of every version of GPT-SoVITS, in the containers that each is passed around in."""

from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from gsvbatch.gsv.bigvgan import BigVGAN, BigVGANConfig
from gsvbatch.gsv.dit import DiTConfig
from gsvbatch.gsv.generator import Generator
from gsvbatch.gsv.mel_synthesizer import MelSynthesizer, MelSynthesizerConfig, MelVersion
from gsvbatch.gsv.source import ModelSource
from gsvbatch.gsv.speaker_encoder import SpeakerEncoder
from gsvbatch.gsv.synthesizer import SynthesizerConfig
from tests import toy

SPEAKER_ENCODER = SpeakerEncoder(channels=4, base_width=4)
PRO = replace(toy.SYNTHESIZER, style=24, fusion=16, speaker=SPEAKER_ENCODER.width)
PRO_PLUS = replace(PRO, initial_channels=64, upsample_kernels=(20, 16, 8, 2, 2))
DIT = DiTConfig(
    width=32,
    n_layers=2,
    head_width=8,
    feed_forward=48,
    condition=16,
    condition_layers=2,
    condition_inner=24,
    position_kernel=7,
    position_groups=4,
)
VERSIONS = ("v1", "v2", "v2Pro", "v2ProPlus", "v3", "v4", "v3-lora", "v4-lora")
HEADERS = {"v2Pro": "05", "v2ProPlus": "06", "v3-lora": "03", "v4-lora": "04"}
"""What GPT-SoVITS writes over a file's first two bytes."""


def mel_config(version: MelVersion) -> MelSynthesizerConfig:
    return MelSynthesizerConfig(
        version,
        ssl_width=toy.SSL_WIDTH,
        latent=8,
        hidden=16,
        feed_forward=32,
        style=toy.STYLE_WIDTH,
        style_hidden=8,
        bridge_layers=2,
        dit=DIT,
    )


def toy_mel_synthesizer(version: MelVersion, seed: int = 2) -> MelSynthesizer:
    """A synthesizer whose every part has a say; its rotary frequencies are the real ones."""
    network = MelSynthesizer(mel_config(version))
    frequencies = network.cfm.estimator.rotary_embed.inv_freq.clone()
    toy.seeded(network, seed)
    network.cfm.estimator.rotary_embed.inv_freq.copy_(frequencies)
    return network


def toy_vocoder(version: MelVersion, seed: int = 8) -> nn.Module:
    """A vocoder with the rates and kernels of the published one, and few channels."""
    if version == "v3":
        network = toy.seeded(
            BigVGAN(BigVGANConfig(initial_channels=64, resblock_kernels=(3,))), seed
        )
        for key, value in network.state_dict().items():
            if ".convs2." in key or "conv_p" in key:
                value.mul_(0.1)  # or rounding grows, and most samples are cut off at full scale
        return network
    network = Generator(
        latent=100,
        style=0,
        upsample_rates=(10, 6, 2, 2, 2),
        upsample_kernels=(20, 12, 4, 4, 4),
        initial_channels=32,
        resblock_kernels=(3,),
        resblock_dilations=((1, 3, 5),),
        final_bias=True,
    )
    return toy.seeded(network, seed)


def save_vocoder(folder: Path, version: MelVersion, network: nn.Module) -> Path:
    """Write a vocoder as it is published: BigVGAN's pairs in a folder, or v4's plain file."""
    if version == "v4":
        path = folder / "vocoder.pth"
        torch.save(OrderedDict(network.state_dict()), path)
        return path
    folder = folder / "models--nvidia--bigvgan_v2_24khz_100band_256x"
    folder.mkdir()
    weights: dict[str, Tensor] = OrderedDict()
    for key, value in network.state_dict().items():
        base = key.removesuffix(".weight")
        if base == key:
            weights[key] = value
        else:
            weights[f"{base}.weight_g"] = value.flatten(1).norm(dim=1).view(-1, 1, 1)
            weights[f"{base}.weight_v"] = value * 0.5
    torch.save({"generator": weights}, folder / "bigvgan_generator.pt")
    return folder


def save_speaker_encoder(path: Path, seed: int = 9) -> Path:
    """Write a speaker encoder with the layer after its pooling, as it is published."""
    network = SpeakerEncoder(SPEAKER_ENCODER.channels, SPEAKER_ENCODER.base_width)
    toy.seeded(network, seed)
    for key, value in network.state_dict().items():
        if key.endswith("running_var"):
            value.abs_().add_(0.5)
    seg = {"seg_1.weight": torch.zeros(3, 2 * network.width), "seg_1.bias": torch.zeros(3)}
    torch.save(OrderedDict(network.state_dict()) | seg, path)
    return path


def save_lora(path: Path, tuned: MelSynthesizer, header: str, rank: int = 4) -> Path:
    """Write a LoRA fine-tune: small matrices, and what was trained as a whole."""
    generator = torch.Generator().manual_seed(11)
    weights: dict[str, Tensor] = OrderedDict()
    wrapped = "cfm.base_model.model.estimator"
    for i, block in enumerate(tuned.cfm.estimator.transformer_blocks):
        for name in ("to_q", "to_k", "to_v", "to_out.0"):
            rows, columns = block.get_submodule(f"attn.{name}").weight.shape
            at = f"{wrapped}.transformer_blocks.{i}.attn.{name}"
            down, up = torch.randn(rank, columns, generator=generator), torch.ones(rows, rank)
            weights[f"{at}.lora_A.default.weight"] = (0.1 * down).half()
            weights[f"{at}.lora_B.default.weight"] = (0.5 * up).half()
    rotary = tuned.cfm.estimator.rotary_embed.inv_freq
    weights[f"{wrapped}.rotary_embed.inv_freq"] = rotary.half()
    whole = ("ref_enc.", "bridge.", "wns1.", "quantizer.")
    weights |= {
        key: value for key, value in toy.stored_weights(tuned).items() if key.startswith(whole)
    }
    weights["linear_mel.weight"], weights["linear_mel.bias"] = (
        torch.zeros(100, 16, 1),
        torch.zeros(100),
    )
    with toy.hparams_module() as hparams:
        content = {"weight": weights, "config": hparams(), "info": "2epoch_40iteration"}
        torch.save(content | {"lora_rank": rank}, path)
    toy.write_header(path, header)
    return path


def save_version(folder: Path, version: str, seed: int = 1) -> ModelSource:
    """Write a pair of a version and all that it needs, each in its published container.

    Args:
        folder: Where to.
        version: One of ``VERSIONS``; full v3 and v4 fine-tunes say in no way which of both they are.
        seed: Of the weights.
    """
    folder.mkdir(parents=True, exist_ok=True)
    t2s, synthesizer = folder / "xxx-e15.ckpt", folder / f"xxx_e8_s200.{version}.pth"
    n_rows = 512 if version == "v1" else toy.N_PHONEMES
    toy.save_ckpt(t2s, toy.toy_t2s(seed, replace(toy.T2S, n_phonemes=n_rows)))
    source = ModelSource(t2s, synthesizer)
    header = HEADERS.get(version)
    if version.startswith(("v3", "v4")):
        label: MelVersion = "v3" if version.startswith("v3") else "v4"
        extra = {"linear_mel.weight": torch.zeros(100, 16, 1), "linear_mel.bias": torch.zeros(100)}
        network = toy_mel_synthesizer(label, seed + 1)
        vocoder = save_vocoder(folder, label, toy_vocoder(label))
        if header is None:
            toy.save_pth(synthesizer, network, extra=extra, version=None)
            return replace(source, vocoder=vocoder, version=label)
        base = folder / f"s2G{label}.pth"
        toy.save_pth(base, network, extra=extra, version=None)
        tuned = toy_mel_synthesizer(label, seed + 7)
        save_lora(synthesizer, tuned, header)
        return replace(source, vocoder=vocoder, base=base)
    if version in ("v2Pro", "v2ProPlus"):
        config = PRO if version == "v2Pro" else PRO_PLUS
        encoder = save_speaker_encoder(folder / "pretrained_eres2netv2w24s4ep4.ckpt")
        source = replace(source, speaker_encoder=encoder)
    else:
        v1 = SynthesizerConfig(n_phonemes=322, style_bins=1025)
        config = (
            toy.SYNTHESIZER
            if version == "v2"
            else replace(toy.SYNTHESIZER, n_phonemes=v1.n_phonemes, style_bins=v1.style_bins)
        )
    toy.save_pth(synthesizer, toy.toy_synthesizer(seed + 1, config), header=header)
    return source
