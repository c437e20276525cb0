"""The synthesizer: from tokens, phonemes and a style to a latent that can be looked at, and to audio.

The latent is fixed: a log-mel spectrum, the pitch and the voicing. So the prior has a target from the
first step on, and the generator learns beside it, from true latents at first, then with critics from
what the prior says. A learned latent (Kim et al. 2021) is the finer way, but its two halves find each
other only after days.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gsvbatch.gsv.layers import length_mask
from gsvbatch.gsv.log_mel import LogMel
from gsvbatch.gsv.synthesizer import Synthesizer, SynthesizerConfig
from gsvbatch.training.corpus import HOP, SAMPLE_RATE, Corpus
from gsvbatch.training.critics import Critics, critics_loss, generator_loss
from gsvbatch.training.loop import Averages, Run, Watch, autocast, warm_cosine
from gsvbatch.training.shelf import Shelf
from gsvbatch.units import Seconds

LOG_SPREAD = -9.0
"""Of the prior: its mean is what is meant, and nothing is drawn around it."""

EDGE_FRAMES = 2
"""Of a slice on either side: their windows reach outside, and they do not count."""

MELS = ((512, 128, 48), (1024, 256, 80), (2048, 512, 128))
"""Window, hop and bands of the spectra in which audio is compared."""

WHITENING_FLOOR = 0.01
"""Added to the variance of every direction."""

_READS_CODES, _READS_CODES_BIAS = "enc_p.ssl_proj.weight", "enc_p.ssl_proj.bias"

Losses = dict[str, Tensor]
Weights = dict[str, Tensor]


def mini_config() -> SynthesizerConfig:
    """Return the embedded model's dimensions."""
    return SynthesizerConfig(
        ssl_width=192,
        codebook_size=1536,
        latent=82,
        hidden=192,
        feed_forward=512,
        n_layers=4,
        style=256,
        flow_couplings=2,
        flow_layers=1,
        upsample_rates=(4,),
        upsample_kernels=(8,),
        initial_channels=384,
        resblock_kernels=(3, 7),
        resblock_dilations=((1, 3, 5), (1, 3, 5)),
        spectral_hop=HOP // 4,
        sample_rate=SAMPLE_RATE,
        filter_length=2048,
        hop_length=HOP,
    )


@dataclass(frozen=True, slots=True)
class SynthesizerRecipe:
    """How the synthesizer is made."""

    config: SynthesizerConfig = field(default_factory=mini_config)
    batch: int = 48
    slice_frames: int = 36
    reference_frames: int = 150
    plain_steps: int = 1500
    """Steps at the start without critics, in which the generator sees true latents."""

    learning_rate: float = 6e-4
    critics_rate: float = 4e-4
    n_steps: int = 12000
    dropout: float = 0.0
    spectral_weight: float = 45.0
    deceiving_weight: float = 5.0
    features_weight: float = 60.0
    latent_weight: float = 20.0
    average: float = 0.999
    """Share of the averaged weights that a step keeps; they are what is exported."""


def style_spectrogram(audio: Tensor, config: SynthesizerConfig) -> Tensor:
    """Return linear magnitudes (B, bins, F) of audio (B, N), as references are analysed."""
    edge = (config.filter_length - config.hop_length) // 2
    spectrum = torch.stft(
        F.pad(audio.float()[:, None], (edge, edge), "reflect")[:, 0],
        config.filter_length,
        config.hop_length,
        window=torch.hann_window(config.filter_length, device=audio.device),
        center=False,
        return_complex=True,
    )
    return torch.sqrt(spectrum.real.square() + spectrum.imag.square() + 1e-8)


class Trainee(nn.Module):
    """The synthesizer as it is trained: losses of the prior, and audio of a slice."""

    def __init__(self, recipe: SynthesizerRecipe) -> None:
        super().__init__()
        self.recipe = recipe
        self.model = Synthesizer(recipe.config, dropout=recipe.dropout)
        self.mels = nn.ModuleList(LogMel(SAMPLE_RATE, n, hop, bands) for n, hop, bands in MELS)
        fix_spread(self.model)
        bias = self.model.dec.conv_post.bias
        assert bias is not None
        nn.init.constant_(bias, -4.0)
        third = len(bias) // 3
        nn.init.zeros_(bias[third : 2 * third])  # phases

    def forward(
        self, shelf: Shelf, rng: np.random.Generator, *, is_plain: bool
    ) -> tuple[Tensor, Tensor, Losses]:
        """Return recorded and made audio (B, N), zero where a row has no more, and the losses."""
        recipe, model = self.recipe, self.model
        picks = shelf.draw(rng, recipe.batch)
        device = shelf.audio.flat.device
        tokens, n_tokens = shelf.tokens.take(picks)
        ids, n_ids = shelf.phonemes.take(picks)
        latent, n_frames = shelf.latents.take(picks)
        latent = latent.float()
        starts, audio = shelf.slices(picks, recipe.slice_frames, rng)
        reference = shelf.references(picks, recipe.reference_frames, rng)
        spectrogram = style_spectrogram(reference, recipe.config)
        n_frames = n_frames.to(device)
        with autocast(device):
            style = model.style_of(spectrogram)
            said, _, mask = model.prior(tokens, n_tokens.to(device), ids, n_ids.to(device), style)
            # With no spread around the mean the flow is no density, but more of the prior.
            said = model.flow(said, mask, style, inverse=True).float()
            losses = prior_losses(said, latent, length_mask(n_frames, latent.shape[2]))
            at = starts[:, None] + torch.arange(recipe.slice_frames, device=device)
            at = at.clamp(max=latent.shape[2] - 1)[:, None].expand(-1, latent.shape[1], -1)
            true = latent.gather(2, at)
            if is_plain:
                seen = true + torch.randn_like(true) * 0.1 * torch.rand(1).item()
            else:
                seen = said.gather(2, at)
            # The recording's pitch, or the two could not be compared.
            seen = torch.cat([seen[:, :-2], true[:, -2:]], dim=1)
            made = model.dec(seen, style)[:, 0]
        samples = torch.arange(audio.shape[1], device=device)
        real = samples < ((n_frames - starts) * HOP)[:, None]
        inner = slice(EDGE_FRAMES * HOP, -EDGE_FRAMES * HOP)
        audio, made = (audio * real)[:, inner], (made.float() * real)[:, inner]
        losses["spectral"] = self.spectral(audio, made)
        return audio, made, losses

    def spectral(self, audio: Tensor, made: Tensor) -> Tensor:
        """Return how far log-mel spectra of audio (B, N) are apart."""
        parts = [(mel(audio) - mel(made)).abs().mean() for mel in self.mels]
        return torch.stack(parts).mean()


def prior_losses(said: Tensor, latent: Tensor, mask: Tensor) -> Losses:
    """Return how far a said latent (B, C, F) is from the true one: spectrum, pitch and voicing."""
    voiced = (latent[:, -1:] > 0).float() * mask
    n = mask.sum()
    mel = ((said[:, :-2] - latent[:, :-2]).abs() * mask).sum() / (n * (latent.shape[1] - 2))
    pitch = ((said[:, -2:-1] - latent[:, -2:-1]).abs() * voiced).sum() / voiced.sum().clamp(min=1)
    voicing = F.binary_cross_entropy_with_logits(said[:, -1:], voiced, weight=mask, reduction="sum")
    return {"mel": mel, "pitch": pitch, "voicing": voicing / n}


@torch.no_grad()
def fix_spread(model: Synthesizer) -> None:
    """Let the prior's spread be next to nothing, whatever it sees."""
    latent = model.config.latent
    model.enc_p.proj.weight[latent:] = 0
    assert model.enc_p.proj.bias is not None
    model.enc_p.proj.bias[latent:] = LOG_SPREAD


class Whitening:
    """While training, code vectors that vary alike in all directions; afterwards, the codebook's own.

    What tells two codes apart is a thousand times weaker than what tells speech from silence, and a
    gradient follows the strong. The whitening is one matrix, and goes into the layer that reads the codes.
    """

    def __init__(self, codebook: Tensor, uses: Tensor) -> None:
        """Set up.

        Args:
            codebook: (K, C).
            uses: how often each code occurs, (K,).
        """
        shares = (uses / uses.sum()).double()[:, None]
        codes = codebook.double()
        self.mean = (shares * codes).sum(0)
        spread = ((codes - self.mean) * shares).T @ (codes - self.mean)
        values, vectors = torch.linalg.eigh(spread + WHITENING_FLOOR * torch.eye(len(spread)))
        self.matrix = (vectors * values.rsqrt()) @ vectors.T
        self.inverse = (vectors * values.sqrt()) @ vectors.T
        self.codebook = ((codes - self.mean) @ self.matrix).float()

    def whiten(self, weights: Weights) -> Weights:
        """Return a synthesizer's weights for whitened codes, saying the same."""
        weight, bias = (weights[key].cpu().double() for key in (_READS_CODES, _READS_CODES_BIAS))
        flat = weight[:, :, 0]
        return self._changed(weights, flat @ self.inverse, bias + flat @ self.mean)

    def fold(self, weights: Weights) -> Weights:
        """Return them for the codebook's own vectors again."""
        weight, bias = (weights[key].cpu().double() for key in (_READS_CODES, _READS_CODES_BIAS))
        flat = weight[:, :, 0] @ self.matrix
        return self._changed(weights, flat, bias - flat @ self.mean)

    def _changed(self, weights: Weights, flat: Tensor, bias: Tensor) -> Weights:
        new = {_READS_CODES: flat[:, :, None].float(), _READS_CODES_BIAS: bias.float()}
        return {key: new.get(key, value).to(value.device) for key, value in weights.items()}


class Average:
    """Weights averaged over steps, exponentially."""

    def __init__(self, model: nn.Module, keep: float) -> None:
        self.keep = keep
        now = model.state_dict()
        self.weights = {key: value.detach().clone() for key, value in now.items()}
        self._moving = [key for key, value in now.items() if value.is_floating_point()]
        self._now = [now[key] for key in self._moving]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights of a step; at the start the average is over fewer steps."""
        keep = min(self.keep, (1 + step) / (10 + step))
        weights = [self.weights[key] for key in self._moving]
        torch._foreach_lerp_(weights, self._now, 1 - keep)


def train_synthesizer(
    corpus: Corpus,
    folder: Path,
    recipe: SynthesizerRecipe,
    budget: Seconds,
    seed: int = 0,
    watch: Watch | None = None,
) -> Synthesizer:
    """Train, or go on training, the synthesizer; needs tokens."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(seed)
    trainee = Trainee(recipe).to(device)
    model = trainee.model
    codebook = torch.from_numpy(np.load(corpus.folder / "codebook.npy"))
    uses = torch.bincount(torch.from_numpy(np.concatenate(corpus.tokens)), minlength=len(codebook))
    whitening = Whitening(codebook, uses)
    model.load_state_dict(whitening.whiten(model.state_dict()))
    critics = Critics().to(device)
    optimizer = _optimizer(model, recipe.learning_rate)
    critics_optimizer = _optimizer(critics, recipe.critics_rate)
    average = Average(model, recipe.average)
    run = Run(folder, budget, watch)
    if state := run.load():
        model.load_state_dict(state["weights"])
        critics.load_state_dict(state["critics"])
        optimizer.load_state_dict(state["optimizer"])
        critics_optimizer.load_state_dict(state["critics_optimizer"])
        average.weights = {key: value.to(device) for key, value in state["average"].items()}
    model.quantizer.table.copy_(whitening.codebook)
    shelf = Shelf(corpus, recipe.config, device)
    averages = Averages()
    trainee.train()

    def save() -> None:
        run.save(
            {
                "model": whitening.fold(average.weights),
                "average": average.weights, "weights": model.state_dict(),
                "critics": critics.state_dict(), "optimizer": optimizer.state_dict(),
                "critics_optimizer": critics_optimizer.state_dict(),
            }
        )  # fmt: skip

    while run.step < recipe.n_steps and not run.is_over:
        rng = run.draw(seed)
        share = warm_cosine(run.step, recipe.n_steps)
        is_plain = run.step < recipe.plain_steps
        _set_rate(optimizer, recipe.learning_rate * share)
        _set_rate(critics_optimizer, recipe.critics_rate * share)
        audio, made, losses = trainee(shelf, rng, is_plain=is_plain)
        if not is_plain:
            with autocast(device):
                told = critics_loss(critics(audio), critics(made.detach()))
            _step(told, critics_optimizer, critics)
            critics.requires_grad_(False)
            with autocast(device):
                with torch.no_grad():
                    real = critics(audio)
                losses["deceiving"], losses["features"] = generator_loss(real, critics(made))
            critics.requires_grad_(True)
            averages.add(critics=told.detach())
        _step(total_loss(losses, recipe), optimizer, model)
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
    model.load_state_dict(whitening.fold(average.weights))
    model.quantizer.table.copy_(codebook)
    return model.eval()


def total_loss(losses: Losses, recipe: SynthesizerRecipe) -> Tensor:
    """Return what the synthesizer is to reduce."""
    latent = losses["mel"] + 0.5 * losses["pitch"] + 0.3 * losses["voicing"]
    total = recipe.spectral_weight * losses["spectral"] + recipe.latent_weight * latent
    if "deceiving" in losses:
        total = total + recipe.deceiving_weight * losses["deceiving"]
        total = total + recipe.features_weight * losses["features"]
    return total


def _optimizer(module: nn.Module, rate: float) -> torch.optim.AdamW:
    parameters = list(module.parameters())
    fused = parameters[0].is_cuda
    return torch.optim.AdamW(parameters, rate, betas=(0.8, 0.99), weight_decay=0.01, fused=fused)


def _set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def _step(loss: Tensor, optimizer: torch.optim.Optimizer, module: nn.Module) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(module.parameters(), 1000.0)
    optimizer.step()
