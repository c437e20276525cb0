"""From a reference clip to prompt tokens: what is said in it, in the synthesizer's own codes."""

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import soxr
import torch

from gsvbatch.data import Waveform
from gsvbatch.gsv.mel_content import CONTENT_RATE, MelContentEncoder
from gsvbatch.gsv.mel_synthesizer import AnySynthesizer

if TYPE_CHECKING:  # transformers takes seconds to import
    from gsvbatch.gsv.content import ContentEncoder

AnyContentEncoder: TypeAlias = "ContentEncoder | MelContentEncoder"
"""Samples (B, N) at 16 kHz to features (B, C, H) at 50 Hz: HuBERT, or the embedded model's own."""

TRAILING_SILENCE = 9600
"""Zeros put after the reference, in samples: 0.6 s. Upstream's 0.3 s, counted at the wrong rate; kept,
because the prompts that its models were tuned on end like this."""


@torch.inference_mode()
def prompt_tokens(
    waveform: Waveform, content: AnyContentEncoder, synthesizer: AnySynthesizer
) -> tuple[int, ...]:
    """The semantic tokens of a reference clip, 25 a second, about 15 for the silence put after it.

    Args:
        waveform: The reference at any rate; 3 to 10 s is what the models know.
        content: In eval mode.
        synthesizer: Its codebook names the tokens, so tokens belong to one synthesizer's family.
    """
    samples = soxr.resample(waveform.samples, waveform.sample_rate, CONTENT_RATE)
    padded = np.concatenate([samples, np.zeros(TRAILING_SILENCE, dtype=samples.dtype)])
    weight = next(content.parameters())
    features = content(torch.from_numpy(padded)[None].to(weight.device, weight.dtype))
    table = next(synthesizer.parameters())
    tokens: list[int] = synthesizer.tokenize(features.to(table.device, table.dtype))[0].tolist()
    return tuple(tokens)
