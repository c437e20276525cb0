"""A folder as the GPT-SoVITS WebUI leaves it after training a voice, with small random networks.

The checkpoints have every tensor of their version and stand in its own container; only the widths are
small. Everything has the place that the WebUI gives it.
"""

from collections.abc import Mapping
from pathlib import Path

from tests import toy, toy_versions
from tests.clips import write_speech

PRETRAINED = Path("GPT_SoVITS") / "pretrained_models"
BIGVGAN = "models--nvidia--bigvgan_v2_24khz_100band_256x"

CLIPS = {
    "xiaoyu.wav_0000000000_0000192000.wav": (6.0, "今天天气真好，我们一起去公园散步吧。"),
    "xiaoyu.wav_0000192000_0000352000.wav": (5.0, "雨停了以后，街上又热闹了起来。"),
    "xiaoyu.wav_0000352000_0000576000.wav": (7.0, "他每天早上六点起床，然后去河边跑步。"),
    "xiaoyu.wav_0000576000_0000736000.wav": (5.0, "太好了，我们终于到家了！"),
    "xiaoyu.wav_0000736000_0000768000.wav": (1.0, "好的。"),
}


def suffix(version: str) -> str:
    """What follows ``weights`` in the names of a version's folders."""
    return "" if version == "v1" else f"_{version.removesuffix('-lora')}"


def make_webui(root: Path, version: str) -> Mapping[str, str]:
    """Write the folder.

    Returns:
        What ``models`` has to name besides the pair, by key: paths inside the folder, and the version.
    """
    made = toy_versions.save_version(root / "made", version)
    _move(made.t2s, root / f"GPT_weights{suffix(version)}" / "xiaoyu-e15.ckpt")
    _move(made.synthesizer, root / f"SoVITS_weights{suffix(version)}" / "xiaoyu_e8_s200.pth")
    toy.save_hubert(root / PRETRAINED / "chinese-hubert-base", toy.toy_hubert())
    more: dict[str, Path] = {}
    if made.speaker_encoder is not None:
        more["speaker_encoder"] = PRETRAINED / "sv" / made.speaker_encoder.name
        _move(made.speaker_encoder, root / more["speaker_encoder"])
    own = PRETRAINED / "gsv-v4-pretrained" if version.startswith("v4") else PRETRAINED
    if made.vocoder is not None:
        more["vocoder"] = own / (BIGVGAN if made.vocoder.is_dir() else made.vocoder.name)
        _move(made.vocoder, root / more["vocoder"])
    if made.base is not None:
        more["base"] = own / made.base.name
        _move(made.base, root / more["base"])
    assert not list((root / "made").iterdir())
    (root / "made").rmdir()
    rows = []
    for number, (name, (duration, text)) in enumerate(CLIPS.items()):
        write_speech(root / "output" / "slicer_opt" / name, duration, pitch=180 + 10 * number)
        rows.append(rf"D:\GPT-SoVITS\output\slicer_opt\{name}|xiaoyu|ZH|{text}")
    (root / "output" / "asr_opt").mkdir()
    (root / "output" / "asr_opt" / "xiaoyu.list").write_text("\n".join(rows), encoding="utf-8")
    told = {key: path.as_posix() for key, path in more.items()}
    return told if made.version is None else told | {"version": made.version}


def _move(made: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    made.rename(place)
