"""The codebook: codes named after sounds, and the corpus in tokens.

The teacher tells which phoneme sounds at every moment and how high, so a token is simply named after
that: a phoneme as it begins, or as it goes on at one of five heights. A small text-to-semantic stage
then has rhythm and melody to learn rather than the accidents of a clustering, and the synthesizer knows
what is said. A code's vector is the mean of the content encoder's features where it sounds, so a
recording, whose sounds nobody tells, is tokenized by the nearest code as ever.
"""

import logging
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gsvbatch.gsv.code_names import CodeNames
from gsvbatch.training.content import ContentTrainer, resampled
from gsvbatch.training.corpus import FRAME_RATE, SAMPLE_RATE, Corpus, Entry, phoneme_starts
from gsvbatch.units import SEMANTIC_RATE

logger = logging.getLogger(__name__)

TRAILING_SILENCE = 9600
"""Zeros after every utterance, samples at 16 kHz, as enrolment appends them."""

HEIGHTS = (-0.22, -0.08, 0.03, 0.15)
"""Bounds between the five heights of a sound: natural logarithm of pitch over the line's median."""

KINDS = 3 + len(HEIGHTS)
"""Of a phoneme's tokens: it begins; goes on without a voice; goes on at one of five heights."""

FRAMES_PER_TOKEN = FRAME_RATE // SEMANTIC_RATE

CODE_NAMES = "codes.json"
"""In a corpus's folder: what its codes are named after."""


def places(entry: Entry, n_tokens: int) -> NDArray[np.int64]:
    """Return which phoneme of an utterance sounds at each of its tokens, by index, (n_tokens,)."""
    middles = (np.arange(n_tokens) + 0.5) / SEMANTIC_RATE
    found = np.searchsorted(phoneme_starts(entry), middles, side="right") - 1
    return found.clip(min=0).astype(np.int64)


def token_count(entry: Entry) -> int:
    """How many tokens an utterance has with the silence after it."""
    seconds = entry.n_samples / SAMPLE_RATE
    return int(seconds * SEMANTIC_RATE) + TRAILING_SILENCE * SEMANTIC_RATE // 16000


def sounding(corpus: Corpus, entry: Entry) -> NDArray[np.int64]:
    """Return what sounds at each token: KINDS times the phoneme's id, plus the kind."""
    n = token_count(entry)
    at = places(entry, n)
    goes_on = np.concatenate([[False], at[1:] == at[:-1]])
    frames = slice(entry.first_frame, entry.first_frame + entry.n_frames)
    shape = (n, FRAMES_PER_TOKEN)
    room = n * FRAMES_PER_TOKEN
    voiced = np.resize(np.pad(corpus.voiced[frames], (0, room)), room).reshape(shape)
    pitch = np.resize(np.pad(corpus.pitch[frames].astype(float), (0, room)), room).reshape(shape)
    n_voiced = voiced.sum(1)
    height = np.searchsorted(HEIGHTS, (pitch * voiced).sum(1) / np.maximum(n_voiced, 1))
    kind = np.where(goes_on, np.where(n_voiced > 0, 2 + height, 1), 0)
    return np.array(entry.phoneme_ids)[at] * KINDS + kind


def choose_codes(counts: NDArray[np.int64], size: int) -> CodeNames:
    """Name codes after sounds, of which there are as many as ``counts`` has entries, (S,).

    The most frequent sounds have codes of their own. Others share that of the same phoneme's nearest
    kind; a phoneme none of whose sounds has one has no codes.
    """
    ranked = np.argsort(-counts, kind="stable")
    own = ranked[: min(size, int((counts > 0).sum()))]
    codes = np.full(len(counts), -1)
    codes[own] = np.arange(len(own))
    by_phoneme: dict[int, tuple[int, ...]] = {}
    for phoneme, row in enumerate(codes.reshape(-1, KINDS)):
        known = np.flatnonzero(row >= 0)
        if len(known):
            nearest = [int(known[np.abs(known - kind).argmin()]) for kind in range(KINDS)]
            by_phoneme[phoneme] = tuple(int(row[kind]) for kind in nearest)
    return CodeNames(by_phoneme)


def codes_of(names: CodeNames, sounds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the codes of sounds; those of phonemes without any, hardly ever heard, have code 0."""
    table = np.zeros((int(sounds.max(initial=0)) // KINDS + 1, KINDS), np.int64)
    for phoneme, codes in names.by_phoneme.items():
        table[phoneme : phoneme + 1] = codes  # beyond the table: not among the sounds
    return table.reshape(-1)[sounds]


def assign(points: Tensor, centres: Tensor) -> Tensor:
    """Return the nearest centre's index (N,) of each point (N, C)."""
    norms = centres.square().sum(1)
    return torch.cat([(norms - 2 * part @ centres.T).argmin(dim=1) for part in points.split(16384)])


def code_vectors(points: Tensor, tokens: Tensor, size: int, distinct: float, seed: int) -> Tensor:
    """Return the codes' vectors (size, C): means of their points, set apart a little at random.

    Args:
        points: features, (N, C).
        tokens: the points' codes, (N,).
        size: codes; those beyond the highest in use repeat the first, which the nearest-code search
            meets before them.
        distinct: length of the random part, as a share of the points' distance from their means. Two
            sounds that the encoder confuses still look different to the synthesizer.
        seed: of the random part.
    """
    sums = torch.zeros(size, points.shape[1]).index_add_(0, tokens, points)
    counts = torch.bincount(tokens, minlength=size)
    means = sums / counts.clamp(min=1)[:, None]
    spread = (points - means[tokens]).square().mean().sqrt()
    generator = torch.Generator().manual_seed(seed)
    vectors = means + distinct * spread * torch.randn(means.shape, generator=generator)
    vectors[counts == 0] = vectors[0].clone()
    return vectors


@torch.inference_mode()
def content_features(corpus: Corpus, model: ContentTrainer) -> list[Tensor]:
    """Return the 25 Hz features (T, C) of every recorded utterance and the silence after it."""
    audio = resampled(corpus)
    starts = np.cumsum([0] + [corpus.entries[i].n_samples * 2 // 3 for i in corpus.recorded])
    features: list[Tensor] = []
    for place in range(len(corpus.recorded)):
        piece = audio[starts[place] : starts[place + 1]].astype(np.float32) / 32768.0
        piece = np.pad(piece, (0, TRAILING_SILENCE))
        features.append(model.project(torch.from_numpy(piece)[None])[0].float())
        if place % 500 == 0:
            logger.info("content features of %d of %d utterances", place, len(corpus.recorded))
    return features


@dataclass(frozen=True, slots=True)
class Codebook:
    """Codes that there are already: to go on with models, the corpus needs theirs."""

    names: CodeNames
    vectors: Tensor
    """(K, C)."""


def build_codebook(
    corpus: Corpus,
    model: ContentTrainer,
    size: int,
    distinct: float = 0.25,
    seed: int = 0,
    start: Codebook | None = None,
) -> float:
    """Write ``codebook.npy`` (size, C), ``codes.json`` and ``tokens.npz`` into the corpus's folder.

    ``codes.json`` says what the codes are named after. ``tokens`` are what the teacher said, ``heard`` what the
    encoder makes of it, as it will of a voice's reference; the same where there is no recording. Both go on
    through the silence after an utterance, 15 tokens; ``spoken`` counts those that belong to the utterance
    itself.

    Args:
        corpus: Prepared.
        model: The content encoder.
        size: Codes.
        distinct: See :func:`code_vectors`.
        seed: See :func:`code_vectors`.
        start: Codes to keep, of the same content encoder; else they are made.

    Returns:
        The share of recorded tokens that are heard as they were said.
    """
    said = [sounding(corpus, entry) for entry in corpus.entries]
    n_sounds = (max(int(part.max()) for part in said) // KINDS + 1) * KINDS
    features = content_features(corpus, model)
    lengths = [
        min(len(part), len(said[i])) for i, part in zip(corpus.recorded, features, strict=True)
    ]
    recorded = np.concatenate([said[i][:n] for i, n in zip(corpus.recorded, lengths, strict=True)])
    points = torch.cat([part[:n] for part, n in zip(features, lengths, strict=True)])
    names = (
        choose_codes(np.bincount(recorded, minlength=n_sounds), size)
        if start is None
        else start.names
    )
    wanted = torch.from_numpy(codes_of(names, recorded))
    vectors = code_vectors(points, wanted, size, distinct, seed) if start is None else start.vectors
    nearest = assign(points, vectors)
    agreement = float((nearest == wanted).float().mean())
    logger.info("%d codes in use, %.0f %% heard", len(wanted.unique()), 100 * agreement)
    tokens = [codes_of(names, part) for part in said]
    heard = [part.copy() for part in tokens]
    pieces = torch.split(nearest, lengths)
    for i, piece in zip(corpus.recorded, pieces, strict=True):
        heard[i][: len(piece)] = piece.numpy()
    np.save(corpus.folder / "codebook.npy", vectors.numpy())
    names.write(corpus.folder / CODE_NAMES)
    np.savez(
        corpus.folder / "tokens.npz",
        tokens=np.concatenate(tokens).astype(np.int16),
        heard=np.concatenate(heard).astype(np.int16),
        lengths=np.array([len(part) for part in tokens]),
        spoken=np.array([round(e.n_samples / SAMPLE_RATE * SEMANTIC_RATE) for e in corpus.entries]),
    )
    return agreement
