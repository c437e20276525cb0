"""The generator: a vocoder from the latent, which is a log-mel spectrum, to audio."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from gsvbatch.gsv.generator import Generator
from gsvbatch.gsv.synthesizer import Synthesizer, SynthesizerConfig
from gsvbatch.training.corpus import HOP, SAMPLE_RATE, Corpus
from gsvbatch.training.discriminators import Critics, critic_loss, generator_losses
from gsvbatch.training.loop import Averages, Run, autocast
from gsvbatch.training.spectra import SpectralLoss
from gsvbatch.training.synthesizer import LATENT_NOISE, LatentMel, mini_config
from gsvbatch.units import Seconds

CONTEXT = 4  # frames on either side, whose windows reach outside the slice


@dataclass(frozen=True, slots=True)
class GeneratorRecipe:
    """How the generator is made."""

    config: SynthesizerConfig = field(default_factory=mini_config)
    batch: int = 12
    slice_frames: int = 28
    critics_from: int = 3000
    """Step from which the critics have a say."""

    judged: int = 6
    """Slices of a batch that the critics look at."""

    learning_rate: float = 8e-4
    critic_rate: float = 3e-4
    half_life: int = 5000
    """Steps after which the learning rates have halved."""

    spectral_weight: float = 15.0
    matching_weight: float = 2.0


def train_generator(
    corpus: Corpus, folder: Path, recipe: GeneratorRecipe, budget: Seconds, seed: int = 0
) -> Generator:
    """Train, or go on training, the generator.

    The style vector says nothing that the mel does not, so its weights are kept at zero.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(seed)
    config = recipe.config
    model, critics = Synthesizer(config).dec.to(device), Critics().to(device)
    nn.init.normal_(model.conv_post.weight, 0.0, 0.01)
    assert model.cond is not None
    for weight in model.cond.parameters():
        nn.init.zeros_(weight)
        weight.requires_grad_(False)
    latent_mel = LatentMel(config).to(device)
    spectral = SpectralLoss(SAMPLE_RATE).to(device)
    make = torch.optim.AdamW(
        [p for p in model.parameters() if p.requires_grad],
        recipe.learning_rate, betas=(0.8, 0.99), weight_decay=0.01,
    )  # fmt: skip
    judge = torch.optim.AdamW(
        critics.parameters(), recipe.critic_rate, betas=(0.8, 0.99), weight_decay=0.01
    )
    run = Run(folder, budget)
    if state := run.load():
        model.load_state_dict(state["model"])
        critics.load_state_dict(state["critics"])
        make.load_state_dict(state["make"])
        judge.load_state_dict(state["judge"])
    rng = np.random.default_rng([seed, run.step])
    averages = Averages()
    style = torch.zeros(recipe.batch, config.style, 1, device=device)
    while not run.is_over:
        fade = 0.5 ** (run.step / recipe.half_life) * min(1.0, (run.step + 1) / 100)
        for optimizer, rate in ((make, recipe.learning_rate), (judge, recipe.critic_rate)):
            for group in optimizer.param_groups:
                group["lr"] = rate * fade
        audio = draw_slices(corpus, recipe, rng).to(device)
        with torch.no_grad():
            latent = latent_mel(audio)[:, :, CONTEXT:-CONTEXT]
            latent = latent + torch.randn_like(latent) * LATENT_NOISE * torch.rand(1).item()
            real = audio[:, CONTEXT * HOP : -CONTEXT * HOP]
        with autocast(device):
            fake = model(latent, style)[:, 0]
        likeness = spectral(real, fake)
        loss = recipe.spectral_weight * likeness
        parts: dict[str, Tensor] = {"spectral": likeness.detach()}
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
        nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        make.step()
        run.step += 1
        averages.add(**parts)
        if run.step % 50 == 0:
            run.log(**averages.take())
        if run.is_save_due() or run.is_over:
            run.save(
                {
                    "model": model.state_dict(),
                    "critics": critics.state_dict(),
                    "make": make.state_dict(),
                    "judge": judge.state_dict(),
                }
            )
    return model.eval()


def draw_slices(corpus: Corpus, recipe: GeneratorRecipe, rng: np.random.Generator) -> Tensor:
    """Return random stretches of the corpus, (B, (slice_frames + 2 * CONTEXT) * hop)."""
    n = (recipe.slice_frames + 2 * CONTEXT) * HOP
    starts = rng.integers(0, len(corpus.audio) - n, recipe.batch)
    pieces = np.stack([corpus.audio[start : start + n] for start in starts])
    return torch.from_numpy(pieces.astype(np.float32) / 32768.0)
