"""Runs the text-to-semantic network over the slots: prefill, decode, collect. Takes no decision."""

from collections.abc import Sequence as Many
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from torch import Tensor

from gsvbatch.data import SemanticTokens, StopReason
from gsvbatch.engine.decode_step import (
    DecodeStep,
    FusedStep,
    PlainStep,
    StepShape,
    is_fusable,
)
from gsvbatch.engine.graphs import GraphedStep, bucket_of_rows
from gsvbatch.engine.guide import Guide
from gsvbatch.engine.layers import can_pack
from gsvbatch.engine.scheduler import Move
from gsvbatch.engine.sequence import Sequence
from gsvbatch.engine.slots import Slots, bucketed
from gsvbatch.gsv.code_names import CodeNames
from gsvbatch.gsv.t2s import TextToSemantic

PREFILL_WASTE = 1.25
"""Most positions, padding included, that a prefill batch may have over its real ones."""

MAX_PREFILL_POSITIONS = 32768
"""Of one prefill batch, padding included; its activations and masks need memory."""

_ALIGNMENT = 8
"""Of a prefill batch's length: attention kernels read masks in words of 16 bytes."""

_TOP_K_BUCKETS = (16, 64, 256)


class T2SRunner:
    """The network, its slots, and what the host knows of the rows that run."""

    def __init__(
        self,
        model: TextToSemantic,
        n_slots: int,
        steps_between_looks: int = 1,
        *,
        graphs: bool | None = None,
        fused: bool | None = None,
        packs: bool | None = None,
        names: CodeNames | None = None,
    ) -> None:
        """Set up empty slots.

        Args:
            model: In eval mode; its device and dtype are the runner's.
            n_slots: Rows of the batch.
            steps_between_looks: Decode steps after which the host asks which rows have ended. Asking
                waits for the device; rows that end in between go on in vain, which changes nothing.
            graphs: Whether decode steps are captured as CUDA graphs; None does it where it is possible.
            fused: Whether they use kernels of triton; None does it where it is possible.
            packs: Whether weights are packed for a processor; None does it where it is possible.
            names: What the codes are named after; then lines are held to their text.
        """
        weight = model.ar_predict_layer.weight
        self.model = model
        self.device, self.dtype = weight.device, weight.dtype
        self.steps_between_looks = steps_between_looks
        self.is_packed = _or(packs, can_pack(weight))
        """Whether weights are there a second time, packed."""

        config, self._guide = model.config, None
        if names is not None:
            self._guide = Guide(names, config.n_phonemes, config.vocabulary, self.device)
        self._plain = PlainStep(model, packs=self.is_packed, guide=self._guide)
        self._eager = self._plain
        if _or(fused, is_fusable(model)):
            self._eager = FusedStep(model, guide=self._guide)
        self._graphed: GraphedStep | None = None
        if _or(graphs, self.device.type == "cuda"):
            self._graphed = GraphedStep(self._eager)
        self._step: DecodeStep = self._graphed or self._eager
        self._stream: torch.cuda.Stream | None = None
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)  # the weights may still be on their way
            # Decoding waits for every single step, so it goes before the synthesizer's long kernels.
            self._stream = torch.cuda.Stream(self.device, priority=-1)
        self._n_slots = n_slots
        self._slots: Slots | None = None

    @property
    def slots(self) -> Slots:
        """The rows' state, allocated when first used."""
        if self._slots is None:
            self._slots = Slots(self.model.config, self._n_slots, self.device, self.dtype)
        return self._slots

    @property
    def itemsize(self) -> int:
        """Bytes of a weight as a step reads it, which may be fewer than it takes in memory."""
        return self._plain.layers[0].itemsize

    @property
    def cache_bytes(self) -> int:
        """What keys and values take; nothing before they are first used."""
        if self._slots is None:
            return 0
        return sum(tensor.nbytes for tensor in (*self._slots.keys, *self._slots.values))

    def resize(self, n_slots: int) -> None:
        """Forget all rows and free their memory; the next use allocates ``n_slots``."""
        if self._graphed is not None:
            self._graphed.clear()
        self._slots = None
        self._n_slots = n_slots

    @torch.inference_mode()
    def prefill(self, sequences: Many[Sequence]) -> None:
        """Run prompts and phonemes of newly admitted sequences, and draw each one's first token."""
        with self._lane():
            self.slots.reserve(max(s.prefill_length for s in sequences) + _ALIGNMENT)
            for batch in prefill_batches(sequences):
                self._prefill_batch(batch)

    @torch.inference_mode()
    def decode(self, sequences: Many[Sequence]) -> int:
        """Draw the next tokens of all running sequences; return how many steps were run.

        Args:
            sequences: In the order of their slots, which are 0 to ``len(sequences) - 1``.
        """
        with self._lane():
            slots = self.slots
            # The host counts the lengths itself; asking the device would wait for it.
            reach = max(s.prefill_length + s.n_decoded for s in sequences)
            reach += self.steps_between_looks
            slots.reserve(reach)
            shape = self._shape(sequences, reach)
            for _ in range(self.steps_between_looks):
                self._step(slots, shape)
            for sequence in sequences:
                sequence.n_decoded += self.steps_between_looks
        return self.steps_between_looks

    @torch.inference_mode()
    def collect(self, sequences: Many[Sequence]) -> list[Sequence]:
        """The running sequences that have ended, with their tokens; asks the device twice, with a guide three times at most."""
        with self._lane():
            ended_at: list[int] = self.slots.ended_at[: len(sequences)].tolist()
            ended: list[Sequence] = []
            n_kept: list[int] = []
            for sequence, n_tokens in zip(sequences, ended_at, strict=True):
                limit = sequence.request.max_tokens
                if n_tokens < 0 and sequence.n_decoded < limit:
                    continue
                ended.append(sequence)
                n_kept.append(n_tokens if 0 <= n_tokens < limit else limit)
            if ended:
                slots = self._integers([sequence.slot for sequence in ended])
                rows: list[list[int]] = self.slots.tokens[slots, : max(n_kept)].tolist()
                lost = [] if self._guide is None else self.slots.is_lost[slots].tolist()
                for i, (sequence, row, n) in enumerate(zip(ended, rows, n_kept, strict=True)):
                    is_end = 0 <= ended_at[sequence.slot] < sequence.request.max_tokens
                    reason = StopReason.END if is_end else StopReason.LIMIT
                    if is_end and lost and lost[i]:
                        reason = StopReason.LOST
                    sequence.tokens = SemanticTokens(tuple(row[:n]), reason)
        return ended

    @torch.inference_mode()
    def follow(self, moves: Many[Move]) -> None:
        """Copy rows to where their sequences have moved."""
        with self._lane():
            for move in moves:
                self.slots.move(move.source, move.target)

    def _lane(self) -> AbstractContextManager[object]:
        """The stream that all of this runs on."""
        return nullcontext() if self._stream is None else torch.cuda.stream(self._stream)

    def _shape(self, sequences: Many[Sequence], reach: int) -> StepShape:
        n_rows, n_keys = len(sequences), reach
        if self._graphed is not None:
            n_rows = bucket_of_rows(n_rows, self._n_slots)
            n_keys = min(bucketed(reach), self.slots.capacity)
        if self._eager.rows_are_free:
            n_keys = self.slots.capacity
        return StepShape(n_rows, n_keys, self._max_top_k(sequences), _has_top_p(sequences))

    def _max_top_k(self, sequences: Many[Sequence]) -> int:
        """An upper bound of the rows' top-k, one of a few."""
        largest = max(sequence.request.sampling.top_k for sequence in sequences)
        vocabulary = self.model.config.vocabulary
        return min(next((k for k in _TOP_K_BUCKETS if k >= largest), vocabulary), vocabulary)

    def _prefill_batch(self, batch: Many[Sequence]) -> None:
        slots = self.slots
        rows = self._integers([sequence.slot for sequence in batch])
        n_phonemes = self._integers([sequence.n_phonemes for sequence in batch])
        lengths = self._integers([sequence.prefill_length for sequence in batch])
        x = self._embed(batch, n_phonemes)
        # Phonemes are seen by all; a token by itself and by those after it. What pads a row on the
        # right comes after everything real, so nothing real sees it.
        order = torch.arange(x.shape[1], device=self.device)
        visible = (order[None, :] <= order[:, None])[None] | (order < n_phonemes[:, None])[:, None]
        # Added to the scores; attention would make the same of a mask of bools, in every layer anew.
        hidden = torch.zeros(visible.shape, device=self.device, dtype=self.dtype)
        hidden = hidden.masked_fill_(~visible, -torch.inf)[:, None]
        x = self._plain.prefill(slots, rows, x, hidden)
        self._reset(rows, batch, lengths)
        last = x[torch.arange(len(batch), device=self.device), lengths - 1]
        logits = self._plain.logits(last)
        self._plain.draw(slots, rows, logits, self._max_top_k(batch), has_top_p=_has_top_p(batch))
        for sequence in batch:
            sequence.n_decoded = 1

    def _embed(self, batch: Many[Sequence], n_phonemes: Tensor) -> Tensor:
        """Phonemes and prompt tokens of each row, packed and padded on the right, (B, L, D)."""
        model = self.model
        longest = -(-max(sequence.prefill_length for sequence in batch) // _ALIGNMENT) * _ALIGNMENT
        ids = np.zeros((2, len(batch), longest), dtype=np.int64)
        for row, sequence in enumerate(batch):
            request, voice = sequence.request, sequence.request.voice
            phonemes = voice.prompt_phoneme_ids + request.phoneme_ids
            ids[0, row, : len(phonemes)] = phonemes
            ids[1, row, len(phonemes) : sequence.prefill_length] = voice.prompt_tokens
        phoneme_ids, tokens = torch.from_numpy(ids).to(self.device)
        order = torch.arange(longest, device=self.device)
        places = (order - n_phonemes[:, None]).clamp(min=0)
        return torch.where(
            (order < n_phonemes[:, None])[:, :, None],
            model.embed_phonemes(phoneme_ids, self._bert(batch, longest)),
            model.embed_tokens(tokens, places),
        )

    def _bert(self, batch: Many[Sequence], longest: int) -> Tensor | None:
        """Prosody features of the rows, (B, D, L), zeros where there are none; None if none has any."""
        if all(
            s.request.bert_features is None and s.request.voice.prompt_bert is None for s in batch
        ):
            return None
        features = torch.zeros(len(batch), self.model.config.bert_width, longest, dtype=self.dtype)
        for row, sequence in enumerate(batch):
            first, second = sequence.request.voice.prompt_bert, sequence.request.bert_features
            border = len(sequence.request.voice.prompt_phoneme_ids)
            if first is not None:
                features[row, :, :border] = first
            if second is not None:
                features[row, :, border : sequence.n_phonemes] = second
        return features.to(self.device)

    def _reset(self, rows: Tensor, batch: Many[Sequence], lengths: Tensor) -> None:
        """Give rows to new sequences; nothing of the last ones may be left in what is read."""
        slots = self.slots
        samplings = [sequence.request.sampling for sequence in batch]
        slots.length[rows] = lengths
        slots.n_prompt[rows] = self._integers([sequence.n_prompt for sequence in batch])
        slots.n_drawn[rows] = 0
        slots.ended_at[rows] = -1
        slots.seed[rows] = self._integers([sequence.request.seed for sequence in batch])
        slots.top_k[rows] = self._integers([sampling.top_k for sampling in samplings])
        slots.top_p[rows] = self._numbers([sampling.top_p for sampling in samplings])
        slots.temperature[rows] = self._numbers([sampling.temperature for sampling in samplings])
        slots.penalty[rows] = self._numbers([sampling.repetition_penalty for sampling in samplings])
        seen = np.zeros((len(batch), slots.seen.shape[1]), dtype=np.bool_)
        for i, sequence in enumerate(batch):
            seen[i, list(sequence.request.voice.prompt_tokens)] = True
        slots.seen[rows] = torch.from_numpy(seen).to(self.device)
        if self._guide is not None:
            self._open_text(rows, [self._guide.text(s.request.phoneme_ids) for s in batch])

    def _open_text(self, rows: Tensor, texts: Many[list[int]]) -> None:
        """Lay the phonemes of new sequences before the guide, at their beginning."""
        slots = self.slots
        ids = np.zeros((len(texts), max(map(len, texts))), dtype=np.int64)
        for i, text in enumerate(texts):
            ids[i, : len(text)] = text
        slots.text[rows, : ids.shape[1]] = torch.from_numpy(ids).to(self.device)
        slots.n_text[rows] = self._integers([len(text) for text in texts])
        slots.place[rows] = -1
        slots.stayed[rows] = 0
        slots.is_lost[rows] = False

    def _integers(self, values: Many[int]) -> Tensor:
        return torch.tensor(values, dtype=torch.int64, device=self.device)

    def _numbers(self, values: Many[float]) -> Tensor:
        return torch.tensor(values, dtype=torch.float32, device=self.device)


def prefill_batches(sequences: Many[Sequence]) -> list[list[Sequence]]:
    """The sequences in batches of like length, so that little of a batch is padding."""
    batches: list[list[Sequence]] = []
    n_real = 0
    for sequence in sorted(sequences, key=lambda s: s.prefill_length, reverse=True):
        n_real += sequence.prefill_length
        batch = batches[-1] if batches else []
        padded = (len(batch) + 1) * (batch[0].prefill_length if batch else 0)
        if not batch or padded > min(n_real * PREFILL_WASTE, MAX_PREFILL_POSITIONS):
            batches.append([sequence])
            n_real = sequence.prefill_length
        else:
            batch.append(sequence)
    return batches


def _has_top_p(sequences: Many[Sequence]) -> bool:
    return any(sequence.request.sampling.top_p < 1 for sequence in sequences)


def _or(wanted: bool | None, possible: bool) -> bool:
    return possible if wanted is None else wanted
