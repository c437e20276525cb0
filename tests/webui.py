"""A folder as the GPT-SoVITS WebUI leaves it after training a voice, with small random networks.

The checkpoints have every tensor of their version and stand in its own container; only the widths are
small. A version is one entry of `VERSIONS`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gsvbatch.gsv.synthesizer import SynthesizerConfig
from gsvbatch.gsv.t2s import T2SConfig
from tests import toy
from tests.clips import write_speech


@dataclass(frozen=True)
class Version:
    """How a version's files are made."""

    suffix: str
    """What follows ``GPT_weights`` in the names of its folders."""

    t2s: T2SConfig = toy.T2S
    synthesizer: SynthesizerConfig = toy.SYNTHESIZER
    header: str | None = None
    """What the WebUI writes over the first two bytes of its ``.pth``."""


VERSIONS: Mapping[str, Version] = {
    "v1": Version(
        "",
        replace(toy.T2S, n_phonemes=512),
        replace(toy.SYNTHESIZER, n_phonemes=322, style_bins=1025),
    ),
    "v2": Version("_v2"),
}

CLIPS = {
    "xiaoyu.wav_0000000000_0000192000.wav": (6.0, "今天天气真好，我们一起去公园散步吧。"),
    "xiaoyu.wav_0000192000_0000352000.wav": (5.0, "雨停了以后，街上又热闹了起来。"),
    "xiaoyu.wav_0000352000_0000576000.wav": (7.0, "他每天早上六点起床，然后去河边跑步。"),
    "xiaoyu.wav_0000576000_0000736000.wav": (5.0, "太好了，我们终于到家了！"),
    "xiaoyu.wav_0000736000_0000768000.wav": (1.0, "好的。"),
}


def make_webui(root: Path, version: str) -> None:
    """Write the folder."""
    made = VERSIONS[version]
    ckpt = root / f"GPT_weights{made.suffix}" / "xiaoyu-e15.ckpt"
    pth = root / f"SoVITS_weights{made.suffix}" / "xiaoyu_e8_s200.pth"
    for path in (ckpt, pth):
        path.parent.mkdir(parents=True)
    toy.save_ckpt(ckpt, toy.toy_t2s(config=made.t2s))
    toy.save_pth(pth, toy.toy_synthesizer(config=made.synthesizer), header=made.header)
    pretrained = root / "GPT_SoVITS" / "pretrained_models"
    toy.save_hubert(pretrained / "chinese-hubert-base", toy.toy_hubert())
    rows = []
    for number, (name, (duration, text)) in enumerate(CLIPS.items()):
        write_speech(root / "output" / "slicer_opt" / name, duration, pitch=180 + 10 * number)
        rows.append(rf"D:\GPT-SoVITS\output\slicer_opt\{name}|xiaoyu|ZH|{text}")
    (root / "output" / "asr_opt").mkdir()
    (root / "output" / "asr_opt" / "xiaoyu.list").write_text("\n".join(rows), encoding="utf-8")
