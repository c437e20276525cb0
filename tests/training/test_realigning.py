"""Labels go where the encoder hears them."""

import json
from pathlib import Path

import numpy as np
import pytest

from gsvbatch.training.content import ContentTrainer, load_content
from gsvbatch.training.corpus import Corpus
from gsvbatch.training.realigning import REACH, best_shift, realign
from gsvbatch.training.stages import Stage, train_stage
from tests.training.corpora import N_LABELS, RECIPES, tone_corpus


@pytest.mark.parametrize("shift", [-4, -1, 0, 2, 5])
def test_best_shift_is_found(shift: int) -> None:
    draw = np.random.default_rng(3)
    label = np.repeat(draw.integers(0, 9, 20), 4)
    heard = np.roll(label, shift)
    likely = np.full((len(label), 9), -3.0, np.float32)
    likely[np.arange(len(label)), heard] = -0.1
    assert best_shift(likely, label) == pytest.approx(shift, abs=0.3)


def test_shift_out_of_reach_stays_within_it() -> None:
    label = np.arange(60) // 6
    likely = np.full((60, 10), -3.0, np.float32)
    likely[np.arange(60), np.roll(label, 9)] = 0.0
    assert abs(best_shift(likely, label)) <= REACH


@pytest.mark.slow
def test_labels_frames_and_times_move_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = tone_corpus(tmp_path / "corpus")
    train_stage(Stage.CONTENT, corpus, tmp_path / "runs", RECIPES)
    model = load_content(tmp_path / "runs" / "content", RECIPES.content)
    monkeypatch.setattr("gsvbatch.training.realigning.best_shift", lambda *_: 2.0)
    moved = realign(corpus, model)
    assert moved.n_lines == len(corpus.entries)
    assert moved.typical == pytest.approx(0.04)
    after = Corpus(corpus.folder)
    for old, new in zip(corpus.entries, after.entries, strict=True):
        assert new.groups[0][1] == pytest.approx((old.groups[0][1] or 0.0) + 0.04, abs=1e-3)
        part = slice(old.first_frame, old.first_frame + old.n_frames)
        np.testing.assert_array_equal(after.label[part][2:], corpus.label[part][:-2])
        assert not after.voiced[part][:2].any()
    assert set(np.unique(after.label)) <= set(range(N_LABELS))


def test_what_is_less_than_a_frame_is_kept_beside_the_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = tone_corpus(tmp_path / "corpus")
    model = ContentTrainer(RECIPES.content, N_LABELS)
    monkeypatch.setattr("gsvbatch.training.realigning.best_shift", lambda *_: 1.3)
    realign(corpus, model)
    after = Corpus(corpus.folder)
    assert after.entries[0].lag == pytest.approx(0.006)
    begins = after.entries[0].groups[1][1]
    monkeypatch.setattr("gsvbatch.training.realigning.best_shift", lambda *_: 0.3)
    realign(after, model)  # hears what is left over, and moves nothing twice
    again = Corpus(corpus.folder).entries[0]
    assert (again.lag, again.groups[1][1]) == (pytest.approx(0.006), begins)


def test_lines_whose_place_is_known_stay(tmp_path: Path) -> None:
    corpus = tone_corpus(tmp_path / "corpus")
    index = corpus.folder / "index.jsonl"
    rows = [json.loads(row) for row in index.read_text("utf-8").splitlines()]
    known = "".join(json.dumps({**row, "guessed": False}) + "\n" for row in rows)
    index.write_text(known, "utf-8")
    moved = realign(Corpus(corpus.folder), ContentTrainer(RECIPES.content, N_LABELS))
    assert moved.n_lines == 0
    assert index.read_text("utf-8") == known
