"""Which version a file is, what it needs beside it, and pairs that cannot work together."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from gsvbatch.errors import CheckpointError
from gsvbatch.gsv import versions
from gsvbatch.gsv.bundle import load_bundle
from gsvbatch.gsv.checkpoint import read_synthesizer
from gsvbatch.gsv.mel_synthesizer import MelSynthesizer, MelSynthesizerConfig
from tests import toy, toy_versions
from tests.toy_versions import VERSIONS, save_version

MEL_RATES = {"v3": 24000, "v4": 48000}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_loads_from_its_own_container(tmp_path: Path, version: str) -> None:
    source = save_version(tmp_path, version)
    label = version.removesuffix("-lora")
    bundle = load_bundle(source)
    assert bundle.version == label
    assert bundle.symbol_version == ("v1" if version == "v1" else "v2")
    assert bundle.sample_rate == MEL_RATES.get(label, 32000)
    assert (bundle.vocoder is not None) == (label in MEL_RATES)
    if label in MEL_RATES:
        assert bundle.synthesizer.config == toy_versions.mel_config(label)
    elif "Pro" in label:
        expected = toy_versions.PRO if label == "v2Pro" else toy_versions.PRO_PLUS
        assert bundle.synthesizer.config == expected


@pytest.mark.parametrize("label", ["v3", "v4"])
def test_a_lora_fine_tune_is_the_base_with_its_changes(tmp_path: Path, label: str) -> None:
    source = save_version(tmp_path, f"{label}-lora")
    merged = read_synthesizer(source.synthesizer, base=source.base).weights
    base = toy_versions.toy_mel_synthesizer(label, 2).state_dict()
    tuned = toy_versions.toy_mel_synthesizer(label, 8).state_dict()
    stored = torch.load(with_plain_header(source.synthesizer, tmp_path), weights_only=False)
    changes = stored["weight"]
    assert set(merged) == set(base)
    for key, value in merged.items():
        expected = base[key]
        if key.startswith(("ref_enc.", "bridge.", "wns1.", "quantizer.")):
            expected = tuned[key]
        elif ".attn.to_" in key and key.endswith(".weight"):
            name = key.replace("cfm.", "cfm.base_model.model.").removesuffix(".weight")
            up = changes[f"{name}.lora_B.default.weight"].float()
            down = changes[f"{name}.lora_A.default.weight"].float()
            product = sum(up[:, i : i + 1] * down[i : i + 1] for i in range(4))
            assert float(product.abs().max()) > 0.05
            expected = expected + product
        torch.testing.assert_close(value.float(), expected.float(), rtol=2e-3, atol=2e-3)


def with_plain_header(path: Path, folder: Path) -> Path:
    """A copy that torch itself opens; the module of its config class must be there."""
    plain = folder / "plain.pt"
    plain.write_bytes(b"PK" + path.read_bytes()[2:])
    with toy.hparams_module():
        content = torch.load(plain, weights_only=False)
    torch.save({"weight": content["weight"]}, plain)
    return plain


def full_mel(path: Path, version: str | None, header: str | None = None) -> Path:
    extra = {"linear_mel.weight": torch.zeros(100, 16, 1), "linear_mel.bias": torch.zeros(100)}
    network = toy_versions.toy_mel_synthesizer("v3")
    toy.save_pth(path, network, extra=extra, version=version, header=header)
    return path


def test_v3_against_v4_is_asked_for_where_a_file_does_not_say(tmp_path: Path) -> None:
    path = full_mel(tmp_path / "full.pth", None)
    with pytest.raises(CheckpointError, match=r"nothing in it says which; .* `version: v4`"):
        read_synthesizer(path)
    for wanted in ("v3", "v4"):
        assert read_synthesizer(path, version=wanted).version == wanted


def test_v3_against_v4_is_known_where_a_file_says_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_synthesizer(full_mel(tmp_path / "a.pth", "v4")).version == "v4"
    # A config can be wrong, as upstream never reads it; whoever knows better is believed.
    assert read_synthesizer(tmp_path / "a.pth", version="v3").version == "v3"
    assert read_synthesizer(full_mel(tmp_path / "b.pth", None, "02")).version == "v3"
    path = full_mel(tmp_path / "c.pth", None)
    monkeypatch.setattr(versions, "_PUBLISHED", {versions._head_md5(path): "v4"})
    assert read_synthesizer(path).version == "v4"
    with pytest.raises(CheckpointError, match="is a v4 model, although it is given as v3"):
        read_synthesizer(path, version="v3")


@pytest.mark.parametrize(
    ("version", "wanted", "message"),
    [
        ("v1", "v2", "is a v1 model, although it is given as v2"),
        ("v2", "v4", "is a v2 model, although it is given as v4"),
        ("v2Pro", "v2ProPlus", "is a v2Pro model, although it is given as v2ProPlus"),
        ("v4-lora", "v3", "is a v4 model, although it is given as v3"),
        ("v3", "v2Pro", "is a v3 or v4 model, although it is given as v2Pro"),
    ],
)
def test_a_wrong_version_is_refused(
    tmp_path: Path, version: str, wanted: str, message: str
) -> None:
    source = save_version(tmp_path, version)
    with pytest.raises(CheckpointError, match=message):
        load_bundle(replace(source, version=wanted))


@pytest.mark.parametrize(
    ("version", "changes", "message"),
    [
        ("v3", {"vocoder": None}, r"is a v3 model, .* need a vocoder .*bigvgan_v2_24khz"),
        ("v4", {"vocoder": None}, r"is a v4 model, .* gsv-v4-pretrained/vocoder\.pth as `vocoder`"),
        ("v3-lora", {"base": None}, r"is a LoRA fine-tune of v3, .* s2Gv3\.pth and cannot speak"),
        ("v4-lora", {"base": None}, r"is a LoRA fine-tune of v4, .* s2Gv4\.pth"),
        ("v4", {"vocoder": Path("nowhere")}, r"no vocoder here: expected bigvgan_generator\.pt"),
    ],
)
def test_what_a_version_needs_beside_it_is_asked_for(
    tmp_path: Path, version: str, changes: dict[str, Path | None], message: str
) -> None:
    source = save_version(tmp_path, version)
    with pytest.raises(CheckpointError, match=message):
        load_bundle(replace(source, **changes))


def test_pairs_that_cannot_work_together_are_refused(tmp_path: Path) -> None:
    by_version = {version: save_version(tmp_path / version, version) for version in VERSIONS}

    def refused(version: str, message: str, **changes: Path | None) -> None:
        with pytest.raises(CheckpointError, match=message):
            load_bundle(replace(by_version[version], **changes))

    v1, v2, v3, v4 = (by_version[version] for version in ("v1", "v2", "v3", "v4"))
    refused("v1", "trained on symbols v2, but .* on v1; pair checkpoints", t2s=v2.t2s)
    for version in VERSIONS[1:]:
        refused(version, "trained on symbols v1, but .* on v2; pair checkpoints", t2s=v1.t2s)
    refused("v3", "makes 480 samples of 100 mel bins, while v3 needs 256", vocoder=v4.vocoder)
    refused("v4", "makes 256 samples of 100 mel bins, while v4 needs 480", vocoder=v3.vocoder)
    lora = by_version["v4-lora"]
    refused("v4-lora", "is no base model of a LoRA fine-tune", base=v2.synthesizer)
    refused("v4-lora", "is no base model of a LoRA fine-tune", base=lora.synthesizer)
    refused("v4-lora", "swap the two paths", base=v2.t2s)
    labelled = full_mel(tmp_path / "labelled.pth", None, "02")
    refused("v4-lora", "is a v3 model, although it is given as v4", base=labelled)


def test_a_t2s_of_symbols_v2_goes_with_every_later_version(tmp_path: Path) -> None:
    t2s = save_version(tmp_path / "v2", "v2").t2s
    for version in VERSIONS[2:]:
        source = save_version(tmp_path / version, version)
        assert load_bundle(replace(source, t2s=t2s)).version == version.removesuffix("-lora")


def test_a_base_without_what_only_training_needs_will_do(tmp_path: Path) -> None:
    source = save_version(tmp_path, "v4-lora")
    whole = read_synthesizer(source.synthesizer, base=source.base).weights
    toy.save_pth(source.base, toy_versions.toy_mel_synthesizer("v4", 2), version=None)
    bare = read_synthesizer(source.synthesizer, base=source.base).weights
    assert set(bare) == set(whole)


def test_changes_that_do_not_fit_their_base_are_refused(tmp_path: Path) -> None:
    source = save_version(tmp_path, "v4-lora")
    small = replace(toy_versions.DIT, width=16, position_groups=2)
    network = MelSynthesizer(MelSynthesizerConfig(**small_config(small)))
    toy.seeded(network, 3)
    toy.save_pth(tmp_path / "small.pth", network, version=None)
    with pytest.raises(CheckpointError, match="does not fit the base model; give the right base"):
        read_synthesizer(source.synthesizer, base=tmp_path / "small.pth")


def small_config(dit: object) -> dict[str, object]:
    config = toy_versions.mel_config("v4")
    return {name: getattr(config, name) for name in config.__slots__} | {"dit": dit}


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"sv_emb.weight": torch.zeros(1)}, "impossible shapes"),
        ({"cfm.estimator.x": torch.zeros(1)}, "nothing in it says which"),
    ],
)
def test_files_of_no_version_are_refused_in_words(
    tmp_path: Path, extra: dict[str, torch.Tensor], message: str
) -> None:
    path = tmp_path / "x.pth"
    toy.save_pth(path, toy.toy_synthesizer(), extra=extra, version=None)
    with pytest.raises(CheckpointError, match=message):
        read_synthesizer(path)


def test_a_speaker_encoder_that_is_none_or_does_not_fit_is_refused(tmp_path: Path) -> None:
    source = save_version(tmp_path, "v2Pro")
    wide = toy_versions.SpeakerEncoder(channels=8, base_width=4)
    torch.save(dict(wide.state_dict()), tmp_path / "wide.ckpt")
    bundle = load_bundle(replace(source, speaker_encoder=tmp_path / "wide.ckpt"))
    with pytest.raises(CheckpointError, match="makes embeddings of 2560 numbers"):
        _ = bundle.speaker_encoder
    bundle = load_bundle(replace(source, speaker_encoder=source.t2s))
    with pytest.raises(CheckpointError, match="holds no plain dictionary of weights"):
        _ = bundle.speaker_encoder
    with pytest.raises(CheckpointError, match="no speaker encoder here"):
        replace(source, speaker_encoder=tmp_path / "nowhere").digests()
