"""Features of the reference against summaries of upstream's own."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gsvbatch.data import Waveform
from gsvbatch.gsv.fbank import fbank
from gsvbatch.gsv.reference_mel import MelSettings, denormalized, log_mel, normalized
from gsvbatch.gsv.speaker_encoder import SpeakerEncoder
from gsvbatch.gsv.spectrogram import reference_spectrogram, sinc_resample, spectrogram
from gsvbatch.gsv.synthesizer import SynthesizerConfig
from tests.devices import DEVICES, working_on
from tests.golden_weights import assert_matches, golden_weights

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "golden_audio.json").read_text(encoding="utf-8")
)


def golden_wave(sample_rate: int, n_samples: int) -> torch.Tensor:
    """The fixtures' signal: two tones and a sweep, (1, n_samples)."""
    t, duration = np.arange(n_samples) / sample_rate, n_samples / sample_rate
    wave = (
        0.4 * np.sin(2 * np.pi * 220 * t)
        + 0.2 * np.sin(2 * np.pi * 1733 * t + 0.3)
        + 0.1 * np.sin(2 * np.pi * (300 + 2500 * t / duration) * t)
    )
    return torch.from_numpy(wave.astype(np.float32))[None]


def test_spectrogram_equals_upstreams() -> None:
    magnitudes = spectrogram(golden_wave(32000, 32000), n_fft=2048, hop=640)
    assert list(magnitudes.shape) == GOLDEN["spec_32k_1s"]["shape"]
    assert_matches(magnitudes, GOLDEN["spec_32k_1s"])


@pytest.mark.parametrize(
    ("rate", "new_rate"), [(44100, 32000), (32000, 16000), (48000, 24000), (16000, 32000)]
)
def test_resampling_equals_torchaudios(rate: int, new_rate: int) -> None:
    golden = GOLDEN[f"torchaudio_resample_{rate}_{new_rate}"]
    n_samples = round(golden["shape"][1] * rate / new_rate)
    resampled = sinc_resample(golden_wave(rate, n_samples), rate, new_rate)
    assert list(resampled.shape) == golden["shape"]
    assert_matches(resampled, golden)


def test_reference_over_full_scale_is_brought_back_by_at_most_two() -> None:
    config = SynthesizerConfig()
    quiet = golden_wave(32000, 32000)[0].numpy()

    def magnitudes(gain: float) -> torch.Tensor:
        peaked = quiet / np.abs(quiet).max() * gain
        return reference_spectrogram(Waveform(peaked.astype(np.float32), 32000), config)

    torch.testing.assert_close(magnitudes(1.5), magnitudes(1.0), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(magnitudes(4.0), 2 * magnitudes(1.0), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("mel_v3_24k_1s", MelSettings(24000, 1024, 256)),
        ("mel_v4_32k_1s", MelSettings(32000, 1280, 320)),
    ],
)
def test_mels_equal_upstreams(name: str, settings: MelSettings) -> None:
    mel = log_mel(golden_wave(settings.sample_rate, settings.sample_rate), settings)
    assert list(mel.shape) == GOLDEN[name]["shape"]
    assert_matches(mel, GOLDEN[name])
    assert float(normalized(torch.tensor(-12.0))) == -1
    torch.testing.assert_close(denormalized(normalized(mel)), mel, rtol=0, atol=1e-5)


def test_fbank_equals_kaldis() -> None:
    features = fbank(golden_wave(16000, 16000))[0]
    assert list(features.shape) == GOLDEN["fbank_16k_1s"]["shape"]
    assert_matches(features, GOLDEN["fbank_16k_1s"])
    with pytest.raises(ValueError, match="399 samples"):
        fbank(torch.zeros(1, 399))


@pytest.mark.slow
@pytest.mark.parametrize("device", DEVICES)
@torch.inference_mode()
def test_speaker_embedding_equals_upstreams(device: str) -> None:
    encoder = SpeakerEncoder().eval()
    shapes = {key: tuple(value.shape) for key, value in encoder.state_dict().items()}
    encoder.load_state_dict(golden_weights(shapes), strict=False)
    with working_on(device):
        embedding = encoder.to(device)(fbank(golden_wave(16000, 16000)).to(device))
    assert embedding.shape == (1, encoder.width) == (1, 20480)
    assert_matches(embedding, GOLDEN["eres2netv2_forward3_on_fbank"])
