"""Whitened codes while training: nothing said changes, and nothing of it is left afterwards."""

import torch

from gsvbatch.gsv.synthesizer import Synthesizer
from gsvbatch.training.synthesizer import LOG_SPREAD, fix_spread
from gsvbatch.training.whitening import Whitening
from tests.training.corpora import SYNTHESIZER


def prior_of(model: Synthesizer) -> torch.Tensor:
    n = torch.tensor([6])
    with torch.inference_mode():
        mean, _, _ = model.prior(
            torch.arange(6)[None],
            n,
            torch.arange(1, 7)[None],
            n,
            torch.ones(1, SYNTHESIZER.style, 1),
        )
    return mean.clone()


def test_whitened_codes_say_the_same_and_fold_back() -> None:
    torch.manual_seed(0)
    model = Synthesizer(SYNTHESIZER).eval()
    scales = torch.logspace(-1, 1, SYNTHESIZER.ssl_width)
    codebook = torch.randn(SYNTHESIZER.codebook_size, SYNTHESIZER.ssl_width) * scales + 3
    model.quantizer.table.copy_(codebook)
    before, weights = prior_of(model), {k: v.clone() for k, v in model.state_dict().items()}

    whitening = Whitening(codebook, torch.arange(1, SYNTHESIZER.codebook_size + 1))
    model.load_state_dict(whitening.whiten(model.state_dict()))
    model.quantizer.table.copy_(whitening.codebook)
    torch.testing.assert_close(prior_of(model), before, rtol=1e-3, atol=1e-3)
    assert whitening.codebook.std() < codebook.std()

    folded = whitening.fold(model.state_dict())
    for key in ("enc_p.ssl_proj.weight", "enc_p.ssl_proj.bias"):
        torch.testing.assert_close(folded[key], weights[key], rtol=1e-4, atol=1e-4)


def test_fixed_spread_leaves_the_mean_alone() -> None:
    torch.manual_seed(0)
    model = Synthesizer(SYNTHESIZER).eval()
    before = prior_of(model)
    fix_spread(model)
    torch.testing.assert_close(prior_of(model), before)
    assert model.enc_p.proj.bias is not None
    assert set(model.enc_p.proj.bias[SYNTHESIZER.latent :].tolist()) == {LOG_SPREAD}
