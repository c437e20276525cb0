"""The content encoder of the published models: HuBERT (Hsu et al. 2021), by way of transformers.

It is built from a config and never from a hub. Importing this module takes seconds; whoever only
renders does without.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor, nn
from torch.nn.utils import parametrize, remove_weight_norm
from transformers import HubertConfig, HubertModel


@dataclass(frozen=True, slots=True)
class ContentConfig:
    """Dimensions of a HuBERT; the defaults are those of the base model."""

    kind: Literal["hubert"] = "hubert"
    width: int = 768
    n_layers: int = 12
    n_heads: int = 12
    feed_forward: int = 3072
    conv_widths: tuple[int, ...] = (512,) * 7
    conv_kernels: tuple[int, ...] = (10, 3, 3, 3, 3, 2, 2)
    conv_strides: tuple[int, ...] = (5, 2, 2, 2, 2, 2, 2)
    position_kernel: int = 128
    position_groups: int = 16

    @classmethod
    def from_hubert(cls, stored: Mapping[str, Any]) -> "ContentConfig":
        """The dimensions in a ``config.json`` of transformers; absent ones are the base model's.

        Raises:
            ValueError: It describes another architecture than HuBERT base's.
        """
        if stored.get("model_type", "hubert") != "hubert":
            raise ValueError(f"a {stored['model_type']} model, where HuBERT is needed")
        if (
            stored.get("do_stable_layer_norm")
            or stored.get("feat_extract_norm", "group") != "group"
        ):
            raise ValueError("a HuBERT of the large kind, where the base kind is needed")
        base = cls()
        return cls(
            width=stored.get("hidden_size", base.width),
            n_layers=stored.get("num_hidden_layers", base.n_layers),
            n_heads=stored.get("num_attention_heads", base.n_heads),
            feed_forward=stored.get("intermediate_size", base.feed_forward),
            conv_widths=tuple(stored.get("conv_dim", base.conv_widths)),
            conv_kernels=tuple(stored.get("conv_kernel", base.conv_kernels)),
            conv_strides=tuple(stored.get("conv_stride", base.conv_strides)),
            position_kernel=stored.get("num_conv_pos_embeddings", base.position_kernel),
            position_groups=stored.get("num_conv_pos_embedding_groups", base.position_groups),
        )


class ContentEncoder(nn.Module):
    """HuBERT, without its weight norm: a checkpoint's pair is folded when it is loaded."""

    def __init__(self, config: ContentConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.hubert = HubertModel(
            HubertConfig(
                hidden_size=config.width,
                num_hidden_layers=config.n_layers,
                num_attention_heads=config.n_heads,
                intermediate_size=config.feed_forward,
                conv_dim=list(config.conv_widths),
                conv_kernel=list(config.conv_kernels),
                conv_stride=list(config.conv_strides),
                num_conv_pos_embeddings=config.position_kernel,
                num_conv_pos_embedding_groups=config.position_groups,
                hidden_dropout=dropout,
                attention_dropout=dropout,
                activation_dropout=dropout,
                feat_proj_dropout=dropout,
                layerdrop=0.0,
                apply_spec_augment=False,
            )
        )
        position = self.hubert.encoder.pos_conv_embed.conv
        if parametrize.is_parametrized(position):
            parametrize.remove_parametrizations(position, "weight")
        else:
            remove_weight_norm(position)

    def forward(self, samples: Tensor) -> Tensor:
        """Content features (B, C, H) at 50 Hz of samples (B, N) at 16 kHz, in [-1, 1]."""
        hidden: Tensor = self.hubert(samples).last_hidden_state
        return hidden.transpose(1, 2)
