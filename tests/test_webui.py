"""From a WebUI's folder to speech with every version, in its own container: all by name, nothing by path."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gsvbatch.audio import read_audio
from gsvbatch.cli.main import main
from tests import toy
from tests.test_every_version import ENROLL, RATES, SCRIPT, SETTINGS
from tests.toy_versions import VERSIONS, save_version
from tests.voice.test_enrolling import clip, speech

Run = Callable[..., tuple[int, str, str]]

pytestmark = pytest.mark.slow

VOCODERS = {
    "v3": "models--nvidia--bigvgan_v2_24khz_100band_256x",
    "v4": "gsv-v4-pretrained/vocoder.pth",
}
BASES = {"v3": "s2Gv3.pth", "v4": "gsv-v4-pretrained/s2Gv4.pth"}
SPEAKER_ENCODER = "sv/pretrained_eres2netv2w24s4ep4.ckpt"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def _run(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(word) for word in words])
        return int(code), *capsys.readouterr()

    return _run


def make_webui(root: Path, version: str) -> Path:
    """An installation with one fine-tune called ``rain``, and what its version needs."""
    source = save_version(root / "made", version)
    label = version.removesuffix("-lora")
    suffix = "" if label == "v1" else f"_{label}"
    pretrained = root / "GPT_SoVITS" / "pretrained_models"
    toy.save_hubert(pretrained / "chinese-hubert-base", toy.toy_hubert())
    lora = "_l4" if source.base else ""
    places = {
        source.t2s: root / f"GPT_weights{suffix}" / "rain-e15.ckpt",
        source.synthesizer: root / f"SoVITS_weights{suffix}" / f"rain_e8_s200{lora}.pth",
        source.speaker_encoder: pretrained / SPEAKER_ENCODER,
        source.vocoder: pretrained / VOCODERS.get(label, ""),
        source.base: pretrained / BASES.get(label, ""),
    }
    for path, place in places.items():
        if path is not None:
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, place)
    return root


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_is_taken_over_by_name(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    webui, book = make_webui(tmp_path / "GPT-SoVITS", version), tmp_path / "book"
    label = version.removesuffix("-lora")
    code, out, err = run("models", "add", webui)
    assert code == 0, err
    assert "rain_e8_s200" in out
    code, out, err = run("models", "verify", "--json")
    assert code == 0, err
    what = {(row["name"], row["role"]): row["what"] for row in json.loads(out)}
    assert f"SoVITS {label}, {RATES.get(label, 32000)} Hz" in next(
        text for (name, role), text in what.items() if role == "synthesizer" and "rain" in name
    )
    book.mkdir()
    monkeypatch.chdir(book)
    clip(book / "anna.wav", speech(4.0))
    (book / "script.csv").write_text(SCRIPT, encoding="utf-8")
    (book / "gsvbatch.yaml").write_text(f"{SETTINGS}models: rain\n", encoding="utf-8")
    code, _, err = run(*ENROLL)
    assert code == 0, err
    code, out, err = run("render")
    assert "2 lines: 2 rendered" in out, err
    rate = read_audio(book / "outputs" / "lines" / "a1.wav").sample_rate
    assert rate == RATES.get(label, 32000)

    own = ("--t2s", "rain", "--synthesizer", "rain", "--replace")
    assert run(*ENROLL, *own)[0] == 0
    written = (book / "voices" / "anna" / "voice.yaml").read_text(encoding="utf-8")
    assert str(webui) not in written  # names alone, so that the voice can move
    assert run("voice", "check", "anna")[0] == 0
