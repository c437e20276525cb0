"""The generator: from spectrum, pitch and voicing to audio.

At first it sees true latents. Once the prior has learnt, it hears with critics what becomes of the prior's
own latents, put on the recording's clock so that the two can be compared, and learns to make good what is
blurred in them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from gsvbatch.gsv.log_mel import LogMel
from gsvbatch.gsv.synthesizer import Synthesizer, SynthesizerConfig
from gsvbatch.training.corpus import HOP, SAMPLE_RATE, Corpus
from gsvbatch.training.critics import Critics, critics_loss, generator_loss
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
from gsvbatch.training.prior import say
from gsvbatch.training.shelf import Shelf
from gsvbatch.training.synthesizer import (
    Average,
    make_optimizer,
    mini_config,
    style_spectrogram,
)
from gsvbatch.units import Seconds

HALF = "dec."
"""What of a synthesizer is trained here."""

LONGEST_STEP = 1000.0
"""Of a gradient; only what would ruin the weights is cut."""

PRIOR_EVERY = 300
"""Steps after which the prior is read anew, which may still be learning beside."""

EDGE_FRAMES = 2
"""Of a slice on either side: their windows reach outside, and they do not count."""

MELS = ((512, 128, 48), (1024, 256, 80), (2048, 512, 128))
"""Window, hop and bands of the spectra in which audio is compared."""


@dataclass(frozen=True, slots=True)
class GeneratorRecipe:
    """How the generator is made."""

    config: SynthesizerConfig = field(default_factory=mini_config)
    batch: int = 48
    slice_frames: int = 36
    reference_frames: int = 150
    plain_steps: int = 4000
    """Steps at the start with true latents and without critics."""

    learning_rate: float = 6e-4
    critics_rate: float = 4e-4
    critics_every: int = 1
    """Steps from one that the critics take part in to the next; on a processor they cost the most."""

    critics_batch: int = 48
    """Slices of a step that the critics hear, at most."""

    n_steps: int = 12000
    jitter: float = 0.1
    """Spread of the noise on true latents, at most."""

    spectral_weight: float = 45.0
    deceiving_weight: float = 5.0
    features_weight: float = 60.0
    average: float = 0.999
    """Share of the averaged weights that a step keeps; they are what is exported."""


class Trainee(nn.Module):
    """The generator as it is trained: audio of slices, and how far it is from the recording."""

    def __init__(self, model: Synthesizer, recipe: GeneratorRecipe) -> None:
        super().__init__()
        self.recipe, self.model = recipe, model
        self.mels = nn.ModuleList(LogMel(SAMPLE_RATE, n, hop, bands) for n, hop, bands in MELS)

    def forward(
        self, shelf: Shelf, rng: np.random.Generator, *, is_plain: bool
    ) -> tuple[Tensor, Tensor, Losses]:
        """Return recorded and made audio (B, N), zero where a row has no more, and the losses."""
        recipe, model = self.recipe, self.model
        picks = shelf.draw(rng, recipe.batch)
        device = shelf.audio.flat.device
        latent, n_frames = shelf.latents.take(picks)
        starts, audio = shelf.slices(picks, recipe.slice_frames, rng)
        frames = starts[:, None] + torch.arange(recipe.slice_frames, device=device)
        frames = frames.clamp(max=latent.shape[2] - 1)
        true = at_frames(latent.float(), frames)
        with autocast(device):
            with torch.no_grad():
                if is_plain:
                    reference = shelf.references(picks, recipe.reference_frames, rng)
                    style = model.style_of(style_spectrogram(reference, recipe.config))
                    seen = true + torch.randn_like(true) * recipe.jitter * torch.rand(1).item()
                else:
                    said, style = say(model, shelf, picks, recipe.reference_frames, rng)
                    told, _ = shelf.told.take(picks)
                    seen = at_positions(said, told.gather(1, frames))
                # The recording's pitch, or the two could not be compared.
                seen = torch.cat([seen[:, :-2], true[:, -2:]], dim=1)
            made = model.dec(seen, style)[:, 0]
        samples = torch.arange(audio.shape[1], device=device)
        real = samples < ((n_frames.to(device) - starts) * HOP)[:, None]
        inner = slice(EDGE_FRAMES * HOP, -EDGE_FRAMES * HOP)
        audio, made = (audio * real)[:, inner], (made.float() * real)[:, inner]
        return audio, made, {"spectral": self.spectral(audio, made)}

    def spectral(self, audio: Tensor, made: Tensor) -> Tensor:
        """Return how far log-mel spectra of audio (B, N) are apart."""
        parts = [(mel(audio) - mel(made)).abs().mean() for mel in self.mels]
        return torch.stack(parts).mean()


def at_frames(latent: Tensor, frames: Tensor) -> Tensor:
    """Return frames (B, L) of latents (B, C, F), as (B, C, L)."""
    return latent.gather(2, frames[:, None].expand(-1, latent.shape[1], -1))


def at_positions(latent: Tensor, positions: Tensor) -> Tensor:
    """Return latents (B, C, F) at positions (B, L) between frames, as (B, C, L)."""
    positions = positions.clamp(0, latent.shape[2] - 1)
    below = positions.floor().long()
    above = (below + 1).clamp(max=latent.shape[2] - 1)
    share = (positions - below)[:, None]
    return torch.lerp(at_frames(latent, below), at_frames(latent, above), share)


def train_generator(
    corpus: Corpus,
    folder: Path,
    recipe: GeneratorRecipe,
    budget: Seconds,
    seed: int = 0,
    watch: Watch | None = None,
    start: Weights | None = None,
    find_prior: Callable[[], Weights] | None = None,
) -> Synthesizer:
    """Train, or go on training, the synthesizer's second half; needs tokens.

    Args:
        corpus: With tokens.
        folder: Of the run.
        recipe: How.
        budget: Seconds that this call may take.
        seed: Of what is drawn.
        watch: Told of every step.
        start: Weights of a synthesizer of these dimensions to begin with; else random.
        find_prior: Returns the weights of a synthesizer whose prior has learnt, or goes on learning; asked
            now and then once the plain steps are over.

    Returns:
        The synthesizer with the generator as trained, and the prior that it was shown.

    Raises:
        CheckpointError: The plain steps are over, and there is no prior.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(seed)
    model = Synthesizer(recipe.config)
    prepare_head(model)
    if start is not None:
        model.load_state_dict(start)
    trainee = Trainee(model, recipe).to(device)
    critics = Critics().to(device)
    optimizer = make_optimizer(model.dec.parameters(), recipe.learning_rate)
    critics_optimizer = make_optimizer(critics.parameters(), recipe.critics_rate)
    average = Average(model.dec, recipe.average)
    run = Run(folder, budget, watch)
    if state := run.load():
        model.load_state_dict(state["weights"])
        critics.load_state_dict(state["critics"])
        optimizer.load_state_dict(state["optimizer"])
        critics_optimizer.load_state_dict(state["critics_optimizer"])
        average.weights = {key: value.to(device) for key, value in state["average"].items()}
    shelf = Shelf(corpus, recipe.config, device)
    averages = Averages()
    trainee.train()
    has_prior = False

    def weights() -> Weights:
        return model.state_dict() | {f"{HALF}{name}": x for name, x in average.weights.items()}

    def save() -> None:
        run.save(
            {
                "model": weights(), "average": average.weights, "weights": model.state_dict(),
                "critics": critics.state_dict(), "optimizer": optimizer.state_dict(),
                "critics_optimizer": critics_optimizer.state_dict(),
            }
        )  # fmt: skip

    while run.step < recipe.n_steps and not run.is_over:
        rng = run.draw(seed)
        is_plain = run.step < recipe.plain_steps
        is_due = not has_prior or run.step % PRIOR_EVERY == 0
        if not is_plain and is_due and find_prior is not None:
            found = find_prior()
            own = {name: x for name, x in model.state_dict().items() if name.startswith(HALF)}
            model.load_state_dict(found | own)
            has_prior = True
        share = warm_cosine(run.step, recipe.n_steps)
        set_rate(optimizer, recipe.learning_rate * share)
        set_rate(critics_optimizer, recipe.critics_rate * share)
        audio, made, losses = trainee(shelf, rng, is_plain=is_plain)
        total = recipe.spectral_weight * losses["spectral"]
        if not is_plain and run.step % recipe.critics_every == 0:
            audio, made = audio[: recipe.critics_batch], made[: recipe.critics_batch]
            with autocast(device):
                told = critics_loss(critics(audio), critics(made.detach()))
            take_step(told, critics_optimizer, LONGEST_STEP)
            critics.requires_grad_(False)
            with autocast(device):
                with torch.no_grad():
                    real = critics(audio)
                losses["deceiving"], losses["features"] = generator_loss(real, critics(made))
            critics.requires_grad_(True)
            averages.add(critics=told.detach())
            total = total + recipe.deceiving_weight * losses["deceiving"]
            total = total + recipe.features_weight * losses["features"]
        take_step(total, optimizer, LONGEST_STEP)
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
    model.load_state_dict(weights())
    return model.eval()


def prepare_head(model: Synthesizer) -> None:
    """Let a new generator begin as something quiet, with every filter's phase at zero."""
    bias = model.dec.conv_post.bias
    assert bias is not None
    nn.init.constant_(bias, -4.0)
    third = len(bias) // 3
    nn.init.zeros_(bias[third : 2 * third])
