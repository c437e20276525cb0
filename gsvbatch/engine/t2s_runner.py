"""Runs the text-to-semantic network over the slots: prefill, decode, collect. Takes no decision."""

from collections.abc import Sequence as Many

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from gsvbatch.data import SemanticTokens, StopReason
from gsvbatch.engine.sampling import draw
from gsvbatch.engine.scheduler import Move
from gsvbatch.engine.sequence import Sequence
from gsvbatch.engine.slots import Slots, bucketed
from gsvbatch.gsv.t2s import Layer, TextToSemantic

PREFILL_WASTE = 1.25
"""Most positions, padding included, that a prefill batch may have over its real ones."""


class T2SRunner:
    """The network, its slots, and what the host knows of the rows that run."""

    def __init__(self, model: TextToSemantic, n_slots: int, steps_between_looks: int = 1) -> None:
        """Set up empty slots.

        Args:
            model: In eval mode; its device and dtype are the runner's.
            n_slots: Rows of the batch.
            steps_between_looks: Decode steps after which the host asks which rows have ended. Asking
                waits for the device; rows that end in between go on in vain, which changes nothing.
        """
        weight = model.ar_predict_layer.weight
        self.model = model
        self.device, self.dtype = weight.device, weight.dtype
        self.steps_between_looks = steps_between_looks
        self._layers = [layer for layer in model.h.layers if isinstance(layer, Layer)]
        self._n_slots = n_slots
        self._slots: Slots | None = None

    @property
    def slots(self) -> Slots:
        """The rows' state, allocated when first used."""
        if self._slots is None:
            self._slots = Slots(self.model.config, self._n_slots, self.device, self.dtype)
        return self._slots

    def resize(self, n_slots: int) -> None:
        """Forget all rows and free their memory; the next use allocates ``n_slots``."""
        self._slots = None
        self._n_slots = n_slots

    @torch.inference_mode()
    def prefill(self, sequences: Many[Sequence]) -> None:
        """Run prompts and phonemes of newly admitted sequences, and draw each one's first token."""
        longest = max(sequence.longest for sequence in sequences)
        self.slots.reserve(longest + self.steps_between_looks)
        for batch in prefill_batches(sequences):
            self._prefill_batch(batch)

    @torch.inference_mode()
    def decode(self, sequences: Many[Sequence]) -> int:
        """Draw the next tokens of all running sequences; return how many steps were run.

        Args:
            sequences: In the order of their slots, which are 0 to ``len(sequences) - 1``.
        """
        slots, n_rows = self.slots, len(sequences)
        rows = torch.arange(n_rows, device=self.device)
        # The host counts the lengths itself; asking the device would wait for it.
        reach = max(s.prefill_length + s.n_decoded for s in sequences) + self.steps_between_looks
        n_keys = min(bucketed(reach), slots.capacity)
        columns = torch.arange(n_keys, device=self.device)
        for _ in range(self.steps_between_looks):
            positions = slots.length[:n_rows]
            visible = (columns <= positions[:, None])[:, None, None]  # (B, 1, 1, K)
            at = slots.n_prompt[:n_rows] + slots.n_drawn[:n_rows] - 1
            x = self.model.embed_tokens(slots.last_token[:n_rows, None], at[:, None])
            for i, layer in enumerate(self._layers):
                attention = layer.self_attn
                query, key, value = attention.project(x)
                slots.write(i, rows, positions, key, value)
                keys, values = (
                    slots.keys[i][:n_rows, :, :n_keys],
                    slots.values[i][:n_rows, :, :n_keys],
                )
                x = layer.finish(x, attention.attend(query, keys, values, visible))
            slots.length[:n_rows] += 1
            self._draw(rows, self.model.head(x[:, 0]), sequences)
        for sequence in sequences:
            sequence.n_decoded += self.steps_between_looks
        return self.steps_between_looks

    @torch.inference_mode()
    def collect(self, sequences: Many[Sequence]) -> list[Sequence]:
        """The running sequences that have ended, with their tokens; asks the device once."""
        ended_at: list[int] = self.slots.ended_at[: len(sequences)].tolist()
        ended = []
        for sequence, n_tokens in zip(sequences, ended_at, strict=True):
            limit = sequence.request.max_tokens
            if n_tokens < 0 and sequence.n_decoded < limit:
                continue
            is_end = 0 <= n_tokens < limit
            n_kept = n_tokens if is_end else limit
            tokens = self.slots.tokens[sequence.slot, :n_kept].tolist()
            reason = StopReason.END if is_end else StopReason.LIMIT
            sequence.tokens = SemanticTokens(tuple(tokens), reason)
            ended.append(sequence)
        return ended

    @torch.inference_mode()
    def follow(self, moves: Many[Move]) -> None:
        """Copy rows to where their sequences have moved."""
        for move in moves:
            self.slots.move(move.source, move.target)

    def _prefill_batch(self, batch: Many[Sequence]) -> None:
        slots = self.slots
        rows = torch.tensor([sequence.slot for sequence in batch], device=self.device)
        n_phonemes = self._integers([sequence.n_phonemes for sequence in batch])
        lengths = self._integers([sequence.prefill_length for sequence in batch])
        x = self._embed(batch)
        # Phonemes are seen by all; a token by itself and by those after it. What pads a row on the
        # right comes after everything real, so nothing real sees it.
        order = torch.arange(x.shape[1], device=self.device)
        visible = (order[None, :] <= order[:, None])[None] | (order < n_phonemes[:, None])[:, None]
        for i, layer in enumerate(self._layers):
            query, key, value = layer.self_attn.project(x)
            slots.fill(i, rows, key, value)
            x = layer.finish(x, layer.self_attn.attend(query, key, value, visible[:, None]))
        self._reset(rows, batch, lengths)
        last = x[torch.arange(len(batch), device=self.device), lengths - 1]
        self._draw(rows, self.model.head(last), batch)
        for sequence in batch:
            sequence.n_decoded = 1

    def _embed(self, batch: Many[Sequence]) -> Tensor:
        """Phonemes and prompt tokens of each row, packed and padded on the right, (B, L, D)."""
        model, packed = self.model, []
        for sequence in batch:
            request, voice = sequence.request, sequence.request.voice
            ids = self._integers(voice.prompt_phoneme_ids + request.phoneme_ids)
            tokens = self._integers(voice.prompt_tokens)
            phonemes = model.embed_phonemes(ids[None], self._bert(sequence))
            places = torch.arange(len(tokens), device=self.device)
            packed.append(torch.cat([phonemes, model.embed_tokens(tokens[None], places)], 1)[0])
        return pad_sequence(packed, batch_first=True)

    def _bert(self, sequence: Sequence) -> Tensor | None:
        """Prosody features of a row, (1, D, P), zeros where one half has none; None if both have."""
        request, voice = sequence.request, sequence.request.voice
        halves = (voice.prompt_bert, request.bert_features)
        if halves[0] is None and halves[1] is None:
            return None
        sizes = (len(voice.prompt_phoneme_ids), len(request.phoneme_ids))
        width = self.model.config.bert_width
        parts = [
            torch.zeros(width, n, device=self.device, dtype=self.dtype)
            if half is None
            else half.to(self.device, self.dtype)
            for half, n in zip(halves, sizes, strict=True)
        ]
        return torch.cat(parts, dim=1)[None]

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
        seen = torch.zeros(len(batch), slots.seen.shape[1], dtype=torch.bool)
        for i, sequence in enumerate(batch):
            seen[i, list(sequence.request.voice.prompt_tokens)] = True
        slots.seen[rows] = seen.to(self.device)

    def _draw(self, rows: Tensor, logits: Tensor, sequences: Many[Sequence]) -> None:
        """Draw a token for each row and note it, and which rows have ended."""
        slots = self.slots
        samplings = [sequence.request.sampling for sequence in sequences]
        steps = slots.n_drawn[rows]
        drawn = draw(
            logits,
            seen=slots.seen[rows],
            steps=steps,
            seeds=slots.seed[rows],
            top_k=slots.top_k[rows],
            top_p=slots.top_p[rows] if any(s.top_p < 1 for s in samplings) else None,
            temperature=slots.temperature[rows],
            penalty=slots.penalty[rows],
            max_top_k=max(sampling.top_k for sampling in samplings),
        )
        slots.tokens[rows, steps] = drawn.tokens
        slots.seen[rows, drawn.tokens] = True
        slots.last_token[rows] = drawn.tokens
        slots.n_drawn[rows] = steps + 1
        ended_at = slots.ended_at[rows]
        slots.ended_at[rows] = torch.where((ended_at < 0) & drawn.is_end, steps, ended_at)

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
        if not batch or padded > n_real * PREFILL_WASTE:
            batches.append([sequence])
            n_real = sequence.prefill_length
        else:
            batch.append(sequence)
    return batches
