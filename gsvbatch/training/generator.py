"""The generator with a spectral head: from the latent, a log-mel spectrum, to fine magnitudes.

Plain regression of log-magnitudes; the phase is Griffin-Lim's to find when the model speaks, so no
waveform, no critics and no long training are needed.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from gsvbatch.gsv.generator import Generator
from gsvbatch.gsv.synthesizer import Synthesizer, SynthesizerConfig
from gsvbatch.training.corpus import HOP, Corpus
from gsvbatch.training.loop import Averages, Run, Watch, autocast, warm_cosine
from gsvbatch.training.synthesizer import LATENT_NOISE, LatentMel, mini_config
from gsvbatch.units import Seconds

CONTEXT = 4  # frames on either side, whose windows reach outside the slice
FLOOR = 1e-3
"""Magnitude below which differences do not count; about 100 dB under loud speech."""

COMPRESSION = 0.3
"""Exponent of the second loss, in which loud harmonics count for more than quiet noise."""


@dataclass(frozen=True, slots=True)
class GeneratorRecipe:
    """How the generator is made."""

    config: SynthesizerConfig = field(default_factory=mini_config)
    batch: int = 12
    slice_frames: int = 32
    learning_rate: float = 1e-3
    n_steps: int = 4000


def train_generator(
    corpus: Corpus,
    folder: Path,
    recipe: GeneratorRecipe,
    budget: Seconds,
    seed: int = 0,
    watch: Watch | None = None,
) -> Generator:
    """Train, or go on training, the generator.

    The style vector says nothing that the mel does not, so its weights are kept at zero.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(seed)
    config = recipe.config
    model = Synthesizer(config).dec.to(device)
    assert model.cond is not None
    assert model.head is not None
    for weight in model.cond.parameters():
        nn.init.zeros_(weight)
        weight.requires_grad_(False)
    assert model.conv_post.bias is not None
    nn.init.constant_(model.conv_post.bias, -3.0)
    latent_mel = LatentMel(config).to(device)
    optimizer = torch.optim.AdamW(
        [p for p in model.parameters() if p.requires_grad],
        recipe.learning_rate, betas=(0.9, 0.98), weight_decay=0.01,
    )  # fmt: skip
    run = Run(folder, budget, watch)
    if state := run.load():
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
    averages = Averages()
    style = torch.zeros(recipe.batch, config.style, 1, device=device)
    while run.step < recipe.n_steps and not run.is_over:
        rng = run.draw(seed)
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate * warm_cosine(run.step, recipe.n_steps)
        audio = draw_slices(corpus, recipe, rng).to(device)
        with torch.no_grad():
            latent = latent_mel(audio)[:, :, CONTEXT:-CONTEXT]
            latent = latent + torch.randn_like(latent) * LATENT_NOISE * torch.rand(1).item()
            scale = HOP // model.head.hop
            wanted = model.head.analyse(audio).abs()[:, :, CONTEXT * scale : -CONTEXT * scale]
        with autocast(device):
            made = model.spectrum(latent, style).float()
        logs = (made.clamp(min=np.log(FLOOR)) - wanted.clamp(min=FLOOR).log()).abs().mean()
        loud = (torch.exp(COMPRESSION * made) - wanted**COMPRESSION).abs().mean()
        loss = logs + loud
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        run.advance()
        averages.add(logs=logs.detach(), loud=loud.detach())
        if run.step % 50 == 0:
            run.log(**averages.take())
        if run.is_save_due():
            run.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    if averages:
        run.log(**averages.take())
    run.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    return model.eval()


def draw_slices(corpus: Corpus, recipe: GeneratorRecipe, rng: np.random.Generator) -> Tensor:
    """Return random stretches of the corpus, (B, (slice_frames + 2 * CONTEXT) * hop)."""
    n = (recipe.slice_frames + 2 * CONTEXT) * HOP
    starts = rng.integers(0, len(corpus.audio) - n, recipe.batch)
    pieces = np.stack([corpus.audio[start : start + n] for start in starts])
    return torch.from_numpy(pieces.astype(np.float32) / 32768.0)
