"""Which checkpoints speak, and where and how wide they run."""

from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import AliasChoices, Field

from gsvbatch.config.strict import StrictModel
from gsvbatch.machine import usable_cores

GptSoVitsVersion: TypeAlias = Literal["v1", "v2", "v2Pro", "v2ProPlus", "v3", "v4"]
"""Of a SoVITS checkpoint."""


class ModelsConfig(StrictModel):
    """The pair of checkpoints for voices that name none; all None is the small embedded model.

    Each is a path, or a name that `gsvbatch models list` shows; `models: NAME` takes both halves.
    """

    t2s: Path | None = Field(
        default=None, validation_alias=AliasChoices("t2s", "gpt", "t2s_weights_path")
    )
    """The GPT checkpoint, ``.ckpt``."""

    synthesizer: Path | None = Field(
        default=None, validation_alias=AliasChoices("synthesizer", "sovits", "vits_weights_path")
    )
    """The SoVITS checkpoint, ``.pth``."""

    content: Path | None = Field(
        default=None,
        validation_alias=AliasChoices(
            "content", "hubert", "cnhubert_base_path", "cnhuhbert_base_path"
        ),
    )
    """The folder chinese-hubert-base; needed to enroll voices, not to render."""

    speaker_encoder: Path | None = Field(
        default=None, validation_alias=AliasChoices("speaker_encoder", "sv", "sv_path")
    )
    """The file pretrained_eres2netv2w24s4ep4.ckpt; needed to enroll voices for v2Pro and v2ProPlus."""

    vocoder: Path | None = None
    """Of v3 the folder of BigVGAN, of v4 the file vocoder.pth; not needed for other versions."""

    base: Path | None = None
    """What a LoRA fine-tune changes: s2Gv3.pth or s2Gv4.pth."""

    version: GptSoVitsVersion | None = None
    """Of the SoVITS checkpoint; needed where its file does not say whether it is v3 or v4."""

    bert: Path | None = Field(
        default=None, validation_alias=AliasChoices("bert", "bert_base_path", "bert_path")
    )
    """The folder chinese-roberta-wwm-ext-large, for the prosody of Mandarin; ``none`` does without. Left
    out, it is the one that ``gsvbatch models list`` knows, if any."""

    g2pw: Path | None = None
    """The folder G2PWModel, for readings of Mandarin's polyphones; likewise."""

    @property
    def is_embedded(self) -> bool:
        """Whether no checkpoint is named."""
        return self.t2s is None and self.synthesizer is None


class EngineConfig(StrictModel):
    """Where and how wide rendering runs; no part of it is a reason to render again."""

    device: str = Field(default="auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")
    """``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``; auto takes a CUDA card if there is one."""

    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    """Precision; auto is float16 on CUDA and float32 elsewhere. bfloat16 pays on processors with AVX512-BF16
    or AMX."""

    slots: int | None = Field(default=None, ge=1, le=4096)
    """Utterances decoded at once; None lets memory decide."""

    max_memory: float | None = Field(default=None, gt=0)
    """GiB that slots and batches are chosen for, and models are kept in, on a CUDA card a limit; None takes what
    is free, for models half of it."""

    encoders: int | None = Field(default=None, ge=1, le=64)
    """Threads that encode and write files; None is half the cores, two at least and eight at most."""

    text_processes: int | None = Field(default=None, ge=0, le=64)
    """Processes that read texts; None is as many as pay, 0 reads them in the process itself."""

    @property
    def n_encoders(self) -> int:
        """Threads that encode and write files."""
        return self.encoders or min(8, max(2, usable_cores() // 2))

    cache_size: float = Field(default=2.0, ge=0)
    """GiB that speech kept for lines that are said again, in any job, may take; 0 keeps none."""
