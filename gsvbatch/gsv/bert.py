"""Prosody features of Mandarin: a BERT of the kind of chinese-roberta-wwm-ext-large, by transformers.

The features are the third-last hidden state. So the last two layers are never built, and what stands
behind the encoder (pooler, masked-language head) is not loaded. Importing this module takes seconds.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers import BertConfig, BertModel

from gsvbatch.errors import CheckpointError
from gsvbatch.gsv.bert_source import bert_weights
from gsvbatch.gsv.checkpoint import Weights, load_into
from gsvbatch.gsv.container import read_state_dict
from gsvbatch.gsv.native import read_weights
from gsvbatch.gsv.source import NATIVE_CONFIG_NAME, NATIVE_SUFFIX
from gsvbatch.text.vocabulary import Vocabulary

LAYERS_LEFT_OUT = 2
"""The third-last hidden state is what comes out before the last two layers."""

WASTE = 1.2
"""Most characters, padding included, that a batch may have over its real ones."""

MAX_BATCH_CHARACTERS = 8192
"""Characters that go through together; a 24-layer BERT takes some 2 GB for them in fp32."""

_PREFIX = "bert."
_OLD_NAMES = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}


class ProsodyEncoder(nn.Module):
    """BERT up to its third-last hidden state."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.bert = BertModel(config, add_pooling_layer=False)

    @property
    def width(self) -> int:
        """Of the features."""
        return int(self.bert.config.hidden_size)

    @property
    def max_characters(self) -> int:
        """What fits between the two tokens that frame a text."""
        return int(self.bert.config.max_position_embeddings) - 2

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Hidden states (B, L, D) of token ids (B, L); ``mask`` is 0 where a row is padded."""
        hidden: Tensor = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
        return hidden


class Bert:
    """A ready encoder with its vocabulary."""

    def __init__(self, encoder: ProsodyEncoder, vocabulary: Vocabulary) -> None:
        self.encoder = encoder
        self.vocabulary = vocabulary

    @property
    def width(self) -> int:
        """Of the features."""
        return self.encoder.width

    @torch.inference_mode()
    def features(self, texts: Sequence[str]) -> list[Tensor]:
        """The features of each text, (D, C) for its C characters, on the CPU."""
        pieces = [(i, piece) for i, text in enumerate(texts) for piece in self._pieces(text)]
        rows: dict[int, Tensor] = {}
        for batch in _batches([len(piece) for _, piece in pieces]):
            ids, mask = self._ids([pieces[at][1] for at in batch])
            hidden = self.encoder(ids, mask).transpose(1, 2).cpu()
            for at, row in zip(batch, hidden, strict=True):
                # [CLS], [SEP] and padding belong to no character
                rows[at] = row[:, 1 : 1 + len(pieces[at][1])]
        found: list[list[Tensor]] = [[] for _ in texts]
        for at, (i, _) in enumerate(pieces):
            found[i].append(rows[at])
        return [torch.cat(parts, dim=1) if parts else self._none() for parts in found]

    def _pieces(self, text: str) -> list[str]:
        n = self.encoder.max_characters
        return [text[start : start + n] for start in range(0, len(text), n)]

    def _ids(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Token ids of texts and which of them are no padding, both (B, L)."""
        words = self.vocabulary
        rows = [torch.tensor([words.start, *words.encode(text), words.end]) for text in texts]
        device = next(self.encoder.parameters()).device
        mask = pad_sequence([torch.ones_like(row) for row in rows], batch_first=True)
        return pad_sequence(rows, batch_first=True).to(device), mask.to(device)

    def _none(self) -> Tensor:
        return torch.zeros(self.width, 0)


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Places of texts in batches of like length, the longest first, so that little is padding."""
    batch: list[int] = []
    n_real = 0
    for at in sorted(range(len(lengths)), key=lambda at: -lengths[at]):
        padded = (lengths[batch[0]] if batch else 0) * (len(batch) + 1)
        n_real += lengths[at]
        if batch and (padded > n_real * WASTE or padded > MAX_BATCH_CHARACTERS):
            yield batch
            batch, n_real = [], lengths[at]
        batch.append(at)
    if batch:
        yield batch


def load_bert(
    folder: Path,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> Bert:
    """The BERT of a folder such as chinese-roberta-wwm-ext-large, in eval mode.

    Raises:
        CheckpointError: A file is missing, damaged, or of another architecture.
        ConfigError: Its vocabulary is missing or damaged.
    """
    path = bert_weights(folder)
    encoder = ProsodyEncoder(_config(path.parent / NATIVE_CONFIG_NAME))
    stored = read_weights(path) if path.suffix == NATIVE_SUFFIX else read_state_dict(path)
    load_into(encoder, _renamed(stored, encoder), path)
    encoder.to(device=device, dtype=dtype).requires_grad_(False).eval()
    return Bert(encoder, Vocabulary.load(path.parent))


def _config(path: Path) -> BertConfig:
    try:
        return bert_config(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise CheckpointError(path, "missing; the folder of a BERT needs it") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(path, f"is no config of a BERT ({error})") from error


def bert_config(stored: Mapping[str, Any]) -> BertConfig:
    """The dimensions in a ``config.json`` of transformers, without the layers that are left out.

    Raises:
        ValueError: It describes another architecture, or too few layers.
        KeyError: A dimension is missing.
    """
    if stored.get("model_type", "bert") != "bert":
        raise ValueError(f"a {stored['model_type']} model, where a BERT is needed")
    n_layers = int(stored["num_hidden_layers"]) - LAYERS_LEFT_OUT
    if n_layers < 1:
        raise ValueError(f"it has fewer than {LAYERS_LEFT_OUT + 1} layers")
    return BertConfig(
        vocab_size=stored["vocab_size"],
        hidden_size=stored["hidden_size"],
        num_hidden_layers=n_layers,
        num_attention_heads=stored["num_attention_heads"],
        intermediate_size=stored["intermediate_size"],
        hidden_act=stored.get("hidden_act", "gelu"),
        max_position_embeddings=stored.get("max_position_embeddings", 512),
        type_vocab_size=stored.get("type_vocab_size", 2),
        layer_norm_eps=stored.get("layer_norm_eps", 1e-12),
    )


def _renamed(stored: Mapping[str, Tensor], encoder: ProsodyEncoder) -> Weights:
    """What the encoder has of a file; heads, later layers and buffers of positions are left behind."""
    wanted = encoder.state_dict()
    weights: Weights = {}
    for key, value in stored.items():
        name = key.removeprefix(_PREFIX)
        for old, new in _OLD_NAMES.items():
            name = name.replace(old, new)
        if f"{_PREFIX}{name}" in wanted:
            weights[f"{_PREFIX}{name}"] = value
    return weights
