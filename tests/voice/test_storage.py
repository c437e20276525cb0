"""Profiles on disk: what is written comes back, and damage is told in one line."""

import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from gsvbatch.errors import VoiceError
from gsvbatch.gsv.source import ModelSource
from gsvbatch.voice import Consent, SamplingOverrides, load_profile, save_profile
from tests import toy


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> ModelSource:
    return toy.toy_models(tmp_path_factory.mktemp("models"))


@pytest.fixture
def voice(tmp_path: Path, source: ModelSource) -> Path:
    toy.toy_voice(tmp_path, source, "xiaoyu")
    return tmp_path / "xiaoyu"


def test_profile_comes_back(tmp_path: Path, source: ModelSource) -> None:
    profile = replace(
        toy.toy_profile(source, "小雨"),
        models=source,
        consent=Consent(
            subject="小雨", relation="licensed", until=date(2030, 1, 2), uses=("game",)
        ),
        sampling=SamplingOverrides(temperature=0.8, top_k=5),
        reference="reference.flac",
        transcript="他说：“no 1:30 — 'yes'”\n第二行",
    )
    save_profile(profile, tmp_path / "小雨")
    again = load_profile(tmp_path / "小雨")
    assert again.digest == profile.digest
    for name in ("prompt_phoneme_ids", "prompt_tokens", "style"):
        np.testing.assert_array_equal(getattr(again, name), getattr(profile, name))
    for name in (
        "name", "language", "transcript", "symbol_version", "digests", "models", "display_name",
        "description", "license", "consent", "sampling", "reference",
    ):  # fmt: skip
        assert getattr(again, name) == getattr(profile, name), name


def test_style_of_timbre_alone_comes_back(tmp_path: Path, source: ModelSource) -> None:
    nothing = np.zeros(0, dtype=np.int32)
    profile = replace(
        toy.toy_profile(source, "anna"),
        transcript="",
        prompt_phoneme_ids=nothing,
        prompt_tokens=nothing,
        style_name="开心",
        reference="reference.flac",
        timbre="timbre.flac",
        also=("also-1.flac", "also-2.flac"),
    )
    folder = tmp_path / "anna" / "styles" / "开心"
    save_profile(profile, folder)
    again = load_profile(folder)
    assert again.digest == profile.digest
    assert (len(again.prompt_tokens), again.transcript, again.label) == (0, "", "anna/开心")
    assert (again.timbre, again.also) == (profile.timbre, profile.also)
    (folder / "voice.safetensors").unlink()
    with pytest.raises(VoiceError, match="'anna/开心'"):
        load_profile(folder)


def test_what_only_some_versions_need_comes_back(tmp_path: Path, source: ModelSource) -> None:
    plain = toy.toy_profile(source, "a")
    draw = np.random.default_rng(1)
    profile = replace(
        plain,
        models=replace(
            source, speaker_encoder=tmp_path / "a" / "sv.ckpt", vocoder=Path("/v"), version="v4"
        ),
        speaker_embedding=draw.normal(size=20).astype(np.float32),
        reference_mel=draw.normal(size=(100, 7)).astype(np.float32),
    )
    save_profile(profile, tmp_path / "a")
    again = load_profile(tmp_path / "a")
    np.testing.assert_array_equal(again.speaker_embedding, profile.speaker_embedding)
    np.testing.assert_array_equal(again.reference_mel, profile.reference_mel)
    assert again.models == replace(profile.models, vocoder=Path("/v").resolve())
    assert "speaker_encoder: sv.ckpt\n" in (tmp_path / "a" / "voice.yaml").read_text("utf-8")
    alike = replace(profile, reference_mel=2 * profile.reference_mel)
    assert len({plain.digest, profile.digest, alike.digest}) == 3

    tensors = load_file(tmp_path / "a" / "voice.safetensors")
    for value in (np.ones(3, np.float32), np.full((2, 2), np.nan, np.float32)):
        save_file(tensors | {"reference_mel": value}, tmp_path / "a" / "voice.safetensors")
        with pytest.raises(VoiceError, match="reference_mel"):
            load_profile(tmp_path / "a")


def test_yaml_is_for_people(voice: Path) -> None:
    text = (voice / "voice.yaml").read_text(encoding="utf-8")
    assert "display_name:\n  zh: 玩具\n  en: Toy\n" in text
    assert "relation: synthetic" in text
    assert "null" not in text


def test_checkpoints_inside_the_folder_travel_with_it(tmp_path: Path) -> None:
    models = toy.toy_models(tmp_path / "a" / "models")
    profile = replace(toy.toy_profile(models, "a"), models=models)
    save_profile(profile, tmp_path / "a")
    (tmp_path / "a").rename(tmp_path / "b")
    moved = load_profile(tmp_path / "b").models
    assert moved is not None
    assert moved.t2s == tmp_path.resolve() / "b" / "models" / "t2s.safetensors"


def test_digest_is_of_what_is_heard(source: ModelSource) -> None:
    profile = toy.toy_profile(source)
    assert replace(profile, description={"en": "another"}, license="x").digest == profile.digest
    assert replace(profile, style=profile.style + 1e-3).digest != profile.digest
    swapped = replace(
        profile,
        prompt_phoneme_ids=profile.prompt_phoneme_ids[:-1],
        prompt_tokens=np.concatenate([profile.prompt_phoneme_ids[-1:], profile.prompt_tokens]),
    )
    assert swapped.digest != profile.digest


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format: 1", "format: 9", "is of format 9, made by a newer gsvbatch; update"),
        ("format: 1\n", "", "lacks `format`"),
        ("language: zh", "langauge: zh", r"voice\.yaml: language: field required"),
        ("license: CC0-1.0", "licence: CC0", r"voice\.yaml: licence: no such setting"),
        ("transcript: 你好。", "transcript:", "transcript: field required"),
        ("relation: synthetic", "relation: friend", r"consent\.relation: input should be 'self'"),
        ("symbols: v2", "symbols: v3", "symbols: input should be 'v1' or 'v2'"),
        ("name: xiaoyu", "name: [xiaoyu", r"voice\.yaml:\d+: expected"),
        ("symbols: v2", "symbols: v1", "ids outside the symbol table"),
    ],
)
def test_wrong_yaml_is_explained(voice: Path, old: str, new: str, message: str) -> None:
    edit(voice / "voice.yaml", old, new)
    with pytest.raises(VoiceError, match=message) as caught:
        load_profile(voice)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"just words", b"\xff\xfe\x00", b"a: &x [*x]\n"])
def test_yaml_that_is_none_is_explained(voice: Path, data: bytes) -> None:
    (voice / "voice.yaml").write_bytes(data)
    with pytest.raises(VoiceError, match=r"voice\.yaml"):
        load_profile(voice)


@pytest.mark.parametrize("kept", [0, 4, 100, -1])
def test_truncated_tensors_are_explained(voice: Path, kept: int) -> None:
    path = voice / "voice.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(
        VoiceError, match=r"is damaged or cut short .*; copy the voice's folder again"
    ):
        load_profile(voice)


def test_tensors_of_another_voice_are_noticed(
    voice: Path, tmp_path: Path, source: ModelSource
) -> None:
    toy.toy_voice(tmp_path, source, "other", seed=9)
    (voice / "voice.safetensors").write_bytes(
        (tmp_path / "other" / "voice.safetensors").read_bytes()
    )
    with pytest.raises(VoiceError, match=r"is not the one that voice\.yaml describes"):
        load_profile(voice)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("style", np.array([np.nan], dtype=np.float32), "not finite"),
        ("style", np.zeros((2, 2), dtype=np.float32), "not a row of numbers"),
        ("style", np.zeros(4, dtype=np.int32), "not a row of numbers"),
        ("prompt_tokens", np.array([], dtype=np.int32), "a part of it is empty"),
        ("prompt_tokens", np.array([-1], dtype=np.int32), "ids outside"),
        ("prompt_phoneme_ids", np.array([732], dtype=np.int32), "ids outside"),
        ("extra", np.zeros(1, dtype=np.float32), "holds extra, prompt_phoneme_ids"),
    ],
)
def test_tensors_out_of_range_are_refused(
    voice: Path, key: str, value: np.ndarray, message: str
) -> None:
    path = voice / "voice.safetensors"
    save_file(load_file(path) | {key: value}, path)
    with pytest.raises(VoiceError, match=message):
        load_profile(voice)


def test_missing_files_are_explained(voice: Path, tmp_path: Path) -> None:
    (voice / "voice.safetensors").unlink()
    with pytest.raises(VoiceError, match=r"voice\.safetensors is missing"):
        load_profile(voice)
    with pytest.raises(VoiceError, match=r"holds no voice\.yaml"):
        load_profile(tmp_path / "nobody")


def test_reading_voices_needs_no_torch() -> None:
    code = "import sys, gsvbatch.voice; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
