"""Text-to-semantic on clips: which token comes next, after a prompt or without one.

As GPT-SoVITS tunes it, every layer learns, with cross-entropy over the clip's tokens and its end. Half of
the clips follow a prompt, as they do when the voice speaks; the prompt itself does not count. A student
may be shown its teacher's whole distribution besides (Hinton et al. 2015).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from gsvbatch.gsv.t2s import TextToSemantic
from gsvbatch.training.clips import PADDING, Clip, Prompt, draw_alike, padded
from gsvbatch.training.loop import Losses, set_rate, take_step, warm_cosine
from gsvbatch.training.tuning import mixed_precision


@dataclass(frozen=True, slots=True)
class T2STuning:
    """How text-to-semantic is tuned."""

    batch: int = 8
    learning_rate: float = 2e-5
    n_steps: int = 300
    n_warm: int = 20
    """Steps in which the learning rate rises."""

    prompted: float = 0.5
    """Share of clips that follow a prompt."""

    max_tokens: int = 1000
    """Of a prompt and its clip together; 25 are a second."""

    corruption: float = 0.0
    """Share of input tokens replaced by random ones."""

    dropout: float = 0.0
    """Of embeddings."""

    teacher_weight: float = 0.0
    """Of the teacher's distribution against the clip's own tokens; 1 is the teacher's alone."""


@dataclass(frozen=True, slots=True)
class _Sequences:
    """A batch of prompts and clips in a row."""

    phoneme_ids: Tensor
    """(B, P)."""

    visible: Tensor
    """(B, P), where there is a phoneme."""

    tokens: Tensor
    """(B, S), ends included, PADDING behind."""

    wanted: Tensor
    """(B, S - 1), what is to be said next; PADDING where it does not count."""

    bert: Tensor | None
    """(B, D, P)."""


class T2SLesson:
    """Tunes a text-to-semantic network.

    Args:
        model: It is changed in place.
        clips: To learn from.
        prompts: That may go before a clip; none for voices that speak without.
        held: Clips to look at, and not to learn from.
        recipe: How.
        teacher: A network that speaks the same tokens, for ``teacher_weight``.
        with_bert: Whether the network is shown prosody features; a teacher always is.
    """

    def __init__(
        self,
        model: TextToSemantic,
        clips: Sequence[Clip],
        prompts: Sequence[Prompt],
        held: Sequence[Clip],
        recipe: T2STuning,
        *,
        teacher: TextToSemantic | None = None,
        with_bert: bool = True,
    ) -> None:
        self.model = model.requires_grad_(True)
        self.device = model.ar_predict_layer.weight.device
        self.clips, self.prompts, self.held = clips, prompts, held
        self.recipe, self.teacher, self.with_bert = recipe, teacher, with_bert
        self.lengths = np.array([len(clip.tokens) for clip in clips])
        self.optimizer = torch.optim.AdamW(
            model.parameters(), recipe.learning_rate, betas=(0.9, 0.98), weight_decay=0.01
        )

    def step(self, rng: np.random.Generator, step: int, n_steps: int) -> Losses:
        """Learn from one batch."""
        recipe = self.recipe
        picks = draw_alike(self.lengths, recipe.batch, rng)
        chosen = [self.clips[i] for i in picks]
        rows = self._sequences(chosen, [self._prompt(clip, rng) for clip in chosen])
        set_rate(self.optimizer, recipe.learning_rate * warm_cosine(step, n_steps, recipe.n_warm))
        self.model.train()
        logits = self._logits(self.model, rows, with_bert=self.with_bert, is_noisy=True)
        flat = logits.flatten(0, 1)
        loss = F.cross_entropy(flat, rows.wanted.flatten(), ignore_index=PADDING)
        losses = {"loss": loss.detach(), "accuracy": _accuracy(logits.detach(), rows.wanted)}
        total = loss
        if self.teacher is not None and recipe.teacher_weight:
            with torch.no_grad():
                taught = self._logits(self.teacher, rows, with_bert=True).flatten(0, 1)
            counts = rows.wanted.flatten() != PADDING
            apart = F.kl_div(
                flat[counts].log_softmax(-1),
                taught[counts].log_softmax(-1),
                log_target=True,
                reduction="batchmean",
            )
            total = torch.lerp(loss, apart, recipe.teacher_weight)
            losses["teacher"] = apart.detach()
        take_step(total, self.optimizer, longest=1.0)
        return losses

    def held_out(self) -> float:
        """Cross-entropy of the tokens of the clips held out, nats a token; after a prompt where there is one."""
        return self.measure(self.model, with_bert=self.with_bert)

    @torch.no_grad()
    def measure(self, model: TextToSemantic, *, with_bert: bool) -> float:
        """The same of any network that speaks these tokens."""
        model.eval()
        total, n_tokens = 0.0, 0
        for at, clip in enumerate(self.held):
            prompt = self.prompts[at % len(self.prompts)] if self.prompts else None
            rows = self._sequences([clip], [prompt])
            logits = self._logits(model, rows, with_bert=with_bert)
            wanted = rows.wanted.flatten()
            loss = F.cross_entropy(
                logits.flatten(0, 1), wanted, ignore_index=PADDING, reduction="sum"
            )
            total += float(loss)
            n_tokens += int((wanted != PADDING).sum())
        return total / max(1, n_tokens)

    def state(self) -> dict[str, Any]:
        """Weights and optimizer."""
        return {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to such a state."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])

    def _prompt(self, clip: Clip, rng: np.random.Generator) -> Prompt | None:
        if not self.prompts or rng.random() >= self.recipe.prompted:
            return None
        prompt = self.prompts[int(rng.integers(len(self.prompts)))]
        fits = len(prompt.tokens) + len(clip.tokens) <= self.recipe.max_tokens
        return prompt if fits and prompt.clip_id != clip.id else None

    def _sequences(self, clips: Sequence[Clip], prompts: Sequence[Prompt | None]) -> _Sequences:
        eos = self.model.config.eos
        ids: list[NDArray[np.int64]] = []
        tokens: list[NDArray[np.int64]] = []
        wanted: list[NDArray[np.int64]] = []
        for clip, prompt in zip(clips, prompts, strict=True):
            before = np.zeros(0, np.int64) if prompt is None else prompt.tokens
            words = () if prompt is None else prompt.phoneme_ids
            ids.append(np.array((*words, *clip.phoneme_ids), np.int64))
            tokens.append(np.concatenate([before, clip.tokens, [eos]]))
            # The first token of all follows nothing, and upstream does not ask for it either.
            said = tokens[-1][1:].copy()
            said[: max(0, len(before) - 1)] = PADDING
            wanted.append(said)
        lengths = torch.tensor([len(row) for row in ids])
        visible = torch.arange(int(lengths.max()))[None] < lengths[:, None]
        features = [
            _joined(prompt, clip, len(row), self.model.config.bert_width)
            for clip, prompt, row in zip(clips, prompts, ids, strict=True)
        ]
        bert = None
        if any(part is not None for part in features):
            bert = torch.zeros(len(ids), self.model.config.bert_width, visible.shape[1])
            for row, part in enumerate(features):
                if part is not None:
                    bert[row, :, : part.shape[1]] = torch.from_numpy(part).float()
        return _Sequences(
            padded(ids).to(self.device),
            visible.to(self.device),
            padded(tokens, PADDING).to(self.device),
            padded(wanted, PADDING).to(self.device),
            None if bert is None else bert.to(self.device),
        )

    def _logits(
        self, model: TextToSemantic, rows: _Sequences, *, with_bert: bool, is_noisy: bool = False
    ) -> Tensor:
        """Logits (B, S - 1, V) of what comes next, fp32; with noise as the recipe has it."""
        recipe = self.recipe
        inputs = rows.tokens[:, :-1].clamp(min=0)
        if is_noisy and recipe.corruption:
            is_wrong = torch.rand(inputs.shape, device=self.device) < recipe.corruption
            inputs = torch.where(is_wrong, torch.randint_like(inputs, model.config.eos), inputs)
        dropout = recipe.dropout if is_noisy else 0.0
        with mixed_precision(self.device):
            bert = rows.bert if with_bert else None
            phonemes = F.dropout(model.embed_phonemes(rows.phoneme_ids, bert), dropout)
            positions = torch.arange(inputs.shape[1], device=self.device)
            embedded = F.dropout(model.embed_tokens(inputs, positions), dropout)
            logits = model.head(model(phonemes, embedded, rows.visible))
        return logits.float()


def _joined(prompt: Prompt | None, clip: Clip, n: int, width: int) -> NDArray[np.float16] | None:
    """Prosody features (D, P) of a prompt and its clip, zeros where one has none; None for neither."""
    parts = [] if prompt is None else [(prompt.bert, len(prompt.phoneme_ids))]
    parts.append((clip.bert, len(clip.phoneme_ids)))
    if all(features is None for features, _ in parts):
        return None
    whole = np.zeros((width, n), np.float16)
    at = 0
    for features, length in parts:
        if features is not None:
            whole[:, at : at + length] = features
        at += length
    return whole


def _accuracy(logits: Tensor, wanted: Tensor) -> Tensor:
    """Share of tokens that are the likeliest."""
    counts = wanted != PADDING
    return ((logits.argmax(-1) == wanted) & counts).sum() / counts.sum().clamp(min=1)
