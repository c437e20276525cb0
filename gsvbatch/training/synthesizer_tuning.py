"""The synthesizer on clips: from their tokens, phonemes and a style to their audio. What learns depends on what is there.

* With a posterior encoder, as base models have it, everything learns but the tokens: posterior, flow and prior
  are drawn together, and the generator learns from the posterior's latents (Kim et al. 2021), as upstream tunes.
* Without one, as in upstream's own fine-tunes, nothing tells what the latent of a recording is. Prior and
  flow stay as they are, and the generator alone learns to make the recording of what they say.
* Where the latent holds pitch and voicing, as the embedded model's, these are followed in the recording, and
  prior and generator learn in one: the recording's tokens run on its own clock, so both can be compared.

In all of them audio is compared by mels, and critics have their say once they have learnt a little.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, assert_never

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from gsvbatch.gsv.layers import length_mask
from gsvbatch.gsv.log_mel import LogMel
from gsvbatch.gsv.posterior import PosteriorEncoder
from gsvbatch.gsv.source_filter import VOICED, pitch_channel
from gsvbatch.gsv.spectrogram import spectrogram
from gsvbatch.gsv.synthesizer import FRAMES_PER_TOKEN, Synthesizer, SynthesizerConfig
from gsvbatch.training.clips import Clip, ClipBatch, batch_of, draw_alike
from gsvbatch.training.critics import Critics, critics_loss, generator_loss
from gsvbatch.training.loop import Losses, set_rate, take_step, warm_cosine
from gsvbatch.training.shelf import LatentMel
from gsvbatch.training.synthesizer import make_optimizer
from gsvbatch.training.tuning import mixed_precision

MELS = ((512, 128, 48), (1024, 256, 80), (2048, 512, 128))
"""Window, hop and bands of the spectra in which audio is compared."""

NOISE_SCALE = 0.5
"""Spread of the prior's draw, as at rendering."""

REFERENCE_FRAMES = 200
"""Of a clip by the same speaker, from which the style is taken: 4 s."""


class Way(StrEnum):
    """What learns."""

    POSTERIOR = "posterior"
    """Everything, through the posterior encoder."""

    PITCHED = "pitched"
    """Prior and generator, through a latent of which pitch and voicing are known."""

    GENERATOR = "generator"
    """The generator alone."""


@dataclass(frozen=True, slots=True)
class SynthesizerTuning:
    """How the synthesizer is tuned."""

    batch: int = 4
    slice_frames: int = 32
    """Latent frames whose audio is made in a step; 50 are a second."""

    learning_rate: float = 1e-4
    critics_rate: float = 2e-4
    n_steps: int = 400
    n_warm: int = 20
    """Steps in which the learning rate rises."""

    plain_steps: int = 100
    """Steps at the start in which the critics learn, and are not yet listened to."""

    critics_every: int | None = None
    """Steps from one that the critics take part in to the next; None is 1 on a graphics card, and 4 on a
    processor, where they cost the most."""

    spectral_weight: float = 45.0
    deceiving_weight: float = 2.0
    features_weight: float = 20.0
    latent_weight: float = 20.0
    """Of pitch and voicing in the latent, and of a new latent's spectrum."""


def way_of(config: SynthesizerConfig, posterior: PosteriorEncoder | None) -> Way:
    """What of a synthesizer learns."""
    if config.spectral_hop is not None:
        return Way.PITCHED
    return Way.GENERATOR if posterior is None else Way.POSTERIOR


class SynthesizerLesson:
    """Tunes a synthesizer of v1, v2, v2Pro, or native.

    Args:
        model: It is changed in place.
        posterior: Its posterior encoder, where it has one.
        clips: Of one speaker, to learn from.
        held: To look at, and not to learn from.
        recipe: How.
        is_new: Whether a pitched latent is yet to be learnt: then its spectrum has a target as well,
            and while the critics are not listened to, the generator sees that target.
    """

    def __init__(
        self,
        model: Synthesizer,
        posterior: PosteriorEncoder | None,
        clips: Sequence[Clip],
        held: Sequence[Clip],
        recipe: SynthesizerTuning,
        *,
        is_new: bool = False,
    ) -> None:
        self.model, self.recipe, self.is_new = model, recipe, is_new
        config = self.config = model.config
        self.way = way_of(config, posterior)
        self.device = device = model.ssl_proj.weight.device
        self.clips, self.held = clips, held
        self.lengths = np.array([len(clip.tokens) for clip in clips])
        self.posterior = None if posterior is None else posterior.to(device).requires_grad_(True)
        self.critics = Critics().to(device)
        self.mels = nn.ModuleList(LogMel(config.sample_rate, *sizes) for sizes in MELS).to(device)
        self.latent_mel = LatentMel(config).to(device)
        by_device = 1 if device.type == "cuda" else 4
        self.critics_every = recipe.critics_every or by_device
        self.trained = self._trained()
        self.optimizer = make_optimizer(self.trained, recipe.learning_rate)
        self.critics_optimizer = make_optimizer(self.critics.parameters(), recipe.critics_rate)

    def _trained(self) -> list[nn.Parameter]:
        """The parameters that learn; tokens must go on meaning what they mean to text-to-semantic."""
        self.model.requires_grad_(False)
        if self.way is Way.GENERATOR:
            self.model.dec.requires_grad_(True)
        else:
            self.model.requires_grad_(True)
            self.model.ssl_proj.requires_grad_(False)
        own = [weight for weight in self.model.parameters() if weight.requires_grad]
        return own + ([] if self.posterior is None else list(self.posterior.parameters()))

    def step(self, rng: np.random.Generator, step: int, n_steps: int) -> Losses:
        """Learn from one batch."""
        recipe = self.recipe
        picks = draw_alike(self.lengths, recipe.batch, rng)
        share = warm_cosine(step, n_steps, recipe.n_warm)
        set_rate(self.optimizer, recipe.learning_rate * share)
        set_rate(self.critics_optimizer, recipe.critics_rate * share)
        is_plain = step < recipe.plain_steps
        self.model.train()
        rows = batch_of(
            [self.clips[i] for i in picks], self.device, with_pitch=self.way is Way.PITCHED
        )
        with mixed_precision(self.device):
            style = self._style(len(picks), rng)
            starts = self._starts(rows, rng)
            made, losses = self._made(rows, style, starts, is_plain=is_plain)
        audio = _slices(rows.audio, starts * self.samples_per_frame, made.shape[1])
        losses["spectral"] = self._spectral(audio, made)
        total = self._total(losses)
        if step % self.critics_every == 0:
            with mixed_precision(self.device):
                told = critics_loss(self.critics(audio), self.critics(made.detach()))
            take_step(told, self.critics_optimizer, longest=1000.0)
            losses["critics"] = told.detach()
            if not is_plain:
                losses |= self._judged(audio, made)
                total = total + recipe.deceiving_weight * losses["deceiving"]
                total = total + recipe.features_weight * losses["features"]
        take_step(total, self.optimizer, longest=1000.0)
        return {name: loss.detach() for name, loss in losses.items()}

    @torch.no_grad()
    def held_out(self) -> float:
        """How far the clips held out, spoken from their tokens, are from their recordings.

        The mean difference of log-mels, natural logarithm of amplitude; spoken without noise, in the
        style of the first clip, and at the recordings' pitch where the latent holds it.
        """
        self.model.eval()
        apart = []
        reference = self.clips[0]
        style = self._style_of([reference], np.zeros(1, np.int64))
        for clip in self.held:
            rows = batch_of([clip], self.device, with_pitch=self.way is Way.PITCHED)
            mean, _, mask = self._prior(rows, style)
            said = self.model.flow(mean, mask, style, inverse=True)
            if self.way is Way.PITCHED:
                said = torch.cat([said[:, :-2], self._melody(rows)], dim=1)
            made = self.model.dec(said, style)[:, 0].float()
            apart.append(float(self._spectral(rows.audio, made)))
        return float(np.mean(apart))

    @torch.no_grad()
    def mean_style(self, n_clips: int = 8) -> NDArray[np.float32]:
        """The mean style (G,) of some clips, for a voice."""
        self.model.eval()
        chosen = self.clips[:: max(1, len(self.clips) // n_clips)][:n_clips]
        styles = self._style_of(chosen, np.zeros(len(chosen), np.int64))
        mean: NDArray[np.float32] = styles.float().mean(dim=0).flatten().cpu().numpy()
        return mean

    def state(self) -> dict[str, Any]:
        """Weights, critics and optimizers."""
        found: dict[str, Any] = {
            "model": self.model.state_dict(),
            "critics": self.critics.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "critics_optimizer": self.critics_optimizer.state_dict(),
        }
        if self.posterior is not None:
            found["posterior"] = self.posterior.state_dict()
        return found

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to such a state."""
        self.model.load_state_dict(state["model"])
        self.critics.load_state_dict(state["critics"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.critics_optimizer.load_state_dict(state["critics_optimizer"])
        if self.posterior is not None:
            self.posterior.load_state_dict(state["posterior"])

    @property
    def samples_per_frame(self) -> int:
        """Of a latent frame."""
        return self.model.samples_per_token // FRAMES_PER_TOKEN

    def _made(
        self, rows: ClipBatch, style: Tensor, starts: Tensor, *, is_plain: bool
    ) -> tuple[Tensor, Losses]:
        """Audio (B, N) of slices that begin at frames (B,), and the losses of the latent."""
        model, n = self.model, self.recipe.slice_frames
        match self.way:
            case Way.POSTERIOR:
                assert self.posterior is not None
                mask = length_mask(rows.n_frames, self._n_frames(rows))
                # Above the frames that a batch's longest clip has there is no spectrum either.
                magnitudes = self._magnitudes(rows.audio)[:, :, : mask.shape[2]]
                mean_q, spread_q = self.posterior(magnitudes, mask, style)
                latent = mean_q + torch.randn_like(mean_q) * torch.exp(spread_q)
                mean, spread, _ = self._prior(rows, style)
                flowed = model.flow(latent * mask, mask, style)
                losses = {"divergence": _divergence(flowed, spread_q, mean, spread, mask)}
                seen = _slices(latent, starts, n)
            case Way.GENERATOR:
                with torch.no_grad():
                    mean, spread, mask = self._prior(rows, style)
                    noise = torch.randn_like(mean) * torch.exp(spread) * NOISE_SCALE
                    latent = model.flow((mean + noise) * mask, mask, style, inverse=True)
                losses, seen = {}, _slices(latent, starts, n)
            case Way.PITCHED:
                mean, _, mask = self._prior(rows, style)
                said = model.flow(mean, mask, style, inverse=True).float()
                melody = self._melody(rows)
                losses = _melody_losses(said[:, -2:], melody, mask)
                spectrum = said[:, :-2]
                if self.is_new:
                    true = self._spectrum(rows)
                    losses["latent"] = _mean((spectrum - true).abs(), mask)
                    spectrum = true if is_plain else spectrum
                # The recording's pitch, or the two could not be compared.
                seen = _slices(torch.cat([spectrum, melody], dim=1), starts, n)
            case _:
                assert_never(self.way)
        return model.dec(seen, style)[:, 0].float(), losses

    def _judged(self, audio: Tensor, made: Tensor) -> Losses:
        """What the critics say to what was made."""
        self.critics.requires_grad_(False)
        with mixed_precision(self.device):
            with torch.no_grad():
                real = self.critics(audio)
            deceiving, features = generator_loss(real, self.critics(made))
        self.critics.requires_grad_(True)
        return {"deceiving": deceiving, "features": features}

    def _total(self, losses: Losses) -> Tensor:
        total = self.recipe.spectral_weight * losses["spectral"]
        if "divergence" in losses:
            total = total + losses["divergence"]
        if "pitch" in losses:
            latent = 0.5 * losses["pitch"] + 0.3 * losses["voicing"] + losses.get("latent", 0.0)
            total = total + self.recipe.latent_weight * latent
        return total

    def _prior(self, rows: ClipBatch, style: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.model.prior(
            rows.tokens, rows.n_tokens, rows.phoneme_ids, rows.n_phonemes, style
        )

    def _n_frames(self, rows: ClipBatch) -> int:
        """Of the longest row."""
        return FRAMES_PER_TOKEN * rows.tokens.shape[1]

    def _melody(self, rows: ClipBatch) -> Tensor:
        """Pitch and voicing as the latent holds them, (B, 2, F)."""
        assert rows.hertz is not None
        assert rows.voiced is not None
        pitch = pitch_channel(rows.hertz.clamp(min=1.0))
        voicing = torch.where(rows.voiced, VOICED, -VOICED)
        return torch.stack([pitch, voicing], dim=1)

    def _spectrum(self, rows: ClipBatch) -> Tensor:
        """The spectrum that a new latent is to hold, (B, latent - 2, F)."""
        assert rows.hertz is not None
        frames = torch.arange(self._n_frames(rows), device=self.device)
        middles = ((frames + 0.5) * self.samples_per_frame).long()
        with torch.no_grad(), torch.autocast(self.device.type, enabled=False):
            spectra = [
                self.latent_mel(audio, middles, hertz)
                for audio, hertz in zip(rows.audio, rows.hertz, strict=True)
            ]
        return torch.stack(spectra)

    def _magnitudes(self, audio: Tensor) -> Tensor:
        with torch.autocast(audio.device.type, enabled=False):
            return spectrogram(audio, self.config.filter_length, self.config.hop_length)

    def _style(self, n: int, rng: np.random.Generator) -> Tensor:
        """Styles (n, G, 1) of stretches of clips drawn at random."""
        picks = rng.integers(0, len(self.clips), n)
        chosen = [self.clips[i] for i in picks]
        room = np.array([max(0, clip.n_frames - REFERENCE_FRAMES) for clip in chosen])
        return self._style_of(chosen, (rng.random(n) * (room + 1)).astype(np.int64))

    def _style_of(self, clips: Sequence[Clip], starts: NDArray[np.int64]) -> Tensor:
        """Styles (B, G, 1) of clips, each from a frame on; a short one is repeated."""
        n = REFERENCE_FRAMES * self.samples_per_frame
        pieces = []
        for clip, start in zip(clips, starts, strict=True):
            piece = clip.samples[int(start) * self.samples_per_frame :][:n]
            pieces.append(np.resize(piece, n))
        audio = torch.from_numpy(np.stack(pieces)).to(self.device).float() / 32768
        speaker = None
        if self.config.speaker:
            assert all(clip.speaker is not None for clip in clips)
            embeddings = np.stack([clip.speaker for clip in clips if clip.speaker is not None])
            speaker = torch.from_numpy(embeddings).to(self.device)
        return self.model.style_of(self._magnitudes(audio), speaker=speaker)

    def _starts(self, rows: ClipBatch, rng: np.random.Generator) -> Tensor:
        """Where random slices begin, in frames (B,)."""
        room = (rows.n_frames - self.recipe.slice_frames).clamp(min=0) + 1
        share = torch.from_numpy(rng.random(len(room))).to(room.device)
        return (share * room).long()

    def _spectral(self, audio: Tensor, made: Tensor) -> Tensor:
        parts = [(mel(audio) - mel(made)).abs().mean() for mel in self.mels]
        return torch.stack(parts).mean()


def _slices(rows: Tensor, starts: Tensor, n: int) -> Tensor:
    """Stretches of n from places (B,) in rows (B, L) or (B, C, L); past a row's end its last value."""
    at = starts[:, None] + torch.arange(n, device=rows.device)
    at = at.clamp(max=rows.shape[-1] - 1)
    if rows.dim() == 2:
        return rows.gather(1, at)
    return rows.gather(2, at[:, None].expand(-1, rows.shape[1], -1))


def _divergence(z: Tensor, spread_q: Tensor, mean: Tensor, spread: Tensor, mask: Tensor) -> Tensor:
    """Kullback-Leibler divergence of posterior from prior, by a draw z that went through the flow."""
    z, spread_q, mean, spread = z.float(), spread_q.float(), mean.float(), spread.float()
    apart = spread - spread_q - 0.5 + 0.5 * (z - mean).square() * torch.exp(-2 * spread)
    return (apart * mask).sum() / mask.sum()


def _melody_losses(said: Tensor, melody: Tensor, mask: Tensor) -> Losses:
    """How far said pitch and voicing (B, 2, F) are from the recording's."""
    voiced = (melody[:, 1:] > 0).float() * mask
    pitch = ((said[:, :1] - melody[:, :1]).abs() * voiced).sum() / voiced.sum().clamp(min=1)
    voicing = F.binary_cross_entropy_with_logits(said[:, 1:], voiced, weight=mask, reduction="sum")
    return {"pitch": pitch, "voicing": voicing / mask.sum()}


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of values (B, C, F) where the mask (B, 1, F) is 1."""
    return (values * mask).sum() / (mask.sum() * values.shape[1])
