"""What the two halves of the synthesizer share while they learn: dimensions, averages, references.

The latent between them is fixed: a log-mel spectrum, the pitch and the voicing. So each half has a target
from its first step on, and neither waits for the other. A learned latent (Kim et al. 2021) is the finer
way, but its two halves find each other only after days.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gsvbatch.gsv.synthesizer import Synthesizer, SynthesizerConfig
from gsvbatch.training.corpus import HOP, SAMPLE_RATE

LOG_SPREAD = -9.0
"""Of the prior: its mean is what is meant, and nothing is drawn around it."""


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


@torch.no_grad()
def fix_spread(model: Synthesizer) -> None:
    """Let the prior's spread be next to nothing, whatever it sees."""
    latent = model.config.latent
    model.enc_p.proj.weight[latent:] = 0
    assert model.enc_p.proj.bias is not None
    model.enc_p.proj.bias[latent:] = LOG_SPREAD


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


def make_optimizer(parameters: Iterable[nn.Parameter], rate: float) -> torch.optim.AdamW:
    """Return the optimizer of a synthesizer's weights, or of its critics."""
    parameters = list(parameters)
    return torch.optim.AdamW(parameters, rate, betas=(0.8, 0.99), weight_decay=0.01, fused=True)
