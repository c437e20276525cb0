"""The content encoder: convolutions on log-mels, taught to name what every frame says.

The teacher tells when it speaks each phone, so plain cross-entropy on frames replaces CTC or masked
prediction, and a small encoder learns in minutes. Heads read the 25 Hz projection that will be
quantized, so the codebook is made of what they need: phone, tone or stress, and relative pitch.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gsvbatch.gsv.mel_content import MelContentConfig, MelContentEncoder
from gsvbatch.training.corpus import FRAME_RATE, SAMPLE_RATE, Corpus
from gsvbatch.training.loop import Averages, Run, Watch, autocast, read_state, warm_cosine
from gsvbatch.units import Hertz, Seconds

logger = logging.getLogger(__name__)

CONTENT_RATE: Hertz = 16000
N_TONES = 7  # none, four Mandarin tones, primary and secondary stress


@dataclass(frozen=True, slots=True)
class ContentRecipe:
    """How the content encoder is made."""

    width: int = 192
    n_convs: int = 7
    n_mels: int = 80
    crop: Seconds = 2.0
    batch: int = 8
    learning_rate: float = 1e-3
    n_steps: int = 5000


class ContentTrainer(nn.Module):
    """Encoder, the projection to 25 Hz, and the heads that teach both."""

    def __init__(self, recipe: ContentRecipe, n_labels: int) -> None:
        super().__init__()
        self.encoder = MelContentEncoder(
            MelContentConfig(n_mels=recipe.n_mels, width=recipe.width, n_convs=recipe.n_convs)
        )
        self.ssl_proj = nn.Conv1d(recipe.width, recipe.width, 2, stride=2)
        self.label = nn.Linear(recipe.width, 2 * n_labels)
        self.tone = nn.Linear(recipe.width, N_TONES)
        self.pitch = nn.Linear(recipe.width, 2)

    def project(self, audio: Tensor) -> Tensor:
        """Return 25 Hz features (B, T, C) of 16 kHz audio (B, N)."""
        out: Tensor = self.ssl_proj(self.encoder(audio)).transpose(1, 2)
        return out

    def forward(
        self, audio: Tensor, labels: Tensor, tones: Tensor, pitch: Tensor, voiced: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss and its parts; targets are at 50 Hz, (B, F)."""
        y = self.project(audio)
        T = min(y.shape[1], labels.shape[1] // 2)
        y = y[:, :T]
        labels, tones = labels[:, : 2 * T], tones[:, : 2 * T]
        pitch, voiced = pitch[:, : 2 * T], voiced[:, : 2 * T].float()
        logits = self.label(y).view(y.shape[0], 2 * T, -1).float()
        phone = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), label_smoothing=0.05)
        tone = F.cross_entropy(self.tone(y).float().flatten(0, 1), tones[:, 1::2].flatten())
        heard = self.pitch(y).float()
        is_voiced = F.binary_cross_entropy_with_logits(heard[..., 1], voiced[:, 1::2])
        error = (heard[..., 0] - 4.0 * pitch[:, 1::2]).abs() * voiced[:, 1::2]
        height = error.sum() / voiced[:, 1::2].sum().clamp(min=1)
        right = (logits.argmax(-1) == labels).float().mean()
        right_tone = (self.tone(y).argmax(-1) == tones[:, 1::2]).float().mean()
        loss = phone + 0.5 * tone + 0.3 * is_voiced + 0.5 * height
        parts = {
            "loss": loss, "phone": phone, "tone": tone, "voiced": is_voiced, "pitch": height,
            "accuracy": right, "tone_accuracy": right_tone,
        }  # fmt: skip
        return loss, {key: value.detach() for key, value in parts.items()}


def resampled(corpus: Corpus) -> np.memmap:
    """Return the recorded utterances' audio at 16 kHz, made once, each two thirds as many samples."""
    path = corpus.folder / "audio16k.i16"
    if not path.exists():
        beside = path.with_suffix(".tmp")
        with beside.open("wb") as file:
            for entry in (corpus.entries[i] for i in corpus.recorded):
                audio = soxr.resample(corpus.samples(entry), SAMPLE_RATE, CONTENT_RATE)
                n = entry.n_samples * 2 // 3
                audio = np.pad(audio, (0, max(0, n - len(audio))))[:n]
                file.write((np.clip(audio, -1, 1) * 32767).astype("<i2").tobytes())
        beside.replace(path)
    return np.memmap(path, dtype="<i2", mode="r")


def train_content(
    corpus: Corpus,
    folder: Path,
    recipe: ContentRecipe,
    budget: Seconds,
    seed: int = 0,
    watch: Watch | None = None,
) -> ContentTrainer:
    """Train, or go on training, the content encoder; returns the trained modules."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(seed)
    audio = resampled(corpus)
    entries = [corpus.entries[i] for i in corpus.recorded]
    starts = np.cumsum([0] + [entry.n_samples * 2 // 3 for entry in entries])
    n_labels = int(corpus.label.max()) + 1
    model = ContentTrainer(recipe, n_labels).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.learning_rate, weight_decay=0.01)
    run = Run(folder, budget, watch)
    if state := run.load():
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
    F_crop = int(recipe.crop * FRAME_RATE)
    weights = np.array([entry.n_frames for entry in entries], float)
    weights /= weights.sum()
    kinds = (corpus.label, corpus.tone, corpus.pitch, corpus.voiced)
    labels = [np.asarray(kind) for kind in kinds]
    averages = Averages()
    model.train()
    while run.step < recipe.n_steps and not run.is_over:
        rng = run.draw(seed)
        picks = rng.choice(len(entries), recipe.batch, p=weights)
        waves = np.zeros((recipe.batch, F_crop * 320 + 80), np.float32)
        targets = [np.zeros((recipe.batch, F_crop), kind) for kind in ("i8", "i8", "f4", "f4")]
        for row, i in enumerate(picks):
            entry = entries[i]
            # Up to 0.4 s past the end, so that silence after speech is known too.
            at = int(rng.integers(-5, max(1, entry.n_frames + 20 - F_crop)))
            first, last = max(at, 0), min(at + F_crop, entry.n_frames)
            n16 = entry.n_samples * 2 // 3
            a, b = first * 320, min((at + F_crop) * 320 + 80, n16)
            piece = audio[starts[i] + a : starts[i] + b].astype(np.float32) / 32768.0
            where = a - at * 320
            waves[row, where : where + len(piece)] = piece * rng.uniform(0.3, 1.2)
            source = slice(entry.first_frame + first, entry.first_frame + last)
            into = slice(first - at, last - at)
            for target, values in zip(targets, labels, strict=True):
                target[row, into] = values[source]
        waves += rng.normal(0, 1, waves.shape).astype(np.float32) * 10 ** rng.uniform(-5, -3)
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate * warm_cosine(run.step, recipe.n_steps)
        with autocast(device):
            loss, parts = model(
                torch.from_numpy(waves).to(device),
                *(torch.from_numpy(target).to(device) for target in targets),
            )
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        run.advance()
        averages.add(**parts)
        if run.step % 200 == 0:
            run.log(**averages.take())
        if run.is_save_due():
            run.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    if averages:
        run.log(**averages.take())
    run.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    return model.eval()


def load_content(folder: Path, recipe: ContentRecipe) -> ContentTrainer:
    """Return the content encoder that a run last saved, in eval mode.

    Raises:
        CheckpointError: The run has saved nothing yet.
    """
    weights = read_state(folder)["model"]
    model = ContentTrainer(recipe, len(weights["label.bias"]) // 2)
    model.load_state_dict(weights)
    return model.eval()
