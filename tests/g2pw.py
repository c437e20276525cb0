"""A g2pW of a few characters: the published folder's layout, and a small network in real ONNX.

The network looks at the polyphone's own token, at the one after it and at the whole clause, and masks
labels as the real one does; what it says follows from random tables.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.bert import VOCABULARY, save_bert

POLYPHONIC = {
    "重": ("ㄓㄨㄥ4", "ㄔㄨㄥ2"),
    "行": ("ㄏㄤ2", "ㄒㄧㄥ2"),
    "長": ("ㄔㄤ2", "ㄓㄤ3"),
    "了": ("ㄌㄜ5", "ㄌㄧㄠ3"),
    "不": ("ㄅㄨ2", "ㄅㄨ4"),
    "好": ("ㄏㄠ3", "ㄏㄠ4"),
    "怪": ("ㄍㄨㄞ4", "ㄫ2"),  # the second is no syllable that can be spoken
}
SPELLING = {
    "ㄓㄨㄥ": "zhong", "ㄔㄨㄥ": "chong", "ㄏㄤ": "hang", "ㄒㄧㄥ": "xing", "ㄔㄤ": "chang", "ㄓㄤ": "zhang",
    "ㄌㄜ": "le", "ㄌㄧㄠ": "liao", "ㄅㄨ": "bu", "ㄏㄠ": "hao", "ㄍㄨㄞ": "guai", "ㄫ": "xyz",
}  # fmt: skip
CONFIG = """# read as data
use_mask = True
use_char_phoneme = {by_character}
window_size = 32
raise SystemExit("was run")
"""


def labels(by_character: bool = False) -> list[str]:
    """What the network chooses from, in its order."""
    pairs = [(c, sound) for c, sounds in POLYPHONIC.items() for sound in sounds]
    return sorted({f"{c} {sound}" if by_character else sound for c, sound in pairs})


def tables(n_labels: int, seed: int = 3) -> dict[str, np.ndarray[Any, Any]]:
    """The network's weights."""
    draw = np.random.default_rng(seed)
    n_tokens, n_characters = len(VOCABULARY), len(POLYPHONIC)
    return {
        "own": draw.normal(size=(n_tokens, n_labels)).astype(np.float32),
        "next": 3 * draw.normal(size=(n_tokens, n_labels)).astype(np.float32),
        "near": draw.normal(size=(n_tokens, n_labels)).astype(np.float32),
        "of": draw.normal(size=(n_characters, n_labels)).astype(np.float32),
    }


def save_g2pw(
    folder: Path, seed: int = 3, *, by_character: bool = False, vocabulary: bool = False
) -> Path:
    """Write the folder; with ``vocabulary`` it needs no BERT beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{c}\t{sound}" for c, sounds in POLYPHONIC.items() for sound in sounds]
    (folder / "POLYPHONIC_CHARS.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "MONOPHONIC_CHARS.txt").write_text("天\tㄊㄧㄢ1\n", encoding="utf-8")
    path = folder / "bopomofo_to_pinyin_wo_tune_dict.json"
    path.write_text(json.dumps(SPELLING), encoding="utf-8")
    (folder / "char_bopomofo_dict.json").write_text("{}", encoding="utf-8")
    config = CONFIG.format(by_character=by_character)
    (folder / "config.py").write_text(config, encoding="utf-8")
    if vocabulary:
        (folder / "vocab.txt").write_text("\n".join(VOCABULARY), encoding="utf-8")
    onnx.save(network(len(labels(by_character)), seed), str(folder / "g2pW.onnx"))
    return folder


def save_both(folder: Path) -> tuple[Path, Path]:
    """A g2pW and the BERT whose vocabulary it shares."""
    save_bert(folder / "bert")
    return save_g2pw(folder / "G2PWModel"), folder / "bert"


def network(n_labels: int, seed: int = 3) -> onnx.ModelProto:
    """Scores (N, K) of labels, for the inputs that the published network has."""
    weights = [numpy_helper.from_array(value, key) for key, value in tables(n_labels, seed).items()]
    weights += [
        numpy_helper.from_array(np.array([1], dtype=np.int64), "one"),
        numpy_helper.from_array(np.array(1e3, dtype=np.float32), "much"),
    ]
    ints, floats = TensorProto.INT64, TensorProto.FLOAT
    inputs = [
        helper.make_tensor_value_info(name, ints, ["N", "L"])
        for name in ("input_ids", "token_type_ids", "attention_mask")
    ]
    inputs += [
        helper.make_tensor_value_info("phoneme_mask", floats, ["N", n_labels]),
        helper.make_tensor_value_info("char_ids", ints, ["N"]),
        helper.make_tensor_value_info("position_ids", ints, ["N"]),
    ]
    nodes = [
        helper.make_node("Unsqueeze", ["position_ids", "one"], ["here"]),
        helper.make_node("Add", ["here", "one"], ["there"]),
        helper.make_node("GatherND", ["input_ids", "here"], ["token"], batch_dims=1),
        helper.make_node("GatherND", ["input_ids", "there"], ["after"], batch_dims=1),
        helper.make_node("Gather", ["own", "token"], ["a"]),
        helper.make_node("Gather", ["next", "after"], ["b"]),
        helper.make_node("Gather", ["near", "input_ids"], ["all"]),
        helper.make_node("Add", ["input_ids", "token_type_ids"], ["unused_types"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=floats),
        helper.make_node("ReduceSum", ["mask", "one"], ["n"], keepdims=1),
        helper.make_node("ReduceSum", ["all", "one"], ["sum"], keepdims=0),
        helper.make_node("Div", ["sum", "n"], ["c"]),
        helper.make_node("Gather", ["of", "char_ids"], ["d"]),
        helper.make_node("Sum", ["a", "b", "c", "d"], ["scores"]),
        helper.make_node("Mul", ["phoneme_mask", "much"], ["allowed"]),
        helper.make_node("Add", ["scores", "allowed"], ["probs"]),
    ]
    outputs = [helper.make_tensor_value_info("probs", floats, ["N", n_labels])]
    graph = helper.make_graph(nodes, "g2pw", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def expected(text: str, at: int, *, by_character: bool = False, seed: int = 3) -> str:
    """What the network says of a character of a traditional text, computed without ONNX."""
    names, weights = labels(by_character), tables(len(labels(by_character)), seed)
    ids = [VOCABULARY.index(t) if t in VOCABULARY else 1 for t in ("[CLS]", *text, "[SEP]")]
    scores = (
        weights["own"][ids[at + 1]]
        + weights["next"][ids[at + 2]]
        + weights["near"][ids].mean(axis=0)
        + weights["of"][sorted(POLYPHONIC).index(text[at])]
    )
    own = {f"{text[at]} {s}" if by_character else s for s in POLYPHONIC[text[at]]}
    best = max((name for name in names if name in own), key=lambda name: scores[names.index(name)])
    sound = best.split(" ")[-1]
    return f"{SPELLING[sound[:-1]]}{sound[-1]}"
