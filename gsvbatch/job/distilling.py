"""A voice of a large pair of models gets a small pair of its own: it reads a list of texts, and the small one learns.

texts -> the teacher reads -> tokens and audio -> student of both stages -> native files, and a voice
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gsvbatch.errors import ConfigError
from gsvbatch.gsv.source import ModelSource, embedded_source, native_source
from gsvbatch.job.distillation import Distillation, Distilled
from gsvbatch.job.enrolling import Studio
from gsvbatch.job.finetuning import T2S_SHARE, TuneStage
from gsvbatch.script import safe_id_problem
from gsvbatch.units import Seconds
from gsvbatch.voice import VoiceProfile

if TYPE_CHECKING:
    from gsvbatch.job.reading_aloud import Reader
    from gsvbatch.training.clips import Clip, Prompt
    from gsvbatch.training.loop import Watch
    from gsvbatch.training.synthesizer_tuning import SynthesizerLesson
    from gsvbatch.training.t2s_tuning import T2SLesson
    from gsvbatch.training.tuning import Tuned
    from gsvbatch.training.tuning_recipes import TuningRecipes

LEAST_LINES = 8
MOST_TESTED = 16
TESTED_SHARE = 0.05
LEAST_TESTED = 2

DECIBELS = 8.686
"""Of one natural logarithm of amplitude."""


@dataclass(slots=True)
class _Work:
    """What stages share."""

    wanted: Distillation
    recipes: "TuningRecipes"
    reader: "Reader"
    clips: "list[Clip]"
    held: "list[Clip]"
    teacher: str
    """What tells its lines from another's."""

    left: Seconds
    """Of the budget."""


def distill(
    wanted: Distillation,
    *,
    tell: Callable[[str], None] = lambda _: None,
    spoken: Callable[[int, int, Seconds], bool] = lambda _done, _total, _audio: True,
    watch_of: "Callable[[TuneStage, int], Watch | None]" = lambda _stage, _n: None,
    stop: Callable[[], bool] = lambda: False,
) -> Distilled:
    """Make a small student of a voice, or go on making it.

    Args:
        wanted: What is asked for.
        tell: Told what is begun.
        spoken: Told how many lines the teacher has read, of how many, and how long they are; False
            ends the reading.
        watch_of: Asked, when a stage with so many steps begins, who is to be told of them.
        stop: Whether whoever watches has had enough; nothing later is then begun.

    Raises:
        UserError: Texts, voice or a setting will not do.
        CheckpointError: The models cannot be loaded.
        StorageError: The files cannot be written.
    """
    from gsvbatch.job.dictating import ID_LENGTH, dictate, line_id, require_enough, spoken_by
    from gsvbatch.training.dictation import read_dictation

    name = wanted.name or f"{wanted.voice}-small"
    problem = safe_id_problem(name)
    if problem is not None:
        raise ConfigError(f"--name {name}: cannot be the name of a voice: {problem}")
    if len(wanted.texts) < LEAST_LINES:
        raise ConfigError(
            f"{len(wanted.texts)} lines of text; at least {LEAST_LINES} are needed, and some "
            "hundreds are good"
        )
    recipes = _recipes(wanted)
    profile, home = wanted.library.get(wanted.voice), wanted.library.folder(wanted.voice)
    source = profile.models or wanted.project_models or embedded_source()
    reader = _reader(wanted, profile, home, source)
    teacher = spoken_by(reader)
    spoken_folder = wanted.runs / f"spoken-{teacher}"
    n_tested = min(MOST_TESTED, max(LEAST_TESTED, round(TESTED_SHARE * len(wanted.texts))))
    lines = [(line_id(i, text), text) for i, text in enumerate(wanted.texts)]
    is_tested = {key for key, _ in lines[-n_tested:]}
    is_learnt = {key for key, _ in lines} - is_tested
    tell(f"{wanted.voice} reads {len(lines)} lines")
    problems = dictate(
        reader,
        lines,
        spoken_folder,
        language=wanted.language,
        first=is_tested,
        enough=float("inf") if wanted.hours is None else wanted.hours * 3600,
        spoken=spoken,
    )
    dictated = read_dictation(spoken_folder)
    clips = [clip for clip in dictated.clips if clip.id[:ID_LENGTH] in is_learnt]
    held = [clip for clip in dictated.clips if clip.id[:ID_LENGTH] in is_tested]
    duration = sum(clip.duration for clip in clips)
    stages: dict[TuneStage, Tuned] = {}
    if not stop():
        require_enough(clips, held, duration, dictated.n_failed, problems)
        work = _Work(wanted, recipes, reader, clips, held, teacher, wanted.budget)
        made = _learn(work, stages, tell, watch_of, stop)
    found = Distilled(
        name, len(clips), duration, dictated.n_failed, tuple(problems), stages,
        is_finished=len(stages) == len(TuneStage) and all(t.is_finished for t in stages.values()),
        files=(), voice_folder=None, scores=(), speed_up=0.0, length_ratio=0.0, distance=0.0,
    )  # fmt: skip
    if stop():
        return found
    files, voice_folder = _write(work, name, *made)
    tell(f"{wanted.voice} and {name} read {len(held)} lines that were not learnt from")
    return _compared(
        replace(found, files=files, voice_folder=voice_folder), work, lines[-n_tested:], *made
    )


def _recipes(wanted: Distillation) -> "TuningRecipes":
    from gsvbatch.training.tuning_recipes import STUDENT, TuningRecipes, read_tuning

    found = read_tuning(wanted.recipe, STUDENT)
    if wanted.n_steps is None:
        return found
    n = wanted.n_steps
    return TuningRecipes(replace(found.t2s, n_steps=n), replace(found.synthesizer, n_steps=n))


def _reader(
    wanted: Distillation, profile: VoiceProfile, folder: Path, source: ModelSource
) -> "Reader":
    from gsvbatch.job.reading_aloud import Reader, require_consent
    from gsvbatch.text.frontend import Frontend
    from gsvbatch.text.mandarin.g2pw import G2pwFiles

    require_consent(profile)
    model = wanted.mandarin and wanted.mandarin.g2pw
    g2pw = G2pwFiles(model.folder, model.vocabulary) if model else None
    return Reader(
        profile,
        source,
        Frontend(profile.symbol_version, g2pw=g2pw),
        Studio(source, wanted.mandarin).prosody,
        device=wanted.device,
        seed=wanted.seed,
        folder=folder,
    )


def _learn(
    work: _Work,
    stages: "dict[TuneStage, Tuned]",
    tell: Callable[[str], None],
    watch_of: "Callable[[TuneStage, int], Watch | None]",
    stop: Callable[[], bool],
) -> "tuple[T2SLesson, SynthesizerLesson]":
    """Tune both students; how they came out is put into ``stages``."""
    import numpy as np
    import torch

    from gsvbatch.runners.local import choose_device
    from gsvbatch.training.student import (
        WhiteCodes,
        make_synthesizer,
        make_t2s,
        student_synthesizer_config,
        student_t2s_config,
    )
    from gsvbatch.training.synthesizer_tuning import SynthesizerLesson
    from gsvbatch.training.t2s_tuning import T2SLesson
    from gsvbatch.training.tuning import Lesson, tune
    from gsvbatch.training.tuning_recipes import read_dimensions

    wanted, bundle = work.wanted, work.reader.engine.bundle
    device = choose_device(wanted.device)
    dimensions = read_dimensions(
        wanted.recipe,
        student_t2s_config(bundle.t2s.config),
        student_synthesizer_config(bundle.synthesizer, bundle.sample_rate),
    )
    # Not the texts: more of them may be read as it goes on.
    sizes = [asdict(dimensions[0]), asdict(dimensions[1])]
    parts = [work.teacher, work.recipes.as_fields(), *sizes]
    identity = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    torch.manual_seed(wanted.seed)
    first = T2SLesson(
        make_t2s(bundle.t2s, dimensions[0]).to(device), work.clips, _prompts(work), work.held,
        work.recipes.t2s, teacher=bundle.t2s, with_bert=False,
    )  # fmt: skip
    torch.manual_seed(wanted.seed)
    student = make_synthesizer(bundle.synthesizer, dimensions[1])
    white = WhiteCodes(student, np.concatenate([clip.tokens for clip in work.clips]))
    second = SynthesizerLesson(
        student.to(device), None, work.clips, work.held, work.recipes.synthesizer, is_new=True
    )
    lessons: tuple[tuple[TuneStage, Lesson], ...] = (
        (TuneStage.T2S, first),
        (TuneStage.SYNTHESIZER, second),
    )
    for stage, lesson in lessons:
        if stop():
            break
        n_steps = getattr(work.recipes, stage).n_steps
        tell(f"{stage}: {n_steps} steps on {len(work.clips)} lines, {len(work.held)} held out")
        stages[stage] = tune(
            lesson,
            wanted.runs / stage,
            n_steps=n_steps,
            identity=identity,
            budget=work.left * T2S_SHARE if stage is TuneStage.T2S else work.left,
            seed=wanted.seed,
            watch=watch_of(stage, n_steps),
        )
        work.left -= stages[stage].elapsed
    white.undo(student)
    return first, second


def _prompts(work: _Work) -> "list[Prompt]":
    """The voice's own prompt, as at rendering; none where it speaks without."""
    import numpy as np

    from gsvbatch.training.clips import Prompt

    prompt = work.reader.prompt
    if not prompt.prompt_tokens:
        return []
    bert = None if prompt.prompt_bert is None else prompt.prompt_bert.half().cpu().numpy()
    tokens = np.array(prompt.prompt_tokens, np.int64)
    return [Prompt("", prompt.prompt_phoneme_ids, tokens, bert)]


def _write(
    work: _Work, name: str, t2s: "T2SLesson", synthesizer: "SynthesizerLesson"
) -> tuple[tuple[Path, ...], Path]:
    """Write the small models, and the voice that speaks with them; return files and the voice's folder."""
    from gsvbatch.audio.storage import storage_error
    from gsvbatch.gsv.bundle import load_content
    from gsvbatch.gsv.mel_content import MelContentEncoder
    from gsvbatch.gsv.native import save_native
    from gsvbatch.voice.enrolling import keep_voice
    from gsvbatch.voice.storage import save_profile

    folder, reader = work.wanted.folder, work.reader
    source = reader.source
    content = None
    if source.content is not None and source.content.is_file():
        # A small one goes with the models; HuBERT is larger than all of them and stays where it is.
        encoder = load_content(source.content)
        content = encoder if isinstance(encoder, MelContentEncoder) else None
    try:
        save_native(
            folder, t2s.model, synthesizer.model, content, version=name,
            symbol_version=reader.profile.symbol_version, sampling=reader.profile.sampling,
            code_names=reader.engine.bundle.code_names,
        )  # fmt: skip
        small = native_source(folder)
        profile = replace(
            reader.profile,
            name=name,
            style=synthesizer.mean_style(),
            digests=small.digests(),
            models=small,
            prompt_bert=None,
            speaker_embedding=None,
            reference_mel=None,
            reference=None,
            timbre=None,
            also=(),
        )
        voice_folder = folder / "voices" / name
        voice_folder.mkdir(parents=True, exist_ok=True)
        clip = work.wanted.library.folder(work.wanted.voice) / (reader.profile.reference or "")
        if clip.is_file():
            keep_voice(profile, voice_folder, clip)
        else:
            save_profile(profile, voice_folder)
    except OSError as error:
        raise storage_error(folder, error) from error
    kinds = {".json", ".safetensors"}
    return tuple(sorted(p for p in folder.iterdir() if p.suffix in kinds)), voice_folder


def _compared(
    found: Distilled,
    work: _Work,
    lines: Sequence[tuple[str, str]],
    t2s: "T2SLesson",
    synthesizer: "SynthesizerLesson",
) -> Distilled:
    """Let both read the lines held out, from the files as they were written."""
    from gsvbatch.job.reading_aloud import score
    from gsvbatch.voice import load_profile

    assert found.voice_folder is not None
    profile = load_profile(found.voice_folder)
    assert profile.models is not None
    student = _reader(work.wanted, profile, found.voice_folder, profile.models)
    utterances, _ = work.reader.utterances(lines, work.wanted.language)
    teachers_loss = t2s.measure(work.reader.engine.bundle.t2s, with_bert=True)
    scores = (
        score(work.wanted.voice, work.reader, utterances, teachers_loss),
        score(found.name, student, utterances, t2s.held_out()),
    )
    old, new = scores
    return replace(
        found,
        scores=scores,
        speed_up=old.real_time_factor / new.real_time_factor if old.audio and new.audio else 0.0,
        length_ratio=new.audio / old.audio if old.audio else 0.0,
        distance=DECIBELS * synthesizer.held_out(),
    )
