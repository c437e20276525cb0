"""Lessons: what learns, what stays, and what being broken off does to it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gsvbatch.errors import ConfigError
from gsvbatch.gsv.synthesizer import Synthesizer
from gsvbatch.training.clips import PADDING, draw_alike
from gsvbatch.training.curves import read_curves
from gsvbatch.training.loop import Progress
from gsvbatch.training.student import (
    WhiteCodes,
    make_synthesizer,
    make_t2s,
    student_synthesizer_config,
    student_t2s_config,
)
from gsvbatch.training.synthesizer_tuning import SynthesizerLesson, Way, _divergence
from gsvbatch.training.t2s_tuning import T2SLesson, T2STuning
from gsvbatch.training.tuning import Lesson, tune
from tests import toy
from tests.training.corpora import SYNTHESIZER as PITCHED
from tests.training.tunable import RECIPE, clips_for, prompts_of, toy_posterior

PUBLISHED = toy.toy_synthesizer()


def t2s_lesson(recipe: T2STuning | None = None, **more: Any) -> T2SLesson:
    clips = clips_for(PUBLISHED)
    return T2SLesson(
        toy.toy_t2s(), clips[:4], prompts_of(clips), clips[4:], recipe or T2STuning(batch=3), **more
    )


def synthesizer_lesson(way: Way, *, is_new: bool = False) -> SynthesizerLesson:
    torch.manual_seed(0)
    if way is Way.PITCHED:
        model = Synthesizer(PITCHED)
        toy.seeded(model, 2)
    else:
        model = toy.toy_synthesizer()
    clips = clips_for(model)
    posterior = toy_posterior(model) if way is Way.POSTERIOR else None
    return SynthesizerLesson(model, posterior, clips[:4], clips[4:], RECIPE, is_new=is_new)


def weights_of(lesson: Lesson) -> dict[str, torch.Tensor]:
    return {key: value.clone() for key, value in lesson.model.state_dict().items()}


def test_text_to_semantic_learns_its_clips(tmp_path: Path) -> None:
    lesson = t2s_lesson(T2STuning(batch=4, learning_rate=3e-3, n_warm=1))
    tune(lesson, tmp_path, n_steps=30, identity="", look_every=30)
    losses = {curve.measure: curve.points for curve in read_curves(tmp_path)}
    assert losses["loss"][-1][1] < 0.9 * losses["held_out"][0][1]


def test_prompts_are_seen_and_do_not_count() -> None:
    lesson = t2s_lesson()
    clip, prompt = lesson.clips[0], lesson.prompts[1]
    rows = lesson._sequences([clip, clip], [prompt, None])
    n = len(prompt.tokens)
    eos = lesson.model.config.eos
    assert rows.wanted[0, : n - 1].eq(PADDING).all()
    said = [*clip.tokens.tolist(), eos]
    assert rows.wanted[0, n - 1 :].tolist() == said
    assert rows.wanted[1, : len(said) - 1].tolist() == said[1:]
    assert rows.wanted[1, len(said) - 1 :].eq(PADDING).all()
    assert rows.visible.sum(1).tolist() == [20, 10]


def test_no_clip_is_its_own_prompt() -> None:
    lesson = t2s_lesson(T2STuning(prompted=1.0))
    rng = np.random.default_rng(0)
    clip = lesson.clips[0]
    drawn = {found.clip_id for _ in range(60) if (found := lesson._prompt(clip, rng)) is not None}
    assert drawn == {"c1", "c2", "c3", "c4"}


def test_padding_and_prosody_change_nothing_for_other_rows() -> None:
    lesson = t2s_lesson()
    clips = [lesson.clips[0], lesson.clips[3]]
    both = lesson._logits(lesson.model, lesson._sequences(clips, [None, None]), with_bert=True)
    alone = lesson._logits(lesson.model, lesson._sequences(clips[:1], [None]), with_bert=True)
    torch.testing.assert_close(both[:1, : alone.shape[1]], alone, rtol=1e-4, atol=1e-4)


def test_student_that_is_its_teacher_has_nothing_to_learn_from_it() -> None:
    teacher = toy.toy_t2s()
    student = make_t2s(teacher, teacher.config)
    clips = clips_for(PUBLISHED)
    recipe = T2STuning(batch=2, teacher_weight=1.0)
    lesson = T2SLesson(student, clips[:4], [], clips[4:], recipe, teacher=teacher)
    losses = lesson.step(np.random.default_rng(0), 0, 10)
    assert float(losses["teacher"]) == pytest.approx(0, abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("way", Way)
def test_what_a_way_names_learns_and_tokens_stay(way: Way) -> None:
    lesson = synthesizer_lesson(way)
    assert lesson.way is way
    before = weights_of(lesson)
    for step in range(2):
        losses = lesson.step(np.random.default_rng(step), step + 1, 10)
    assert all(bool(torch.isfinite(loss)) for loss in losses.values())
    assert {"deceiving", "features"} <= set(losses)
    changed = {
        key.partition(".")[0]
        for key, value in lesson.model.state_dict().items()
        if not torch.equal(before[key], value)
    }
    everything = {"enc_p", "dec", "flow", "ref_enc"}
    assert changed == ({"dec"} if way is Way.GENERATOR else everything)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["t2s", *Way])
def test_run_broken_off_and_resumed_ends_with_the_same_weights(tmp_path: Path, kind: str) -> None:
    def lesson() -> Lesson:
        if kind == "t2s":
            return t2s_lesson(T2STuning(batch=2, corruption=0.2, dropout=0.1))
        return synthesizer_lesson(Way(kind))

    def stop_after_two(progress: Progress) -> bool:
        return progress.step < 2

    first = lesson()
    whole = tune(first, tmp_path / "whole", n_steps=3, identity="a", look_every=1)
    broken = tune(
        lesson(), tmp_path / "b", n_steps=3, identity="a", look_every=1, watch=stop_after_two
    )
    assert (broken.step, broken.is_finished) == (2, False)
    second = lesson()
    resumed = tune(second, tmp_path / "b", n_steps=3, identity="a", look_every=1)
    assert (resumed.step, resumed.n_new, resumed.is_finished) == (3, 1, True)
    assert (resumed.before, resumed.after) == (whole.before, whole.after)
    for key, value in weights_of(first).items():
        torch.testing.assert_close(weights_of(second)[key], value, rtol=0, atol=0)


def test_run_of_other_clips_is_not_gone_on_with(tmp_path: Path) -> None:
    tune(t2s_lesson(), tmp_path, n_steps=1, identity="a")
    with pytest.raises(ConfigError, match="other clips, models or settings"):
        tune(t2s_lesson(), tmp_path, n_steps=2, identity="b")


def test_weights_that_do_worse_are_not_kept(tmp_path: Path) -> None:
    lesson = t2s_lesson(T2STuning(batch=3, learning_rate=5.0, n_warm=1))
    before = weights_of(lesson)
    tuned = tune(lesson, tmp_path, n_steps=2, identity="", look_every=1)
    assert tuned.best_step == 0
    assert tuned.after == tuned.before
    for key, value in weights_of(lesson).items():
        torch.testing.assert_close(value, before[key], rtol=0, atol=0)


def test_divergence_of_a_distribution_from_itself_is_nothing() -> None:
    draw = torch.Generator().manual_seed(0)
    mean, spread = torch.randn(2, 1, 8, 1, generator=draw).unbind(0)
    z = mean + torch.exp(spread) * torch.randn(1, 8, 4000, generator=draw)
    wide = [x.expand_as(z) for x in (spread, mean, spread)]
    mask = torch.ones(1, 1, 4000)
    assert float(_divergence(z, *wide, mask)) / 8 == pytest.approx(0, abs=0.02)
    wider = float(_divergence(z, wide[0], wide[1], wide[2] + 1, mask)) / 8
    assert wider == pytest.approx(1 - 0.5 + 0.5 * np.exp(-2), abs=0.02)


def test_whitened_codes_say_the_same_before_and_after() -> None:
    student = make_synthesizer(PUBLISHED, student_synthesizer_config(PUBLISHED, 32000)).eval()
    (clip,) = clips_for(PUBLISHED, 1)
    tokens = torch.from_numpy(clip.tokens)[None]
    ids = torch.tensor([clip.phoneme_ids])
    style = torch.ones(1, student.config.style, 1)

    def said() -> torch.Tensor:
        counts = (torch.tensor([tokens.shape[1]]), torch.tensor([ids.shape[1]]))
        with torch.inference_mode():
            return student.prior(tokens, counts[0], ids, counts[1], style)[0]

    plain = said()
    codes = WhiteCodes(student, clip.tokens)
    assert not torch.equal(student.quantizer.table, PUBLISHED.quantizer.table)
    torch.testing.assert_close(said(), plain, rtol=1e-3, atol=1e-3)
    codes.undo(student)
    torch.testing.assert_close(said(), plain, rtol=1e-3, atol=1e-3)
    assert torch.equal(student.quantizer.table, PUBLISHED.quantizer.table)


def test_student_begins_with_layers_of_its_teacher() -> None:
    from dataclasses import replace

    teacher = toy.toy_t2s(config=replace(toy.T2S, n_layers=9))
    config = student_t2s_config(teacher.config)
    assert config.n_layers == 3
    student = make_t2s(teacher, config)
    for mine, theirs in enumerate((0, 4, 8)):
        for key, value in student.h.layers[mine].state_dict().items():
            assert torch.equal(value, teacher.h.layers[theirs].state_dict()[key])
    narrow = make_t2s(teacher, replace(config, width=8, feed_forward=16))
    assert narrow.config.width == 8


@pytest.mark.slow
def test_new_latent_has_a_spectrum_to_learn() -> None:
    lesson = synthesizer_lesson(Way.PITCHED, is_new=True)
    losses = lesson.step(np.random.default_rng(0), 0, 10)
    assert set(losses) >= {"latent", "pitch", "voicing", "spectral"}
    assert lesson.mean_style().shape == (PITCHED.style,)


def test_batches_are_of_like_length() -> None:
    lengths = np.arange(100) % 50
    picks = draw_alike(lengths, 8, np.random.default_rng(0))
    assert len(picks) == 8
    assert np.ptp(lengths[picks]) < 40
    assert sorted(draw_alike(lengths[:3], 8, np.random.default_rng(0))) == [0, 1, 2]
