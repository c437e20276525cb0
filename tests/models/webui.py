"""A WebUI's folder, with every kind of file in the place that it has there; what is in them is noise."""

import json
from pathlib import Path

from gsvbatch.models.catalogue import CATALOGUE

TUNES = (
    "GPT_weights/old-e10.ckpt",
    "SoVITS_weights/old_e4_s100.pth",
    "GPT_weights_v2/rain-e5.ckpt",
    "GPT_weights_v2/rain-e15.ckpt",
    "SoVITS_weights_v2/rain_e8_s200.pth",
    "SoVITS_weights_v2/rain_e12_s300.pth",
    "GPT_weights_v4/雨-e15.ckpt",
    "SoVITS_weights_v4/雨_e3_s99_l32.pth",
    "GPT_weights_v2ProPlus/rain-e20.ckpt",
    "GPT_weights_v2/two/deeper-e1.ckpt",
    "SoVITS_weights_v2Pro/without epoch.pth",
)
ENCODERS = {"chinese-hubert-base": "hubert", "chinese-roberta-wwm-ext-large": "bert"}


def make_webui(root: Path, *tunes: str) -> Path:
    """A full installation, and fine-tunes."""
    pretrained = root / "GPT_SoVITS" / "pretrained_models"
    for model in CATALOGUE.values():
        for file in model.files:
            if file.unpacks_to is None:
                put(pretrained / file.path, file.path.encode())
    for folder, kind in ENCODERS.items():
        config = {"model_type": kind, "num_hidden_layers": 2, "hidden_size": 16}
        put(pretrained / folder / "config.json", json.dumps(config).encode())
    put(root / "GPT_SoVITS" / "text" / "G2PWModel" / "g2pW.onnx", b"onnx")
    put(pretrained / "s2G2333k.pth", b"not in its place")
    put(pretrained / "gsv-v2final-pretrained" / "s2D2333k.pth", b"discriminator")
    for tune in tunes:
        put(root / tune, tune.encode())
    return root


def put(path: Path, content: bytes) -> Path:
    """A file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
