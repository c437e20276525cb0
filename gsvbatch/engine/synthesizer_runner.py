"""Runs the synthesizer over decoded sequences, in batches of like length. Takes no decision.

Rows of a batch are masked after every stage, and each row's noise follows from its own seed, so a row
comes out as it would alone.
"""

from collections.abc import Callable
from collections.abc import Sequence as Many
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from gsvbatch.data import Waveform
from gsvbatch.engine import fused_generator, packed_generator
from gsvbatch.engine.fused_generator import FusedGenerator
from gsvbatch.engine.noise import latent_noise
from gsvbatch.engine.packed_generator import PackedGenerator
from gsvbatch.engine.sequence import Sequence
from gsvbatch.gsv.synthesizer import FRAMES_PER_TOKEN, Synthesizer
from gsvbatch.units import Hertz

NOISE_SCALE = 0.5
CUDA_ALIGNMENT = 32
"""Measured: a second pass over the same shapes took half the time of the first."""

BATCH_WASTE = 1.15
"""Most tokens, padding included, that a batch may have over its real ones: padding costs like speech."""


@dataclass(frozen=True, slots=True, eq=False)
class Speaking:
    """A batch that is being spoken."""

    samples: Tensor
    """(B, N) fp32 on the host, valid once it is done."""

    n_samples: Tensor
    """(B,) likewise."""

    sample_rate: Hertz
    done: "torch.cuda.Event | None"
    """What the device passes when all is on the host; None where it is there already."""

    def is_done(self) -> bool:
        """Whether the waveforms are there without waiting."""
        return self.done is None or self.done.query()

    def waveforms(self) -> list[Waveform]:
        """The waveforms of the batch's sequences, in their order; waits for them."""
        if self.done is not None:
            self.done.synchronize()
        # Copies, for the host's memory that devices copy into is scarce, and used again.
        is_shared = self.done is not None
        rows = self.samples.numpy()
        lengths: list[int] = self.n_samples.tolist()
        return [
            Waveform(np.array(row[:n], copy=is_shared or None), self.sample_rate)
            for row, n in zip(rows, lengths, strict=True)
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """A batch that was spoken while its caller waited."""

    found: list[Waveform]

    def is_done(self) -> bool:
        """Always."""
        return True

    def waveforms(self) -> list[Waveform]:
        """The waveforms of the batch's sequences, in their order."""
        return self.found


class SynthesizerRunner:
    """The network and how much of it fits at once."""

    def __init__(
        self,
        model: Synthesizer,
        max_batch_tokens: int,
        *,
        fused: bool | None = None,
        packs: bool | None = None,
        alignment: int | None = None,
    ) -> None:
        """Set up.

        Args:
            model: In eval mode; its device and dtype are the runner's.
            max_batch_tokens: Tokens of one batch, padding included; a longer line runs alone.
            fused: Whether the generator uses kernels of triton; None does it where it is possible.
            packs: Whether its weights are packed for a processor; None does it where it is possible.
            alignment: Tokens and phonemes that the lengths of batches are multiples of; None means many
                on a CUDA device, where a shape that was not seen before has to be planned for.
        """
        weight = model.ssl_proj.weight
        self.model = model
        self.device, self.dtype = weight.device, weight.dtype
        # A pulse train adds its pitch up sample by sample, and the rounding with it, and a batch rounds
        # otherwise than a line alone does: such a model, which is small, speaks its lines one by one.
        self.max_batch_tokens = max_batch_tokens if model.dec.head is None else 1
        if fused is None:
            fused = fused_generator.is_fusable(model.dec)
        self._fused = FusedGenerator(model.dec) if fused else None
        if packs is None:
            packs = packed_generator.can_pack(model.dec)
        self._packed = PackedGenerator(model.dec) if packs else None
        if alignment is None:
            alignment = CUDA_ALIGNMENT if self.device.type == "cuda" else 1
        self._alignment = alignment
        self._stream: torch.cuda.Stream | None = None
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)  # the weights may still be on their way
            self._stream = torch.cuda.Stream(self.device)

    def batches(self, sequences: Many[Sequence]) -> list[list[Sequence]]:
        """The sequences in batches of like length that fit the budget, the longest first."""
        return in_batches(sequences, _n_tokens, self.max_batch_tokens)

    def run(self, batch: Many[Sequence]) -> list[Waveform]:
        """The waveforms of decoded sequences, in their order."""
        return self.start(batch).waveforms()

    @torch.inference_mode()
    def start(self, batch: Many[Sequence]) -> Speaking:
        """Start speaking decoded sequences; on a CUDA device nobody waits until the waveforms are asked for."""
        rate = self.model.config.sample_rate
        per_frame = self.model.samples_per_token // FRAMES_PER_TOKEN
        if self._stream is None:
            samples, n_frames = self._forward(batch)
            return Speaking(samples[:, 0].float(), n_frames * per_frame, rate, None)
        with torch.cuda.stream(self._stream):
            samples, n_frames = self._forward(batch)
            done = torch.cuda.Event()
            speaking = Speaking(
                _to_host(samples[:, 0].float()), _to_host(n_frames * per_frame), rate, done
            )
            done.record()
        return speaking

    def _forward(self, batch: Many[Sequence]) -> tuple[Tensor, Tensor]:
        """Samples (B, 1, N) with zeros past each row's end, and the rows' latent frames (B,)."""
        model = self.model
        tokens = [torch.tensor(_tokens(sequence)) for sequence in batch]
        phonemes = [torch.tensor(sequence.request.phoneme_ids) for sequence in batch]
        speeds = [sequence.request.speed for sequence in batch]
        is_plain = all(speed == 1 for speed in speeds)
        style = torch.stack([sequence.request.voice.style for sequence in batch])
        style = self._on_device(style).to(self.dtype)[:, :, None]
        padded = self._padded(tokens)
        mean, log_spread, mask = model.prior(
            self._on_device(padded),
            self._on_device(torch.tensor([len(row) for row in tokens])),
            self._on_device(self._padded(phonemes)),
            self._on_device(torch.tensor([len(row) for row in phonemes])),
            style,
            None if is_plain else self._on_device(torch.tensor(speeds)),
        )
        seeds = self._on_device(torch.tensor([sequence.request.seed for sequence in batch]))
        noise = latent_noise(seeds, model.config.latent, mean.shape[2]).to(mean.dtype)
        latent = (mean + noise * torch.exp(log_spread) * NOISE_SCALE) * mask
        n_frames = mask.sum(dim=(1, 2), dtype=torch.float32).long()
        if self._packed is not None:
            z = model.flow(latent, mask, style, inverse=True)
            return self._packed(z, style, n_frames.tolist()), n_frames
        if self._fused is None:
            kinds = {(len(row), speed) for row, speed in zip(tokens, speeds, strict=True)}
            is_ragged = len(kinds) > 1 or padded.shape[1] > len(tokens[0])
            return model.decode_latent(latent, mask if is_ragged else None, style), n_frames
        z = model.flow(latent, mask, style, inverse=True)
        return self._fused(z, style, n_frames), n_frames

    def _padded(self, rows: Many[Tensor]) -> Tensor:
        """Rows as one tensor, (B, L), zeros after their ends."""
        out = pad_sequence(list(rows), batch_first=True)
        return F.pad(out, (0, -out.shape[1] % self._alignment))

    def _on_device(self, x: Tensor) -> Tensor:
        """A copy on the device, which nobody waits for: the batch before may still be at work there."""
        if self._stream is None:
            return x.to(self.device)
        return x.pin_memory().to(self.device, non_blocking=True)


def _to_host(x: Tensor) -> Tensor:
    """A copy in page-locked memory, which is there once the stream has come so far."""
    out = torch.empty(x.shape, dtype=x.dtype, pin_memory=True)
    return out.copy_(x, non_blocking=True)


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
