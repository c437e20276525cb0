"""Models of any size with random weights: speed does not depend on what a model has learnt."""

from pathlib import Path

import torch
from torch import nn

from gsvbatch.gsv.bundle import ModelBundle
from gsvbatch.gsv.source import ModelDigests, ModelSource
from gsvbatch.gsv.synthesizer import Synthesizer, SynthesizerConfig
from gsvbatch.gsv.t2s import T2SConfig, TextToSemantic

_NOWHERE = ModelSource(Path("random"), Path("random"))


def random_bundle(
    t2s: T2SConfig | None = None,
    synthesizer: SynthesizerConfig | None = None,
    *,
    seed: int = 1,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> ModelBundle:
    """A pair that never ends of itself, so that every line has as many tokens as it is allowed.

    Args:
        t2s: Dimensions; None means v2's.
        synthesizer: Likewise.
        seed: Of the weights.
        device: Where they go.
        dtype: What they are rounded to.
    """
    first, second = (
        TextToSemantic(t2s or T2SConfig()),
        Synthesizer(synthesizer or SynthesizerConfig()),
    )
    _randomize(first, seed)
    _randomize(second, seed + 1)
    with torch.no_grad():
        # A logit of zero never is among the largest of a thousand random ones.
        first.ar_predict_layer.weight[first.config.eos] = 0
    for network in (first, second):
        network.to(device=device, dtype=dtype)
        network.requires_grad_(False)
        network.eval()
    digest = ModelDigests(f"random-{seed}", f"random-{seed}")
    return ModelBundle(_NOWHERE, first, second, "v2", "random", digest)


@torch.no_grad()
def _randomize(network: nn.Module, seed: int) -> None:
    """Draw weights that keep the scale of what passes through, rounded to halves as checkpoints store them."""
    generator = torch.Generator().manual_seed(seed)
    for key, tensor in network.state_dict().items():
        if not tensor.is_floating_point():
            continue
        tensor.normal_(generator=generator)
        if tensor.dim() > 1:
            fan_in = tensor[0].numel()
            tensor.mul_(1.0 if "embed" in key else fan_in**-0.5)
        else:
            tensor.mul_(0.1)
            if key.endswith((".weight", "gamma", "alpha")):
                tensor.add_(1.0)
        tensor.copy_(tensor.half())
