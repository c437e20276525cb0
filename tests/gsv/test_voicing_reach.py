"""A prior that is surer of its voicing than any recording changes nothing in what is heard."""

import torch

from gsvbatch.gsv.source_filter import VOICED
from gsvbatch.gsv.synthesizer import Synthesizer
from tests.training.corpora import SYNTHESIZER


def test_surer_voicing_sounds_the_same() -> None:
    torch.manual_seed(0)
    model = Synthesizer(SYNTHESIZER).eval()
    latent = torch.randn(1, SYNTHESIZER.latent, 12)
    style = torch.randn(1, SYNTHESIZER.style, 1)
    latent[:, -1] = torch.where(torch.arange(12) % 5 > 1, VOICED, -VOICED)
    with torch.inference_mode():
        usual = model.dec(latent, style)
        latent[:, -1] *= 3
        surer = model.dec(latent, style)
        latent[:, -1] = 0
        unsure = model.dec(latent, style)
    torch.testing.assert_close(surer, usual)
    assert not torch.allclose(unsure, usual, atol=1e-4)
