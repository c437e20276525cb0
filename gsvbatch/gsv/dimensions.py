"""The dimensions of networks, read off their tensors.

A file's own config only settles what tensors cannot tell: upsampling rates, dilations, sample rate.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypedDict

from torch import Tensor

from gsvbatch.errors import CheckpointError
from gsvbatch.gsv.dit import DiTConfig
from gsvbatch.gsv.mel_synthesizer import MelSynthesizerConfig, MelVersion
from gsvbatch.gsv.synthesizer import CODEBOOK_KEY, SynthesizerConfig
from gsvbatch.gsv.t2s import T2SConfig
from gsvbatch.gsv.weights import count, number, numbers, section, shape_of
from gsvbatch.units import Hertz

_HEAD_WIDTH = 32
"""Of every published text-to-semantic network; used where a file's config does not say."""


class _Shared(TypedDict):
    """What both kinds of synthesizer have."""

    n_phonemes: int
    ssl_width: int
    codebook_size: int
    latent: int
    hidden: int
    feed_forward: int
    n_heads: int
    n_layers: int
    kernel: int
    style: int
    style_hidden: int
    style_bins: int
    sample_rate: Hertz
    filter_length: int
    hop_length: int


def t2s_config(path: Path, weights: Mapping[str, Tensor], stored: Any) -> T2SConfig:
    """The dimensions of a text-to-semantic network; ``stored`` is the file's own config.

    Raises:
        CheckpointError: A tensor that tells a dimension is missing, or the config does not fit.
    """
    shape = partial(shape_of, path, weights)
    n_phonemes, width = shape("ar_text_embedding.word_embeddings.weight")
    vocabulary, _ = shape("ar_predict_layer.weight")
    n_heads = number(section(stored, "model").get("head"), max(1, width // _HEAD_WIDTH))
    if width % n_heads:
        raise CheckpointError(
            path, f"its config asks for {n_heads} heads, which do not divide {width}"
        )
    return T2SConfig(
        n_layers=count(weights, r"h\.layers\.(\d+)\."),
        width=width,
        n_heads=n_heads,
        feed_forward=shape("h.layers.0.linear1.weight")[0],
        n_phonemes=n_phonemes,
        vocabulary=vocabulary,
        bert_width=shape("bert_proj.weight")[1],
    )


def synthesizer_config(path: Path, weights: Mapping[str, Tensor], stored: Any) -> SynthesizerConfig:
    """The dimensions of the folded weights of v1 to v2ProPlus; ``stored`` is the file's own config.

    Raises:
        CheckpointError: A tensor that tells a dimension is missing, or the config does not fit.
    """
    shape = partial(shape_of, path, weights)
    model = section(stored, "model")
    n_stages = count(weights, r"dec\.ups\.(\d+)\.")
    n_kernels = count(weights, r"dec\.resblocks\.(\d+)\.") // max(1, n_stages)
    n_dilations = count(weights, r"dec\.resblocks\.0\.convs1\.(\d+)\.")
    rates = numbers(model.get("upsample_rates"), SynthesizerConfig().upsample_rates)
    dilations = [numbers(d, (1, 3, 5)) for d in model.get("resblock_dilation_sizes") or ()]
    if not dilations:
        dilations = [(1, 3, 5)] * n_kernels
    if len(rates) != n_stages or [len(d) for d in dilations] != [n_dilations] * n_kernels:
        raise CheckpointError(
            path, "its config does not fit its weights (upsample_rates, resblocks)"
        )
    is_pro = "sv_emb.weight" in weights
    return SynthesizerConfig(
        **_shared(path, weights, stored),
        fusion=shape("enc_p.mrte.c_post.weight")[1] if is_pro else None,
        speaker=shape("sv_emb.weight")[1] if is_pro else 0,
        flow_layers=count(weights, r"flow\.flows\.0\.enc\.in_layers\.(\d+)\."),
        flow_kernel=shape("flow.flows.0.enc.in_layers.0.weight")[2],
        upsample_rates=rates,
        upsample_kernels=tuple(shape(f"dec.ups.{i}.weight")[2] for i in range(n_stages)),
        initial_channels=shape("dec.conv_pre.weight")[0],
        resblock_kernels=tuple(
            shape(f"dec.resblocks.{j}.convs1.0.weight")[2] for j in range(n_kernels)
        ),
        resblock_dilations=tuple(dilations),
    )


def mel_synthesizer_config(
    path: Path, weights: Mapping[str, Tensor], stored: Any, version: MelVersion
) -> MelSynthesizerConfig:
    """The dimensions of the folded weights of v3 and v4; ``stored`` is the file's own config.

    Raises:
        CheckpointError: A tensor that tells a dimension is missing.
    """
    shape = partial(shape_of, path, weights)
    dit, text = "cfm.estimator.", "cfm.estimator.text_embed.text_blocks"
    width, per_group, position_kernel = shape(f"{dit}input_embed.conv_pos_embed.conv1d.0.weight")
    return MelSynthesizerConfig(
        version,
        **_shared(path, weights, stored),
        bridge_layers=count(weights, r"wns1\.enc\.in_layers\.(\d+)\."),
        bridge_kernel=shape("wns1.enc.in_layers.0.weight")[2],
        dit=DiTConfig(
            n_mels=shape(f"{dit}proj_out.weight")[0],
            width=width,
            n_layers=count(weights, r"cfm\.estimator\.transformer_blocks\.(\d+)\."),
            head_width=2 * shape(f"{dit}rotary_embed.inv_freq")[0],
            feed_forward=shape(f"{dit}transformer_blocks.0.ff.ff.0.0.weight")[0],
            condition=shape("bridge.0.weight")[0],
            condition_layers=count(weights, r"cfm\.estimator\.text_embed\.text_blocks\.(\d+)\."),
            condition_inner=shape(f"{text}.0.pwconv1.weight")[0],
            position_kernel=position_kernel,
            position_groups=width // per_group,
        ),
    )


def _shared(path: Path, weights: Mapping[str, Tensor], stored: Any) -> _Shared:
    shape = partial(shape_of, path, weights)
    data, plain = section(stored, "data"), SynthesizerConfig()
    n_phonemes, hidden = shape("enc_p.text_embedding.weight")
    return {
        "n_phonemes": n_phonemes,
        "ssl_width": shape("enc_p.ssl_proj.weight")[1],
        "codebook_size": shape(CODEBOOK_KEY)[0],
        "latent": shape("enc_p.proj.weight")[0] // 2,
        "hidden": hidden,
        "feed_forward": shape("enc_p.encoder_text.ffn_layers.0.conv_1.weight")[0],
        "n_heads": hidden // shape("enc_p.encoder_text.attn_layers.0.emb_rel_k")[2],
        "n_layers": count(weights, r"enc_p\.encoder_text\.attn_layers\.(\d+)\."),
        "kernel": shape("enc_p.encoder_text.ffn_layers.0.conv_1.weight")[2],
        "style": shape("ref_enc.fc.fc.weight")[0],
        "style_hidden": shape("ref_enc.spectral.0.fc.weight")[0],
        "style_bins": shape("ref_enc.spectral.0.fc.weight")[1],
        "sample_rate": number(data.get("sampling_rate"), plain.sample_rate),
        "filter_length": number(data.get("filter_length"), plain.filter_length),
        "hop_length": number(data.get("hop_length"), plain.hop_length),
    }
