"""Checkpoints in upstream's containers: what is read off them, and what is said of the wrong ones."""

from pathlib import Path

import pytest
import torch

from gsvbatch.errors import CheckpointError
from gsvbatch.gsv.checkpoint import load_into, read_synthesizer, read_t2s
from gsvbatch.gsv.synthesizer import Synthesizer, SynthesizerConfig
from gsvbatch.gsv.t2s import T2SConfig, TextToSemantic
from tests import toy

V1_T2S = T2SConfig(n_layers=3, width=24, n_heads=3, feed_forward=96, n_phonemes=512, bert_width=8)
V1_SYNTHESIZER = SynthesizerConfig(
    n_phonemes=322, style_bins=1025, ssl_width=16, latent=8, hidden=16, feed_forward=32,
    style=16, style_hidden=8, initial_channels=32, n_layers=4, upsample_kernels=(20, 16, 8, 2, 2),
)  # fmt: skip


@pytest.mark.parametrize(("config", "symbols"), [(toy.T2S, "v2"), (V1_T2S, "v1")])
def test_ckpt_dimensions_and_weights_come_back(
    tmp_path: Path, config: T2SConfig, symbols: str
) -> None:
    network = toy.toy_t2s(config=config)
    toy.save_ckpt(tmp_path / "xxx-e15.ckpt", network)
    checkpoint = read_t2s(tmp_path / "xxx-e15.ckpt")
    assert (checkpoint.config, checkpoint.symbol_version) == (config, symbols)
    again = TextToSemantic(checkpoint.config)
    load_into(again, checkpoint.weights, tmp_path)
    for key, value in network.state_dict().items():
        torch.testing.assert_close(again.state_dict()[key], value.half().float(), rtol=0, atol=0)


OLD_NAMES = ("weight_g", "weight_v")
NEW_NAMES = ("parametrizations.weight.original0", "parametrizations.weight.original1")


@pytest.mark.parametrize(
    ("config", "version", "norm_names", "header"),
    [
        (toy.SYNTHESIZER, "v2", OLD_NAMES, None),
        (toy.SYNTHESIZER, "v2", NEW_NAMES, "01"),
        (V1_SYNTHESIZER, "v1", OLD_NAMES, "00"),
    ],
)
def test_pth_dimensions_and_weights_come_back(
    tmp_path: Path,
    config: SynthesizerConfig,
    version: str,
    norm_names: tuple[str, str],
    header: str | None,
) -> None:
    network = toy.toy_synthesizer(config=config)
    path = tmp_path / "xxx_e8_s200.pth"
    training = {
        "enc_q.pre.weight": torch.zeros(4, 4, 1),
        "enc_q.enc.in_layers.0.weight_g": torch.ones(4),
    }
    toy.save_pth(path, network, header=header, norm_names=norm_names, extra=training)
    checkpoint = read_synthesizer(path)
    assert (checkpoint.config, checkpoint.version) == (config, version)
    again = Synthesizer(checkpoint.config)
    load_into(again, checkpoint.weights, path)
    for key, value in network.state_dict().items():
        torch.testing.assert_close(again.state_dict()[key], value, rtol=2e-3, atol=2e-4)


def test_missing_and_misshapen_tensors_are_named(tmp_path: Path) -> None:
    checkpoint = toy.toy_synthesizer()
    weights = dict(checkpoint.state_dict())
    path = tmp_path / "x.pth"
    del weights["flow.flows.2.pre.bias"]
    with pytest.raises(CheckpointError, match=r"incomplete: flow\.flows\.2\.pre\.bias is missing"):
        load_into(Synthesizer(toy.SYNTHESIZER), weights, path)
    weights["flow.flows.2.pre.bias"] = torch.zeros(3)
    with pytest.raises(
        CheckpointError, match=r"flow\.flows\.2\.pre\.bias has shape \[3\], but \[16\]"
    ):
        load_into(Synthesizer(toy.SYNTHESIZER), weights, path)
    weights["flow.flows.2.pre.bias"] = torch.full((16,), float("nan"))
    with pytest.raises(CheckpointError, match=r"pre\.bias holds numbers that are not finite"):
        load_into(Synthesizer(toy.SYNTHESIZER), weights, path)
    weights |= {"flow.flows.2.pre.bias": torch.zeros(16), "novel.weight": torch.zeros(1)}
    with pytest.raises(CheckpointError, match=r"novel\.weight is not known"):
        load_into(Synthesizer(toy.SYNTHESIZER), weights, path)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"enc_p.text_embedding.weight": torch.zeros(700, 16)}, "700 rows"),
        ({"dec.ups.0.weight_v": torch.ones(2, 2, 2)}, "dec.ups.0.weight_g does not fit"),
        ({"dec.cond.weight": torch.ones(2, 2, 2)}, None),
    ],
)  # fmt: skip
def test_tensors_that_do_not_belong_together_are_named(
    tmp_path: Path, extra: dict[str, torch.Tensor], message: str | None
) -> None:
    path = tmp_path / "x.pth"
    toy.save_pth(path, toy.toy_synthesizer(), extra=extra)
    if message is None:
        checkpoint = read_synthesizer(path)
        with pytest.raises(CheckpointError, match=r"put together from different models"):
            load_into(Synthesizer(checkpoint.config), checkpoint.weights, path)
        return
    with pytest.raises(CheckpointError, match=message):
        read_synthesizer(path)


def test_a_ckpt_of_impossible_shapes_is_refused_in_words(tmp_path: Path) -> None:
    network = toy.toy_t2s()
    weights = {f"model.{key}": value for key, value in network.state_dict().items()}
    for key in ("ar_predict_layer.weight", "h.layers.0.linear1.weight", "bert_proj.weight"):
        torch.save({"weight": weights | {f"model.{key}": torch.tensor(1.0)}}, tmp_path / "x.ckpt")
        with pytest.raises(CheckpointError, match="impossible shapes"):
            read_t2s(tmp_path / "x.ckpt")


def test_half_a_weight_norm_pair_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.pth"
    toy.save_pth(path, toy.toy_synthesizer(), extra={"dec.cond.weight_g": torch.ones(64, 1, 1)})
    with pytest.raises(CheckpointError, match=r"incomplete: dec\.cond\.weight_v is missing"):
        read_synthesizer(path)


def test_swapped_paths_are_explained(tmp_path: Path) -> None:
    toy.save_ckpt(tmp_path / "a.ckpt", toy.toy_t2s())
    toy.save_pth(tmp_path / "b.pth", toy.toy_synthesizer())
    with pytest.raises(CheckpointError, match="swap the two paths"):
        read_t2s(tmp_path / "b.pth")
    with pytest.raises(CheckpointError, match="swap the two paths"):
        read_synthesizer(tmp_path / "a.ckpt")


def cut(path: Path, head: bytes = b"PK") -> None:
    toy.save_ckpt(path, toy.toy_t2s())
    data = path.read_bytes()
    path.write_bytes(head + data[2 : len(data) // 2])


WRONG_KINDS = {
    "empty": (b"", "is empty"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 155284856\n", "Git LFS pointer"),
    "page": (b"\n<!DOCTYPE html><html><head>404</head></html>", "is a web page"),
    "safetensors": ((64).to_bytes(8, "little") + b'{"a":{"dtype":"F32"}}' + b" " * 80, "is a safetensors file"),
    "legacy": (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "from before 2020"),
    "text": (b"hello there, this is no model", "is not a PyTorch checkpoint"),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG_KINDS)
def test_wrong_kinds_of_files_are_explained(tmp_path: Path, kind: str) -> None:
    data, message = WRONG_KINDS[kind]
    path = tmp_path / "x.ckpt"
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=message) as caught:
        read_t2s(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("head", [b"PK", b"05"])
def test_truncated_download_is_explained(tmp_path: Path, head: bytes) -> None:
    cut(tmp_path / "x.ckpt", head)
    with pytest.raises(CheckpointError, match="is cut short; download or copy it again"):
        read_t2s(tmp_path / "x.ckpt")


def test_missing_file_and_folder_are_explained(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no such file"):
        read_t2s(tmp_path / "x.ckpt")
    with pytest.raises(CheckpointError, match="is a folder"):
        read_t2s(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"state_dict": {}, "pytorch-lightning_version": "2.1"}, "GPT training state"),
        ({"model": {}, "iteration": 3, "optimizer": {}}, r"SoVITS training state \(as G_\*\.pth\)"),
        ({"generator": {"conv_pre.weight": torch.ones(1)}}, "is a vocoder"),
        ({"a.weight": torch.ones(1)}, "lacks the key 'weight'"),
        ({"weight": {}}, "lacks the key 'weight'"),
        ({"weight": {"a": 3}}, "a is not a tensor"),
        ([1, 2], "no dictionary of weights"),
    ],
)
def test_other_torch_files_are_explained(tmp_path: Path, content: object, message: str) -> None:
    torch.save(content, tmp_path / "x.pth")
    with pytest.raises(CheckpointError, match=message):
        read_synthesizer(tmp_path / "x.pth")
