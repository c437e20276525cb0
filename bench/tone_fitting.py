"""Fitting the aligner and the judge of tones on a prepared corpus, and the file that keeps both."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.syllables import RATE, SILENCE, Aligner, features, fit_aligner
from bench.tone_shapes import ToneJudge, course, fit_judge, told_shapes
from gsvbatch.audio.pcm import resample
from gsvbatch.data import Waveform
from gsvbatch.text.symbols import SymbolTable
from gsvbatch.training.corpus import SAMPLE_RATE, Corpus, Entry
from gsvbatch.training.teacher_letters import phones_of
from gsvbatch.units import Seconds

STORE = Path(__file__).parent / "tones.npz"
EVERY_OUT = 10
"""One speaker in so many is kept out of fitting, to see how good it is."""


def fit(folder: Path, n_lines: int, n_steps: int, out: Path) -> None:
    """Fit on a corpus's Mandarin lines, write the store, print how good it is on speakers kept out.

    Args:
        folder: The corpus.
        n_lines: To fit on; it is tried on an eighth as many.
        n_steps: Of the aligner's network.
        out: The store.

    Raises:
        ConfigError: The folder holds no corpus.
    """
    corpus = Corpus(folder)
    names = json.loads((corpus.folder / "labels.json").read_text(encoding="utf-8"))["chars"]
    entries = [entry for entry in corpus.entries if entry.language == "zh" and entry.has_audio]
    speakers = sorted({entry.speaker for entry in entries})
    others = set(speakers[::EVERY_OUT])
    draw = np.random.default_rng(0)
    order = [entries[i] for i in draw.permutation(len(entries))]
    taken = [entry for entry in order if entry.speaker not in others][:n_lines]
    kept_out = [entry for entry in order if entry.speaker in others][: max(n_lines // 8, 1)]
    seen, sounds = [], []
    for entry in taken:
        part = features(audio_of(corpus, entry).samples)[: entry.n_frames]
        seen.append(part)
        sounds.append(
            corpus.label[entry.first_frame : entry.first_frame + len(part)].astype(np.int64)
        )
    letters = [SILENCE, *names]
    aligner = fit_aligner(np.concatenate(seen), np.concatenate(sounds), letters, n_steps)
    rows, tones, _ = zip(*(_told(corpus, entry, aligner) for entry in taken), strict=True)
    judge = fit_judge(np.concatenate(rows), np.concatenate(tones))
    save(out, aligner, judge)
    aligner, judge = load(out)  # as it will be used, rounded
    rows, tones, errors = zip(*(_told(corpus, entry, aligner) for entry in kept_out), strict=True)
    told = judge.likely(np.concatenate(rows)).argmax(axis=1) + 1
    right = (told == np.concatenate(tones)).mean()
    offset = np.concatenate(errors)
    print(f"fitted on {len(taken)} lines of {len(speakers) - len(others)} speakers: {out}")
    print(
        f"on {len(kept_out)} lines of {len(others)} others: {right:.1%} of {len(told)} tones right"
    )
    print(
        f"syllables begin {np.median(offset) * 1000:+.0f} ms off in the median; of the rest of that, "
        f"{(np.abs(offset - np.median(offset)) <= 0.04).mean():.0%} within 40 ms"
    )


def _told(
    corpus: Corpus, entry: Entry, aligner: Aligner
) -> tuple[NDArray[np.float64], NDArray[np.int64], list[Seconds]]:
    """Shapes and tones of a line as it will be measured, and how much later syllables begin than they do."""
    known = said_syllables(entry)
    audio = audio_of(corpus, entry)
    found = aligner.align(audio.samples, [phone for phone, _ in known]).syllables
    whole = corpus.samples(entry)
    rows, tones = told_shapes(course(whole, SAMPLE_RATE), found)
    return rows, tones, [a.start - start for a, (_, start) in zip(found, known, strict=True)]


def said_syllables(entry: Entry) -> list[tuple[str, Seconds]]:
    """Return the Mandarin syllables of a corpus's line, and when each begins."""
    symbols = SymbolTable.load("v2").symbols
    found, at = [], 0
    for n, start, _ in entry.groups:
        if n == 2 and start is not None:
            names = [symbols[i] for i in entry.phoneme_ids[at : at + n]]
            found.append((phones_of(names)[0], start))
        at += n
    return found


def audio_of(corpus: Corpus, entry: Entry) -> Waveform:
    """Return a line's recording at the aligner's rate."""
    return resample(Waveform(corpus.samples(entry), SAMPLE_RATE), RATE)


def save(path: Path, aligner: Aligner, judge: ToneJudge) -> None:
    """Write aligner and judge into one file."""
    parts: dict[str, Any] = {
        name: part.astype(np.float16) for name, part in aligner.weights.items()
    }
    parts |= {"letters": np.array(aligner.letters)}
    parts |= {"mean": judge.mean, "scale": judge.scale, "tones": judge.weights}
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **parts)


def load(path: Path) -> tuple[Aligner, ToneJudge]:
    """Read what `save` wrote."""
    with np.load(path, allow_pickle=False) as data:
        weights = {name: data[name] for name in ("w1", "b1", "w2", "b2")}
        judge = ToneJudge(data["mean"], data["scale"], data["tones"])
        return Aligner([str(letter) for letter in data["letters"]], weights), judge
