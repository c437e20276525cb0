"""The synthesizer: a variational autoencoder with critics, then the prior that predicts its latent.

Two stages share one loop and one state. Before tokens exist the latent is held near a standard
normal and only posterior, style encoder and generator learn; afterwards prior and flow join, and
the posterior leans towards what they can predict (Kim et al. 2021).
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
from gsvbatch.training.discriminators import Critics, critic_loss, generator_losses
from gsvbatch.training.loop import Averages, Run, autocast
from gsvbatch.training.posterior import Posterior
from gsvbatch.training.spectra import SpectralLoss
from gsvbatch.units import Seconds

N_MELS = 100
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
        upsample_rates=(4, 2),
        upsample_kernels=(8, 4),
        initial_channels=384,
        istft_hop=60,
        sample_rate=SAMPLE_RATE,
        filter_length=2048,
        hop_length=HOP,
    )


@dataclass(frozen=True, slots=True)
class SynthesizerRecipe:
    """How the synthesizer is made."""

    config: SynthesizerConfig = field(default_factory=mini_config)
    posterior_layers: int = 6
    batch: int = 12
    crop: Seconds = 2.24
    slice_frames: int = 28
    critics_from: int = 2500
    """Step from which the critics have a say."""

    judged: int = 6
    """Slices of a batch that the critics look at."""

    learning_rate: float = 8e-4
    critic_rate: float = 3e-4
    half_life: int = 6000
    """Steps after which the learning rates have halved."""

    spectral_weight: float = 15.0
    matching_weight: float = 2.0
    normal_weight: float = 0.0005
    """Of the pull to a standard normal, before there is a prior."""

    prior_weight: float = 0.02


class Networks(nn.Module):
    """All that the recipe trains but the critics."""

    def __init__(self, recipe: SynthesizerRecipe) -> None:
        super().__init__()
        config = recipe.config
        self.synthesizer = Synthesizer(config, dropout=0.05)
        self.posterior = Posterior(
            N_MELS, config.hidden, config.latent, config.style, recipe.posterior_layers
        )
        nn.init.normal_(self.synthesizer.dec.conv_post.weight, 0.0, 0.01)


@dataclass(frozen=True, slots=True)
class Batch:
    """One step's material."""

    audio: Tensor
    """(B, frames * hop)"""

    n_frames: Tensor
    """(B,)"""

    reference: Tensor
    """Another recording of each speaker, (B, STYLE_FRAMES * hop)."""

    tokens: Tensor | None
    """(B, frames / 2)"""

    phoneme_ids: Tensor | None
    n_phonemes: Tensor | None


class Sampler:
    """Draws random crops with the phonemes that are spoken in them."""

    def __init__(self, corpus: Corpus, recipe: SynthesizerRecipe, *, with_tokens: bool) -> None:
        self.corpus = corpus
        self.batch = recipe.batch
        self.crop_frames = int(recipe.crop * FRAME_RATE) // 2 * 2
        self.slice_frames = recipe.slice_frames
        self.tokens = corpus.tokens if with_tokens else None
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
            n_frames[row] = max(n, self.slice_frames)
            audio[row] = self.corpus.samples(entry, start * HOP, self.crop_frames * HOP)
            reference[row] = self._reference(entry, rng)
            if self.tokens is not None:
                piece = self.tokens[i][start // 2 : start // 2 + int(n_frames[row]) // 2]
                tokens[row, : len(piece)] = piece
                begins = start / FRAME_RATE
                said = entry.phonemes_between(begins, begins + n / FRAME_RATE)
                phonemes.append(said or entry.phoneme_ids[:1])
        if self.tokens is None:
            return Batch(
                torch.from_numpy(audio), torch.from_numpy(n_frames),
                torch.from_numpy(reference), None, None, None,
            )  # fmt: skip
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


def divergence(
    z_prior: Tensor, log_q: Tensor, mean_p: Tensor, log_p: Tensor, mask: Tensor
) -> Tensor:
    """Return the KL divergence of posterior from prior, nats a frame (Kim et al. 2021, eq. 3)."""
    z_prior, log_q, mean_p, log_p = (x.float() for x in (z_prior, log_q, mean_p, log_p))
    nats = log_p - log_q - 0.5 + 0.5 * (z_prior - mean_p).square() * torch.exp(-2 * log_p)
    return (nats * mask).sum() / mask.sum()


def train_synthesizer(
    corpus: Corpus,
    folder: Path,
    recipe: SynthesizerRecipe,
    budget: Seconds,
    *,
    with_prior: bool,
    seed: int = 0,
) -> Networks:
    """Train, or go on training, the synthesizer; needs tokens when ``with_prior``."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(seed)
    config = recipe.config
    networks, critics = Networks(recipe).to(device), Critics().to(device)
    mel = LogMel(SAMPLE_RATE, 2048, HOP, N_MELS).to(device)
    spectral = SpectralLoss(SAMPLE_RATE).to(device)
    make = torch.optim.AdamW(
        networks.parameters(), recipe.learning_rate, betas=(0.8, 0.99), weight_decay=0.01
    )
    judge = torch.optim.AdamW(
        critics.parameters(), recipe.critic_rate, betas=(0.8, 0.99), weight_decay=0.01
    )
    run = Run(folder, budget)
    if state := run.load():
        networks.load_state_dict(state["networks"])
        critics.load_state_dict(state["critics"])
        make.load_state_dict(state["make"])
        judge.load_state_dict(state["judge"])
    sampler = Sampler(corpus, recipe, with_tokens=with_prior)
    synthesizer = networks.synthesizer
    if with_prior:
        codes = np.load(corpus.folder / "codebook.npy")
        synthesizer.quantizer.table.copy_(torch.from_numpy(codes))
    rng = np.random.default_rng([seed, run.step])
    averages = Averages()
    networks.train()
    while not run.is_over:
        fade = 0.5 ** (run.step / recipe.half_life) * min(1.0, (run.step + 1) / 100)
        for optimizer, rate in ((make, recipe.learning_rate), (judge, recipe.critic_rate)):
            for group in optimizer.param_groups:
                group["lr"] = rate * fade
        batch = sampler.draw(rng)
        audio = batch.audio.to(device)
        with torch.no_grad():
            mels = mel(audio)
            spectrogram = style_spectrogram(batch.reference.to(device), config)
        mask = length_mask(batch.n_frames.to(device), mels.shape[2])
        with autocast(device):
            style = synthesizer.style_of(spectrogram)
            mean_q, log_q = networks.posterior((mels + 5.0) / 4.0, mask, style)
            mean_q, log_q = mean_q.float(), log_q.float()
            latent = (mean_q + torch.randn_like(mean_q) * torch.exp(log_q)) * mask
            if with_prior:
                assert batch.tokens is not None
                assert batch.phoneme_ids is not None
                assert batch.n_phonemes is not None
                mean_p, log_p, _ = synthesizer.prior(
                    batch.tokens.to(device),
                    batch.n_frames.to(device) // FRAMES_PER_TOKEN,
                    batch.phoneme_ids.to(device),
                    batch.n_phonemes.to(device),
                    style,
                )
                z_prior = synthesizer.flow(latent, mask, style)
                held = divergence(z_prior, log_q, mean_p, log_p, mask)
                pull = recipe.prior_weight * held
            else:
                zeros = torch.zeros_like(log_q)
                held = divergence(latent, log_q, zeros, zeros, mask)
                pull = recipe.normal_weight * held
            n = recipe.slice_frames
            starts = [int(rng.integers(0, int(f) - n + 1)) for f in batch.n_frames]
            cut = torch.stack([latent[i, :, s : s + n] for i, s in enumerate(starts)])
            real = torch.stack([audio[i, s * HOP : (s + n) * HOP] for i, s in enumerate(starts)])
            fake = synthesizer.dec(cut, style)[:, 0]
        likeness = spectral(real, fake)
        loss = recipe.spectral_weight * likeness + pull
        parts: dict[str, Tensor] = {"spectral": likeness.detach(), "kl": held.detach()}
        if run.step >= recipe.critics_from:
            seen, made = real[: recipe.judged], fake[: recipe.judged]
            with autocast(device):
                verdict = critic_loss(critics(seen), critics(made.detach()))
            judge.zero_grad()
            verdict.backward()
            nn.utils.clip_grad_norm_(critics.parameters(), 10.0)
            judge.step()
            critics.requires_grad_(False)
            with autocast(device):
                with torch.no_grad():
                    maps = critics(seen)
                adversarial, matching = generator_losses(maps, critics(made))
            loss = loss + adversarial + recipe.matching_weight * matching
            parts |= {
                "critics": verdict.detach(), "adversarial": adversarial.detach(),
                "matching": matching.detach(),
            }  # fmt: skip
        make.zero_grad()
        loss.backward()
        critics.requires_grad_(True)
        nn.utils.clip_grad_norm_(networks.parameters(), 10.0)
        make.step()
        run.step += 1
        averages.add(**parts)
        if run.step % 25 == 0:
            run.log(**averages.take())
        if run.is_save_due() or run.is_over:
            run.save(
                {
                    "networks": networks.state_dict(),
                    "critics": critics.state_dict(),
                    "make": make.state_dict(),
                    "judge": judge.state_dict(),
                }
            )
    return networks.eval()
