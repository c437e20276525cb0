"""Train the English letter-to-phoneme model that reads words no dictionary holds.

    python tools/train_g2p.py CMUDICT.dict --output gsvbatch/text/english/data/letters.npz

CMUdict -> each letter aligned with 0 to 2 phonemes by EM -> a small network that labels the letters
from left to right -> 8-bit weights, read by `gsvbatch.text.english.predictor` without torch. Words whose
CRC-32 is divisible by 20 (5 %) are held out; their phoneme error rate and word accuracy are printed,
as measured with the shipped weights and the shipped numpy code.

Aligned labelling was chosen over attention because it cannot loop or skip: a word of n letters always
ends after n steps. Alignment follows the idea of Jiampojamarn, Kondrak and Sherif, "Applying many-to-many
alignments and hidden Markov models to letter-to-phoneme conversion" (NAACL 2007), with letters taken one
at a time.
"""

import argparse
import math
import random
import re
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from gsvbatch.text.english.predictor import LETTERS, Predictor

Chunk: TypeAlias = tuple[str, ...]
"""The phonemes of one letter: none, one or two."""

MAX_CHUNK = 2
RARE_CHUNK = 5  # words with a label seen less often teach more noise than sound
START = 0  # label before the first letter


def read_words(path: Path) -> Iterator[tuple[str, list[Chunk]]]:
    """Yield each word of letters and apostrophes with its pronunciations, the usual one first."""
    word, pronunciations = "", list[Chunk]()
    for line in path.read_text(encoding="utf-8").splitlines():
        entry, *phonemes = line.split("#")[0].split()
        name = re.sub(r"\(\d\)$", "", entry)
        if name != word:
            if word and set(word) <= set(LETTERS):
                yield word, pronunciations
            word, pronunciations = name, []
        pronunciations.append(tuple(phonemes))
    if set(word) <= set(LETTERS):
        yield word, pronunciations


def is_held_out(word: str) -> bool:
    """Tell the test words from the training words, the same ones on every machine."""
    return zlib.crc32(word.encode()) % 20 == 0


class Aligner:
    """Learns how likely a letter stands for a chunk of (stressless) phonemes."""

    def __init__(self) -> None:
        self.probability: dict[tuple[str, Chunk], float] = {}

    def _steps(self, word: str, phonemes: Chunk, i: int, j: int) -> Iterator[tuple[int, float]]:
        """Yield (phonemes taken, probability) for letter ``i`` at phoneme ``j``."""
        for taken in range(min(MAX_CHUNK, len(phonemes) - j) + 1):
            key = (word[i], phonemes[j : j + taken])
            yield taken, self.probability.get(key, 1e-7)

    def fit(self, pairs: Sequence[tuple[str, Chunk]], rounds: int) -> None:
        """Run expectation-maximization from a flat start that prefers one phoneme a letter."""
        prior = (0.1, 0.85, 0.05)
        for word, phonemes in pairs:
            for letter in word:
                for j in range(len(phonemes) + 1):
                    for taken in range(min(MAX_CHUNK, len(phonemes) - j) + 1):
                        self.probability[letter, phonemes[j : j + taken]] = prior[taken]
        for _ in range(rounds):
            counts: Counter[tuple[str, Chunk]] = Counter()
            for word, phonemes in pairs:
                self._expect(word, phonemes, counts)
            totals: Counter[str] = Counter()
            for (letter, _chunk), count in counts.items():
                totals[letter] += count  # type: ignore[assignment]  # expected counts are fractions
            self.probability = {key: count / totals[key[0]] for key, count in counts.items()}

    def _expect(self, word: str, phonemes: Chunk, counts: Counter[tuple[str, Chunk]]) -> None:
        n, m = len(word), len(phonemes)
        forward = np.zeros((n + 1, m + 1))
        backward = np.zeros((n + 1, m + 1))
        forward[0, 0] = backward[n, m] = 1.0
        steps = [[list(self._steps(word, phonemes, i, j)) for j in range(m + 1)] for i in range(n)]
        for i in range(n):
            for j in range(m + 1):
                if forward[i, j]:
                    for taken, p in steps[i][j]:
                        forward[i + 1, j + taken] += forward[i, j] * p
        for i in range(n - 1, -1, -1):
            for j in range(m + 1):
                backward[i, j] = sum(p * backward[i + 1, j + taken] for taken, p in steps[i][j])
        if forward[n, m] < 1e-30:
            return
        for i in range(n):
            for j in range(m + 1):
                for taken, p in steps[i][j]:
                    share = forward[i, j] * p * backward[i + 1, j + taken] / forward[n, m]
                    if share > 1e-4:
                        counts[word[i], phonemes[j : j + taken]] += share

    def align(self, word: str, phonemes: Chunk) -> list[Chunk] | None:
        """Return the best chunk for every letter, stress kept, or None if they do not fit."""
        bare = tuple(p.rstrip("012") for p in phonemes)
        best: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]
        for i in range(len(word)):
            reached: dict[int, tuple[float, int]] = {}
            for j, (score, _) in best[i].items():
                for taken, p in self._steps(word, bare, i, j):
                    candidate = score + math.log(p)
                    if j + taken not in reached or candidate > reached[j + taken][0]:
                        reached[j + taken] = (candidate, taken)
            best.append(reached)
        j = len(phonemes)
        if j not in best[-1] or best[-1][j][0] < -8.0 * len(
            word
        ):  # an acronym, or not phonetic at all
            return None
        chunks: list[Chunk] = []
        for i in range(len(word), 0, -1):
            taken = best[i][j][1]
            chunks.append(phonemes[j - taken : j])
            j -= taken
        return chunks[::-1]


class LetterLabeller(nn.Module):
    """Letters (B, T) and the labels before them (B, T) -> logits (B, T, n_labels)."""

    def __init__(self, n_labels: int) -> None:
        super().__init__()
        self.letters = nn.Embedding(len(LETTERS) + 1, 128, padding_idx=0)
        self.near = nn.Conv1d(128, 192, 5, padding=2)
        self.far = nn.Conv1d(192, 192, 5, padding=2)
        self.encoder = nn.LSTM(192, 192, batch_first=True, bidirectional=True)
        self.labels = nn.Embedding(n_labels, 64)
        self.decoder = nn.LSTM(384 + 64, 256, batch_first=True)
        self.output = nn.Linear(256, n_labels)
        self.dropout = nn.Dropout(0.15)

    def forward(self, letters: Tensor, previous: Tensor, lengths: Tensor) -> Tensor:
        """Return the logits; ``lengths`` (B,) says where padding begins."""
        mask = (letters > 0).unsqueeze(1)  # (B, 1, T)
        x = self.letters(letters).transpose(1, 2)  # (B, D, T)
        x = nn.functional.gelu(self.near(x), approximate="tanh") * mask
        x = (x + nn.functional.gelu(self.far(x), approximate="tanh")) * mask
        packed = nn.utils.rnn.pack_padded_sequence(
            self.dropout(x.transpose(1, 2)), lengths, batch_first=True, enforce_sorted=False
        )
        encoded, _ = nn.utils.rnn.pad_packed_sequence(self.encoder(packed)[0], batch_first=True)
        states, _ = self.decoder(torch.cat([self.dropout(encoded), self.labels(previous)], -1))
        logits: Tensor = self.output(self.dropout(states))
        return logits


def batches(
    examples: Sequence[tuple[str, list[int]]], size: int, rng: random.Random
) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Yield letters, previous labels, labels (-100 for padding) and lengths, words of like length together."""
    order = sorted(range(len(examples)), key=lambda i: len(examples[i][0]) + rng.random())
    groups = [order[i : i + size] for i in range(0, len(order), size)]
    rng.shuffle(groups)
    for group in groups:
        lengths = torch.tensor([len(examples[i][0]) for i in group])
        letters = torch.zeros(len(group), int(lengths.max()), dtype=torch.long)
        previous, labels = torch.zeros_like(letters), torch.full_like(letters, -100)
        for row, i in enumerate(group):
            word, target = examples[i]
            letters[row, : len(word)] = torch.tensor([LETTERS.index(c) + 1 for c in word])
            labels[row, : len(word)] = torch.tensor(target)
            previous[row, : len(word)] = torch.tensor([START, *target[:-1]])
        yield letters, previous, labels, lengths


def train(examples: Sequence[tuple[str, list[int]]], n_labels: int, epochs: int) -> LetterLabeller:
    """Return the trained model, its weights averaged over the last steps."""
    torch.manual_seed(1)
    rng = random.Random(1)
    model = LetterLabeller(n_labels)
    average = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998)
    )
    size = 256
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 3e-3, total_steps=epochs * math.ceil(len(examples) / size), pct_start=0.15
    )
    started = time.monotonic()
    for epoch in range(epochs):
        total = n_steps = 0.0
        for letters, previous, labels, lengths in batches(examples, size, rng):
            with torch.autocast("cpu", torch.bfloat16):
                logits = model(letters, previous, lengths)
            loss = nn.functional.cross_entropy(
                logits.float().flatten(0, 1), labels.flatten(), label_smoothing=0.05
            )
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            average.update_parameters(model)
            total, n_steps = total + loss.item(), n_steps + 1
        print(
            f"epoch {epoch + 1}: loss {total / n_steps:.4f}, {time.monotonic() - started:.0f} s",
            flush=True,
        )
    averaged = average.module
    assert isinstance(averaged, LetterLabeller)
    return averaged.eval()


def save(path: Path, model: LetterLabeller, labels: Sequence[Chunk]) -> None:
    """Write the weights as int8 with one float32 scale a row; vectors stay float32."""
    arrays: dict[str, np.ndarray] = {"labels": np.array([" ".join(c) for c in labels])}
    for name, tensor in model.state_dict().items():
        weight = tensor.float().numpy()
        if weight.ndim == 1:
            arrays[name] = weight
            continue
        scale = np.abs(weight).reshape(len(weight), -1).max(axis=1) / 127 + 1e-12
        shape = (-1,) + (1,) * (weight.ndim - 1)
        arrays[name] = np.rint(weight / scale.reshape(shape)).astype(np.int8)
        arrays[f"{name}.scale"] = scale.astype(np.float32)
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]  # numpy types **kwds too narrowly


def edit_distance(a: Sequence[str], b: Sequence[str]) -> int:
    """Return the least number of insertions, deletions and substitutions from ``a`` to ``b``."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]


def evaluate(predictor: Predictor, words: Iterable[tuple[str, list[Chunk]]]) -> None:
    """Print error rates; of several pronunciations the nearest counts."""
    for name, strip in (("with stress", ""), ("without stress", "012")):
        errors = n_phonemes = n_right = n_words = 0
        for word, pronunciations in words:
            said = [p.rstrip(strip) if strip else p for p in predictor.predict(word)]
            wanted = [[p.rstrip(strip) if strip else p for p in chunk] for chunk in pronunciations]
            distance, length = min((edit_distance(said, w), len(w)) for w in wanted)
            errors, n_phonemes = errors + distance, n_phonemes + length
            n_right, n_words = n_right + (distance == 0), n_words + 1
        print(
            f"{name}: PER {errors / n_phonemes:.2%}, words right {n_right / n_words:.2%} of {n_words}"
        )


def main() -> None:
    """Align, train, save, measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cmudict", type=Path)
    parser.add_argument(
        "--output", type=Path, default=Path("gsvbatch/text/english/data/letters.npz")
    )
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--evaluate-only", action="store_true")
    arguments = parser.parse_args()
    words = list(read_words(arguments.cmudict))
    held_out = [(w, p) for w, p in words if is_held_out(w)]
    if not arguments.evaluate_only:
        known = [(w, p[0]) for w, p in words if not is_held_out(w) and len(w) > 1]
        aligner = Aligner()
        sample = random.Random(1).sample(known, 12_000)
        aligner.fit([(w, tuple(p.rstrip("012") for p in ps)) for w, ps in sample], rounds=5)
        aligned = [(w, chunks) for w, ps in known if (chunks := aligner.align(w, ps))]
        counts = Counter(chunk for _, chunks in aligned for chunk in chunks)
        labels = [(), *sorted(c for c, n in counts.items() if c and n >= RARE_CHUNK)]
        index = {chunk: i for i, chunk in enumerate(labels)}
        examples = [(w, [index[c] for c in cs]) for w, cs in aligned if all(c in index for c in cs)]
        print(f"{len(examples)} of {len(known)} words aligned, {len(labels)} labels", flush=True)
        save(arguments.output, train(examples, len(labels), arguments.epochs), labels)
    evaluate(Predictor(arguments.output), held_out)


if __name__ == "__main__":
    main()
