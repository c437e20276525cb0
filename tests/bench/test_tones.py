"""The arithmetic of the measure of tones, and that the numbers that come with it fit the sounds there are."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from bench import tones
from bench.spoken import held_out
from bench.syllables import RATE, Aligner, Syllable, best_path, features, fit_aligner
from bench.tone_fitting import STORE, audio_of, fit, load, said_syllables, save
from bench.tone_shapes import PITCH_RATE, Course, course, fit_judge, shapes, told_shapes
from gsvbatch.text.frontend import Frontend
from gsvbatch.text.symbols import SymbolTable
from gsvbatch.training.corpus import Corpus
from gsvbatch.training.teacher_letters import ARROWS, letters_of, phonemes_of
from tests.training.corpora import tone_corpus


class Told(Aligner):
    """An aligner that is told what sounds in each frame."""

    def __init__(self, sounds: str) -> None:
        super().__init__(["", *sorted(set(sounds) - {" "})], {})
        self.sounds = sounds

    def likelihoods(self, seen: np.ndarray) -> np.ndarray:
        out = np.full((len(self.sounds), len(self.letters)), -9.0, np.float32)
        for frame, sound in enumerate(self.sounds):
            out[frame, self.letters.index(sound.strip())] = 0
        return out


def rising(step: float, n: int = 20) -> Course:
    """A line whose pitch rises by a step each frame, voiced throughout."""
    return Course(np.arange(n, dtype=np.float32) * step, np.ones(n, bool))


@pytest.mark.parametrize("seed", range(5))
def test_the_best_path_is_the_best_of_all(seed: int) -> None:
    scores = np.random.default_rng(seed).normal(size=(6, 5)).astype(np.float32)
    skippable = np.array([True, False, True, False, True])

    def is_way(way: tuple[int, ...]) -> bool:
        steps = [b - a for a, b in itertools.pairwise(way)]
        leaps = all(
            s in (0, 1) or (s == 2 and skippable[a + 1])
            for s, a in zip(steps, way[:-1], strict=True)
        )
        return leaps and way[0] <= 1 and way[-1] >= 3

    ways = filter(is_way, itertools.product(range(5), repeat=6))
    best = max(ways, key=lambda way: sum(scores[i, s] for i, s in enumerate(way)))
    assert tuple(best_path(scores, skippable)) == best


def test_a_line_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        best_path(np.zeros((2, 4), np.float32), np.array([True, False, False, False]))


def test_syllables_are_where_their_sounds_are() -> None:
    audio = np.zeros(15 * RATE // 50, np.float32)
    found = Told("  maaaa  ppaaa ").align(audio, ["ma1", "ba4"])
    assert found.syllables == [Syllable(0.04, 0.14, 1), Syllable(0.18, 0.28, 4)]
    assert found.heard == 1.0


def test_features_know_no_level() -> None:
    audio = np.random.default_rng(0).normal(size=RATE).astype(np.float32)
    np.testing.assert_allclose(features(audio * 0.25), features(audio), atol=1e-3)


def test_an_aligner_learns_sounds() -> None:
    draw = np.random.default_rng(0)
    sounds = draw.integers(0, 3, 2000)
    seen = (np.eye(3)[sounds] * 4 + draw.normal(size=(2000, 3))).astype(np.float32)
    told = fit_aligner(seen, sounds, ["", "a", "m"], 300).likelihoods(seen).argmax(axis=1)
    assert (told == sounds).mean() > 0.95


def test_a_shape_is_the_course_of_the_pitch() -> None:
    row = shapes(rising(1.0), [Syllable(0.0, 0.1, 2), Syllable(0.1, 0.2, 2)])[0]
    np.testing.assert_allclose(row[:5], [0.5, 2.5, 4.5, 6.5, 8.5])  # five places of ten frames
    assert not row[5:8].any()  # nothing before it
    np.testing.assert_allclose(row[8:11], [11 + 1 / 6, 14.5, 17 + 5 / 6], atol=1e-6)
    np.testing.assert_allclose(row[11:], [np.log(0.1), 0.3, 0.0, 0.0, 1, 0], atol=1e-12)


def test_a_whispered_syllable_has_no_shape() -> None:
    pitch = Course(np.zeros(20, np.float32), np.arange(20) >= 8)
    first, second = shapes(pitch, [Syllable(0.0, 0.1, 1), Syllable(0.1, 0.2, 1)])
    assert np.isnan(first).all()
    assert not np.isnan(second).any()


def test_the_course_is_relative_to_the_median() -> None:
    t = np.arange(RATE) / RATE
    low, high = (np.sin(2 * np.pi * f * t).astype(np.float32) for f in (150, 300))
    pitch = course(np.concatenate([low, low, low, high]), RATE)
    assert abs(pitch.semitones[PITCH_RATE]) < 0.3
    assert pitch.semitones[-PITCH_RATE // 2] == pytest.approx(12, abs=0.3)


def test_a_judge_tells_rising_from_falling_and_survives_its_file(tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    meant = draw.integers(1, 5, 400)
    slopes = np.array([0.0, 1.0, -0.3, -1.0])[meant - 1] + draw.normal(size=400) * 0.05
    one = [Syllable(0.0, 0.2, 1)]
    rows = np.concatenate([shapes(rising(slope), one) for slope in slopes])
    judge = fit_judge(rows, meant)
    likely = judge.likely(rows)
    np.testing.assert_allclose(likely.sum(axis=1), 1)
    assert (likely.argmax(axis=1) + 1 == meant).mean() > 0.95
    weights = {name: np.ones((2, 2), np.float32) for name in ("w1", "b1", "w2", "b2")}
    save(tmp_path / "x.npz", Aligner(["", "a"], weights), judge)
    aligner, again = load(tmp_path / "x.npz")
    assert aligner.letters == ("", "a")
    np.testing.assert_array_equal(again.likely(rows), likely)


def test_the_summary_counts_syllables() -> None:
    likely = np.array([[0.7, 0.1, 0.1, 0.1], [0.1, 0.1, 0.2, 0.6], [0.1, 0.2, 0.1, 0.6]])
    flat = np.full((3, 4), 0.25)  # argmax is tone 1
    one = tones.Judged(np.array([1, 2, 4]), likely, flat, 2, 0.5, 3.0)
    two = tones.Judged(np.array([1]), likely[:1], flat[:1], 0, 0.7, 1.0)
    figures = tones.summary([one, two])
    assert (figures["lines"], figures["syllables"], figures["unvoiced"]) == (2, 4, 2)
    assert figures["right"] == 0.75
    assert figures["error"] == pytest.approx((0.75 * 0.25 / 4) ** 0.5)
    assert figures["likely"] == pytest.approx((0.7 + 0.1 + 0.6 + 0.7) / 4)
    assert figures["flat"] == 0.5
    assert figures["told"] == [[2, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 1]]
    assert (figures["heard"], figures["spread"]) == (pytest.approx(0.6), 2.0)
    assert "75.0%" in "\n".join(tones.table(figures))


def test_neutral_syllables_are_not_judged() -> None:
    rows, meant = told_shapes(rising(0.1), [Syllable(0.0, 0.1, 5), Syllable(0.1, 0.2, 3)])
    assert rows.shape == (1, 17)
    assert meant.tolist() == [3]


def test_a_text_is_read_with_its_sandhi() -> None:
    assert list(tones.read_phones(Frontend(), "你好，一样。")) == ["ni2", "hao3", "yi2", "yang4"]


def test_both_are_fitted_on_a_corpus(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "corpus"
    corpus = tone_corpus(folder)
    phones = ("ma1", "ba4", "la2", "di3")
    letters = sorted(set("".join(map(letters_of, phones))) - set(ARROWS.values()))
    (folder / "labels.json").write_text(json.dumps({"chars": letters}), encoding="utf-8")
    ids = SymbolTable.load("v2").ids([symbol for phone in phones for symbol in phonemes_of(phone)])
    rows = [json.loads(line) for line in (folder / "index.jsonl").read_text("utf-8").splitlines()]
    index = "".join(json.dumps(row | {"phoneme_ids": ids}) + "\n" for row in rows)
    (folder / "index.jsonl").write_text(index, encoding="utf-8")
    entry = Corpus(folder).entries[0]
    assert said_syllables(entry) == list(zip(phones, (0.0, 0.25, 0.5, 0.75), strict=True))
    fit(folder, 4, 5, tmp_path / "x.npz")
    said = capsys.readouterr().out
    assert "fitted on 3 lines of 1 speakers" in said
    assert "on 1 lines of 1 others" in said
    aligner, judge = load(tmp_path / "x.npz")
    assert aligner.letters == ("", *letters)
    audio = audio_of(corpus, entry).samples
    assert len(aligner.align(audio, phones).syllables) == 4
    assert judge.weights.shape == (18, 4)


@pytest.mark.slow
def test_what_comes_with_the_repository_knows_every_sound_of_the_held_out_lines() -> None:
    aligner, judge = load(STORE)
    frontend = Frontend()
    for text in held_out("zh", 110):
        letters = "".join(map(letters_of, tones.read_phones(frontend, text)))
        assert set(letters) - set(ARROWS.values()) <= set(aligner.letters)
    falling = Course(np.linspace(6, -4, 20, dtype=np.float32), np.ones(20, bool))
    assert judge.likely(shapes(falling, [Syllable(0.0, 0.2, 4)]))[0].argmax() + 1 == 4
    low = Course(np.linspace(-4, -6, 20, dtype=np.float32), np.ones(20, bool))
    assert judge.likely(shapes(low, [Syllable(0.0, 0.2, 3)]))[0].argmax() + 1 == 3
