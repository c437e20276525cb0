"""Runs a v3 or v4 synthesizer over decoded sequences: windows of mel that continue one another.

A line's mel is drawn in windows of fixed length. Each begins with a prompt, at first the reference's
mel, then the end of what was drawn before, so windows of one line follow one another and those of
several lines run together. Rows are masked and draw noise of their own, so a line comes out as it
would alone. Takes no decision.
"""

from collections.abc import Sequence as Many
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from gsvbatch.data import Waveform
from gsvbatch.engine.noise import latent_noise
from gsvbatch.engine.sequence import Sequence
from gsvbatch.engine.synthesizer_runner import Spoken, in_batches
from gsvbatch.gsv.layers import length_mask
from gsvbatch.gsv.mel_synthesizer import MelSynthesizer
from gsvbatch.gsv.reference_mel import denormalized
from gsvbatch.gsv.vocoder import Vocoder, vocode


@dataclass(eq=False, slots=True)
class _Row:
    """A line whose mel is being drawn."""

    condition: Tensor
    """Of all its frames, (C, F)."""

    noise: Tensor
    """(mels, F), fp32."""

    prompt_mel: Tensor
    """What the next window continues, (mels, P)."""

    prompt_condition: Tensor
    """(C, P)."""

    n_frames: int
    """New frames in a window."""

    longest_prompt: int
    drawn: list[Tensor] = field(default_factory=list)
    """Mels of the windows so far, (mels, frames)."""

    n_drawn: int = 0

    @property
    def is_done(self) -> bool:
        """Whether all frames are there."""
        return self.n_drawn >= self.condition.shape[1]

    @property
    def part(self) -> Tensor:
        """Condition of the next window's new frames, (C, frames)."""
        return self.condition[:, self.n_drawn : self.n_drawn + self.n_frames]

    def take(self, mel: Tensor) -> None:
        """Take in the mel of the next window's new frames; its end is the next prompt."""
        self.prompt_condition = self.part[:, -self.longest_prompt :]
        self.prompt_mel = mel[:, -self.longest_prompt :]
        self.drawn.append(mel)
        self.n_drawn += mel.shape[1]


class MelRunner:
    """The network, its vocoder, and how much of it fits at once."""

    def __init__(
        self,
        model: MelSynthesizer,
        vocoder: Vocoder,
        max_batch_tokens: int,
    ) -> None:
        """Set up.

        Args:
            model: In eval mode; its device and dtype are the runner's.
            vocoder: For this version's mels.
            max_batch_tokens: Tokens of one batch, prompts and padding included.
        """
        weight = model.ssl_proj.weight
        self.model, self.vocoder = model, vocoder
        self.device, self.dtype = weight.device, weight.dtype
        self.max_batch_tokens = max_batch_tokens
        self._stream: torch.cuda.Stream | None = None
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)  # the weights may still be on their way
            self._stream = torch.cuda.Stream(self.device)

    def batches(self, sequences: Many[Sequence]) -> list[list[Sequence]]:
        """The sequences in batches of like length and equal steps, the longest first."""
        by_steps: dict[int, list[Sequence]] = {}
        for sequence in sequences:
            by_steps.setdefault(sequence.request.sample_steps, []).append(sequence)
        return [
            batch
            for alike in by_steps.values()
            for batch in in_batches(alike, _n_positions, self.max_batch_tokens)
        ]

    @torch.inference_mode()
    def run(self, batch: Many[Sequence]) -> list[Waveform]:
        """The waveforms of decoded sequences, in their order."""
        with self._lane():
            rows = self._rows(batch)
            while waiting := [row for row in rows if not row.is_done]:
                self._draw(waiting, batch[0].request.sample_steps)
            return [self._heard(torch.cat(row.drawn, dim=1)) for row in rows]

    def start(self, batch: Many[Sequence]) -> Spoken:
        """Speak decoded sequences: every window waits for the one before, so it is done when it returns."""
        return Spoken(self.run(batch))

    def _rows(self, batch: Many[Sequence]) -> list[_Row]:
        """The lines at their beginning, each with its reference for a prompt."""
        frames = self.model.frames
        voices = [sequence.request.voice for sequence in batch]
        style = torch.stack([voice.style for voice in voices]).to(self.device, self.dtype)
        speeds = torch.tensor([s.request.speed for s in batch], device=self.device)
        of_prompts, n_prompts = self._condition(
            [voice.prompt_tokens for voice in voices],
            [voice.prompt_phoneme_ids for voice in voices],
            style,
            torch.ones_like(speeds),
        )
        of_lines, n_lines = self._condition(
            [_tokens(sequence) for sequence in batch],
            [sequence.request.phoneme_ids for sequence in batch],
            style,
            speeds,
        )
        rows = []
        for i, sequence in enumerate(batch):
            mel = voices[i].reference_mel
            assert mel is not None  # a request without one is refused
            # The clip's tokens go on into the silence that was put after it; the mel does not.
            n_prompt = min(mel.shape[1], n_prompts[i])
            n_kept = min(n_prompt, frames.longest_prompt)
            prompt = mel[:, n_prompt - n_kept : n_prompt].to(self.device, self.dtype)
            seed = torch.tensor([sequence.request.seed], device=self.device)
            noise = latent_noise(seed, len(mel), n_lines[i])[0]
            rows.append(
                _Row(
                    condition=of_lines[i, :, : n_lines[i]],
                    noise=noise,
                    prompt_mel=prompt,
                    prompt_condition=of_prompts[i, :, n_prompt - n_kept : n_prompt],
                    n_frames=frames.window - n_kept,
                    longest_prompt=n_kept,
                )
            )
        return rows

    def _condition(
        self,
        tokens: Many[Many[int]],
        phonemes: Many[Many[int]],
        style: Tensor,
        speed: Tensor,
    ) -> tuple[Tensor, list[int]]:
        """The condition of rows of tokens, (B, C, F), and their frame counts."""
        token_rows, phoneme_rows = self._integers(tokens), self._integers(phonemes)
        condition, n_frames = self.model.condition(
            pad_sequence(token_rows, batch_first=True),
            torch.tensor([len(row) for row in token_rows], device=self.device),
            pad_sequence(phoneme_rows, batch_first=True),
            torch.tensor([len(row) for row in phoneme_rows], device=self.device),
            style[:, :, None],
            speed,
        )
        counts: list[int] = n_frames.tolist()
        return condition, counts

    def _draw(self, rows: list[_Row], n_steps: int) -> None:
        """Draw the next window of each row."""
        prompts = [row.prompt_mel.shape[1] for row in rows]
        news = [row.part.shape[1] for row in rows]
        lengths = torch.tensor(
            [p + n for p, n in zip(prompts, news, strict=True)], device=self.device
        )
        longest = int(lengths.max())
        n_mels, width = rows[0].prompt_mel.shape[0], rows[0].condition.shape[0]
        condition = torch.zeros(len(rows), width, longest, device=self.device, dtype=self.dtype)
        prompt = torch.zeros(len(rows), n_mels, longest, device=self.device, dtype=self.dtype)
        noise = torch.zeros_like(prompt, dtype=torch.float32)
        for i, (row, p, n) in enumerate(zip(rows, prompts, news, strict=True)):
            condition[i, :, :p], condition[i, :, p : p + n] = row.prompt_condition, row.part
            prompt[i, :, :p] = row.prompt_mel
            noise[i, :, p : p + n] = row.noise[:, row.n_drawn : row.n_drawn + n]
        is_ragged = bool((lengths != longest).any())
        mels = self.model.cfm(
            noise,
            condition,
            prompt,
            torch.tensor(prompts, device=self.device),
            length_mask(lengths, longest).to(self.dtype) if is_ragged else None,
            n_steps=n_steps,
        )
        for row, mel, p, n in zip(rows, mels, prompts, news, strict=True):
            row.take(mel[:, p : p + n])

    def _heard(self, mel: Tensor) -> Waveform:
        """A normalized mel (mels, F) as audio."""
        samples = vocode(self.vocoder, denormalized(mel[None]))[0, 0].float().cpu().numpy()
        return Waveform(np.ascontiguousarray(samples), self.model.sample_rate)

    def _lane(self) -> AbstractContextManager[object]:
        """The stream that all of this runs on."""
        return nullcontext() if self._stream is None else torch.cuda.stream(self._stream)

    def _integers(self, rows: Many[Many[int]]) -> list[Tensor]:
        return [torch.tensor(row, dtype=torch.int64, device=self.device) for row in rows]


def _tokens(sequence: Sequence) -> tuple[int, ...]:
    assert sequence.tokens is not None
    return sequence.tokens.tokens


def _n_positions(sequence: Sequence) -> int:
    return len(_tokens(sequence)) + sequence.n_prompt
