"""The synthesizer in two halves that train side by side: a generator and a prior.

The latent is fixed to be the log-mel spectrum. So the generator is a vocoder, taught on recordings
alone, and prior and flow learn by maximum likelihood to say the mel of given tokens, phonemes and
style (Kim et al. 2020), without a generator in their loop. A learned latent (Kim et al. 2021) is
the finer way, but its two halves find each other only after days on a processor.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gsvbatch.gsv.layers import length_mask
from gsvbatch.gsv.log_mel import LogMel
from gsvbatch.gsv.synthesizer import FRAMES_PER_TOKEN, Synthesizer, SynthesizerConfig
from gsvbatch.training.corpus import FRAME_RATE, HOP, SAMPLE_RATE, Corpus, Entry
from gsvbatch.training.loop import Averages, Run, Watch, autocast, warm_cosine
from gsvbatch.units import Seconds

LATENT_NOISE = 0.1
"""Standard deviation of the noise put on latents: silence is a constant, and a likelihood of constants
has no bounds; the generator learns to forgive what the prior gets a little wrong."""

STYLE_FRAMES = 100  # 2 s of another recording of the speaker


def mini_config() -> SynthesizerConfig:
    """Return the embedded model's dimensions."""
    return SynthesizerConfig(
        ssl_width=192,
        codebook_size=512,
        latent=96,
        hidden=128,
        feed_forward=512,
        n_layers=4,
        flow_layers=2,
        style=256,
        upsample_rates=(4,),
        upsample_kernels=(8,),
        initial_channels=320,
        spectral_hop=HOP // 4,
        sample_rate=SAMPLE_RATE,
        filter_length=2048,
        hop_length=HOP,
    )


@dataclass(frozen=True, slots=True)
class PriorRecipe:
    """How prior, flow and style encoder are made."""

    config: SynthesizerConfig = field(default_factory=mini_config)
    batch: int = 10
    crop: Seconds = 1.92
    learning_rate: float = 1e-3
    n_steps: int = 2500
    dropout: float = 0.05


class LatentMel(nn.Module):
    """The latent of a recording: its log-mel spectrum, scaled to about unit size."""

    def __init__(self, config: SynthesizerConfig) -> None:
        super().__init__()
        self.mel = LogMel(
            config.sample_rate, config.filter_length, config.hop_length, config.latent
        )

    def forward(self, audio: Tensor) -> Tensor:
        """Return (B, latent, N // hop) of audio (B, N)."""
        out: Tensor = (self.mel(audio) + 5.0) / 4.0
        return out


@dataclass(frozen=True, slots=True)
class Batch:
    """One step's material."""

    audio: Tensor
    """(B, frames * hop)"""

    n_frames: Tensor
    """(B,)"""

    reference: Tensor
    """Another recording of each speaker, (B, STYLE_FRAMES * hop)."""

    tokens: Tensor
    """(B, frames / 2)"""

    phoneme_ids: Tensor
    n_phonemes: Tensor


class Sampler:
    """Draws random crops with the phonemes that are spoken in them."""

    def __init__(self, corpus: Corpus, recipe: PriorRecipe) -> None:
        self.corpus = corpus
        self.batch = recipe.batch
        self.crop_frames = int(recipe.crop * FRAME_RATE) // 2 * 2
        self.tokens = corpus.tokens
        weights = np.array([entry.n_frames for entry in corpus.entries], float)
        self.weights = weights / weights.sum()

    def draw(self, rng: np.random.Generator) -> Batch:
        """Return a batch of crops."""
        picks = rng.choice(len(self.corpus.entries), self.batch, p=self.weights)
        audio = np.zeros((self.batch, self.crop_frames * HOP), np.float32)
        reference = np.zeros((self.batch, STYLE_FRAMES * HOP), np.float32)
        n_frames = np.zeros(self.batch, np.int64)
        tokens = np.zeros((self.batch, self.crop_frames // 2), np.int64)
        phonemes: list[tuple[int, ...]] = []
        for row, i in enumerate(picks):
            entry = self.corpus.entries[i]
            room = entry.n_frames - self.crop_frames
            start = int(rng.integers(0, max(1, room // 2 + 1))) * 2
            n = min(self.crop_frames, entry.n_frames // 2 * 2 - start)
            n_frames[row] = max(n, 2)
            audio[row] = self.corpus.samples(entry, start * HOP, self.crop_frames * HOP)
            reference[row] = self._reference(entry, rng)
            piece = self.tokens[i][start // 2 : start // 2 + int(n_frames[row]) // 2]
            tokens[row, : len(piece)] = piece
            begins = start / FRAME_RATE
            said = entry.phonemes_between(begins, begins + n / FRAME_RATE)
            phonemes.append(said or entry.phoneme_ids[:1])
        ids, counts = padded(phonemes)
        return Batch(
            torch.from_numpy(audio), torch.from_numpy(n_frames), torch.from_numpy(reference),
            torch.from_numpy(tokens), ids, counts,
        )  # fmt: skip

    def _reference(self, entry: Entry, rng: np.random.Generator) -> NDArray[np.float32]:
        others = self.corpus.by_speaker[entry.speaker]
        other = self.corpus.entries[others[int(rng.integers(len(others)))]]
        room = other.n_samples - STYLE_FRAMES * HOP
        start = int(rng.integers(0, max(1, room)))
        piece = self.corpus.samples(other, start, min(STYLE_FRAMES * HOP, other.n_samples))
        return np.resize(piece, STYLE_FRAMES * HOP)  # a short one is repeated


def padded(rows: list[tuple[int, ...]]) -> tuple[Tensor, Tensor]:
    """Return rows of ids as one zero-padded tensor (B, L), and their lengths (B,)."""
    counts = torch.tensor([len(row) for row in rows])
    ids = torch.zeros(len(rows), int(counts.max()), dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
    return ids, counts


def style_spectrogram(audio: Tensor, config: SynthesizerConfig) -> Tensor:
    """Return linear magnitudes (B, bins, F) of audio (B, N), as references are analysed."""
    edge = (config.filter_length - config.hop_length) // 2
    spectrum = torch.stft(
        nn.functional.pad(audio.float()[:, None], (edge, edge), "reflect")[:, 0],
        config.filter_length,
        config.hop_length,
        window=torch.hann_window(config.filter_length, device=audio.device),
        center=False,
        return_complex=True,
    )
    return torch.sqrt(spectrum.real.square() + spectrum.imag.square() + 1e-8)


def likelihood_loss(latent: Tensor, mean: Tensor, log_spread: Tensor, mask: Tensor) -> Tensor:
    """Return the negative log-likelihood of (B, C, F) under a diagonal normal, nats a value."""
    latent, mean, log_spread = latent.float(), mean.float(), log_spread.float()
    nats = log_spread + 0.5 * (latent - mean).square() * torch.exp(-2 * log_spread)
    return (nats * mask).sum() / (mask.sum() * latent.shape[1])


def generator_part(model: Synthesizer) -> dict[str, Tensor]:
    """Return the weights of the generator, under the synthesizer's names."""
    return {key: value for key, value in model.state_dict().items() if key.startswith("dec.")}


def prior_part(model: Synthesizer) -> dict[str, Tensor]:
    """Return all weights but the generator's."""
    return {key: value for key, value in model.state_dict().items() if not key.startswith("dec.")}


def train_prior(
    corpus: Corpus,
    folder: Path,
    recipe: PriorRecipe,
    budget: Seconds,
    seed: int = 0,
    watch: Watch | None = None,
) -> Synthesizer:
    """Train, or go on training, all of the synthesizer but its generator; needs tokens."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(seed)
    config = recipe.config
    model = Synthesizer(config, dropout=recipe.dropout).to(device)
    model.dec.requires_grad_(False)
    model.quantizer.table.copy_(torch.from_numpy(np.load(corpus.folder / "codebook.npy")))
    latent_mel = LatentMel(config).to(device)
    optimizer = torch.optim.AdamW(
        [p for p in model.parameters() if p.requires_grad],
        recipe.learning_rate, betas=(0.9, 0.98), weight_decay=0.01,
    )  # fmt: skip
    run = Run(folder, budget, watch)
    if state := run.load():
        model.load_state_dict(state["model"] | generator_part(model))
        optimizer.load_state_dict(state["optimizer"])
    sampler = Sampler(corpus, recipe)
    averages = Averages()
    model.train()
    while run.step < recipe.n_steps and not run.is_over:
        rng = run.draw(seed)
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate * warm_cosine(run.step, recipe.n_steps)
        batch = sampler.draw(rng)
        with torch.no_grad():
            latent = latent_mel(batch.audio.to(device))
            spectrogram = style_spectrogram(batch.reference.to(device), config)
        mask = length_mask(batch.n_frames.to(device), latent.shape[2])
        latent = (latent + torch.randn_like(latent) * LATENT_NOISE) * mask
        with autocast(device):
            style = model.style_of(spectrogram)
            mean, log_spread, _ = model.prior(
                batch.tokens.to(device),
                batch.n_frames.to(device) // FRAMES_PER_TOKEN,
                batch.phoneme_ids.to(device),
                batch.n_phonemes.to(device),
                style,
            )
            mapped = model.flow(latent, mask, style)
        loss = likelihood_loss(mapped, mean, log_spread, mask)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        run.advance()
        spread = (log_spread.detach().float().exp() * mask).sum() / (mask.sum() * config.latent)
        averages.add(likelihood=loss.detach(), spread=spread)
        if run.step % 50 == 0:
            run.log(**averages.take())
        if run.is_save_due():
            run.save({"model": prior_part(model), "optimizer": optimizer.state_dict()})
    if averages:
        run.log(**averages.take())
    run.save({"model": prior_part(model), "optimizer": optimizer.state_dict()})
    return model.eval()
