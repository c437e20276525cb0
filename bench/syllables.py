"""When each Mandarin syllable of a spoken line is said: a small aligner, the same for every model under test.

    audio -> log-mel frames of 20 ms -> likelihood of each sound -> the best way through the line's sounds

Its network is fitted once on recordings of which the times are known (`tones.py fit`) and kept beside this file. So
the measure does not move when the model that it measures does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from gsvbatch.gsv.log_mel import LogMel
from gsvbatch.training.teacher_letters import ARROWS, letters_of
from gsvbatch.units import Hertz, Seconds

RATE: Hertz = 16000
FRAME_RATE: Hertz = 50
N_MELS = 40
CONTEXT = 2
"""Frames on either side that are looked at with a frame."""

WIDTH = 96
SILENCE = ""

_LOUD = 4.0
"""Nepers below the loudest frame within which a frame counts as speech, for the mean that is taken off."""

_MEL = LogMel(RATE, 512, RATE // FRAME_RATE, N_MELS)
_ARROWS = frozenset(filter(None, ARROWS.values()))


@dataclass(frozen=True, slots=True)
class Syllable:
    """One syllable where it is said."""

    start: Seconds
    end: Seconds
    tone: int
    """1 to 4, or 5 for none."""


def features(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what is known of each 20 ms frame of 16 kHz audio (N,): (F, N_MELS * (2 * CONTEXT + 1)).

    Log-mel spectra less their mean over speech, so that neither level nor a voice's colour counts.
    """
    with torch.inference_mode():
        mel = _MEL(torch.from_numpy(audio)[None])[0].numpy().T
    level = mel.mean(axis=1)
    mel = mel - mel[level >= level.max() - _LOUD].mean(axis=0)
    wide = np.pad(mel, ((CONTEXT, CONTEXT), (0, 0)), "edge")
    parts = [wide[i : i + len(mel)] for i in range(2 * CONTEXT + 1)]
    return np.concatenate(parts, axis=1).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Alignment:
    """A line's syllables, in order."""

    syllables: list[Syllable]
    heard: float
    """Share of their frames in which no other sound is likelier than the one laid there."""


class Aligner:
    """Lays the sounds of a line over its frames.

    Args:
        letters: The sounds it knows, in the order of the network's outputs; the first is silence.
        weights: ``w1`` (features, WIDTH), ``b1``, ``w2`` (WIDTH, sounds), ``b2``.
    """

    def __init__(self, letters: Sequence[str], weights: dict[str, NDArray[np.float32]]) -> None:
        self.letters = tuple(letters)
        self.weights = {name: part.astype(np.float32) for name, part in weights.items()}
        self._place = {letter: i for i, letter in enumerate(self.letters)}

    def likelihoods(self, seen: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the natural logarithm of how likely each sound is in each frame, (F, sounds).

        It is not divided by how often a sound occurs, as it would be for words: beside the labels of recordings,
        more syllables begin within 40 ms of where they do without (90 %, not 82 %).
        """
        w = self.weights
        logits = np.maximum(seen @ w["w1"] + w["b1"], 0) @ w["w2"] + w["b2"]
        logits -= logits.max(axis=1, keepdims=True)
        found: NDArray[np.float32] = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return found

    def align(self, audio: NDArray[np.float32], phones: Sequence[str]) -> Alignment:
        """Return when each syllable is said.

        Args:
            audio: 16 kHz, (N,).
            phones: Pinyin syllables with their tone (``mian4``), marks left out.

        Raises:
            ValueError: The audio is too short for so many sounds, or a syllable is none.
        """
        states, owners = [self._place[SILENCE]], [-1]
        for i, phone in enumerate(phones):
            sounds = [self._place[x] for x in letters_of(phone) if x not in _ARROWS]
            states += [*sounds, self._place[SILENCE]]
            owners += [i] * len(sounds) + [-1]
        likely = self.likelihoods(features(audio))
        path = best_path(likely[:, states], np.array(owners) < 0)
        said = np.array(owners)[path]
        heard = likely.argmax(axis=1) == np.array(states)[path]
        made = []
        for i, phone in enumerate(phones):
            at = np.flatnonzero(said == i)
            tone = int(phone[-1])
            made.append(Syllable(at[0] / FRAME_RATE, (at[-1] + 1) / FRAME_RATE, tone))
        return Alignment(made, float(heard[said >= 0].mean()))


def best_path(scores: NDArray[np.float32], skippable: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the state of each frame on the best way from the first state to the last, (F,).

    Args:
        scores: Of each state in each frame, (F, S).
        skippable: (S,); states that may be left out. No two of them stand side by side.

    Raises:
        ValueError: There are fewer frames than states that must be passed.
    """
    n_frames, n_states = scores.shape
    if n_frames < int((~skippable).sum()):
        raise ValueError("the audio is too short for what should be said in it")
    cost = np.full(n_states, -np.inf)
    cost[0] = scores[0, 0]
    if n_states > 1 and skippable[0]:
        cost[1] = scores[0, 1]
    may_leap = np.zeros(n_states, bool)
    may_leap[2:] = skippable[1:-1]
    steps = np.zeros((n_frames, n_states), np.int8)
    for frame in range(1, n_frames):
        ways = np.full((3, n_states), -np.inf)
        ways[0] = cost
        ways[1, 1:] = cost[:-1]
        ways[2, 2:] = np.where(may_leap[2:], cost[:-2], -np.inf)
        steps[frame] = ways.argmax(axis=0)
        cost = ways.max(axis=0) + scores[frame]
    state = n_states - 1
    if n_states > 1 and skippable[-1] and cost[-2] > cost[-1]:
        state -= 1
    path = np.zeros(n_frames, np.int64)
    for frame in reversed(range(n_frames)):
        path[frame] = state
        state -= int(steps[frame, state])
    return path


def fit_aligner(
    seen: NDArray[np.float32], sounds: NDArray[np.int64], letters: Sequence[str], n_steps: int
) -> Aligner:
    """Fit the network on frames whose sounds are known.

    Args:
        seen: (F, features).
        sounds: Index into ``letters`` of each frame, (F,).
        letters: Silence first.
        n_steps: Of 512 frames.
    """
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Linear(seen.shape[1], WIDTH), nn.ReLU(), nn.Linear(WIDTH, len(letters))
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_steps)
    inputs, wanted = torch.from_numpy(seen), torch.from_numpy(sounds)
    for _ in range(n_steps):
        at = torch.randint(len(inputs), (512,))
        loss = nn.functional.cross_entropy(network(inputs[at]), wanted[at])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    state = {name: part.detach().numpy() for name, part in network.named_parameters()}
    return Aligner(
        letters,
        {
            "w1": state["0.weight"].T, "b1": state["0.bias"],
            "w2": state["2.weight"].T, "b2": state["2.bias"],
        },
    )  # fmt: skip
