"""The codebook: k-means over the content encoder's 25 Hz features, and the corpus in tokens."""

import logging

import numpy as np
import torch
from torch import Tensor

from gsvbatch.training.content import ContentTrainer, resampled
from gsvbatch.training.corpus import SAMPLE_RATE, Corpus
from gsvbatch.units import SEMANTIC_RATE

logger = logging.getLogger(__name__)

TRAILING_SILENCE = 9600
"""Zeros after every utterance, samples at 16 kHz, as enrolment appends them."""


def kmeans(points: Tensor, n_clusters: int, n_rounds: int, seed: int = 0) -> Tensor:
    """Return cluster centres (K, C) of points (N, C) by Lloyd's rounds.

    An empty cluster moves to a random point, so that every code stays in use.
    """
    generator = torch.Generator().manual_seed(seed)
    centres = points[torch.randperm(len(points), generator=generator)[:n_clusters]].clone()
    for _ in range(n_rounds):
        nearest = assign(points, centres)
        counts = torch.bincount(nearest, minlength=n_clusters)
        sums = torch.zeros_like(centres).index_add_(0, nearest, points)
        centres = sums / counts.clamp(min=1)[:, None]
        empty = torch.nonzero(counts == 0)[:, 0]
        if len(empty):
            picks = torch.randint(len(points), (len(empty),), generator=generator)
            centres[empty] = points[picks]
    return centres


def assign(points: Tensor, centres: Tensor) -> Tensor:
    """Return the nearest centre's index (N,) of points (N, C)."""
    norms = centres.square().sum(1)
    return torch.cat([(norms - 2 * part @ centres.T).argmin(dim=1) for part in points.split(16384)])


@torch.inference_mode()
def build_codebook(
    corpus: Corpus, model: ContentTrainer, size: int, n_rounds: int = 25, seed: int = 0
) -> float:
    """Write ``codebook.npy`` (size, C) and ``tokens.npz`` into the corpus's folder.

    Returns the perplexity of the tokens: how many codes are in use, in effect.

    Tokens of an utterance go on through the silence after it, 15 tokens; ``spoken`` counts those
    that belong to the recording itself.
    """
    audio = resampled(corpus)
    starts = np.cumsum([0] + [entry.n_samples * 2 // 3 for entry in corpus.entries])
    model.eval()
    features: list[Tensor] = []
    for i, entry in enumerate(corpus.entries):
        samples = audio[starts[i] : starts[i] + entry.n_samples * 2 // 3].astype(np.float32)
        padded = np.concatenate([samples / 32768.0, np.zeros(TRAILING_SILENCE, np.float32)])
        features.append(model.project(torch.from_numpy(padded)[None])[0].float())
        if i % 500 == 0:
            logger.info("content features of %d of %d utterances", i, len(corpus.entries))
    points = torch.cat(features)
    chosen = torch.randperm(len(points), generator=torch.Generator().manual_seed(seed))[:80000]
    centres = kmeans(points[chosen], size, n_rounds, seed)
    tokens = assign(points, centres)
    lengths = [len(part) for part in features]
    spoken = [round(entry.n_samples / SAMPLE_RATE * SEMANTIC_RATE) for entry in corpus.entries]
    used = torch.bincount(tokens, minlength=size).float()
    share = used / used.sum()
    perplexity = float(torch.exp(-(share * torch.log(share.clamp(min=1e-9))).sum()))
    logger.info("codebook of %d, perplexity %.0f", size, perplexity)
    np.save(corpus.folder / "codebook.npy", centres.numpy())
    np.savez(
        corpus.folder / "tokens.npz",
        tokens=tokens.numpy().astype(np.int16),
        lengths=np.array(lengths),
        spoken=np.array(spoken),
    )
    return perplexity
