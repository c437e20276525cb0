"""The stages of training by name: which function and which recipe make each."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, assert_never

from filelock import FileLock, Timeout

from gsvbatch.errors import CheckpointError, ConfigError
from gsvbatch.gsv.bundle import load_content as load_encoder
from gsvbatch.gsv.code_names import CodeNames
from gsvbatch.gsv.mel_content import MelContentEncoder
from gsvbatch.gsv.native import NativeConfig, read_synthesizer_weights, read_weights
from gsvbatch.gsv.source import NATIVE_CONFIG_NAME, NATIVE_SUFFIX
from gsvbatch.gsv.synthesizer import CODEBOOK_KEY
from gsvbatch.training.codebook import KINDS, Codebook, build_codebook
from gsvbatch.training.content import ContentTrainer, load_content, train_content
from gsvbatch.training.corpus import Corpus
from gsvbatch.training.export import export
from gsvbatch.training.generator import train_generator
from gsvbatch.training.loop import Progress, Watch, Weights, read_state
from gsvbatch.training.prior import train_prior
from gsvbatch.training.realigning import Moved, realign
from gsvbatch.training.recipes import Recipes
from gsvbatch.training.t2s import train_t2s
from gsvbatch.units import Seconds


class Stage(StrEnum):
    """A network, or a half of one, that is trained in steps; its run's folder has its name."""

    CONTENT = "content"
    T2S = "t2s"
    PRIOR = "prior"
    GENERATOR = "generator"


@dataclass(frozen=True, slots=True)
class Trained:
    """What one call of a stage did."""

    stage: Stage
    step: int
    n_steps: int
    """Where the recipe ends."""

    n_new: int
    elapsed: Seconds
    folder: Path

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.step >= self.n_steps


def train_stage(
    stage: Stage,
    corpus: Corpus,
    runs: Path,
    recipes: Recipes,
    *,
    n_steps: int | None = None,
    budget: Seconds = float("inf"),
    seed: int = 0,
    watch: Watch | None = None,
    start: Path | None = None,
) -> Trained:
    """Train a stage, or go on training it, in ``runs/<stage>``.

    Args:
        stage: Which one.
        corpus: With tokens, for ``t2s`` and ``synthesizer``.
        runs: Folder of all runs of a model.
        recipes: How the stages are made.
        n_steps: In place of the recipe's; the learning rate falls over as many.
        budget: Seconds this call may take.
        seed: Of weights and of what is drawn.
        watch: Told of every step.
        start: Folder of models in native form that ``t2s``, ``prior`` and ``generator`` begin with; they
            must have the recipes' dimensions, and the corpus their codes.

    Raises:
        ConfigError: The corpus lacks tokens, the models to begin with are others, or another process
            trains the stage.
        CheckpointError: The run's saved state is damaged.
    """
    last = Progress(0, 0, 0.0)

    def remember(progress: Progress) -> bool:
        nonlocal last
        last = progress
        return watch is None or watch(progress)

    folder = runs / stage
    first = None if start is None else _weights_of(start, recipes, stage)
    end, train = _recipe(stage, corpus, folder, recipes, n_steps, first)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        # Two that write one state would undo one another's steps.
        with FileLock(folder / "run.lock", timeout=0):
            train(budget, seed, remember)
    except Timeout as error:
        raise ConfigError(
            f"{folder}: another process trains this stage; wait for it, or name another folder with --runs"
        ) from error
    step = int(read_state(folder)["step"])
    return Trained(stage, step, end, last.n_new, last.elapsed, folder)


def realign_corpus(corpus: Corpus, runs: Path, recipes: Recipes) -> Moved:
    """Move the corpus's labels to where the trained content encoder hears them.

    Raises:
        CheckpointError: The content encoder is not trained.
    """
    return realign(corpus, load_content(runs / Stage.CONTENT, recipes.content))


def build_tokens(
    corpus: Corpus, runs: Path, recipes: Recipes, seed: int = 0, start: Path | None = None
) -> float:
    """Make codebook and tokens with the trained content encoder; return the share of tokens heard as said.

    Args:
        corpus: Prepared.
        runs: Folder of all runs of a model.
        recipes: How the stages are made.
        seed: Of the codes' random part.
        start: Folder of models in native form whose codes are kept, with their content encoder; without it
            that of ``runs`` is used, and codes are made.

    Raises:
        CheckpointError: The content encoder is not trained, or the models do not tell what their codes mean.
        ConfigError: The models have other dimensions.
    """
    size = recipes.prior.config.codebook_size
    if start is None:
        model = load_content(runs / Stage.CONTENT, recipes.content)
        return build_codebook(corpus, model, size, recipes.codebook.distinct, seed)
    weights = _weights_of(start, recipes, Stage.PRIOR)
    config = recipes.t2s.config
    path = start / f"t2s{NATIVE_SUFFIX}"
    names = CodeNames.of(path, config.n_phonemes, config.eos)
    if names is None or any(len(codes) != KINDS for codes in names.by_phoneme.values()):
        raise CheckpointError(path, "does not tell what its codes are named after; train anew")
    encoder = load_encoder(start / f"content{NATIVE_SUFFIX}")
    if not isinstance(encoder, MelContentEncoder):
        raise ConfigError(f"{start}: its content encoder is not of the kind that is trained here")
    model = ContentTrainer(recipes.content, n_labels=1)
    model.encoder = encoder
    model.ssl_proj.load_state_dict(
        {name: weights[f"ssl_proj.{name}"] for name in ("weight", "bias")}
    )
    model.eval()
    codes = Codebook(names, weights[CODEBOOK_KEY])
    return build_codebook(corpus, model, size, start=codes)


def export_models(
    corpus: Corpus, runs: Path, recipes: Recipes, folder: Path, version: str
) -> list[Path]:
    """Write the trained networks in native form; returns the files.

    Raises:
        CheckpointError: A stage is not trained.
    """
    export(
        corpus, runs, folder, version=version,
        content=recipes.content, t2s=recipes.t2s, generator=recipes.generator,
    )  # fmt: skip
    return sorted(path for path in folder.iterdir() if path.suffix in {".json", ".safetensors"})


def _weights_of(folder: Path, recipes: Recipes, stage: Stage) -> Weights:
    """The weights in fp32 that a stage can begin with, of the recipes' dimensions."""
    config = NativeConfig.read(folder / NATIVE_CONFIG_NAME)
    name = "t2s" if stage is Stage.T2S else "synthesizer"
    found: Any = config.t2s if stage is Stage.T2S else config.synthesizer
    wanted: Any = recipes.t2s.config if stage is Stage.T2S else recipes.prior.config
    unlike = [
        f"{item.name} is {getattr(found, item.name)}, not {getattr(wanted, item.name)}"
        for item in fields(wanted)
        if getattr(found, item.name) != getattr(wanted, item.name)
    ]
    if unlike:
        raise ConfigError(f"{folder}: a {name} of other dimensions: {'; '.join(unlike)}")
    path = folder / f"{name}{NATIVE_SUFFIX}"
    weights = (
        read_weights(path)
        if stage is Stage.T2S
        else read_synthesizer_weights(path, config.synthesizer)
    )
    return {key: x.float() if x.is_floating_point() else x for key, x in weights.items()}


def _recipe(
    stage: Stage,
    corpus: Corpus,
    folder: Path,
    recipes: Recipes,
    n_steps: int | None,
    start: Weights | None,
) -> tuple[int, Callable[[Seconds, int, Watch], object]]:
    """The stage's last step, and how to train it."""
    match stage:
        case Stage.CONTENT:
            content = replace(recipes.content, n_steps=n_steps or recipes.content.n_steps)
            return content.n_steps, lambda b, s, w: train_content(corpus, folder, content, b, s, w)
        case Stage.T2S:
            t2s = replace(recipes.t2s, n_steps=n_steps or recipes.t2s.n_steps)
            return t2s.n_steps, lambda b, s, w: train_t2s(corpus, folder, t2s, b, s, w, start)
        case Stage.PRIOR:
            prior = replace(recipes.prior, n_steps=n_steps or recipes.prior.n_steps)
            return prior.n_steps, lambda b, s, w: train_prior(corpus, folder, prior, b, s, w, start)
        case Stage.GENERATOR:
            made = replace(recipes.generator, n_steps=n_steps or recipes.generator.n_steps)

            def find_prior() -> Weights:
                weights: Weights = read_state(folder.parent / Stage.PRIOR)["model"]
                return weights

            return made.n_steps, lambda b, s, w: train_generator(
                corpus, folder, made, b, s, w, start, find_prior
            )
        case _:
            assert_never(stage)
