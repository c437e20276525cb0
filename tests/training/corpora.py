"""A corpus of tones with made-up phonemes, small enough to train on in milliseconds."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from gsvbatch.gsv.synthesizer import SynthesizerConfig
from gsvbatch.gsv.t2s import T2SConfig
from gsvbatch.training.content import ContentRecipe
from gsvbatch.training.corpus import HOP, SAMPLE_RATE, Corpus
from gsvbatch.training.generator import GeneratorRecipe
from gsvbatch.training.prior import PriorRecipe
from gsvbatch.training.recipes import Recipes
from gsvbatch.training.synthesizer import mini_config as mini_synthesizer
from gsvbatch.training.t2s import T2SRecipe

N_CODES = 16
N_LABELS = 5

SYNTHESIZER: SynthesizerConfig = replace(
    mini_synthesizer(),
    ssl_width=16,
    codebook_size=N_CODES,
    latent=18,
    hidden=16,
    feed_forward=32,
    n_layers=1,
    style=16,
    style_hidden=16,
    initial_channels=32,
)
T2S = T2SConfig(n_layers=2, width=32, n_heads=2, feed_forward=64, vocabulary=N_CODES + 1)

RECIPES = Recipes(
    content=ContentRecipe(width=16, n_convs=2, n_mels=16, crop=0.4, batch=2, n_steps=3),
    t2s=T2SRecipe(config=T2S, batch=2, solo_steps=1, n_steps=3),
    prior=PriorRecipe(config=SYNTHESIZER, batch=2, reference_frames=20, n_steps=3),
    generator=GeneratorRecipe(
        config=SYNTHESIZER, batch=2, slice_frames=20, reference_frames=20, plain_steps=1, n_steps=3
    ),
)


def tone_corpus(folder: Path, n_lines: int = 6, seconds: float = 1.0, seed: int = 0) -> Corpus:
    """Write a prepared corpus of two speakers whose every syllable is a tone of its own."""
    folder.mkdir(parents=True)
    draw = np.random.default_rng(seed)
    n = int(seconds * SAMPLE_RATE)
    n_frames = n // HOP
    rows, pieces, labels, pitches = [], [], [], []
    for i in range(n_lines):
        label = np.repeat(draw.integers(0, N_LABELS, 5), -(-n_frames // 5))[:n_frames]
        label[0] = N_LABELS - 1  # every corpus has all labels
        hertz = np.where(label > 0, (120 + 60 * (i % 2)) * (1 + label), 0)
        phase = 2 * np.pi * np.cumsum(np.repeat(hertz, HOP)) / SAMPLE_RATE
        audio = 0.4 * np.sin(phase) + 0.01 * draw.normal(size=len(phase))
        pieces.append((np.clip(audio, -1, 1) * 32767).astype("<i2"))
        labels.append(label.astype(np.int16))
        pitches.append(np.where(hertz > 0, np.log(np.maximum(hertz, 1) / 240), 0))
        step = seconds / 4
        rows.append(
            {
                "id": f"t{i}", "lang": "zh", "text": "啊", "speaker": f"s{i % 2}",
                "start": i * n, "n": n, "fstart": i * n_frames, "nf": n_frames,
                "phoneme_ids": [int(x) for x in draw.integers(1, 300, 8)],
                "groups": [[2, k * step, (k + 1) * step] for k in range(4)], "height": 5.5,
            }
        )  # fmt: skip
    (folder / "audio.i16").write_bytes(b"".join(piece.tobytes() for piece in pieces))
    index = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "index.jsonl").write_text(index, encoding="utf-8")
    label = np.concatenate(labels)
    np.savez(
        folder / "frames.npz",
        lab=label,
        tone=(label % 5).astype(np.int8),
        pitch=np.concatenate(pitches).astype(np.float16),
        voiced=label > 0,
    )
    return Corpus(folder)
