"""Prosody features against transformers' own masked-language BERT, and how they are laid out."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import BertForMaskedLM, BertTokenizer

from gsvbatch.data import Span
from gsvbatch.errors import CheckpointError, ConfigError
from gsvbatch.gsv import prosody
from gsvbatch.gsv.bert import load_bert
from gsvbatch.gsv.bert_source import takes_bert
from gsvbatch.gsv.prosody import Prosody, spread
from gsvbatch.gsv.source import ModelSource
from gsvbatch.text.frontend import Frontend
from tests import toy
from tests.bert import VOCABULARY, save_bert

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "golden_text.json").read_text(encoding="utf-8")
)
TEXTS = ("今天天气真好!", "你好,世界.", "我们去公园散步吗?", "你好,世界.", "好")


def upstream_features(network: BertForMaskedLM, folder: Path, text: str) -> Tensor:
    """As upstream computes them: the whole tokenizer, the whole network, the third-last hidden state."""
    path = folder / "for-the-tokenizer.txt"
    path.write_text("\n".join(VOCABULARY), encoding="utf-8")
    tokenizer = BertTokenizer(str(path))
    with torch.inference_mode():
        found = network(**tokenizer(text, return_tensors="pt"), output_hidden_states=True)
    return found.hidden_states[-3][0, 1:-1].T


@pytest.mark.parametrize(("fast", "old_names"), [(True, False), (False, True)])
def test_features_are_the_third_last_hidden_state(
    tmp_path: Path, fast: bool, old_names: bool
) -> None:
    network = save_bert(tmp_path / "bert", fast=fast, old_names=old_names)
    bert = load_bert(tmp_path / "bert")
    found = bert.features(TEXTS)
    for text, features in zip(TEXTS, found, strict=True):
        expected = upstream_features(network, tmp_path, text)
        assert features.shape == (8, len(text)) == tuple(expected.shape)
        torch.testing.assert_close(features, expected, rtol=1e-4, atol=1e-4)
    assert len(bert.encoder.bert.encoder.layer) == 2  # of 4: the last two are never built


def test_a_text_has_the_same_features_in_any_company(tmp_path: Path) -> None:
    save_bert(tmp_path)
    bert = load_bert(tmp_path)
    together = bert.features(TEXTS)
    for text, features in zip(TEXTS, together, strict=True):
        torch.testing.assert_close(bert.features([text])[0], features, rtol=1e-5, atol=1e-6)


def test_what_the_vocabulary_lacks_and_what_is_too_long_has_features_too(tmp_path: Path) -> None:
    save_bert(tmp_path)
    bert = load_bert(tmp_path)
    unknown, empty, long = bert.features(["鑫 A￥", "", "好" * 150])
    assert unknown.shape == (8, 4)
    assert empty.shape == (8, 0)
    assert long.shape == (8, 150)  # the network has 64 positions
    assert bert.vocabulary.encode("鑫A") == [1, VOCABULARY.index("a")]


def test_damaged_folders_are_told(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no BERT here: .*gsvbatch models pull bert"):
        load_bert(tmp_path)
    save_bert(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match="is no vocabulary of a BERT"):
        load_bert(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(ConfigError, match="holds no vocabulary"):
        load_bert(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    for change, message in (
        ({"model_type": "hubert"}, "a hubert model, where a BERT is needed"),
        ({"num_hidden_layers": 2}, "fewer than 3 layers"),
        ({"hidden_size": 16}, "has shape"),
    ):
        (tmp_path / "config.json").write_text(json.dumps(config | change), encoding="utf-8")
        with pytest.raises(CheckpointError, match=message):
            load_bert(tmp_path)


class Counting:
    """Features that tell which character they are of, and how often they were asked for."""

    width = 1

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def features(self, texts: Sequence[str]) -> list[Tensor]:
        self.batches.append(list(texts))
        return [torch.tensor([[float(ord(c)) for c in text]]) for text in texts]


@pytest.mark.parametrize(
    "case",
    [case for case in GOLDEN["g2p"] if case["lang"] == "zh" and case.get("word2ph")],
    ids=lambda case: f"{case['version']} {case['text'][:12]}",
)
def test_features_are_repeated_as_upstream_repeats_them(case: dict[str, Any]) -> None:
    norm, word2ph = case["norm"], case["word2ph"]
    features = Prosody(Counting()).of([Span("zh", norm, tuple(word2ph))])
    assert features is not None
    expected = [float(ord(c)) for c, n in zip(norm, word2ph, strict=True) for _ in range(n)]
    assert features.tolist() == [expected]
    assert features.shape[1] == len(case["phones"])


@pytest.mark.parametrize(
    "text",
    ["重庆的OpenAI，{重|chong2}。", "好", "{NVIDIA|EH0 N V IH1 D IY0 AH0}很{贵|gui4}。", "一Ok"],
)
def test_every_phoneme_of_an_utterance_has_features(text: str) -> None:
    (utterance,) = Frontend().utterances("a", text)
    features = Prosody(Counting()).of(utterance.spans)
    assert features is not None
    assert features.shape == (1, len(utterance.phonemes))
    said = iter(features[0].tolist())
    for span in utterance.spans:
        for character, n in zip(span.text, span.phoneme_counts, strict=False):
            wanted = float(ord(character)) if span.language == "zh" else 0.0
            assert [next(said) for _ in range(n)] == [wanted] * n


def test_other_languages_have_none() -> None:
    encoder = Counting()
    assert Prosody(encoder).of([Span("en", "hello", (4,))]) is None
    assert Prosody(encoder).of([]) is None
    assert not encoder.batches


def test_texts_go_together_with_those_that_come_after_and_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prosody, "AHEAD", 3)
    monkeypatch.setattr(prosody, "REMEMBERED", 4)
    encoder = Counting()
    texts = [f"{i}好" for i in range(5)]
    ready = Prosody(encoder, [texts[0], *texts])
    for text in (*texts, texts[4], texts[3]):
        assert ready.of([Span("zh", text, (2, 2))]) is not None
    assert encoder.batches == [texts[:3], texts[3:]]
    ready.of([Span("zh", texts[0], (2, 2))])  # forgotten meanwhile
    assert encoder.batches[2:] == [[texts[0]]]


def test_spread_repeats_columns() -> None:
    assert spread(torch.tensor([[1.0, 2.0, 3.0]]), (2, 0, 1)).tolist() == [[1.0, 1.0, 3.0]]


def test_published_models_take_features_and_the_embedded_does_not(tmp_path: Path) -> None:
    native = toy.toy_models(tmp_path)
    assert not takes_bert(native)
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    (tmp_path / "config.json").write_text(json.dumps(config | {"takes_bert": True}))
    assert takes_bert(native)
    assert takes_bert(ModelSource(tmp_path / "a.ckpt", tmp_path / "a.pth"))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_card_finds_the_same_features(tmp_path: Path) -> None:
    save_bert(tmp_path)
    expected = load_bert(tmp_path).features(TEXTS)
    for dtype, tolerance in ((torch.float32, 1e-4), (torch.float16, 2e-2)):
        found = load_bert(tmp_path, device="cuda", dtype=dtype).features(TEXTS)
        for features, wanted in zip(found, expected, strict=True):
            assert features.device.type == "cpu"
            torch.testing.assert_close(features.float(), wanted, rtol=tolerance, atol=tolerance)
