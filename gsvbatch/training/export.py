"""From training runs to a folder of models in native form."""

from pathlib import Path

import numpy as np
import torch

from gsvbatch.config.speech import SamplingOverrides
from gsvbatch.gsv.code_names import CodeNames
from gsvbatch.gsv.native import save_native
from gsvbatch.gsv.synthesizer import Synthesizer
from gsvbatch.gsv.t2s import TextToSemantic
from gsvbatch.training.codebook import CODE_NAMES
from gsvbatch.training.content import ContentRecipe, load_content
from gsvbatch.training.corpus import Corpus
from gsvbatch.training.generator import HALF, GeneratorRecipe
from gsvbatch.training.loop import read_state
from gsvbatch.training.synthesizer import fix_spread
from gsvbatch.training.t2s import T2SRecipe

SAMPLING = SamplingOverrides(top_k=3, temperature=0.4, repetition_penalty=1.0)
"""Codes are named after sounds, and a long sound repeats its code: nothing to be punished."""


def export(
    corpus: Corpus,
    runs: Path,
    folder: Path,
    *,
    version: str = "mini",
    content: ContentRecipe | None = None,
    t2s: T2SRecipe | None = None,
    generator: GeneratorRecipe | None = None,
) -> None:
    """Write the models that ``content``, ``t2s``, ``prior`` and ``generator`` below ``runs`` hold.

    Critics and heads stay behind; the synthesizer takes the content encoder's projection
    to 25 Hz and the codebook, as in upstream's checkpoints.
    """
    trained = load_content(runs / "content", content or ContentRecipe())
    first = TextToSemantic((t2s or T2SRecipe()).config)
    first.load_state_dict(read_state(runs / "t2s")["model"])
    second = Synthesizer((generator or GeneratorRecipe()).config)
    prior, heard = (read_state(runs / name)["model"] for name in ("prior", "generator"))
    second.load_state_dict(
        prior | {name: weight for name, weight in heard.items() if name.startswith(HALF)}
    )
    fix_spread(second)
    second.ssl_proj.load_state_dict(trained.ssl_proj.state_dict())
    second.quantizer.table.copy_(torch.from_numpy(np.load(corpus.folder / "codebook.npy")))
    save_native(
        folder, first, second, trained.encoder, version=version, sampling=SAMPLING,
        code_names=CodeNames.read(corpus.folder / CODE_NAMES),
    )  # fmt: skip
