"""The prior: from tokens, phonemes and a style to spectrum, pitch and voicing; plain regression.

What is said here is looked at on the tokens' clock, see ``warping``. Nothing is heard: that is the
generator's half, which learns beside this one and then from it.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from gsvbatch.gsv.layers import length_mask
from gsvbatch.gsv.synthesizer import CODEBOOK_KEY, Synthesizer, SynthesizerConfig
from gsvbatch.training.corpus import Corpus
from gsvbatch.training.loop import (
    Averages,
    Losses,
    Run,
    Watch,
    Weights,
    autocast,
    set_rate,
    take_step,
    warm_cosine,
)
from gsvbatch.training.shelf import Shelf
from gsvbatch.training.synthesizer import (
    Average,
    fix_spread,
    make_optimizer,
    mini_config,
    style_spectrogram,
)
from gsvbatch.training.whitening import Whitening
from gsvbatch.units import Seconds

HALF = ("enc_p.", "flow.", "ref_enc.")
"""What of a synthesizer is trained here."""


@dataclass(frozen=True, slots=True)
class PriorRecipe:
    """How the prior is made."""

    config: SynthesizerConfig = field(default_factory=mini_config)
    batch: int = 24
    reference_frames: int = 150
    learning_rate: float = 6e-4
    n_steps: int = 12000
    dropout: float = 0.1
    """Without it, a few hours of speech are learnt by heart: on lines held out the loss stood still after 700
    steps, and with it went on falling."""

    change_weight: float = 1.0
    """Of how far the spectrum's steps from frame to frame are off, beside 1 for the spectrum itself. Above
    5 Hz there is a tenth of its power, which the spectrum's own loss hardly sees, but that is where one
    consonant differs from another (after Furui 1986)."""

    average: float = 0.998
    """Share of the averaged weights that a step keeps; they are what is exported."""


def say(
    model: Synthesizer,
    shelf: Shelf,
    picks: np.ndarray,
    reference_frames: int,
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor]:
    """Return the latent (B, C, F) that a synthesizer means for utterances, and its style (B, G, 1)."""
    device = shelf.audio.flat.device
    tokens, n_tokens = shelf.tokens.take(picks)
    ids, n_ids = shelf.phonemes.take(picks)
    reference = shelf.references(picks, reference_frames, rng)
    style = model.style_of(style_spectrogram(reference, model.config))
    said, _, mask = model.prior(tokens, n_tokens.to(device), ids, n_ids.to(device), style)
    # With no spread around the mean the flow is no density, but more of the prior.
    return model.flow(said, mask, style, inverse=True).float(), style


def prior_losses(said: Tensor, latent: Tensor, mask: Tensor) -> Losses:
    """Return how far a said latent (B, C, F) is from the true one: spectrum, its change, pitch and voicing."""
    voiced = (latent[:, -1:] > 0).float() * mask
    n = mask.sum()
    n_bands = latent.shape[1] - 2
    off = (said[:, :-2] - latent[:, :-2]) * mask
    mel = off.abs().sum() / (n * n_bands)
    change = (off.diff(dim=2).abs() * mask[:, :, 1:]).sum() / (n * n_bands)
    pitch = ((said[:, -2:-1] - latent[:, -2:-1]).abs() * voiced).sum() / voiced.sum().clamp(min=1)
    voicing = F.binary_cross_entropy_with_logits(said[:, -1:], voiced, weight=mask, reduction="sum")
    return {"mel": mel, "change": change, "pitch": pitch, "voicing": voicing / n}


def train_prior(
    corpus: Corpus,
    folder: Path,
    recipe: PriorRecipe,
    budget: Seconds,
    seed: int = 0,
    watch: Watch | None = None,
    start: Weights | None = None,
) -> Synthesizer:
    """Train, or go on training, the synthesizer's first half; needs tokens.

    Args:
        corpus: With tokens.
        folder: Of the run.
        recipe: How.
        budget: Seconds that this call may take.
        seed: Of what is drawn.
        watch: Told of every step.
        start: Weights of a synthesizer of these dimensions and this codebook to begin with; else random.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(seed)
    model = Synthesizer(recipe.config, dropout=recipe.dropout)
    if start is not None:
        model.load_state_dict(start)
    fix_spread(model)
    model.to(device)
    codebook = torch.from_numpy(np.load(corpus.folder / "codebook.npy"))
    uses = torch.bincount(torch.from_numpy(np.concatenate(corpus.tokens)), minlength=len(codebook))
    whitening = Whitening(codebook, uses)
    model.load_state_dict(whitening.whiten(model.state_dict()))
    optimizer = make_optimizer(
        (weight for name, weight in model.named_parameters() if name.startswith(HALF)),
        recipe.learning_rate,
    )
    average = Average(model, recipe.average)
    run = Run(folder, budget, watch)
    if state := run.load():
        model.load_state_dict(state["weights"])
        optimizer.load_state_dict(state["optimizer"])
        average.weights = {key: value.to(device) for key, value in state["average"].items()}
    model.quantizer.table.copy_(whitening.codebook)
    shelf = Shelf(corpus, recipe.config, device)
    averages = Averages()
    model.train()

    def exported() -> Weights:
        """Weights for the codebook's own vectors, averaged."""
        return whitening.fold(average.weights) | {CODEBOOK_KEY: codebook}

    def save() -> None:
        run.save(
            {
                "model": exported(),
                "average": average.weights,
                "weights": model.state_dict(),
                "optimizer": optimizer.state_dict(),
            }
        )

    while run.step < recipe.n_steps and not run.is_over:
        rng = run.draw(seed)
        set_rate(optimizer, recipe.learning_rate * warm_cosine(run.step, recipe.n_steps))
        picks = shelf.draw(rng, recipe.batch)
        latent, n_frames = shelf.said.take(picks)
        with autocast(device):
            said, _ = say(model, shelf, picks, recipe.reference_frames, rng)
        mask = length_mask(n_frames.to(device), latent.shape[2])
        losses = prior_losses(said, latent.float(), mask)
        total = losses["mel"] + recipe.change_weight * losses["change"]
        total = total + 0.5 * losses["pitch"] + 0.3 * losses["voicing"]
        take_step(total, optimizer, longest=1.0)
        fix_spread(model)
        average.update(run.step)
        run.advance()
        averages.add(**{name: loss.detach() for name, loss in losses.items()})
        if run.step % 50 == 0:
            run.log(**averages.take())
        if run.is_save_due():
            save()
    if averages:
        run.log(**averages.take())
    save()
    model.load_state_dict(exported())
    return model.eval()
