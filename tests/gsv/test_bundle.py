"""Models as a whole: native and upstream's form, what fits together, and what is said when it does not."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from gsvbatch.data import Waveform
from gsvbatch.errors import CheckpointError
from gsvbatch.gsv.bundle import ModelBundle, ModelSource, load_bundle, native_source
from gsvbatch.gsv.mel_content import MelContentEncoder
from gsvbatch.gsv.native import STATISTICS, save_native
from gsvbatch.gsv.prompt import TRAILING_SILENCE, prompt_tokens
from gsvbatch.gsv.source import file_digest
from tests import toy

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "data" / "golden_audio.json").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> ModelSource:
    return toy.toy_models(tmp_path_factory.mktemp("native"), content=True)


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> ModelSource:
    """The same weights as ``native``, in upstream's containers."""
    folder = tmp_path_factory.mktemp("upstream")
    toy.save_ckpt(folder / "a-e15.ckpt", toy.toy_t2s(1))
    toy.save_pth(folder / "a_e8_s200.pth", toy.toy_synthesizer(2), header="01")
    toy.save_hubert(folder / "hubert", toy.toy_hubert(3))
    return ModelSource(folder / "a-e15.ckpt", folder / "a_e8_s200.pth", folder / "hubert")


def weights_of(bundle: ModelBundle) -> dict[str, torch.Tensor]:
    return {
        f"{name}.{key}": value
        for name, network in (("t2s", bundle.t2s), ("synthesizer", bundle.synthesizer))
        for key, value in network.state_dict().items()
    }


def test_native_models_come_back_exactly(native: ModelSource) -> None:
    bundle = load_bundle(native)
    assert (bundle.version, bundle.symbol_version, bundle.sample_rate) == ("toy", "v2", 32000)
    t2s = toy.toy_t2s(1).state_dict()
    for key, value in bundle.t2s.state_dict().items():
        torch.testing.assert_close(value, t2s[key], rtol=0, atol=0)
    assert not any(p.requires_grad for p in bundle.synthesizer.parameters())
    assert not bundle.synthesizer.training


def test_upstreams_containers_hold_the_same_models(
    native: ModelSource, upstream: ModelSource
) -> None:
    ours, theirs = weights_of(load_bundle(native)), weights_of(load_bundle(upstream))
    assert ours.keys() == theirs.keys()
    for key, value in ours.items():
        if STATISTICS in key and not key.endswith("embed"):
            assert not value.any() or key.endswith("inited")  # not stored: nobody reads them
            continue
        torch.testing.assert_close(theirs[key], value, rtol=2e-3, atol=2e-4, msg=key)


def test_forms_may_be_mixed(native: ModelSource, upstream: ModelSource) -> None:
    bundle = load_bundle(ModelSource(native.t2s, upstream.synthesizer, native.content))
    assert bundle.version == "v2"
    assert bundle.content is not None


def test_fp16_storage_and_dtype(tmp_path: Path) -> None:
    source = toy.toy_models(tmp_path, dtype=torch.float16)
    small = source.t2s.stat().st_size
    assert small < toy.toy_models(tmp_path / "full").t2s.stat().st_size * 0.6
    assert load_bundle(source).t2s.bert_proj.weight.dtype == torch.float32
    assert load_bundle(source, dtype=torch.bfloat16).t2s.bert_proj.weight.dtype == torch.bfloat16
    assert load_bundle(source).content is None


@pytest.mark.parametrize(
    ("norm_names", "prefix"),
    [
        (("weight_g", "weight_v"), "hubert."),
        (("parametrizations.weight.original0", "parametrizations.weight.original1"), ""),
    ],
)
def test_both_spellings_of_huberts_weight_norm(
    native: ModelSource, tmp_path: Path, norm_names: tuple[str, str], prefix: str
) -> None:
    toy.save_hubert(tmp_path / "hubert", toy.toy_hubert(3), norm_names, prefix)
    content = load_bundle(dataclasses.replace(native, content=tmp_path / "hubert")).content
    assert content is not None
    expected = toy.toy_hubert(3).state_dict()
    for key, value in content.state_dict().items():
        torch.testing.assert_close(value, expected[key], rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize("n_samples", [48000, 80000, 160000])
def test_frames_and_prompt_tokens_are_as_many_as_upstreams(
    upstream: ModelSource, n_samples: int
) -> None:
    bundle = load_bundle(upstream)
    assert bundle.content is not None
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, n_samples).astype(np.float32)
    with torch.inference_mode():
        features = bundle.content(torch.from_numpy(noise)[None])
    assert features.shape == (1, toy.SSL_WIDTH, GOLDEN["hubert_frames"][str(n_samples)])
    tokens = prompt_tokens(Waveform(noise, 16000), bundle.content, bundle.synthesizer)
    assert len(tokens) == GOLDEN["semantic_tokens"][str(n_samples + TRAILING_SILENCE)]


def test_native_content_encoders_come_back(native: ModelSource, tmp_path: Path) -> None:
    small = load_bundle(native).content
    assert isinstance(small, MelContentEncoder)
    for key, value in small.state_dict().items():
        torch.testing.assert_close(value, toy.toy_content(3).state_dict()[key], rtol=0, atol=0)
    hubert = toy.toy_hubert(4)
    save_native(
        tmp_path, toy.toy_t2s(), toy.toy_synthesizer(), hubert, version="x", dtype=torch.float32
    )
    again = load_bundle(native_source(tmp_path)).content
    assert again is not None
    assert again.config == hubert.config
    for key, value in again.state_dict().items():
        torch.testing.assert_close(value, hubert.state_dict()[key], rtol=0, atol=0)


def test_prompt_tokens_do_not_depend_on_the_files_rate(native: ModelSource) -> None:
    bundle = load_bundle(native)
    assert bundle.content is not None
    t = np.arange(4 * 48000) / 48000
    wave = (0.3 * np.sin(2 * np.pi * 300 * t * (1 + 0.2 * t))).astype(np.float32)
    at_48k = prompt_tokens(Waveform(wave, 48000), bundle.content, bundle.synthesizer)
    at_16k = prompt_tokens(Waveform(wave[::3].copy(), 16000), bundle.content, bundle.synthesizer)
    assert len(at_48k) == len(at_16k)
    assert np.mean(np.equal(at_48k, at_16k)) > 0.9


def test_checkpoints_of_different_versions_are_refused(native: ModelSource, tmp_path: Path) -> None:
    config = dataclasses.replace(toy.T2S, n_phonemes=512)
    toy.save_ckpt(tmp_path / "v1.ckpt", toy.toy_t2s(config=config))
    with pytest.raises(CheckpointError, match=r"was trained on symbols v1, but .* on v2"):
        load_bundle(dataclasses.replace(native, t2s=tmp_path / "v1.ckpt"))


def test_checkpoints_of_different_codebooks_are_refused(
    native: ModelSource, tmp_path: Path
) -> None:
    config = dataclasses.replace(toy.T2S, vocabulary=513)
    toy.save_ckpt(tmp_path / "small.ckpt", toy.toy_t2s(config=config))
    with pytest.raises(CheckpointError, match=r"speaks 512 semantic codes, but .* knows 1024"):
        load_bundle(dataclasses.replace(native, t2s=tmp_path / "small.ckpt"))


def test_content_encoder_of_another_width_is_refused(native: ModelSource, tmp_path: Path) -> None:
    config = dataclasses.replace(toy.SYNTHESIZER, ssl_width=24)
    toy.save_pth(tmp_path / "wide.pth", toy.toy_synthesizer(config=config))
    bundle = load_bundle(dataclasses.replace(native, synthesizer=tmp_path / "wide.pth"))
    with pytest.raises(CheckpointError, match=r"features of width 16, while .* trained on 24"):
        _ = bundle.content


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other"}, "does not describe models"),
        ({"format_version": 2}, "is of format 2, .* update gsvbatch"),
        ({"symbol_version": "v9"}, "neither v1 nor v2"),
        ({"t2s": {"depth": 3}}, "is incomplete or wrong"),
        ({"version": None, "synthesizer": None}, "is incomplete or wrong"),
    ],
)
def test_damaged_native_config_is_explained(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    source = toy.toy_models(tmp_path)
    path = tmp_path / "config.json"
    stored = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(stored | change), encoding="utf-8")
    with pytest.raises(CheckpointError, match=message):
        load_bundle(source)


def test_truncated_native_weights_are_explained(tmp_path: Path) -> None:
    source = toy.toy_models(tmp_path)
    source.t2s.write_bytes(source.t2s.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="damaged or cut short"):
        load_bundle(source)


def test_incomplete_folders_are_explained(tmp_path: Path) -> None:
    toy.toy_models(tmp_path / "models")
    (tmp_path / "models" / "t2s.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"t2s\.safetensors: missing from this folder"):
        native_source(tmp_path / "models")
    (tmp_path / "hubert").mkdir()
    source = ModelSource(Path("a"), Path("b"), tmp_path / "hubert")
    (tmp_path / "a").touch()
    with pytest.raises(CheckpointError, match="no content encoder here: expected a folder such as"):
        dataclasses.replace(source, t2s=tmp_path / "a", synthesizer=tmp_path / "a").digests()


def test_digest_follows_the_content(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"one")
    first = file_digest(path)
    assert first == "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
    path.write_bytes(b"two")
    os.utime(path, ns=(1, 1))
    assert file_digest(path) != first


def test_digests_need_no_torch() -> None:
    code = "import sys, gsvbatch.gsv.source; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
