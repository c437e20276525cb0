"""Runs the synthesizer over decoded sequences, in batches of like length. Takes no decision.

Rows of a batch are masked after every stage, and each row's noise follows from its own seed, so a row
comes out as it would alone.
"""

from collections.abc import Callable
from collections.abc import Sequence as Many
from contextlib import AbstractContextManager, nullcontext
from threading import Lock

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from gsvbatch.data import Waveform
from gsvbatch.engine import fused_generator, packed_generator
from gsvbatch.engine.fused_generator import FusedGenerator
from gsvbatch.engine.noise import latent_noise
from gsvbatch.engine.packed_generator import PackedGenerator
from gsvbatch.engine.sequence import Sequence
from gsvbatch.gsv.synthesizer import FRAMES_PER_TOKEN, Synthesizer

NOISE_SCALE = 0.5
BATCH_WASTE = 1.15
"""Most tokens, padding included, that a batch may have over its real ones: padding costs like speech."""


class SynthesizerRunner:
    """The network and how much of it fits at once."""

    def __init__(
        self,
        model: Synthesizer,
        max_batch_tokens: int,
        *,
        fused: bool | None = None,
        packs: bool | None = None,
        capturing: "Lock | None" = None,
    ) -> None:
        """Set up.

        Args:
            model: In eval mode; its device and dtype are the runner's.
            max_batch_tokens: Tokens of one batch, padding included; a longer line runs alone.
            fused: Whether the generator uses kernels of triton; None does it where it is possible.
            packs: Whether its weights are packed for a processor; None does it where it is possible.
            capturing: A lock that is held while a CUDA graph is captured elsewhere.
        """
        weight = model.ssl_proj.weight
        self.model = model
        self.device, self.dtype = weight.device, weight.dtype
        # A pulse train adds its pitch up sample by sample, and the rounding with it, and a batch rounds
        # otherwise than a line alone does: such a model, which is small, speaks its lines one by one.
        self.max_batch_tokens = max_batch_tokens if model.dec.head is None else 1
        self._capturing = capturing or Lock()
        if fused is None:
            fused = fused_generator.is_fusable(model.dec)
        self._fused = FusedGenerator(model.dec) if fused else None
        if packs is None:
            packs = packed_generator.can_pack(model.dec)
        self._packed = PackedGenerator(model.dec) if packs else None
        self._stream: torch.cuda.Stream | None = None
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)  # the weights may still be on their way
            self._stream = torch.cuda.Stream(self.device)

    def batches(self, sequences: Many[Sequence]) -> list[list[Sequence]]:
        """The sequences in batches of like length that fit the budget, the longest first."""
        return in_batches(sequences, _n_tokens, self.max_batch_tokens)

    @torch.inference_mode()
    def run(self, batch: Many[Sequence]) -> list[Waveform]:
        """The waveforms of decoded sequences, in their order. May run in a thread of its own."""
        with self._lane():
            with self._capturing:
                samples, n_frames = self._forward(batch)
            lengths: list[int] = n_frames.tolist()
            rows = samples[:, 0].float().cpu().numpy()
        per_frame = self.model.samples_per_token // FRAMES_PER_TOKEN
        return [
            Waveform(np.ascontiguousarray(row[: n * per_frame]), self.model.config.sample_rate)
            for row, n in zip(rows, lengths, strict=True)
        ]

    def _forward(self, batch: Many[Sequence]) -> tuple[Tensor, Tensor]:
        """Samples (B, 1, N) with zeros past each row's end, and the rows' latent frames (B,)."""
        model, device = self.model, self.device
        tokens = [torch.tensor(_tokens(sequence)) for sequence in batch]
        phonemes = [torch.tensor(sequence.request.phoneme_ids) for sequence in batch]
        style = torch.stack([sequence.request.voice.style for sequence in batch])
        style = style.to(device, self.dtype)[:, :, None]
        speeds = [sequence.request.speed for sequence in batch]
        is_plain = all(speed == 1 for speed in speeds)
        mean, log_spread, mask = model.prior(
            pad_sequence(tokens, batch_first=True).to(device),
            torch.tensor([len(row) for row in tokens], device=device),
            pad_sequence(phonemes, batch_first=True).to(device),
            torch.tensor([len(row) for row in phonemes], device=device),
            style,
            None if is_plain else torch.tensor(speeds, device=device),
        )
        seeds = torch.tensor([sequence.request.seed for sequence in batch], device=device)
        noise = latent_noise(seeds, model.config.latent, mean.shape[2]).to(mean.dtype)
        latent = (mean + noise * torch.exp(log_spread) * NOISE_SCALE) * mask
        n_frames = mask.sum(dim=(1, 2), dtype=torch.float32).long()
        if self._packed is not None:
            z = model.flow(latent, mask, style, inverse=True)
            return self._packed(z, style, n_frames.tolist()), n_frames
        if self._fused is None:
            is_ragged = (
                len(batch) > 1
                and len({(len(t), s) for t, s in zip(tokens, speeds, strict=True)}) > 1
            )
            return model.decode_latent(latent, mask if is_ragged else None, style), n_frames
        z = model.flow(latent, mask, style, inverse=True)
        return self._fused(z, style, n_frames), n_frames

    def _lane(self) -> AbstractContextManager[object]:
        """The stream that all of this runs on."""
        return nullcontext() if self._stream is None else torch.cuda.stream(self._stream)


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
