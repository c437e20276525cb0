"""What is found in a WebUI's folder, and under which names."""

import json
from pathlib import Path

import pytest

from gsvbatch.errors import ConfigError
from gsvbatch.models.catalogue import CATALOGUE, Role
from gsvbatch.models.webui import find_models
from tests.models.webui import TUNES, make_webui, put


def test_everything_of_a_webui_is_found_and_nothing_is_changed(tmp_path: Path) -> None:
    root = make_webui(tmp_path / "GPT-SoVITS", *TUNES)
    before = sorted(tmp_path.rglob("*"))
    found = find_models(root)
    assert sorted(tmp_path.rglob("*")) == before
    assert set(CATALOGUE) <= set(found)
    pretrained = root / "GPT_SoVITS" / "pretrained_models"
    assert found["v2ProPlus"].synthesizer == pretrained / "v2Pro" / "s2Gv2ProPlus.pth"
    assert found["v2ProPlus"].t2s == found["v3"].t2s == pretrained / "s1v3.ckpt"
    assert found["v4"].version == "v4"
    assert found["hubert"].content == pretrained / "chinese-hubert-base"
    assert found["g2pw"].g2pw == root / "GPT_SoVITS" / "text" / "G2PWModel"
    assert all(path.exists() for entry in found.values() for path in entry.paths.values())


def test_fine_tunes_get_their_names_and_experiments_their_latest_pair(tmp_path: Path) -> None:
    root = make_webui(tmp_path, *TUNES)
    found = find_models(root)
    tunes = {
        name: (entry.version, sorted(path.name for path in entry.paths.values()))
        for name, entry in found.items()
        if name not in CATALOGUE
    }
    assert tunes == {
        "old-e10": ("v1", ["old-e10.ckpt"]),
        "old_e4_s100": ("v1", ["old_e4_s100.pth"]),
        "old": ("v1", ["old-e10.ckpt", "old_e4_s100.pth"]),
        "rain-e5": ("v2", ["rain-e5.ckpt"]),
        "rain-e15": ("v2", ["rain-e15.ckpt"]),
        "rain_e8_s200": ("v2", ["rain_e8_s200.pth"]),
        "rain_e12_s300": ("v2", ["rain_e12_s300.pth"]),
        "rain@v2": ("v2", ["rain-e15.ckpt", "rain_e12_s300.pth"]),
        "rain-e20": ("v2ProPlus", ["rain-e20.ckpt"]),
        "rain@v2ProPlus": ("v2ProPlus", ["rain-e20.ckpt"]),
        "雨-e15": ("v4", ["雨-e15.ckpt"]),
        "雨_e3_s99_l32": ("v4", ["雨_e3_s99_l32.pth"]),
        "雨": ("v4", ["雨-e15.ckpt", "雨_e3_s99_l32.pth"]),
        "deeper-e1": ("v2", ["deeper-e1.ckpt"]),
        "deeper": ("v2", ["deeper-e1.ckpt"]),
        "without epoch": ("v2Pro", ["without epoch.pth"]),
    }


@pytest.mark.parametrize("inside", ["GPT_SoVITS", "GPT_SoVITS/pretrained_models"])
def test_a_part_of_a_webui_will_do(tmp_path: Path, inside: str) -> None:
    make_webui(tmp_path)
    found = find_models(tmp_path / inside)
    assert {"v1", "v2", "v3", "hubert", "bert", "sv", "bigvgan"} <= set(found)
    assert not any(name.startswith("s2") for name in found)


def test_the_folder_that_an_archive_unpacked_to_will_do(tmp_path: Path) -> None:
    make_webui(tmp_path / "GPT-SoVITS-v2pro-20250604", *TUNES)
    assert {"v2Pro", "g2pw", "雨"} <= set(find_models(tmp_path))


def test_a_bare_folder_of_checkpoints_or_an_encoder_will_do(tmp_path: Path) -> None:
    put(tmp_path / "voice" / "rain-e15.ckpt", b"")
    put(tmp_path / "voice" / "rain_e8_s200.pth", b"")
    found = find_models(tmp_path / "voice")
    assert found["rain"].version is None
    assert set(found["rain"].paths) == {Role.T2S, Role.SYNTHESIZER}
    put(tmp_path / "my-bert" / "config.json", json.dumps({"model_type": "bert"}).encode())
    put(tmp_path / "my-bert" / "model.safetensors", b"")
    assert find_models(tmp_path / "my-bert")["bert"].bert == tmp_path / "my-bert"


def test_half_of_a_pair_or_of_an_encoder_is_no_base_model(tmp_path: Path) -> None:
    put(tmp_path / "pretrained_models" / "s1v3.ckpt", b"")
    put(tmp_path / "pretrained_models" / "v2Pro" / "s2Gv2Pro.pth", b"")
    put(tmp_path / "pretrained_models" / "chinese-hubert-base" / "config.json", b"{}")
    assert set(find_models(tmp_path)) == {"v2Pro"}


def test_a_folder_without_anything_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing of GPT-SoVITS in it"):
        find_models(tmp_path)
    with pytest.raises(ConfigError, match="no such folder"):
        find_models(tmp_path / "nowhere")
