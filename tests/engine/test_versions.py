"""Every version speaks through the engine, at its own rate, and each line as it would alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gsvbatch.engine import Engine, Request, Result
from gsvbatch.gsv import mel_synthesizer
from gsvbatch.gsv.bundle import ModelBundle, load_bundle
from tests import naive, toy_versions
from tests.devices import working_on
from tests.engine.requests import request

RATES = {"v1": 32000, "v2": 32000, "v2Pro": 32000, "v2ProPlus": 32000, "v3": 24000, "v4": 48000}
N_REQUESTS = 8
PRECISION = 1e-4

BundleAndRequests = tuple[ModelBundle, list[Request]]


@pytest.fixture(scope="module", params=toy_versions.VERSIONS)
def speaking(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> BundleAndRequests:
    folder = tmp_path_factory.mktemp(request.param)
    bundle = load_bundle(toy_versions.save_version(folder, request.param))
    return bundle, requests_for(bundle)


def requests_for(bundle: ModelBundle) -> list[Request]:
    """Requests of several lengths, voices, speeds and steps, with all that the models need."""
    draw, made = np.random.default_rng(4), []
    n_symbols = bundle.synthesizer.config.n_phonemes
    for number in range(N_REQUESTS):
        plain = request(number, max_tokens=24, sample_steps=(2, 2, 2, 3)[number % 4])
        style = torch.from_numpy(draw.normal(size=bundle.synthesizer.config.style)).float()
        mel = torch.from_numpy(draw.uniform(-1, 1, (100, 20 + 5 * number))).float()
        voice = replace(
            plain.voice,
            style=style,
            reference_mel=mel if bundle.vocoder is not None else None,
            prompt_phoneme_ids=tuple(i % n_symbols for i in plain.voice.prompt_phoneme_ids),
        )
        ids = tuple(i % n_symbols for i in plain.phoneme_ids)
        made.append(replace(plain, voice=voice, phoneme_ids=ids))
    return made


def rendered(bundle: ModelBundle, requests: list[Request], **settings: int) -> dict[str, Result]:
    results = {result.request_id: result for result in Engine(bundle, **settings).run(requests)}
    for result in results.values():
        assert result.error is None
    return results


def test_lines_come_out_as_they_would_alone(speaking: BundleAndRequests) -> None:
    bundle, requests = speaking
    together = rendered(bundle, requests, n_slots=4, batch_tokens=400)
    audio_of = naive.audio_of if bundle.vocoder is None else naive.mel_audio_of
    for each in requests:
        tokens, waveform = together[each.id].tokens, together[each.id].waveform
        assert tokens is not None
        assert waveform is not None
        assert waveform.sample_rate == RATES[bundle.version] == bundle.sample_rate
        expected = audio_of(bundle, each, tokens.tokens).numpy()
        np.testing.assert_allclose(waveform.samples, expected, atol=PRECISION, err_msg=each.id)
        assert waveform.duration == pytest.approx(len(tokens.tokens) / 25 / each.speed, abs=0.05)
        assert waveform.samples.std() > 0


@pytest.fixture
def short_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows so short that toy lines need several, with prompts longer than what is left over."""
    for version, frames in list(mel_synthesizer.FRAMES.items()):
        short = replace(frames, longest_prompt=11, window=32)
        monkeypatch.setitem(mel_synthesizer.FRAMES, version, short)


@pytest.mark.usefixtures("short_windows")
@pytest.mark.parametrize("version", ["v3", "v4"])
def test_windows_of_a_line_continue_one_another(tmp_path: Path, version: str) -> None:
    bundle = load_bundle(toy_versions.save_version(tmp_path, version))
    requests = requests_for(bundle)
    together = rendered(bundle, requests, n_slots=4, batch_tokens=400)
    n_windows = []
    for each in requests:
        tokens, waveform = together[each.id].tokens, together[each.id].waveform
        assert tokens is not None
        assert waveform is not None
        n_windows.append(len(tokens.tokens) * 4 / each.speed / (32 - 11))
        expected = naive.mel_audio_of(bundle, each, tokens.tokens).numpy()
        np.testing.assert_allclose(waveform.samples, expected, atol=PRECISION, err_msg=each.id)
    assert max(n_windows) > 3


def test_requests_that_lack_what_a_version_needs_are_refused(speaking: BundleAndRequests) -> None:
    bundle, (whole, *_) = speaking
    free = replace(whole.voice, prompt_tokens=(), prompt_phoneme_ids=())
    (result,) = Engine(bundle).run([replace(whole, voice=free)])
    if bundle.vocoder is None:
        assert result.error is None
        return
    assert "no prompt" in str(result.error)
    (result,) = Engine(bundle).run([replace(whole, voice=replace(whole.voice, reference_mel=None))])
    assert "no mel of its reference" in str(result.error)
    (result,) = Engine(bundle).run([replace(whole, sample_steps=0)])
    assert "sample_steps is 0" in str(result.error)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_speaks(speaking: BundleAndRequests, dtype: torch.dtype) -> None:
    bundle, requests = speaking
    for result in Engine(load_bundle(bundle.source), dtype=dtype).run(requests[:2]):
        assert result.waveform is not None
        assert np.isfinite(result.waveform.samples).all()
        assert result.waveform.samples.std() > 0


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_says_what_the_cpu_says(speaking: BundleAndRequests) -> None:
    bundle, requests = speaking
    on_cpu = rendered(bundle, requests, n_slots=4, batch_tokens=400)
    on_cuda = load_bundle(bundle.source, device="cuda")
    with working_on("cpu"):
        results = rendered(on_cuda, requests, n_slots=4, batch_tokens=400)
    for name, result in results.items():
        expected = on_cpu[name]
        assert result.tokens == expected.tokens
        assert result.waveform is not None
        assert expected.waveform is not None
        np.testing.assert_allclose(result.waveform.samples, expected.waveform.samples, atol=1e-3)
