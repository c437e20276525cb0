"""Every recipe end to end at toy scale, and what being broken off does to it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock
from safetensors.torch import load_file, save_file

from gsvbatch.errors import CheckpointError, ConfigError
from gsvbatch.gsv.bundle import load_bundle, native_source
from gsvbatch.gsv.code_names import CodeNames
from gsvbatch.gsv.native import recommended_sampling
from gsvbatch.training.codebook import CODE_NAMES, KINDS, assign, choose_codes, codes_of
from gsvbatch.training.corpus import Corpus
from gsvbatch.training.curves import page, read_curves
from gsvbatch.training.export import SAMPLING
from gsvbatch.training.loop import Progress, read_state
from gsvbatch.training.recipes import Recipes, read_recipes
from gsvbatch.training.stages import Stage, build_tokens, export_models, train_stage
from tests.training.corpora import N_CODES, RECIPES, SYNTHESIZER, tone_corpus


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Corpus, Path]:
    """A corpus and the runs of all stages, three steps each."""
    folder = tmp_path_factory.mktemp("train")
    corpus = tone_corpus(folder / "corpus")
    runs = folder / "runs"
    train_stage(Stage.CONTENT, corpus, runs, RECIPES)
    build_tokens(corpus, runs, RECIPES)
    for stage in (Stage.T2S, Stage.PRIOR, Stage.GENERATOR):
        train_stage(stage, corpus, runs, RECIPES)
    return corpus, runs


@pytest.mark.slow
def test_tokens_cover_speech_and_the_silence_after_it(trained: tuple[Corpus, Path]) -> None:
    corpus, _ = trained
    for entry, tokens in zip(corpus.entries, corpus.tokens, strict=True):
        assert len(tokens) == pytest.approx((entry.n_samples / 24000 + 0.6) * 25, abs=1)
        assert 0 <= tokens.min() <= tokens.max() < N_CODES


@pytest.mark.slow
@pytest.mark.parametrize("stage", Stage)
def test_run_broken_off_and_resumed_ends_with_the_same_weights(
    trained: tuple[Corpus, Path], tmp_path: Path, stage: Stage
) -> None:
    corpus, runs = trained
    steps: list[int] = []

    def stop_after_two(progress: Progress) -> bool:
        steps.append(progress.step)
        return progress.step < 2

    if stage is Stage.GENERATOR:
        train_stage(Stage.PRIOR, corpus, tmp_path, RECIPES)
    first = train_stage(stage, corpus, tmp_path, RECIPES, watch=stop_after_two)
    assert (first.step, first.n_new, first.is_finished) == (2, 2, False)
    second = train_stage(stage, corpus, tmp_path, RECIPES)
    assert (second.step, second.n_new, second.is_finished) == (3, 1, True)
    whole, broken = (read_state(folder / stage)["model"] for folder in (runs, tmp_path))
    assert whole.keys() == broken.keys()
    for key, value in whole.items():
        torch.testing.assert_close(broken[key], value, rtol=0, atol=0)


@pytest.mark.slow
def test_finished_run_is_left_alone(trained: tuple[Corpus, Path]) -> None:
    corpus, runs = trained
    again = train_stage(Stage.CONTENT, corpus, runs, RECIPES)
    assert (again.step, again.n_new) == (3, 0)


@pytest.mark.slow
def test_used_up_budget_saves_and_ends(trained: tuple[Corpus, Path], tmp_path: Path) -> None:
    corpus, _ = trained
    none = train_stage(Stage.T2S, corpus, tmp_path, RECIPES, budget=0)
    assert (none.step, none.is_finished) == (0, False)


@pytest.mark.slow
def test_exported_models_are_loaded_and_speak(trained: tuple[Corpus, Path], tmp_path: Path) -> None:
    corpus, runs = trained
    files = export_models(corpus, runs, RECIPES, tmp_path, "toy")
    assert {path.name for path in files} == {
        "config.json", "content.safetensors", "synthesizer.safetensors", "t2s.safetensors",
    }  # fmt: skip
    bundle = load_bundle(native_source(tmp_path))
    assert bundle.version == "toy"
    assert recommended_sampling(bundle.source) == SAMPLING
    assert bundle.content is not None
    assert bundle.t2s.config.eos == bundle.synthesizer.config.codebook_size == N_CODES
    codebook = torch.from_numpy(np.load(corpus.folder / "codebook.npy"))
    torch.testing.assert_close(bundle.synthesizer.quantizer.table, codebook, rtol=1e-3, atol=1e-3)
    heard = bundle.content(torch.zeros(1, 16000))
    tokens = bundle.synthesizer.tokenize(heard)
    assert tokens.shape[1] == 25
    with torch.inference_mode():
        latent = torch.zeros(1, SYNTHESIZER.latent, 10)
        audio = bundle.synthesizer.decode_latent(latent, None, torch.zeros(1, SYNTHESIZER.style, 1))
    assert audio.shape[-1] == 10 * 480
    assert torch.isfinite(audio).all()


def test_two_do_not_train_one_stage(tmp_path: Path) -> None:
    corpus = tone_corpus(tmp_path / "corpus")
    (tmp_path / Stage.CONTENT).mkdir()
    with (
        FileLock(tmp_path / Stage.CONTENT / "run.lock"),
        pytest.raises(ConfigError, match="another process trains this stage"),
    ):
        train_stage(Stage.CONTENT, corpus, tmp_path, RECIPES)


@pytest.mark.slow
def test_another_corpus_goes_on_from_exported_models(
    trained: tuple[Corpus, Path], tmp_path: Path
) -> None:
    corpus, runs = trained
    export_models(corpus, runs, RECIPES, tmp_path / "models", "toy")
    other = tone_corpus(tmp_path / "corpus")
    build_tokens(other, tmp_path, RECIPES, start=tmp_path / "models")
    for again, tokens in zip(other.tokens, corpus.tokens, strict=True):
        np.testing.assert_array_equal(again, tokens)
    names = CodeNames.read(corpus.folder / CODE_NAMES)
    assert names is not None
    assert CodeNames.read(other.folder / CODE_NAMES) == names
    assert load_bundle(native_source(tmp_path / "models")).code_names == names

    train_stage(Stage.T2S, other, tmp_path, RECIPES, budget=0, start=tmp_path / "models")
    first = load_file(tmp_path / "models" / "t2s.safetensors")
    for key, weight in read_state(tmp_path / Stage.T2S)["model"].items():
        torch.testing.assert_close(weight, first[key].float(), rtol=0, atol=0)


@pytest.mark.slow
def test_codes_without_names_cannot_be_gone_on_with(
    trained: tuple[Corpus, Path], tmp_path: Path
) -> None:
    corpus, runs = trained
    export_models(corpus, runs, RECIPES, tmp_path, "toy")
    path = tmp_path / "t2s.safetensors"
    save_file(load_file(path), path.with_suffix(".plain"))
    path.with_suffix(".plain").replace(path)
    with pytest.raises(CheckpointError, match="does not tell what its codes"):
        build_tokens(corpus, runs, RECIPES, start=tmp_path)


def test_export_says_which_stage_is_missing(tmp_path: Path) -> None:
    corpus = tone_corpus(tmp_path / "corpus", n_lines=2)
    with pytest.raises(CheckpointError, match="train this stage first"):
        export_models(corpus, tmp_path, RECIPES, tmp_path / "out", "toy")


def test_damaged_state_is_named(tmp_path: Path) -> None:
    (tmp_path / "state.pt").write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(CheckpointError, match="is damaged"):
        read_state(tmp_path)


def test_t2s_needs_tokens(tmp_path: Path) -> None:
    corpus = tone_corpus(tmp_path / "corpus", n_lines=2)
    with pytest.raises(ConfigError, match="gsvbatch train codebook"):
        train_stage(Stage.T2S, corpus, tmp_path, RECIPES)


def test_folder_without_a_corpus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="gsvbatch train prepare"):
        Corpus(tmp_path)


def test_frequent_sounds_have_codes_and_rare_ones_share_their_phonemes() -> None:
    counts = np.zeros(3 * KINDS, int)
    counts[0], counts[1], counts[KINDS + 4], counts[KINDS + 2] = 50, 40, 30, 1
    names = choose_codes(counts, 3)
    assert sorted(names.by_phoneme) == [0, 1]
    codes = codes_of(names, np.arange(3 * KINDS))
    assert codes[[0, 1, KINDS + 4]].tolist() == [0, 1, 2]
    assert codes[2] == codes[1]
    assert codes[KINDS + 2] == codes[KINDS + 6] == 2
    assert set(codes[2 * KINDS :].tolist()) == {0}


def test_points_go_to_the_nearest_code() -> None:
    points = torch.tensor([[0.1, 0.0], [8.0, 0.5], [0.0, 7.0]])
    assert assign(points, torch.tensor([[0.0, 9.0], [0.0, 0.0], [9.0, 0.0]])).tolist() == [1, 2, 0]


def test_recipe_file_changes_what_it_names(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text("t2s_model: {n_layers: 5}\nprior: {batch: 4, learning_rate: 1}\n", "utf-8")
    recipes = read_recipes(path)
    assert recipes.t2s.config.n_layers == 5
    assert recipes.prior.batch == 4
    assert recipes.content == Recipes().content


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("content: {depth: 3}", "content.depth: no such field"),
        ("vocoder: {}", "vocoder: no such section"),
        ("prior: {batch: many}", "prior.batch"),
        ("synthesizer_model: {codebook_size: 100}", "t2s.vocabulary"),
        ("content: {width: 64}", "content.width is 64"),
        ("- a", "expected sections"),
        ("a: [", "not valid YAML"),
    ],
)
def test_wrong_recipe_is_named(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_recipes(path)
    assert problem in str(caught.value)


def test_curves_become_one_page(tmp_path: Path) -> None:
    for run, rows in {"a": '{"step": 50, "seconds": 1, "loss": 2}\n', "b<": ""}.items():
        (tmp_path / run).mkdir()
        rows += '{"step": 100, "seconds": 2, "loss": 1, "x": NaN}\n'
        (tmp_path / run / "curve.jsonl").write_text(rows, encoding="utf-8")
    curves = read_curves(tmp_path)
    assert [(curve.run, curve.measure, len(curve.points)) for curve in curves] == [
        ("a", "loss", 2), ("b<", "loss", 1),
    ]  # fmt: skip
    drawn = page(curves)
    assert drawn.count("<svg") == 2
    assert "loss: 1 after 100 steps" in drawn
    assert "b<" not in drawn.replace("b&lt;", "")
    assert "http" not in drawn


def test_folder_without_curves_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="train something first"):
        read_curves(tmp_path)
