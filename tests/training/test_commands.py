"""The train commands, from a corpus to models, as they are typed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gsvbatch.cli.main import main
from gsvbatch.gsv.bundle import load_bundle, native_source
from tests.training.corpora import tone_corpus

RECIPE = """
content: {width: 16, n_convs: 2, n_mels: 16, crop: 0.4, batch: 2}
codebook: {distinct: 0.5}
t2s_model: {n_layers: 2, width: 32, n_heads: 2, feed_forward: 64, vocabulary: 17}
t2s: {batch: 2, solo_steps: 1}
synthesizer_model: {ssl_width: 16, codebook_size: 16, latent: 18, hidden: 16, feed_forward: 32,
  n_layers: 1, style: 16, style_hidden: 16, initial_channels: 32}
prior: {batch: 2, reference_frames: 20}
generator: {batch: 2, slice_frames: 20, reference_frames: 20, plain_steps: 1}
"""


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    monkeypatch.chdir(tmp_path)

    def _run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["train", *words])
        return (int(code), *capsys.readouterr())

    return _run


@pytest.mark.slow
def test_from_corpus_to_models(run: Callable[..., Any], tmp_path: Path) -> None:
    tone_corpus(tmp_path / "corpus")
    (tmp_path / "toy.yaml").write_text(RECIPE, encoding="utf-8")
    with_recipe = ("--recipe", "toy.yaml")

    code, out, err = run("content", "--steps", "2", *with_recipe, "--json")
    assert code == 0, err
    assert json.loads(out)["step"] == 2
    assert run("codebook", *with_recipe)[0] == 0
    for stage in ("t2s", "prior", "generator"):
        code, out, err = run(stage, "--steps", "2", *with_recipe)
        assert code == 0, err
        assert f"{stage}: step 2 of 2" in out

    code, out, err = run("export", "-o", "models", "--version", "toy", *with_recipe)
    assert code == 0, err
    assert "t2s.safetensors" in out
    assert load_bundle(native_source(tmp_path / "models")).version == "toy"

    code, out, err = run("curve", "-o", "c.html")
    assert code == 0, err
    assert "<svg" in (tmp_path / "c.html").read_text(encoding="utf-8")


def test_used_up_budget_says_how_to_go_on(run: Callable[..., Any], tmp_path: Path) -> None:
    tone_corpus(tmp_path / "corpus", n_lines=2)
    (tmp_path / "toy.yaml").write_text(RECIPE, encoding="utf-8")
    code, out, err = run("content", "--budget", "0", "--recipe", "toy.yaml")
    assert code == 0, err
    assert "step 0 of 5000" in out
    assert "the same command goes on" in err


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["content"], "gsvbatch train prepare makes a corpus"),
        (["prepare", "nowhere"], "gsvbatch train speak writes one"),
        (["export", "-o", "m"], "gsvbatch train prepare makes a corpus"),
        (["curve"], "train something first"),
        (["content", "--recipe", "none.yaml"], "none.yaml: no such file"),
        (["content", "--steps", "0"], "--steps"),
    ],
)
def test_wrong_input_is_one_line(run: Callable[..., Any], words: list[str], problem: str) -> None:
    code, out, err = run(*words)
    assert code == 2
    assert out == ""
    errors = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert problem in errors[0]


FEW = (
    RECIPE.replace("crop: 0.4", "n_steps: 2, crop: 0.4")
    .replace("t2s: {batch: 2", "t2s: {n_steps: 2, batch: 2")
    .replace("prior: {batch: 2", "prior: {n_steps: 2, batch: 2")
    .replace("generator: {batch: 2", "generator: {n_steps: 2, batch: 2")
)


@pytest.mark.slow
def test_one_command_does_all_stages_and_goes_on(run: Callable[..., Any], tmp_path: Path) -> None:
    tone_corpus(tmp_path / "corpus")
    (tmp_path / "toy.yaml").write_text(FEW, encoding="utf-8")
    words = ("all", "spoken", "-o", "models", "--version", "toy", "--recipe", "toy.yaml")

    code, out, err = run(*words, "--budget", "0")
    assert code == 0, err
    assert out == "content: step 0 of 2\n"
    assert "the same command goes on" in err
    assert not (tmp_path / "models").exists()

    code, out, err = run(*words)
    assert code == 0, err
    steps = [line.partition(":")[0] for line in out.splitlines()]
    assert steps == ["content", "align", "codebook", "t2s", "prior", "generator", "export"]
    assert load_bundle(native_source(tmp_path / "models")).version == "toy"

    code, out, err = run("prior", "--start-from", "models", "--recipe", "toy.yaml", "--runs", "r2")
    assert code == 0, err
    assert "prior: step 2 of 2" in out
    (tmp_path / "wide.yaml").write_text(FEW.replace("hidden: 16", "hidden: 32"), encoding="utf-8")
    code, out, err = run("prior", "--start-from", "models", "--recipe", "wide.yaml")
    assert code == 2
    assert "hidden is 16, not 32" in err
