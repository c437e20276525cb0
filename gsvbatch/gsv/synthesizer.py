"""The synthesizer of GPT-SoVITS v1, v2 and v2Pro: semantic tokens, phonemes and a style to audio."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gsvbatch.gsv.flow import Flow
from gsvbatch.gsv.generator import Generator
from gsvbatch.gsv.layers import length_mask
from gsvbatch.gsv.style_encoder import StyleEncoder
from gsvbatch.gsv.text_encoder import TextEncoder
from gsvbatch.units import Hertz

FRAMES_PER_TOKEN = 2
"""Latent frames run at 50 Hz, tokens at 25."""


@dataclass(frozen=True, slots=True)
class SynthesizerConfig:
    """Dimensions of a synthesizer checkpoint; the defaults are v2's."""

    n_phonemes: int = 732
    ssl_width: int = 768
    codebook_size: int = 1024
    latent: int = 192
    hidden: int = 192
    feed_forward: int = 768
    n_heads: int = 2
    n_layers: int = 6
    kernel: int = 3
    fusion_heads: int = 4
    style: int = 512
    fusion: int | None = None
    """Width at which text and style meet; None is ``style``. The Pro versions narrow it down."""

    speaker: int = 0
    """Numbers in a speaker embedding, which the Pro versions add to the style; 0 for the others."""

    style_hidden: int = 128
    style_bins: int = 704
    flow_layers: int = 4
    flow_kernel: int = 5
    upsample_rates: tuple[int, ...] = (10, 8, 2, 2, 2)
    upsample_kernels: tuple[int, ...] = (16, 16, 8, 2, 2)
    initial_channels: int = 512
    resblock_kernels: tuple[int, ...] = (3, 7, 11)
    resblock_dilations: tuple[tuple[int, ...], ...] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))
    flow_couplings: int = 4
    """Of the flow; none where the prior says the latent itself."""

    spectral_hop: int | None = None
    """Samples a frame of the generator's source-filter head, or None for plain HiFi-GAN."""

    sample_rate: Hertz = 32000
    filter_length: int = 2048
    """Of the reference spectrogram, samples."""

    hop_length: int = 640
    """Of the reference spectrogram, samples; one latent frame."""


CODEBOOK_KEY = "quantizer.vq.layers.0._codebook.embed"
"""Of the code vectors in a checkpoint."""


class Codebook(nn.Module):
    """The table of code vectors, under the quantizer's checkpoint names."""

    embed: Tensor

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.register_buffer("inited", torch.ones(1))
        self.register_buffer("cluster_size", torch.zeros(size))
        self.register_buffer("embed", torch.zeros(size, width))
        self.register_buffer("embed_avg", torch.zeros(size, width))


class Quantizer(nn.Module):
    """Vector quantizer: nearest code by Euclidean distance."""

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        layer = nn.Module()
        layer._codebook = Codebook(size, width)
        self.vq = nn.Module()
        self.vq.layers = nn.ModuleList([layer])

    @property
    def table(self) -> Tensor:
        """Code vectors, (size, width)."""
        table = self.vq.layers[0]._codebook.embed  # type: ignore[index, union-attr]
        assert isinstance(table, Tensor)
        return table

    def encode(self, x: Tensor) -> Tensor:
        """Return the nearest code ids (B, L) of x (B, C, L)."""
        flat = x.transpose(1, 2)
        table = self.table.to(x.dtype)
        distance = table.square().sum(1) - 2 * flat @ table.transpose(0, 1)
        return distance.argmin(dim=-1)

    def decode(self, codes: Tensor) -> Tensor:
        """Return the code vectors (B, C, L) of ids (B, L)."""
        return self.table[codes].transpose(1, 2)


class Synthesizer(nn.Module):
    """The second stage of GPT-SoVITS v1, v2, v2Pro and v2ProPlus ("SoVITS").

    ``enc_p`` is the prior encoder, ``dec`` the waveform generator, ``flow`` the normalizing flow,
    ``ref_enc`` the style encoder; ``ssl_proj`` and ``quantizer`` turn content features into tokens.
    The Pro versions add a speaker embedding to the style (``sv_emb``, ``prelu``), and show the prior
    encoder a narrower one (``ge_to512``).
    """

    def __init__(self, config: SynthesizerConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.enc_p = TextEncoder(
            n_phonemes=config.n_phonemes,
            ssl_width=config.ssl_width,
            hidden=config.hidden,
            inner=config.feed_forward,
            latent=config.latent,
            n_heads=config.n_heads,
            n_layers=config.n_layers,
            kernel=config.kernel,
            fusion_width=config.fusion or config.style,
            fusion_heads=config.fusion_heads,
            dropout=dropout,
        )
        self.dec = Generator(
            latent=config.latent,
            style=config.style,
            upsample_rates=config.upsample_rates,
            upsample_kernels=config.upsample_kernels,
            initial_channels=config.initial_channels,
            resblock_kernels=config.resblock_kernels,
            resblock_dilations=config.resblock_dilations,
            spectral_hop=config.spectral_hop,
            sample_rate=config.sample_rate,
        )
        self.flow = Flow(
            config.latent,
            config.hidden,
            config.flow_kernel,
            config.flow_layers,
            config.style,
            config.flow_couplings,
        )
        self.ref_enc = StyleEncoder(config.style_bins, config.style_hidden, config.style)
        self.ssl_proj = nn.Conv1d(config.ssl_width, config.ssl_width, 2, stride=2)
        self.quantizer = Quantizer(config.codebook_size, config.ssl_width)
        if config.speaker:
            self.sv_emb = nn.Linear(config.speaker, config.style)
            self.ge_to512 = nn.Linear(config.style, config.fusion or config.style)
            self.prelu = nn.PReLU(config.style)

    @property
    def sample_rate(self) -> Hertz:
        """Of the audio it makes."""
        return self.config.sample_rate

    @property
    def samples_per_token(self) -> int:
        """Audio samples that one semantic token becomes at normal speed."""
        samples = FRAMES_PER_TOKEN * (self.config.spectral_hop or 1)
        for rate in self.config.upsample_rates:
            samples *= rate
        return samples

    def style_of(
        self, spectrogram: Tensor, lengths: Tensor | None = None, speaker: Tensor | None = None
    ) -> Tensor:
        """Return the style vector (B, G, 1) of reference spectrograms (B, bins, F).

        Args:
            spectrogram: (B, bins, F).
            lengths: (B,) real frames of each row, or None when all are.
            speaker: speaker embeddings (B, E), which the Pro versions need and no other takes.

        Raises:
            ValueError: A speaker embedding is missing, or there is one too many.
        """
        style: Tensor = self.ref_enc(spectrogram, lengths)
        if (speaker is None) == bool(self.config.speaker):
            raise ValueError("a speaker embedding is for Pro models, and they cannot do without")
        if speaker is not None:
            style = self.prelu(style + self.sv_emb(speaker).unsqueeze(-1))
        return style

    def tokenize(self, content: Tensor) -> Tensor:
        """Return semantic tokens (B, floor(H / 2)) of content features (B, C, H) at 50 Hz."""
        return self.quantizer.encode(self.ssl_proj(content))

    def prior(
        self,
        tokens: Tensor,
        n_tokens: Tensor,
        phoneme_ids: Tensor,
        n_phonemes: Tensor,
        style: Tensor,
        speed: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return mean and log-spread of the latent and the mask of its frames.

        Args:
            tokens: (B, S).
            n_tokens: real tokens of each row, (B,).
            phoneme_ids: the utterance's own phonemes, (B, P).
            n_phonemes: real phonemes of each row, (B,).
            style: (B, G, 1).
            speed: (B,) speaking rate factors; None, or 1 for every row, keeps the frames as they are.
        """
        codes = self.quantizer.decode(tokens).repeat_interleave(FRAMES_PER_TOKEN, dim=2)
        mask = length_mask(n_tokens * FRAMES_PER_TOKEN, codes.shape[2]).to(codes.dtype)
        text_mask = length_mask(n_phonemes, phoneme_ids.shape[1]).to(codes.dtype)
        if self.config.speaker:
            style = self.ge_to512(style.transpose(1, 2)).transpose(1, 2)
        frames = frames_at(n_tokens, speed)
        mean, log_spread, mask = self.enc_p(codes, mask, phoneme_ids, text_mask, style, frames)
        return mean, log_spread, mask

    def decode_latent(self, latent: Tensor, mask: Tensor | None, style: Tensor) -> Tensor:
        """Return samples (B, 1, N) of a sampled prior latent (B, C, F)."""
        ones = torch.ones_like(latent[:, :1]) if mask is None else mask
        z = self.flow(latent, ones, style, inverse=True)
        out: Tensor = self.dec(z * ones, style, mask)
        return out

    def forward(
        self,
        tokens: Tensor,
        n_tokens: Tensor,
        phoneme_ids: Tensor,
        n_phonemes: Tensor,
        style: Tensor,
        *,
        noise: Tensor,
        noise_scale: float = 0.5,
        speed: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Speak a batch of utterances.

        Args:
            tokens: (B, S).
            n_tokens: (B,).
            phoneme_ids: (B, P).
            n_phonemes: (B,).
            style: (B, G, 1).
            noise: standard normal noise, (B, latent, at least F); cut to F.
            noise_scale: spread of the draw; upstream uses 0.5.
            speed: (B,) or None.

        Returns:
            Samples (B, 1, N) with zeros past each row's end, and the rows' sample counts (B,).
        """
        mean, log_spread, mask = self.prior(tokens, n_tokens, phoneme_ids, n_phonemes, style, speed)
        noise = noise[:, :, : mean.shape[2]].to(mean.dtype)
        latent = (mean + noise * torch.exp(log_spread) * noise_scale) * mask
        ragged = mask if bool((mask == 0).any()) else None
        samples = self.decode_latent(latent, ragged, style)
        frames = mask.sum(dim=(1, 2)).long()
        return samples, frames * (self.samples_per_token // FRAMES_PER_TOKEN)


def frames_at(n_tokens: Tensor, speed: Tensor | None) -> Tensor | None:
    """Return frame counts (B,) of tokens (B,) at speaking rates (B,), or None where all keep theirs."""
    if speed is None or not bool((speed != 1).any()):
        return None
    real = n_tokens * FRAMES_PER_TOKEN
    return torch.where(speed == 1, real, (real / speed).long() + 1)
