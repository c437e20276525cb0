"""The synthesizer of GPT-SoVITS v3 and v4: semantic tokens and phonemes to a mel that continues a clip.

    tokens, phonemes, style -> enc_p -> bridge, wns1 -> condition -> cfm -> mel -> vocoder -> samples

Both versions have the same weights by name and shape; what they call a frame is different.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gsvbatch.gsv.dit import DiTConfig
from gsvbatch.gsv.flow_matching import FlowMatching
from gsvbatch.gsv.layers import WaveNet, length_mask
from gsvbatch.gsv.reference_mel import MelSettings
from gsvbatch.gsv.style_encoder import StyleEncoder
from gsvbatch.gsv.synthesizer import FRAMES_PER_TOKEN, Quantizer, Synthesizer, frames_at
from gsvbatch.gsv.text_encoder import TextEncoder
from gsvbatch.units import Hertz

BRIDGE_SLOPE = 0.01

MelVersion: TypeAlias = Literal["v3", "v4"]


@dataclass(frozen=True, slots=True)
class MelFrames:
    """What one of the versions calls a frame, and how many it looks at."""

    mel: MelSettings
    """Of the reference."""

    per_latent: float
    """Mel frames that one latent frame (50 Hz) becomes."""

    per_token: float
    """Mel frames of a token by upstream's other count, which at changed speed may be one short."""

    longest_prompt: int
    """Frames of the reference that are continued at most."""

    window: int
    """Frames that are drawn at once, the prompt included."""

    sample_rate: Hertz
    """Of the audio."""

    hop: int
    """Samples of audio that a frame becomes."""


FRAMES: dict[MelVersion, MelFrames] = {
    "v3": MelFrames(MelSettings(24000, 1024, 256), 1.875, 3.875, 468, 934, 24000, 256),
    "v4": MelFrames(MelSettings(32000, 1280, 320), 2.0, 4.0, 500, 1000, 48000, 480),
}


@dataclass(frozen=True, slots=True)
class MelSynthesizerConfig:
    """Dimensions of a v3 or v4 synthesizer checkpoint; the defaults are the published ones."""

    version: MelVersion
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
    style_hidden: int = 128
    style_bins: int = 704
    bridge_layers: int = 8
    bridge_kernel: int = 5
    dit: DiTConfig = field(default_factory=DiTConfig)
    sample_rate: Hertz = 32000
    """Of the reference spectrogram; audio comes out at that of ``FRAMES``."""

    filter_length: int = 2048
    hop_length: int = 640


class Bridge(nn.Module):
    """Gated convolutions between two projections, the checkpoint's ``wns1``."""

    def __init__(self, width: int, kernel: int, n_layers: int, style: int) -> None:
        super().__init__()
        self.pre = nn.Conv1d(width, width, 1)
        self.enc = WaveNet(width, kernel, n_layers, style)
        self.proj = nn.Conv1d(width, width, 1)

    def forward(self, x: Tensor, mask: Tensor, style: Tensor) -> Tensor:
        """Return (B, C, F) masked."""
        out: Tensor = self.proj(self.enc(self.pre(x) * mask, mask, style)) * mask
        return out


class MelSynthesizer(nn.Module):
    """The second stage of v3 and v4, without its vocoder.

    ``enc_p``, ``ref_enc``, ``ssl_proj`` and ``quantizer`` are those of :class:`Synthesizer`; ``bridge``
    and ``wns1`` make the condition of the flow matching, ``cfm``.
    """

    def __init__(self, config: MelSynthesizerConfig) -> None:
        super().__init__()
        self.config = config
        width = config.dit.condition
        self.enc_p = TextEncoder(
            n_phonemes=config.n_phonemes,
            ssl_width=config.ssl_width,
            hidden=config.hidden,
            inner=config.feed_forward,
            latent=config.latent,
            n_heads=config.n_heads,
            n_layers=config.n_layers,
            kernel=config.kernel,
            fusion_width=config.style,
            fusion_heads=config.fusion_heads,
        )
        self.ref_enc = StyleEncoder(config.style_bins, config.style_hidden, config.style)
        self.ssl_proj = nn.Conv1d(config.ssl_width, config.ssl_width, 2, stride=2)
        self.quantizer = Quantizer(config.codebook_size, config.ssl_width)
        self.bridge = nn.ModuleList([nn.Conv1d(config.hidden, width, 1)])
        self.wns1 = Bridge(width, config.bridge_kernel, config.bridge_layers, config.style)
        self.cfm = FlowMatching(config.dit)

    @property
    def frames(self) -> MelFrames:
        """What this version calls a frame."""
        return FRAMES[self.config.version]

    @property
    def sample_rate(self) -> Hertz:
        """Of the audio it makes."""
        return self.frames.sample_rate

    def style_of(self, spectrogram: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the style vector (B, G, 1) of reference spectrograms (B, bins, F)."""
        out: Tensor = self.ref_enc(spectrogram, lengths)
        return out

    def tokenize(self, content: Tensor) -> Tensor:
        """Return semantic tokens (B, floor(H / 2)) of content features (B, C, H) at 50 Hz."""
        return self.quantizer.encode(self.ssl_proj(content))

    def condition(
        self,
        tokens: Tensor,
        n_tokens: Tensor,
        phoneme_ids: Tensor,
        n_phonemes: Tensor,
        style: Tensor,
        speed: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return the condition (B, C, F) of the flow matching and the rows' frame counts (B,).

        Args:
            tokens: (B, S).
            n_tokens: real tokens of each row, (B,).
            phoneme_ids: what the tokens say, (B, P).
            n_phonemes: real phonemes of each row, (B,).
            style: (B, G, 1).
            speed: (B,) speaking rate factors; None, or 1 for every row, keeps the frames as they are.
        """
        codes = self.quantizer.decode(tokens).repeat_interleave(FRAMES_PER_TOKEN, dim=2)
        mask = length_mask(n_tokens * FRAMES_PER_TOKEN, codes.shape[2]).to(codes.dtype)
        text_mask = length_mask(n_phonemes, phoneme_ids.shape[1]).to(codes.dtype)
        frames = frames_at(n_tokens, speed)
        x, mask = self.enc_p.features(codes, mask, phoneme_ids, text_mask, style, frames)
        x = F.leaky_relu(self.bridge[0](x), BRIDGE_SLOPE)
        x = F.interpolate(x, scale_factor=self.frames.per_latent, mode="nearest")
        n_frames = (mask.sum(dim=(1, 2)) * self.frames.per_latent).long()
        seen = n_frames
        if frames is not None:
            assert speed is not None
            # Upstream's mask is counted in another way than its frames are: the last may be blank.
            counted = (n_tokens * self.frames.per_token / speed).long() + 1
            seen = torch.where(speed == 1, n_frames, torch.minimum(n_frames, counted))
        return self.wns1(x, length_mask(seen, x.shape[2]).to(x.dtype), style), n_frames


AnySynthesizer: TypeAlias = Synthesizer | MelSynthesizer
