"""Tiny models with random weights, in the very containers that GPT-SoVITS and gsvbatch write.

They have every part of the real ones (2 layers, width 16), so whatever reads, renders or refuses a
checkpoint can be tested in milliseconds. What they say is noise, but it is always the same noise.
"""

import json
import sys
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from gsvbatch.gsv.bundle import ModelBundle, ModelSource, load_bundle, native_source
from gsvbatch.gsv.mel_content import MelContentConfig, MelContentEncoder
from gsvbatch.gsv.native import save_native
from gsvbatch.gsv.synthesizer import Synthesizer, SynthesizerConfig
from gsvbatch.gsv.t2s import T2SConfig, TextToSemantic
from gsvbatch.voice import Consent, Relation, VoiceProfile, save_profile

if TYPE_CHECKING:
    from gsvbatch.gsv.content import ContentEncoder
    from gsvbatch.gsv.mel_synthesizer import MelSynthesizer

N_PHONEMES = 732
SSL_WIDTH = 16
STYLE_WIDTH = 16

T2S = T2SConfig(
    n_layers=2, width=16, n_heads=2, feed_forward=64, n_phonemes=N_PHONEMES, bert_width=8
)
SYNTHESIZER = SynthesizerConfig(
    n_phonemes=N_PHONEMES,
    ssl_width=SSL_WIDTH,
    latent=8,
    hidden=16,
    feed_forward=32,
    style=STYLE_WIDTH,
    style_hidden=8,
    initial_channels=32,
    resblock_kernels=(3, 5),
    resblock_dilations=((1, 3), (1, 3)),
)
END_LOUDNESS = 6.0
"""How much longer the end token's row in the head is made, so that speech ends after some dozen tokens."""


def seeded(network: nn.Module, seed: int) -> nn.Module:
    """The network with weights drawn afresh, in eval mode."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key, tensor in network.state_dict().items():
            if not tensor.is_floating_point():
                continue
            noise = torch.randn(tensor.shape, generator=generator)
            if tensor.dim() > 1:
                tensor.copy_(noise * (1 / max(1, tensor[0].numel())) ** 0.5)
            else:
                around = 1.0 if key.endswith(("weight", "gamma", "alpha")) else 0.0
                tensor.copy_(around + 0.1 * noise)
    return network.eval()


def toy_t2s(seed: int = 1, config: T2SConfig = T2S) -> TextToSemantic:
    """A text-to-semantic network that ends of itself, sooner or later."""
    network = TextToSemantic(config)
    seeded(network, seed)
    with torch.no_grad():
        # Louder than positions, so that every token leads somewhere else.
        network.ar_audio_embedding.word_embeddings.weight.mul_(4.0)
        network.ar_text_embedding.word_embeddings.weight.mul_(4.0)
        network.ar_predict_layer.weight.mul_(2.0)
        network.ar_predict_layer.weight[config.eos].mul_(END_LOUDNESS)
    return network


def toy_synthesizer(seed: int = 2, config: SynthesizerConfig = SYNTHESIZER) -> Synthesizer:
    """A synthesizer whose style and flow have a say."""
    network = Synthesizer(config)
    seeded(network, seed)
    return network


def toy_content(seed: int = 3) -> MelContentEncoder:
    """A content encoder of the embedded model's kind."""
    network = MelContentEncoder(MelContentConfig(n_mels=16, width=SSL_WIDTH, n_convs=2))
    seeded(network, seed)
    return network


def toy_hubert(seed: int = 3) -> "ContentEncoder":
    """A content encoder with HuBERT's real strides."""
    from gsvbatch.gsv.content import ContentConfig, ContentEncoder  # transformers takes seconds

    network = ContentEncoder(
        ContentConfig(
            width=SSL_WIDTH,
            n_layers=2,
            n_heads=2,
            feed_forward=32,
            conv_widths=(8,) * 7,
            position_kernel=16,
            position_groups=4,
        )
    )
    seeded(network, seed)
    return network


def toy_models(
    folder: Path, seed: int = 1, *, content: bool = False, dtype: torch.dtype = torch.float32
) -> ModelSource:
    """Toy models in native form in a folder; ``content`` adds what enrolling a voice needs."""
    encoder = toy_content(seed + 2) if content else None
    save_native(
        folder, toy_t2s(seed), toy_synthesizer(seed + 1), encoder, version="toy", dtype=dtype
    )
    return native_source(folder)


def toy_bundle(folder: Path, seed: int = 1, *, content: bool = False) -> ModelBundle:
    """Toy models in native form, loaded."""
    return load_bundle(toy_models(folder, seed, content=content))


def save_ckpt(path: Path, network: TextToSemantic) -> None:
    """Write a T2S network as GPT-SoVITS's ``.ckpt``: fp16, prefixed, with its plain config."""
    config = network.config
    model = {
        "vocab_size": config.vocabulary,
        "phoneme_vocab_size": config.n_phonemes,
        "embedding_dim": config.width,
        "hidden_dim": config.width,
        "head": config.n_heads,
        "linear_units": 2048,
        "n_layer": config.n_layers,
        "dropout": 0,
        "EOS": config.eos,
    }
    weight = OrderedDict(
        (f"model.{key}", value.half()) for key, value in network.state_dict().items()
    )
    content = {"data": {"max_sec": 54}, "model": model, "inference": {"top_k": 15}}
    torch.save(OrderedDict(weight=weight, config=content, info="GPT-e15"), path)


def save_pth(
    path: Path,
    network: "Synthesizer | MelSynthesizer",
    *,
    header: str | None = None,
    extra: Mapping[str, Tensor] | None = None,
    norm_names: tuple[str, str] = ("weight_g", "weight_v"),
    version: str | None = "v2",
) -> None:
    """Write a synthesizer as GPT-SoVITS's ``.pth``: fp16 weight-norm pairs and a pickled HParams.

    Args:
        path: The file.
        network: Its weights are unfolded into pairs with unequal gains.
        header: Two digits to write over the file's first two bytes.
        extra: More tensors for the weights.
        norm_names: How the halves of a weight-norm pair are called.
        version: What its config says it is; None leaves that out, as base models do.
    """
    weight = stored_weights(network, norm_names)
    weight.update(extra or {})
    of_generator: dict[str, Any] = {}
    if isinstance(network.config, SynthesizerConfig):
        of_generator = {
            "upsample_rates": list(network.config.upsample_rates),
            "resblock_dilation_sizes": [list(d) for d in network.config.resblock_dilations],
        }
    said = {} if version is None else {"version": version}
    with hparams_module() as hparams:
        config = hparams(
            train=hparams(segment_size=20480),
            data=hparams(sampling_rate=32000, filter_length=2048, hop_length=640, n_speakers=300),
            model=hparams(**of_generator, **said),
            **said,
        )
        torch.save({"weight": weight, "config": config, "info": "8epoch_200iteration"}, path)
    if header is not None:
        write_header(path, header)


def stored_weights(
    network: nn.Module, norm_names: tuple[str, str] = ("weight_g", "weight_v")
) -> dict[str, Tensor]:
    """A synthesizer's weights as upstream stores them: fp16, convolutions as weight-norm pairs."""
    weight: dict[str, Tensor] = OrderedDict()
    for key, value in network.state_dict().items():
        base = key.removesuffix(".weight")
        if key.endswith(".weight") and has_weight_norm(base):
            norm = value.flatten(1).norm(dim=1).view(-1, *[1] * (value.dim() - 1))
            weight[f"{base}.{norm_names[0]}"] = norm.half()
            weight[f"{base}.{norm_names[1]}"] = (
                value * 0.5
            ).half()  # a direction of another length
        else:
            weight[key] = value.half()
    return weight


def write_header(path: Path, digits: str) -> None:
    """Overwrite a file's first two bytes, as upstream does for some versions."""
    with path.open("r+b") as file:
        file.write(digits.encode("ascii"))


def has_weight_norm(base: str) -> bool:
    """Whether upstream stores the convolution of this name as a weight-norm pair."""
    in_wave_net = base.startswith(("flow.", "wns1.")) and ".enc." in base
    return in_wave_net or base.startswith(("dec.ups.", "dec.resblocks."))


@contextmanager
def hparams_module() -> Iterator[Any]:
    """The class ``utils.HParams`` as upstream pickles it, importable only while a file is written."""
    module = ModuleType("utils")

    def init(self: Any, **fields: Any) -> None:
        vars(self).update(fields)

    hparams = type("HParams", (), {"__init__": init, "__module__": "utils"})
    module.HParams = hparams  # type: ignore[attr-defined]
    before = sys.modules.get("utils")
    sys.modules["utils"] = module
    try:
        yield hparams
    finally:
        if before is None:
            del sys.modules["utils"]
        else:
            sys.modules["utils"] = before


def save_hubert(
    folder: Path,
    network: "ContentEncoder",
    norm_names: tuple[str, str] = ("weight_g", "weight_v"),
    prefix: str = "",
) -> None:
    """Write a content encoder as a folder like ``chinese-hubert-base``: fp16, its weight norm over dim 2."""
    folder.mkdir(parents=True)
    config = network.config
    stored = {
        "model_type": "hubert",
        "hidden_size": config.width,
        "num_hidden_layers": config.n_layers,
        "num_attention_heads": config.n_heads,
        "intermediate_size": config.feed_forward,
        "conv_dim": list(config.conv_widths),
        "num_conv_pos_embeddings": config.position_kernel,
        "num_conv_pos_embedding_groups": config.position_groups,
    }
    (folder / "config.json").write_text(json.dumps(stored), encoding="utf-8")
    base = "encoder.pos_conv_embed.conv"
    weights: dict[str, Tensor] = OrderedDict()
    for key, value in network.state_dict().items():
        name = key.removeprefix("hubert.")
        if name == f"{base}.weight":
            weights[f"{prefix}{base}.{norm_names[0]}"] = value.norm(dim=(0, 1), keepdim=True).half()
            weights[f"{prefix}{base}.{norm_names[1]}"] = value.half()
        else:
            weights[prefix + name] = value.half()
    torch.save(weights, folder / "pytorch_model.bin")


def toy_profile(source: ModelSource, name: str = "toy", seed: int = 5) -> VoiceProfile:
    """A voice for toy models: a short random prompt, and a style that is the voice's own."""
    draw = np.random.default_rng(seed)
    return VoiceProfile(
        name=name,
        language="zh",
        transcript="你好。",
        prompt_phoneme_ids=draw.integers(0, N_PHONEMES, 7).astype(np.int32),
        prompt_tokens=draw.integers(0, 1024, 12).astype(np.int32),
        style=draw.normal(size=STYLE_WIDTH).astype(np.float32),
        symbol_version="v2",
        digests=source.digests(),
        display_name={"zh": "玩具", "en": "Toy"},
        description={"en": "Nobody in particular."},
        license="CC0-1.0",
        consent=Consent(subject="nobody", relation=Relation.SYNTHETIC, attested_by="the tests"),
    )


def toy_voice(
    voices: Path, source: ModelSource, name: str = "toy", seed: int = 5, *, is_own: bool = True
) -> VoiceProfile:
    """A toy voice written to ``voices/<name>``; its own models are ``source`` unless told otherwise."""
    profile = replace(toy_profile(source, name, seed), models=source if is_own else None)
    save_profile(profile, voices / name)
    return profile
