"""The text-to-semantic stage: next-token prediction over pairs of one speaker's utterances.

A pair is a prompt and what follows it, so that decoding after a voice's prompt is what training was.
Some input tokens are replaced by random ones: the model learns to find its place in the text again
after a wrong draw, instead of looping or stopping.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from gsvbatch.gsv.t2s import Layer, T2SConfig, TextToSemantic, attention_layout
from gsvbatch.training.codebook import places
from gsvbatch.training.corpus import Corpus
from gsvbatch.training.loop import (
    Averages,
    Run,
    Watch,
    Weights,
    autocast,
    drawn_ahead,
    step_numbers,
    warm_cosine,
)
from gsvbatch.units import SEMANTIC_RATE, Seconds

IGNORED = -100


def mini_config() -> T2SConfig:
    """Return the embedded model's dimensions."""
    return T2SConfig(n_layers=6, width=256, n_heads=4, feed_forward=1024, vocabulary=1537)


@dataclass(frozen=True, slots=True)
class T2SRecipe:
    """How the text-to-semantic stage is made."""

    config: T2SConfig = field(default_factory=mini_config)
    batch: int = 64
    max_tokens: int = 420
    joined: float = 0.2
    """Share of targets that are two utterances in a row."""

    alone: float = 0.25
    """Share of targets without a prompt."""

    solo_steps: int = 300
    """Steps at the start with single utterances only: short sequences, in which it is learnt fastest
    that tokens follow the text."""

    corruption: float = 0.1
    """Share of input tokens replaced by random ones."""

    guidance: float = 0.6
    """Weight of the guided attention."""

    dropout: float = 0.1
    learning_rate: float = 1e-3
    n_steps: int = 4000


@dataclass(frozen=True, slots=True)
class Pair:
    """A training sequence."""

    phonemes: tuple[int, ...]
    tokens: NDArray[np.int64]
    """Ends with the end token."""

    places: NDArray[np.int64]
    """Which phoneme is spoken at each token, as the teacher's durations have it."""


class PairSampler:
    """Draws prompt-and-target pairs of one speaker."""

    def __init__(self, corpus: Corpus, recipe: T2SRecipe) -> None:
        self.corpus = corpus
        self.recipe = recipe
        self.tokens = corpus.tokens
        self.spoken = np.load(corpus.folder / "tokens.npz")["spoken"]
        self.heard = corpus.heard
        languages = [entry.language for entry in corpus.entries]
        names, numbers = np.unique(languages, return_inverse=True)
        self.by_language = [np.flatnonzero(numbers == k) for k in range(len(names))]
        weights = np.sqrt([len(part) for part in self.by_language])
        self.shares = weights / weights.sum()
        self.places = [
            places(entry, len(tokens))
            for entry, tokens in zip(corpus.entries, self.tokens, strict=True)
        ]

    def _pick(self, rng: np.random.Generator) -> int:
        """An utterance; languages that there is less of are drawn more often, but not as often."""
        language = rng.choice(len(self.shares), p=self.shares)
        return int(rng.choice(self.by_language[language]))

    def draw(self, rng: np.random.Generator, *, solo: bool) -> Pair:
        """Return one sequence of at most ``max_tokens`` tokens."""
        recipe = self.recipe
        first = self._pick(rng)
        fellows = self.corpus.by_speaker[self.corpus.entries[first].speaker]
        parts = [first]
        if not solo and rng.random() < recipe.joined:
            parts.append(int(rng.choice(fellows)))
        if not solo and rng.random() >= recipe.alone:
            parts.append(int(rng.choice(fellows)))
        while len(parts) > 1 and sum(len(self.tokens[i]) for i in parts) > recipe.max_tokens:
            parts.pop()
        parts.reverse()
        phonemes: list[int] = []
        pieces: list[NDArray[np.int64]] = []
        where: list[NDArray[np.int64]] = []
        for place, i in enumerate(parts):
            before = len(phonemes)
            phonemes += self.corpus.entries[i].phoneme_ids
            # A prompt ends in 0.6 s of silence, a join in anything up to it, an end in a breath.
            if place == len(parts) - 1:
                silence = 3
            elif place == 0:
                silence = SEMANTIC_RATE
            else:
                silence = int(rng.integers(2, 16))
            # A voice's prompt is what the encoder hears of its reference, mistakes included.
            is_prompt = place == 0 and len(parts) > 1
            n = int(self.spoken[i]) + silence
            pieces.append((self.heard if is_prompt else self.tokens)[i][:n])
            where.append(before + self.places[i][:n])
        pieces.append(np.array([recipe.config.eos]))
        where.append(np.array([len(phonemes) - 1]))
        return Pair(tuple(phonemes), np.concatenate(pieces), np.concatenate(where))

    def batch(
        self, rng: np.random.Generator, *, solo: bool
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return phoneme ids (B, P), their count (B,), tokens (B, S) and their places (B, S).

        Tokens and places are padded with IGNORED.

        Three batches' worth are drawn and cut by length, so that little is padded.
        """
        n = self.recipe.batch * (2 if solo else 1)
        pairs = [self.draw(rng, solo=solo) for _ in range(3 * n)]
        pairs.sort(key=lambda pair: len(pair.tokens) + len(pair.phonemes))
        third = int(rng.integers(3)) * n
        chosen = pairs[third : third + n]
        ids = np.zeros((len(chosen), max(len(p.phonemes) for p in chosen)), np.int64)
        tokens = np.full((len(chosen), max(len(p.tokens) for p in chosen)), IGNORED)
        places = np.full_like(tokens, IGNORED)
        for row, pair in enumerate(chosen):
            ids[row, : len(pair.phonemes)] = pair.phonemes
            tokens[row, : len(pair.tokens)] = pair.tokens
            places[row, : len(pair.tokens)] = pair.places
        counts = torch.tensor([len(p.phonemes) for p in chosen])
        return torch.from_numpy(ids), counts, torch.from_numpy(tokens), torch.from_numpy(places)


def run_guided(
    model: TextToSemantic, phonemes: Tensor, tokens: Tensor, phonemes_visible: Tensor
) -> tuple[Tensor, list[Tensor]]:
    """Run the stack as :class:`TextToSemantic` does, and also say where it looks.

    One head of every layer but the first is to look at the phoneme that the next token speaks. The
    teacher's durations tell which that is, and to learn where one is in the text is the slow part
    of learning to speak (guided attention, Tachibana et al. 2018, with known places).

    Returns:
        Hidden states of the tokens (B, S, D), and the head's scores over phonemes, (B, S, P) each.
    """
    P, S = phonemes.shape[1], tokens.shape[1]
    visible = F.pad(phonemes_visible, (0, S), value=True)[:, None, None, :]
    mask = attention_layout(P, S, phonemes.device)[None, None] & visible
    x = torch.cat([phonemes, tokens], dim=1)
    looks: list[Tensor] = []
    for i, layer in enumerate(model.h.layers):
        assert isinstance(layer, Layer)
        query, key, value = layer.self_attn.project(x)
        if i > 0:
            scores = query[:, 0, P:] @ key[:, 0, :P].transpose(1, 2) / query.shape[-1] ** 0.5
            looks.append(scores.float().masked_fill(~phonemes_visible[:, None], -1e4))
        x = layer.finish(x, layer.self_attn.attend(query, key, value, mask))
    return x[:, P:], looks


def train_t2s(
    corpus: Corpus,
    folder: Path,
    recipe: T2SRecipe,
    budget: Seconds,
    seed: int = 0,
    watch: Watch | None = None,
    start: Weights | None = None,
) -> TextToSemantic:
    """Train, or go on training, the text-to-semantic stage; needs tokens.

    Args:
        corpus: With tokens.
        folder: Of the run.
        recipe: How.
        budget: Seconds that this call may take.
        seed: Of what is drawn.
        watch: Told of every step.
        start: Weights of a network of these dimensions and codes to begin with; else random.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(seed)
    config = recipe.config
    model = TextToSemantic(config).to(device)
    for table in (model.ar_text_embedding, model.ar_audio_embedding):
        nn.init.normal_(table.word_embeddings.weight, 0.0, 0.5)
    nn.init.zeros_(model.bert_proj.weight)
    n_solo = recipe.solo_steps
    if start is not None:
        model.load_state_dict(start)
        n_solo = 0  # it has found out what tokens follow
    optimizer = torch.optim.AdamW(
        model.parameters(), recipe.learning_rate, betas=(0.9, 0.98), weight_decay=0.02
    )
    run = Run(folder, budget, watch)
    if state := run.load():
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
    sampler = PairSampler(corpus, recipe)
    batches = drawn_ahead(
        lambda step: sampler.batch(step_numbers(seed, step), solo=step < n_solo),
        run.step,
    )
    averages = Averages()
    model.train()
    while run.step < recipe.n_steps and not run.is_over:
        run.draw(seed)
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate * warm_cosine(run.step, recipe.n_steps)
        drawn = next(batches)
        ids, n_phonemes, tokens, places = (part.to(device, non_blocking=True) for part in drawn)
        inputs = tokens[:, :-1].clamp(min=0)
        noise = torch.randint_like(inputs, config.eos)
        inputs = torch.where(
            torch.rand(inputs.shape, device=device) < recipe.corruption, noise, inputs
        )
        visible = torch.arange(ids.shape[1], device=device)[None] < n_phonemes[:, None]
        with autocast(device):
            phonemes = F.dropout(model.embed_phonemes(ids), recipe.dropout)
            positions = torch.arange(inputs.shape[1], device=device)
            embedded = F.dropout(model.embed_tokens(inputs, positions), recipe.dropout)
            hidden, looks = run_guided(model, phonemes, embedded, visible)
            logits = model.head(hidden).float()
        wanted = tokens[:, 1:]
        loss = F.cross_entropy(
            logits.flatten(0, 1), wanted.flatten(), ignore_index=IGNORED, label_smoothing=0.02
        )
        guidance = torch.stack(
            [
                F.cross_entropy(look.flatten(0, 1), places[:, 1:].flatten(), ignore_index=IGNORED)
                for look in looks
            ]
        ).mean()
        total = loss + recipe.guidance * guidance
        optimizer.zero_grad()
        total.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        run.advance()
        with torch.no_grad():
            known = wanted != IGNORED
            right = ((logits.argmax(-1) == wanted) & known).sum() / known.sum()
            ends = wanted == config.eos
            end_right = ((logits.argmax(-1) == config.eos) & ends).sum() / ends.sum()
        averages.add(
            loss=loss.detach(), accuracy=right, end_accuracy=end_right, guidance=guidance.detach()
        )
        if run.step % 50 == 0:
            run.log(**averages.take())
        if run.is_save_due():
            run.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    batches.close()
    if averages:
        run.log(**averages.take())
    run.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    return model.eval()
