"""Labels moved to where the content encoder hears them.

A file that was cut by its sound, and does not tell where, is laid under its labels by a guess: off by
30 ms on average, measured on 2,027 lines, more than a consonant lasts. What learns from such labels
speaks between the sounds. The encoder, which has heard them all, finds each line's place to 4 ms.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gsvbatch.training.content import ContentTrainer, resampled
from gsvbatch.training.corpus import FRAME_RATE, Corpus, Entry
from gsvbatch.units import Seconds

REACH = 6
"""Frames that labels may be moved, either way."""


@dataclass(frozen=True, slots=True)
class Moved:
    """How far labels were moved."""

    n_lines: int
    typical: Seconds
    """Root mean square over those lines."""


@torch.inference_mode()
def find_shifts(corpus: Corpus, model: ContentTrainer) -> dict[int, float]:
    """Return how many frames later utterances are recorded than the places of their labels, as heard.

    Those whose place was guessed, by their place in the corpus.
    """
    audio = resampled(corpus)
    starts = np.cumsum([0] + [corpus.entries[i].n_samples * 2 // 3 for i in corpus.recorded])
    shifts: dict[int, float] = {}
    for place, i in enumerate(corpus.recorded):
        entry = corpus.entries[i]
        if not entry.is_guessed:
            continue
        heard = audio[starts[place] : starts[place + 1]].astype(np.float32) / 32768.0
        features = model.project(torch.from_numpy(heard)[None])
        n = min(features.shape[1], entry.n_frames // 2)
        logits = model.label(features[:, :n]).view(2 * n, -1)
        likely = torch.log_softmax(logits.float(), dim=-1).numpy()
        label = corpus.label[entry.first_frame : entry.first_frame + 2 * n].astype(np.int64)
        shifts[i] = best_shift(likely, label) if 2 * n > 3 * REACH else 0.0
    return shifts


def best_shift(likely: NDArray[np.float32], label: NDArray[np.int64]) -> float:
    """Return the shift, in frames, at which labels (F,) fit log-likelihoods (F, L) best.

    Between frames a parabola through the best score and its neighbours decides.
    """
    n = len(label)
    frames = np.arange(n)
    scores = np.array(
        [
            likely[frames[max(s, 0) : n + min(s, 0)], label[max(-s, 0) : n - max(s, 0)]].mean()
            for s in range(-REACH, REACH + 1)
        ]
    )
    best = int(scores.argmax())
    if not 0 < best < 2 * REACH:
        return float(best - REACH)
    before, here, after = scores[best - 1 : best + 2]
    bend = before - 2 * here + after
    return float(best - REACH + (0.5 * (before - after) / bend if bend < 0 else 0.0))


def realign(corpus: Corpus, model: ContentTrainer) -> Moved:
    """Move the labels of utterances whose place was guessed, in the corpus's files; its tokens are deleted."""
    shifts = find_shifts(corpus, model)
    if not shifts:
        return Moved(0, 0.0)
    frames: dict[str, NDArray[Any]] = {
        "lab": corpus.label, "tone": corpus.tone, "pitch": corpus.pitch, "voiced": corpus.voiced,
    }  # fmt: skip
    moved = {name: values.copy() for name, values in frames.items()}
    for i, shift in shifts.items():
        entry = corpus.entries[i]
        part = slice(entry.first_frame, entry.first_frame + entry.n_frames)
        for name, values in frames.items():
            moved[name][part] = _later(values[part], round(shift))
    index = corpus.folder / "index.jsonl"
    rows = [json.loads(line) for line in index.read_text(encoding="utf-8").splitlines()]
    for i, shift in shifts.items():
        entry = corpus.entries[i]
        rows[i]["groups"] = _moved_groups(entry, shift / FRAME_RATE - entry.lag)
        # Labels of frames move by whole frames; what is left over is kept beside them.
        rows[i]["lag"] = round(float(shift - round(shift)) / FRAME_RATE, 4)
    with (corpus.folder / "frames.tmp").open("wb") as file:
        np.savez(file, allow_pickle=False, **moved)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    index.with_suffix(".tmp").write_text(text, encoding="utf-8", newline="\n")
    (corpus.folder / "tokens.npz").unlink(missing_ok=True)
    (corpus.folder / "frames.tmp").replace(corpus.folder / "frames.npz")
    index.with_suffix(".tmp").replace(index)
    typical = float(np.sqrt(np.mean(np.square(list(shifts.values()))))) / FRAME_RATE
    return Moved(len(shifts), round(typical, 4))


def _later(values: NDArray[Any], n: int) -> NDArray[Any]:
    """Values moved n places towards the end, or the beginning; zeros, which are silence, come in."""
    out = np.zeros_like(values)
    if n >= 0:
        out[n:] = values[: len(values) - n]
    else:
        out[:n] = values[-n:]
    return out


def _moved_groups(entry: Entry, by: Seconds) -> list[tuple[int, Seconds | None, Seconds | None]]:
    return [
        (n, None if a is None else round(a + by, 3), None if b is None else round(b + by, 3))
        for n, a, b in entry.groups
    ]
