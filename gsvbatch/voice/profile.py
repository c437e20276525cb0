"""The record of a voice: what conditions the models, and what people need to know about it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gsvbatch.config import SamplingOverrides
from gsvbatch.gsv.source import ModelDigests, ModelSource
from gsvbatch.voice.consent import Consent, consent_problem


@dataclass(frozen=True, eq=False)  # arrays have no plain equality; compare digests
class VoiceProfile:
    """A speaker as data: rendering needs this and the models, and never the clip."""

    name: str
    language: str
    """Of the transcript: ``zh``, ``en`` ..."""

    transcript: str
    """What the reference clip says; empty for a voice that was made without."""

    prompt_phoneme_ids: NDArray[np.int32]
    """The transcript's phonemes, (P,); none for a voice that was made without a transcript."""

    prompt_tokens: NDArray[np.int32]
    """The clip's semantic tokens, (S,), 25 a second; none where there are no phonemes."""

    style: NDArray[np.float32]
    """The global style vector, (G,): the mean over the clips that the timbre is taken from, of a Pro
    model with their speaker embeddings in it."""

    symbol_version: Literal["v1", "v2"]
    digests: ModelDigests
    """Of the models that it was made with, and belongs to."""

    prompt_bert: NDArray[np.float32] | None = None
    """The transcript's prosody features, (D, P); None for a language without, or where no BERT was given."""

    speaker_embedding: NDArray[np.float32] | None = None
    """What the speaker encoder of the Pro versions made of the clip, (E,); None for other models.
    It is kept to tell who speaks: rendering takes it from ``style``."""

    reference_mel: NDArray[np.float32] | None = None
    """The clip's normalized mel, (mels, F), which v3 and v4 continue; None for other models."""

    models: ModelSource | None = None
    """Its own pair of checkpoints; None for the project's, which are the embedded ones by default."""

    display_name: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Name to show, by language."""

    description: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """What the voice is like, by language."""

    license: str = ""
    consent: Consent | None = None
    sampling: SamplingOverrides = field(default_factory=SamplingOverrides)
    style_name: str = ""
    """What this style of the voice is called; empty for the voice itself."""

    reference: str | None = None
    """File name of the clip in the voice's folder."""

    timbre: str | None = None
    """File name of the clip that the timbre is taken from in place of the reference."""

    also: tuple[str, ...] = ()
    """File names of clips whose timbre is averaged with it."""

    @property
    def label(self) -> str:
        """The name for people: ``anna``, or ``anna/happy`` for a style."""
        return f"{self.name}/{self.style_name}" if self.style_name else self.name

    @cached_property
    def digest(self) -> str:
        """What conditions the audio, as a SHA-256 in hex; names, notes and sampling leave it alone."""
        sha = hashlib.sha256(self.symbol_version.encode())
        for values, dtype in (
            (self.prompt_phoneme_ids, "<i4"),
            (self.prompt_tokens, "<i4"),
            (self.style, "<f4"),
            (self.speaker_embedding, "<f4"),
            (self.reference_mel, "<f4"),
        ):
            if values is None:
                continue
            sha.update(len(values).to_bytes(8, "little"))
            sha.update(np.ascontiguousarray(values, dtype=dtype).tobytes())
        if self.prompt_bert is not None:
            sha.update(b"bert" + len(self.prompt_bert).to_bytes(8, "little"))
            sha.update(np.ascontiguousarray(self.prompt_bert, dtype="<f4").tobytes())
        return sha.hexdigest()

    def title(self, language: str = "en") -> str:
        """The name to show to a reader of a language; any language's before the bare name."""
        names = self.display_name
        return names.get(language) or next(iter(names.values()), self.name)

    def summary(self, language: str = "en") -> str:
        """The description for a reader of a language; any language's before none."""
        return self.description.get(language) or next(iter(self.description.values()), "")

    def consent_problem(self, today: date | None = None) -> str | None:
        """Why the voice may not be rendered with, or None if it may."""
        return consent_problem(self.consent, today or date.today())
