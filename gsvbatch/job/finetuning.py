"""A pair of checkpoints is adapted to a minute of somebody's speech, and written as it was read."""

import hashlib
import json
import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from gsvbatch.errors import ConfigError
from gsvbatch.gsv.source import NATIVE_CONFIG_NAME, NATIVE_SUFFIX, ModelSource, embedded_source
from gsvbatch.job.enrolling import Studio
from gsvbatch.job.mandarin import MandarinModels
from gsvbatch.script import safe_id_problem
from gsvbatch.units import Seconds

if TYPE_CHECKING:
    from gsvbatch.gsv.bundle import ModelBundle
    from gsvbatch.training.clips import Clip, Prompt
    from gsvbatch.training.loop import Watch
    from gsvbatch.training.recordings import Recordings, Transcribed
    from gsvbatch.training.tuning import Tuned
    from gsvbatch.training.tuning_recipes import TuningRecipes
    from gsvbatch.voice.clip_list import ListedClip

T2S_SHARE = 0.3
"""Of a budget, that text-to-semantic may take where both stages are tuned."""

HELD_EVERY = 10
"""Of as many clips one is held out, and one at least."""


class TuneStage(StrEnum):
    """Half of a pair; its run's folder has its name."""

    T2S = "t2s"
    SYNTHESIZER = "synthesizer"


@dataclass(frozen=True, slots=True)
class FineTuning:
    """What is asked for."""

    path: Path
    """A ``.list`` file, or a folder of recordings with transcripts."""

    folder: Path
    """To write the tuned files to."""

    runs: Path
    """Of all runs; this one's state is kept below it, under its name."""

    name: str = ""
    """Of the result, which its files begin with; the speaker's if empty."""

    audio: tuple[Path, ...] = ()
    """Folders to look for the recordings of a list in."""

    speaker: str = ""
    language: str | None = None
    source: ModelSource | None = None
    """The pair to adapt, with all that it needs beside it; None for the embedded one."""

    mandarin: MandarinModels | None = None
    stages: tuple[TuneStage, ...] = ()
    """What to tune; none takes what pays with these models, see `chosen_stages`."""

    n_steps: int | None = None
    """Of each stage; None leaves it to the recipe."""

    budget: Seconds = float("inf")
    """That this call may take."""

    device: str = "auto"
    seed: int = 0
    recipe: Path | None = None


@dataclass(frozen=True, slots=True)
class FineTuned:
    """What was made."""

    name: str
    n_clips: int
    """Learnt from."""

    n_held: int
    """Looked at, and not learnt from."""

    duration: Seconds
    """Of all of them."""

    problems: tuple[str, ...]
    """What was left out, and why."""

    stages: "dict[TuneStage, Tuned]"
    way: str
    """What of the synthesizer learnt; empty where it was not tuned."""

    is_finished: bool
    """Whether no step is left to do."""

    files: tuple[Path, ...]
    """None where it was stopped before its budget was over."""

    source: ModelSource
    """The pair to go on with: the tuned files, and the old ones where a stage was not tuned."""

    reference: "ListedClip | None"
    """The clip that would make the best reference, if one would do."""


def finetune(
    wanted: FineTuning,
    *,
    tell: Callable[[str], None] = lambda _: None,
    prepared: Callable[[int, int], None] = lambda _done, _total: None,
    watch_of: "Callable[[TuneStage, int], Watch | None]" = lambda _stage, _n: None,
    stop: Callable[[], bool] = lambda: False,
) -> FineTuned:
    """Adapt a pair of checkpoints to recordings, or go on with it.

    Args:
        wanted: What is asked for.
        tell: Told what is begun.
        prepared: Told how many clips are prepared, and of how many.
        watch_of: Asked, when a stage with so many steps begins, who is to be told of them.
        stop: Whether whoever watches has had enough; a later stage is then not begun.

    Raises:
        UserError: The recordings will not do, or a setting is wrong.
        CheckpointError: The models cannot be loaded or tuned.
        StorageError: The files cannot be written.
    """
    from gsvbatch.training.recordings import prepare_recordings, read_transcribed

    transcribed = read_transcribed(
        wanted.path, audio=wanted.audio, speaker=wanted.speaker, language=wanted.language
    )
    name = wanted.name or transcribed.speaker
    problem = safe_id_problem(name)
    if problem is not None:
        raise ConfigError(f"{name} cannot begin the name of a file: {problem}; give --name")
    studio = Studio(wanted.source or embedded_source(), wanted.mandarin)
    for path in (studio.source.t2s, studio.source.synthesizer):
        if path.suffix == NATIVE_SUFFIX and path.parent.resolve() == wanted.folder.resolve():
            raise ConfigError(f"--output {wanted.folder}: holds the models to tune; name another")
    tell(f"loading {studio.source.t2s.name} and {studio.source.synthesizer.name}")
    bundle = studio.bundle
    recipes = _recipes(wanted, bundle)
    chosen, why = chosen_stages(wanted.stages, bundle)
    if why:
        tell(why)
    recordings = prepare_recordings(
        transcribed, bundle, studio.frontend, studio.prosody, report=prepared
    )
    shelf = _Shelf(recordings)
    identity = _identity(bundle, shelf, recipes, wanted)
    stages: dict[TuneStage, Tuned] = {}
    way, epochs = "", dict.fromkeys(TuneStage, 0)
    left = wanted.budget
    for stage in chosen:
        if stop():
            break
        is_first_of_two = stage is TuneStage.T2S and len(chosen) > 1
        n_steps = getattr(recipes, stage).n_steps
        tell(f"{stage}: {n_steps} steps on {len(shelf.clips)} clips, {len(shelf.held)} held out")
        tuned, way_now = _tune(
            stage, wanted, bundle, shelf, recipes, identity,
            left * T2S_SHARE if is_first_of_two else left, watch_of(stage, n_steps),
        )  # fmt: skip
        stages[stage], way = tuned, way_now or way
        n_drawn = min(getattr(recipes, stage).batch, len(shelf.clips))
        epochs[stage] = math.ceil(tuned.best_step * n_drawn / len(shelf.clips))
        left -= tuned.elapsed
    is_finished = len(stages) == len(chosen) and all(tuned.is_finished for tuned in stages.values())
    files: tuple[Path, ...] = ()
    source = bundle.source
    if not stop():
        source, files = _write(wanted, name, bundle, stages, epochs)
    return FineTuned(
        name=name,
        n_clips=len(shelf.clips),
        n_held=len(shelf.held),
        duration=recordings.duration,
        problems=recordings.problems,
        stages=stages,
        way=way,
        is_finished=is_finished,
        files=files,
        source=source,
        reference=_reference(transcribed, shelf),
    )


class _Shelf:
    """Recordings, some of them held out."""

    def __init__(self, recordings: "Recordings") -> None:
        n = len(recordings.clips)
        held = set(range(n - 1, -1, -HELD_EVERY)) if n > 2 else {n - 1}
        self.clips: list[Clip] = [c for i, c in enumerate(recordings.clips) if i not in held]
        self.held: list[Clip] = [c for i, c in enumerate(recordings.clips) if i in held]
        self.prompts: list[Prompt] = [
            prompt for i, prompt in enumerate(recordings.prompts) if i not in held
        ]


def _recipes(wanted: FineTuning, bundle: "ModelBundle") -> "TuningRecipes":
    from gsvbatch.training.tuning_recipes import NATIVE, PUBLISHED, TuningRecipes, read_tuning

    is_native = bundle.source.t2s.suffix == NATIVE_SUFFIX
    found = read_tuning(wanted.recipe, NATIVE if is_native else PUBLISHED)
    if wanted.n_steps is None:
        return found
    n = wanted.n_steps
    return TuningRecipes(replace(found.t2s, n_steps=n), replace(found.synthesizer, n_steps=n))


def chosen_stages(
    wanted: Sequence[TuneStage], bundle: "ModelBundle"
) -> tuple[tuple[TuneStage, ...], str]:
    """Which stages are tuned, and why not both where nobody chose.

    Codes of the embedded model are named after what is said, and its small encoder mishears: text-to-semantic
    would learn that from a recording. So of such models it is tuned on request alone.

    Raises:
        ConfigError: The synthesizer was chosen, and is of a version that cannot be tuned.
    """
    from gsvbatch.gsv.mel_content import MelContentEncoder
    from gsvbatch.gsv.synthesizer import Synthesizer

    version, is_tunable = bundle.version, isinstance(bundle.synthesizer, Synthesizer)
    if TuneStage.SYNTHESIZER in wanted and not is_tunable:
        raise ConfigError(
            f"{bundle.source.synthesizer}: is a {version} model, and synthesizers of v1, v2, "
            "v2Pro, v2ProPlus and native ones can be tuned; --stage t2s tunes its GPT file alone"
        )
    if wanted:
        return tuple(wanted), ""
    if not is_tunable:
        return (TuneStage.T2S,), f"t2s alone is tuned: the synthesizer of {version} cannot be"
    if isinstance(bundle.content, MelContentEncoder):
        return (TuneStage.SYNTHESIZER,), (
            "the synthesizer alone is tuned: the small content encoder mishears, and t2s would learn "
            "that; --stage both tunes it all the same"
        )
    return tuple(TuneStage), ""


def _identity(
    bundle: "ModelBundle", shelf: _Shelf, recipes: "TuningRecipes", wanted: FineTuning
) -> str:
    """A digest of all that a run depends on."""
    parts = {
        "models": [bundle.digest.t2s, bundle.digest.synthesizer, bundle.digest.content],
        "recipes": recipes.as_fields(),
        "seed": wanted.seed,
        "clips": [
            [clip.id, clip.phoneme_ids, clip.tokens.tolist(), clip.bert is not None]
            for clip in (*shelf.clips, *shelf.held)
        ],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _tune(
    stage: TuneStage,
    wanted: FineTuning,
    bundle: "ModelBundle",
    shelf: _Shelf,
    recipes: "TuningRecipes",
    identity: str,
    budget: Seconds,
    watch: "Watch | None",
) -> "tuple[Tuned, str]":
    """Tune one network in place; return how it came out, and what of a synthesizer learnt."""
    import torch

    from gsvbatch.gsv.posterior import read_posterior
    from gsvbatch.gsv.synthesizer import Synthesizer
    from gsvbatch.runners.local import choose_device
    from gsvbatch.training.synthesizer_tuning import SynthesizerLesson
    from gsvbatch.training.t2s_tuning import T2SLesson
    from gsvbatch.training.tuning import Lesson, tune

    device = choose_device(wanted.device)
    torch.manual_seed(wanted.seed)  # of the critics, and what else begins at random
    lesson: Lesson
    if stage is TuneStage.T2S:
        lesson = T2SLesson(
            bundle.t2s.to(device), shelf.clips, shelf.prompts, shelf.held, recipes.t2s
        )
        way = ""
    else:
        synthesizer, path = bundle.synthesizer, bundle.source.synthesizer
        assert isinstance(synthesizer, Synthesizer)
        posterior = None if path.suffix == NATIVE_SUFFIX else read_posterior(path)
        lesson = SynthesizerLesson(
            synthesizer.to(device), posterior, shelf.clips, shelf.held, recipes.synthesizer
        )
        way = str(lesson.way)
    tuned = tune(
        lesson,
        wanted.runs / stage,
        n_steps=getattr(recipes, stage).n_steps,
        identity=identity,
        budget=budget,
        seed=wanted.seed,
        watch=watch,
    )
    return tuned, way


def _write(
    wanted: FineTuning,
    name: str,
    bundle: "ModelBundle",
    stages: "dict[TuneStage, Tuned]",
    epochs: dict[TuneStage, int],
) -> tuple[ModelSource, tuple[Path, ...]]:
    """Write what was tuned; return the pair to go on with, and the files."""
    import torch

    from gsvbatch.audio.storage import storage_error
    from gsvbatch.gsv.native import save_weights
    from gsvbatch.gsv.saving import save_synthesizer, save_t2s
    from gsvbatch.gsv.synthesizer import Synthesizer

    source, folder = bundle.source, wanted.folder
    files: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for stage in TuneStage:
            original: Path = getattr(source, stage)
            network = bundle.t2s if stage is TuneStage.T2S else bundle.synthesizer
            is_native = original.suffix == NATIVE_SUFFIX
            if stage not in stages and not is_native:
                continue
            epoch, step = epochs[stage], stages[stage].best_step if stage in stages else 0
            if is_native:
                path = folder / original.name
                names = bundle.code_names if stage is TuneStage.T2S else None
                save_weights(
                    path, network.cpu(), torch.float16, None if names is None else names.dump()
                )
            elif stage is TuneStage.T2S:
                path = folder / f"{name}-e{epoch}.ckpt"
                save_t2s(path, bundle.t2s, original, epoch)
            else:
                path = folder / f"{name}_e{epoch}_s{step}.pth"
                assert isinstance(network, Synthesizer)
                save_synthesizer(path, network, original, bundle.version, epoch, step)
            files.append(path)
            if stage is TuneStage.T2S:
                source = replace(source, t2s=path)
            else:
                source = replace(source, synthesizer=path)
        files += _copied(bundle.source, folder)
    except OSError as error:
        raise storage_error(folder, error) from error
    content = folder / f"content{NATIVE_SUFFIX}"
    if content in files:
        source = replace(source, content=content)
    return source, tuple(files)


def _copied(source: ModelSource, folder: Path) -> list[Path]:
    """What stands beside native weights, copied beside the new ones."""
    if source.t2s.suffix != NATIVE_SUFFIX:
        return []
    copied = []
    for name in (NATIVE_CONFIG_NAME, f"content{NATIVE_SUFFIX}"):
        beside = source.t2s.parent / name
        if beside.is_file() and beside.resolve() != (folder / name).resolve():
            shutil.copyfile(beside, folder / name)
            copied.append(folder / name)
    return copied


def _reference(transcribed: "Transcribed", shelf: _Shelf) -> "ListedClip | None":
    """The recording that makes the best reference, of those that were not left out."""
    from gsvbatch.voice.choosing import choose

    known = {clip.id for clip in (*shelf.clips, *shelf.held)}
    fit = [clip for clip in transcribed.clips if f"{clip.line_number}-{clip.path.name}" in known]
    candidates = choose(fit).candidates
    return candidates[0].clip if candidates else None
