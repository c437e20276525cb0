"""How a word that no dictionary holds is read: a small network that labels its letters, in numpy.

Each letter gets a chunk of 0 to 2 phonemes, chosen from left to right by a beam search over the letters'
context and the labels so far. The weights come from ``tools/train_g2p.py``, which trains the same network
in torch; here it is spelled out again so that reading text needs no torch.
"""

import re
from functools import cached_property
from importlib.resources.abc import Traversable

import numpy as np
from numpy.typing import NDArray

LETTERS = "abcdefghijklmnopqrstuvwxyz'"
"""What the model reads; index + 1 is a letter's id, 0 is padding."""

BEAM = 4
MAX_LETTERS = 40  # far beyond any word; longer runs are read in pieces, so that time stays linear

Array = NDArray[np.float32]


def _sigmoid(x: Array) -> Array:
    # The tanh form does not overflow for large negative x.
    return np.asarray(0.5 * (np.tanh(0.5 * x) + 1.0), dtype=np.float32)


def _gelu(x: Array) -> Array:
    # The tanh form, as in training; 0.79788 is the root of 2 / pi.
    inner = 0.7978845608 * (x + 0.044715 * x * x * x)
    return np.asarray(0.5 * x * (1.0 + np.tanh(inner)), dtype=np.float32)


class Predictor:
    """Letters -> phonemes with stress digits; the weights are read on first use."""

    def __init__(self, path: Traversable) -> None:
        self._path = path

    @cached_property
    def _weights(self) -> dict[str, Array]:
        weights = {}
        with self._path.open("rb") as file, np.load(file) as arrays:
            for name in arrays.files:
                if name == "labels" or name.endswith(".scale"):
                    continue
                weight = arrays[name].astype(np.float32)
                if f"{name}.scale" in arrays.files:
                    scale = arrays[f"{name}.scale"]
                    weight = weight * scale.reshape((-1,) + (1,) * (weight.ndim - 1))
                weights[name] = weight
        return weights

    @cached_property
    def _labels(self) -> tuple[tuple[str, ...], ...]:
        with self._path.open("rb") as file, np.load(file) as arrays:
            return tuple(tuple(str(label).split()) for label in arrays["labels"])

    def predict(self, word: str) -> tuple[str, ...]:
        """Return the phonemes of ``word``, of which only the letters a-z and ' are read."""
        letters = re.sub(f"[^{LETTERS}]", "", word.lower())
        phonemes: list[str] = []
        for start in range(0, len(letters), MAX_LETTERS):
            phonemes += self._decode(self._encode(letters[start : start + MAX_LETTERS]))
        return tuple(phonemes)

    def _encode(self, letters: str) -> Array:
        """Return the context of each letter, shape (n_letters, 384)."""
        x = self._weights["letters.weight"][[LETTERS.index(c) + 1 for c in letters]]
        x = _gelu(self._convolve(x, "near"))
        x = x + _gelu(self._convolve(x, "far"))
        forward = self._run_lstm(x, "_l0")
        backward = self._run_lstm(x[::-1], "_l0_reverse")[::-1]
        return np.concatenate([forward, backward], axis=1)

    def _convolve(self, x: Array, name: str) -> Array:
        weight = self._weights[f"{name}.weight"]  # (D_out, D_in, width)
        width = weight.shape[2]
        padded = np.pad(x, ((width // 2, width // 2), (0, 0)))
        result = self._weights[f"{name}.bias"] + sum(
            padded[k : k + len(x)] @ weight[:, :, k].T for k in range(width)
        )
        return np.asarray(result, dtype=np.float32)

    def _run_lstm(self, x: Array, suffix: str) -> Array:
        w = self._weights
        inputs = x @ w[f"encoder.weight_ih{suffix}"].T + w[f"encoder.bias_ih{suffix}"]
        recurrent = w[f"encoder.weight_hh{suffix}"].T
        bias = w[f"encoder.bias_hh{suffix}"]
        hidden = cell = np.zeros(recurrent.shape[0], dtype=np.float32)
        states = []
        for row in inputs:
            hidden, cell = _lstm_step(row + hidden @ recurrent + bias, cell)
            states.append(hidden)
        return np.stack(states)

    def _decode(self, encoded: Array) -> list[str]:
        """Search for the likeliest labels; equal ones in their order, so that nothing is left to chance."""
        w = self._weights
        n_context = encoded.shape[1]
        from_context, from_label = np.split(w["decoder.weight_ih_l0"].T, [n_context])
        from_hidden = w["decoder.weight_hh_l0"].T
        contexts = encoded @ from_context + w["decoder.bias_ih_l0"] + w["decoder.bias_hh_l0"]
        labels_seen = w["labels.weight"] @ from_label  # (n_labels, 4 D)
        hidden = cell = np.zeros((1, len(from_hidden)), dtype=np.float32)
        scores = np.zeros(1, dtype=np.float32)
        beams: list[tuple[int, ...]] = [()]
        for context in contexts:
            previous = [beam[-1] if beam else 0 for beam in beams]
            gates = context + labels_seen[previous] + hidden @ from_hidden
            hidden, cell = _lstm_step(gates, cell)
            logits = hidden @ w["output.weight"].T + w["output.bias"]  # (n_beams, n_labels)
            logits -= logits.max(axis=1, keepdims=True)
            logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
            total = (scores[:, None] + logits).ravel()
            best = np.argsort(-total, kind="stable")[:BEAM]
            rows, labels = np.divmod(best, logits.shape[1])
            beams = [(*beams[r], int(label)) for r, label in zip(rows, labels, strict=True)]
            hidden, cell, scores = hidden[rows], cell[rows], total[best]
        return [phoneme for label in beams[0] for phoneme in self._labels[label]]


def _lstm_step(gates: Array, cell: Array) -> tuple[Array, Array]:
    """Return hidden and cell state; gates (..., 4 D) in torch's order: input, forget, cell, output."""
    enter, forget, value, leave = np.split(gates, 4, axis=-1)
    cell = _sigmoid(forget) * cell + _sigmoid(enter) * np.tanh(value)
    return _sigmoid(leave) * np.tanh(cell), cell
