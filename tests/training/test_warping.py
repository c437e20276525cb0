"""The tokens' clock: sounds begin where tokens do, and the recording is found again."""

from pathlib import Path

import numpy as np
import pytest
import torch

from gsvbatch.gsv.source_filter import VOICED
from gsvbatch.training.codebook import places, token_count
from gsvbatch.training.corpus import Corpus, Entry, phoneme_starts
from gsvbatch.training.shelf import SILENT_TOKENS, Shelf, smoothed
from gsvbatch.training.warping import clock, frame_times, melody
from gsvbatch.units import SEMANTIC_RATE
from tests.training.corpora import SYNTHESIZER, tone_corpus


@pytest.fixture
def entry(tmp_path: Path) -> Entry:
    return uneven(tone_corpus(tmp_path / "corpus"))


def uneven(corpus: Corpus) -> Entry:
    """An utterance whose syllables begin between tokens, one of them too short for any."""
    times = [0.0, 0.111, 0.347, 0.356, 0.77]
    groups = tuple((1, times[i], times[i + 1]) for i in range(4))
    first = corpus.entries[0]
    kept = {name: getattr(first, name) for name in Entry.__slots__}
    return Entry(**(kept | {"groups": groups, "phoneme_ids": (5, 6, 7, 8)}))


def test_sounds_begin_with_their_first_token(entry: Entry) -> None:
    n_tokens = 25
    both, at, starts = clock(entry, n_tokens), places(entry, n_tokens), phoneme_starts(entry)
    assert 2 not in at  # 9 ms: nothing is named after it
    for sound in (1, 3):
        first = int(np.flatnonzero(at == sound)[0]) / SEMANTIC_RATE
        recorded = float(both.recorded_at(np.array([first]))[0])
        wanted = starts[1] if sound == 1 else (starts[2] + starts[3]) / 2
        assert recorded == pytest.approx(wanted)


def test_clocks_are_less_than_half_a_token_apart(entry: Entry) -> None:
    both = clock(entry, 25)
    times = frame_times(50)
    assert np.abs(both.recorded_at(times) - times).max() <= 0.5 / SEMANTIC_RATE + 0.005
    assert np.diff(both.recorded_at(times)).min() > 0
    np.testing.assert_allclose(both.told_at(both.recorded_at(times)), times, atol=1e-9)


def test_melody_follows_labels_that_lie_late(tmp_path: Path) -> None:
    corpus = tone_corpus(tmp_path / "corpus")
    entry = corpus.entries[0]
    kept = {name: getattr(entry, name) for name in Entry.__slots__}
    late = Entry(**(kept | {"lag": 0.008}))
    times = frame_times(entry.n_frames)
    early, voiced = melody(corpus, entry, times)
    moved, moved_voiced = melody(corpus, late, times + 0.008)
    np.testing.assert_allclose(moved, early)
    assert (moved_voiced == voiced).all()
    assert voiced.any()
    assert early.min() > 50


def test_harmonics_are_smoothed_away_and_power_stays() -> None:
    power = torch.full((2, 257), 1e-6)
    power[0, 10:257:10] = 10.0
    power[1, 16:257:16] = 16.0
    smooth = smoothed(power, torch.tensor([10.0, 16.0]))
    inner = smooth[:, 20:230]
    torch.testing.assert_close(inner, torch.ones_like(inner), rtol=1e-4, atol=1e-4)


def test_a_width_of_one_changes_nothing() -> None:
    power = torch.rand(3, 65)
    torch.testing.assert_close(smoothed(power, torch.ones(3)), power, rtol=1e-5, atol=1e-6)


def test_shelf_goes_on_through_the_silence_after_speech(tmp_path: Path) -> None:
    corpus = tone_corpus(tmp_path / "corpus", n_lines=3)
    n_tokens = [token_count(entry) for entry in corpus.entries]
    tokens = np.concatenate([np.zeros(n, np.int16) for n in n_tokens])
    np.savez(corpus.folder / "tokens.npz", tokens=tokens, heard=tokens, lengths=np.array(n_tokens))
    shelf = Shelf(corpus, SYNTHESIZER, torch.device("cpu"))
    latent, n_frames = shelf.said.take(np.array([0]))
    spoken = corpus.entries[0].n_frames
    silent = latent[0, :, spoken + 1 : int(n_frames[0])].float()
    assert int(n_frames[0]) == spoken + 2 * SILENT_TOKENS
    assert (silent[-1] == -VOICED).all()
    assert silent[:-2].max() < latent[0, :-2, : spoken - 1].float().mean() - 1
