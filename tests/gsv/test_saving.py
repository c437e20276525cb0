"""Fine-tunes are written as upstream writes them: what reads the original reads them."""

from pathlib import Path

import pytest
import torch

from gsvbatch.errors import CheckpointError
from gsvbatch.gsv.checkpoint import read_synthesizer, read_t2s
from gsvbatch.gsv.posterior import read_posterior
from gsvbatch.gsv.saving import save_synthesizer, save_t2s
from gsvbatch.gsv.unpickle import read_torch_zip
from tests import toy, toy_versions
from tests.training.tunable import posterior_weights, toy_posterior


def test_ckpt_has_the_layout_of_its_original(tmp_path: Path) -> None:
    toy.save_ckpt(tmp_path / "base.ckpt", toy.toy_t2s())
    tuned = toy.toy_t2s(seed=7)
    save_t2s(tmp_path / "me-e3.ckpt", tuned, tmp_path / "base.ckpt", 3)
    before, after = (
        torch.load(tmp_path / name, weights_only=True) for name in ("base.ckpt", "me-e3.ckpt")
    )
    assert list(after) == ["weight", "config", "info"]
    assert after["info"] == "GPT-e3"
    assert after["config"] == before["config"]
    shapes = [
        {key: (x.shape, x.dtype) for key, x in one["weight"].items()} for one in (before, after)
    ]
    assert shapes[0] == shapes[1]
    found = read_t2s(tmp_path / "me-e3.ckpt")
    assert found.config == tuned.config
    for key, value in tuned.state_dict().items():
        torch.testing.assert_close(found.weights[key], value.half(), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("version", "config", "head"),
    [
        ("v2", toy.SYNTHESIZER, b"PK"),
        ("v2Pro", toy_versions.PRO, b"05"),
        ("v2ProPlus", toy_versions.PRO_PLUS, b"06"),
    ],
)
@pytest.mark.parametrize(
    "norm_names",
    [
        ("weight_g", "weight_v"),
        ("parametrizations.weight.original0", "parametrizations.weight.original1"),
    ],
)
def test_pth_has_the_layout_of_its_original(
    tmp_path: Path, version: str, config: object, head: bytes, norm_names: tuple[str, str]
) -> None:
    base, path = tmp_path / "base.pth", tmp_path / "me_e8_s200.pth"
    network = toy.toy_synthesizer(config=config)  # type: ignore[arg-type]
    extra = posterior_weights(toy_posterior(network))
    toy.save_pth(base, network, extra=extra, norm_names=norm_names, version=None)
    tuned = toy.toy_synthesizer(seed=9, config=config)  # type: ignore[arg-type]
    save_synthesizer(path, tuned, base, version, 8, 200)

    data = path.read_bytes()
    assert data[:2] == head
    path.with_suffix(".plain").write_bytes(b"PK" + data[2:])
    plain = torch.load(path.with_suffix(".plain"), weights_only=True)
    assert list(plain) == ["weight", "config", "info"]
    assert plain["info"] == "8epoch_200iteration"
    assert plain["config"]["data"]["sampling_rate"] == 32000
    assert all(value.dtype == torch.float16 for value in plain["weight"].values())
    assert set(plain["weight"]) == set(toy.stored_weights(network))
    assert not any(key.startswith("enc_q") for key in plain["weight"])
    n_channels = network.config.initial_channels
    assert plain["weight"]["dec.ups.0.weight_g"].shape == (n_channels, 1, 1)

    before, found = read_synthesizer(base), read_synthesizer(path)
    assert found.config == before.config
    assert found.version == version
    for key, value in tuned.state_dict().items():
        torch.testing.assert_close(found.weights[key].float(), value, rtol=2e-3, atol=2e-3)


def test_posterior_encoder_of_a_base_model_is_read(tmp_path: Path) -> None:
    network = toy.toy_synthesizer()
    posterior = toy_posterior(network)
    toy.save_pth(tmp_path / "a.pth", network, extra=posterior_weights(posterior))
    found = read_posterior(tmp_path / "a.pth")
    assert found is not None
    for key, value in posterior.state_dict().items():
        torch.testing.assert_close(found.state_dict()[key], value, rtol=2e-3, atol=2e-3)
    toy.save_pth(tmp_path / "b.pth", network)
    assert read_posterior(tmp_path / "b.pth") is None


def test_half_a_posterior_encoder_is_named(tmp_path: Path) -> None:
    network = toy.toy_synthesizer()
    extra = posterior_weights(toy_posterior(network))
    del extra["enc_q.proj.weight"]
    toy.save_pth(tmp_path / "a.pth", network, extra=extra)
    with pytest.raises(CheckpointError, match=r"proj\.weight is missing"):
        read_posterior(tmp_path / "a.pth")


def test_weights_that_are_not_finite_are_not_written(tmp_path: Path) -> None:
    toy.save_ckpt(tmp_path / "base.ckpt", toy.toy_t2s())
    tuned = toy.toy_t2s()
    with torch.no_grad():
        tuned.bert_proj.bias[0] = float("nan")
    with pytest.raises(CheckpointError, match="no longer finite"):
        save_t2s(tmp_path / "me.ckpt", tuned, tmp_path / "base.ckpt", 1)
    assert not (tmp_path / "me.ckpt").exists()


def test_config_with_a_class_becomes_a_plain_one(tmp_path: Path) -> None:
    network = toy.toy_synthesizer()
    toy.save_pth(tmp_path / "base.pth", network, version="v2")
    save_synthesizer(tmp_path / "me.pth", network, tmp_path / "base.pth", "v2", 1, 2)
    config = read_torch_zip(tmp_path / "me.pth")["config"]
    assert config["model"]["version"] == config["version"] == "v2"
    assert config["train"] == {"segment_size": 20480}
