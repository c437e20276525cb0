"""Students: small networks that are to speak as a large pair does, in the very same tokens.

Projection to tokens and codebook are the teacher's, so what one says the other understands, and a voice's
prompt stays as it is. Text-to-semantic begins with some of the teacher's layers (in the manner of Sanh
et al. 2019, DistilBERT), which knows from the start where it is in a text. The synthesizer is of the
embedded model's kind and begins with nothing: a spectrum, pitch and voicing are quickly learnt.
"""

from dataclasses import replace

import numpy as np
import torch
from torch import nn

from gsvbatch.gsv.mel_synthesizer import AnySynthesizer
from gsvbatch.gsv.synthesizer import FRAMES_PER_TOKEN, Synthesizer, SynthesizerConfig
from gsvbatch.gsv.t2s import T2SConfig, TextToSemantic
from gsvbatch.training.synthesizer import fix_spread
from gsvbatch.training.whitening import Whitening
from gsvbatch.units import SEMANTIC_RATE, Hertz

LAYERS_KEPT = 1 / 3
"""Of text-to-semantic."""

LEAST_LAYERS = 2
UPSAMPLING = 4
"""Of latent frames before the source-filter head: 200 filters a second."""

QUIET_BIAS = -4.0
"""Log-gain that the head's filters begin with."""


def student_t2s_config(teacher: T2SConfig) -> T2SConfig:
    """A third of the teacher's layers, of the same width."""
    n_layers = max(LEAST_LAYERS, round(teacher.n_layers * LAYERS_KEPT))
    return replace(teacher, n_layers=min(n_layers, teacher.n_layers))


def student_synthesizer_config(teacher: AnySynthesizer, sample_rate: Hertz) -> SynthesizerConfig:
    """Small dimensions, with the teacher's tokens and phonemes and the rate of its audio."""
    config = teacher.config
    hop = sample_rate // (FRAMES_PER_TOKEN * SEMANTIC_RATE)
    return SynthesizerConfig(
        n_phonemes=config.n_phonemes,
        ssl_width=config.ssl_width,
        codebook_size=config.codebook_size,
        latent=82,
        hidden=128,
        feed_forward=384,
        n_layers=4,
        style=128,
        style_hidden=64,
        flow_couplings=0,
        flow_layers=1,
        upsample_rates=(UPSAMPLING,),
        upsample_kernels=(2 * UPSAMPLING,),
        initial_channels=256,
        resblock_kernels=(3, 7),
        resblock_dilations=((1, 3, 5), (1, 3, 5)),
        spectral_hop=hop // UPSAMPLING,
        sample_rate=sample_rate,
        hop_length=hop,
    )


def make_t2s(teacher: TextToSemantic, config: T2SConfig) -> TextToSemantic:
    """A student with evenly spread layers of the teacher's, or new where it is of another width."""
    student = TextToSemantic(config)
    theirs = teacher.config
    if replace(config, n_layers=theirs.n_layers) != theirs:
        for table in (student.ar_text_embedding, student.ar_audio_embedding):
            nn.init.normal_(table.word_embeddings.weight, 0.0, 0.5)
        nn.init.zeros_(student.bert_proj.weight)
        return student
    kept = np.linspace(0, theirs.n_layers - 1, config.n_layers).round().astype(int)
    weights = {
        key: value.float()
        for key, value in teacher.state_dict().items()
        if not key.startswith("h.")
    }
    for mine, of_teacher in enumerate(kept):
        layer = teacher.h.layers[int(of_teacher)].state_dict()
        weights |= {f"h.layers.{mine}.{key}": value.float() for key, value in layer.items()}
    student.load_state_dict(weights)
    return student


def make_synthesizer(teacher: AnySynthesizer, config: SynthesizerConfig) -> Synthesizer:
    """A new synthesizer that knows the teacher's tokens."""
    student = Synthesizer(config)
    for name in ("ssl_proj", "quantizer"):
        theirs = teacher.get_submodule(name).state_dict()
        student.get_submodule(name).load_state_dict(
            {key: value.float() for key, value in theirs.items()}
        )
    fix_spread(student)
    bias = student.dec.conv_post.bias
    assert bias is not None
    nn.init.constant_(bias, QUIET_BIAS)
    third = len(bias) // 3
    nn.init.zeros_(bias[third : 2 * third])  # phases
    return student


class WhiteCodes:
    """A student whose codes vary alike in all directions while it learns; see `Whitening`."""

    def __init__(self, student: Synthesizer, tokens: np.ndarray) -> None:
        """Whiten a student's codes.

        Args:
            student: Changed in place; it says the same as before.
            tokens: (N,), all that are learnt from.
        """
        self.codebook = student.quantizer.table.detach().cpu().clone()
        uses = torch.bincount(torch.from_numpy(tokens), minlength=len(self.codebook))
        self._whitening = Whitening(self.codebook, uses)
        student.load_state_dict(self._whitening.whiten(student.state_dict()))
        student.quantizer.table.copy_(self._whitening.codebook)

    def undo(self, student: Synthesizer) -> None:
        """Let a student read the teacher's own codes again, in place."""
        student.load_state_dict(self._whitening.fold(student.state_dict()))
        student.quantizer.table.copy_(self.codebook)
