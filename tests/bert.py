"""A tiny BERT of the real class with random weights, in a folder like chinese-roberta-wwm-ext-large."""

import json
from collections import OrderedDict
from pathlib import Path

import torch
from transformers import BertConfig, BertForMaskedLM

CHARACTERS = "今天气真好你世界我们去公园散步吗重庆银行长的了一不,.!?…-"
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *CHARACTERS, *"abcdefghijklmn", "##a"]


def bert_config(width: int = 8, n_layers: int = 4) -> BertConfig:
    return BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=width,
        num_hidden_layers=n_layers,
        num_attention_heads=2,
        intermediate_size=2 * width,
        max_position_embeddings=64,
    )


def save_bert(
    folder: Path, seed: int = 11, *, width: int = 8, fast: bool = True, old_names: bool = False
) -> BertForMaskedLM:
    """Write a masked-language BERT in fp16 as the published one is; return it in fp32.

    Args:
        folder: Made if need be.
        seed: Of the weights.
        width: Of the features.
        fast: With ``tokenizer.json``, else ``vocab.txt``.
        old_names: Call LayerNorm's weights as TensorFlow's converter did.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    network = BertForMaskedLM(bert_config(width)).eval()
    with torch.no_grad():
        for value in network.state_dict().values():
            if value.is_floating_point():
                value.copy_((value + 0.3 * torch.randn(value.shape)).half())
    names = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    stored: OrderedDict[str, torch.Tensor] = OrderedDict()
    for key, value in network.state_dict().items():
        name = key
        for new, old in names.items() if old_names else ():
            name = name.replace(new, old)
        stored[name] = value.half() if value.is_floating_point() else value
    stored["bert.embeddings.position_ids"] = torch.arange(64)[None]
    torch.save(stored, folder / "pytorch_model.bin")
    (folder / "config.json").write_text(json.dumps(network.config.to_dict()), encoding="utf-8")
    if fast:
        tokenizer = {
            "model": {"type": "WordPiece", "vocab": {t: i for i, t in enumerate(VOCABULARY)}}
        }
        (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    else:
        (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    return network
