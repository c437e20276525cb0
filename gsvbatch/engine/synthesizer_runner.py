"""Runs the synthesizer over decoded sequences, in batches of like length. Takes no decision.

Rows of a batch are masked after every stage, and each row's noise follows from its own seed, so a row
comes out as it would alone.
"""

from collections.abc import Callable
from collections.abc import Sequence as Many

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from gsvbatch.data import Waveform
from gsvbatch.engine.noise import latent_noise
from gsvbatch.engine.sequence import Sequence
from gsvbatch.gsv.synthesizer import FRAMES_PER_TOKEN, Synthesizer

NOISE_SCALE = 0.5
BATCH_WASTE = 1.15
"""Most tokens, padding included, that a batch may have over its real ones: padding costs like speech."""


class SynthesizerRunner:
    """The network and how much of it fits at once."""

    def __init__(self, model: Synthesizer, max_batch_tokens: int) -> None:
        """Set up.

        Args:
            model: In eval mode; its device and dtype are the runner's.
            max_batch_tokens: Tokens of one batch, padding included; a longer line runs alone.
        """
        weight = model.ssl_proj.weight
        self.model = model
        self.device, self.dtype = weight.device, weight.dtype
        # A pulse train adds its pitch up sample by sample, and the rounding with it, and a batch rounds
        # otherwise than a line alone does: such a model, which is small, speaks its lines one by one.
        self.max_batch_tokens = max_batch_tokens if model.dec.head is None else 1

    def batches(self, sequences: Many[Sequence]) -> list[list[Sequence]]:
        """The sequences in batches of like length that fit the budget, the longest first."""
        return in_batches(sequences, _n_tokens, self.max_batch_tokens)

    @torch.inference_mode()
    def run(self, batch: Many[Sequence]) -> list[Waveform]:
        """The waveforms of decoded sequences, in their order."""
        model, device = self.model, self.device
        tokens = [self._integers(_tokens(sequence)) for sequence in batch]
        phonemes = [self._integers(sequence.request.phoneme_ids) for sequence in batch]
        style = torch.stack([sequence.request.voice.style for sequence in batch])
        speeds = [sequence.request.speed for sequence in batch]
        # One frame to spare: the network counts in single precision, and cuts what it does not need.
        n_frames = [_n_frames(sequence) + 1 for sequence in batch]
        noise = torch.zeros(len(batch), model.config.latent, max(n_frames), device=device)
        for row, sequence in enumerate(batch):
            noise[row, :, : n_frames[row]] = latent_noise(
                sequence.request.seed, model.config.latent, n_frames[row], device
            )
        samples, n_samples = model(
            pad_sequence(tokens, batch_first=True),
            torch.tensor([len(row) for row in tokens], device=device),
            pad_sequence(phonemes, batch_first=True),
            torch.tensor([len(row) for row in phonemes], device=device),
            style.to(device, self.dtype)[:, :, None],
            noise=noise,
            noise_scale=NOISE_SCALE,
            speed=None if all(s == 1 for s in speeds) else torch.tensor(speeds, device=device),
        )
        rows = samples[:, 0].float().cpu().numpy()
        lengths: list[int] = n_samples.tolist()
        return [
            Waveform(np.ascontiguousarray(row[:n]), model.config.sample_rate)
            for row, n in zip(rows, lengths, strict=True)
        ]

    def _integers(self, values: Many[int]) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.int64, device=self.device)


def in_batches(
    sequences: Many[Sequence], length: Callable[[Sequence], int], budget: int
) -> list[list[Sequence]]:
    """Sequences in batches of like length, the longest first.

    Args:
        sequences: In any order.
        length: Of one sequence.
        budget: The most that a batch may have, padding included; a longer sequence is alone.
    """
    batches: list[list[Sequence]] = []
    n_real = 0
    for sequence in sorted(sequences, key=length, reverse=True):
        n_real += length(sequence)
        batch = batches[-1] if batches else []
        padded = (len(batch) + 1) * (length(batch[0]) if batch else 0)
        if not batch or padded > min(budget, n_real * BATCH_WASTE):
            batches.append([sequence])
            n_real = length(sequence)
        else:
            batch.append(sequence)
    return batches


def _tokens(sequence: Sequence) -> tuple[int, ...]:
    assert sequence.tokens is not None
    return sequence.tokens.tokens


def _n_tokens(sequence: Sequence) -> int:
    return len(_tokens(sequence))


def _n_frames(sequence: Sequence) -> int:
    """Latent frames of a line: fewer when it is spoken faster."""
    real = _n_tokens(sequence) * FRAMES_PER_TOKEN
    return real if sequence.request.speed == 1 else int(real / sequence.request.speed) + 1
