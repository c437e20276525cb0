"""The voices of a job: found, checked against their models, and ready to be cast. Needs no torch."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

from gsvbatch.config import ModelsConfig, SamplingConfig, SamplingOverrides
from gsvbatch.errors import CheckpointError, ConfigError, VoiceError
from gsvbatch.gsv.bert_source import takes_bert
from gsvbatch.gsv.source import ModelDigests, ModelSource, embedded_source
from gsvbatch.job.digests import FileDigests
from gsvbatch.job.fingerprint import digest
from gsvbatch.job.mandarin import MandarinModels
from gsvbatch.job.project import Project
from gsvbatch.manifest import Manifest
from gsvbatch.models.naming import ROLES, named_source
from gsvbatch.render.work import VoiceRef
from gsvbatch.voice import VoiceLibrary, VoiceProfile, require_models, style_folder


@dataclass(frozen=True, slots=True)
class CastVoice:
    """A voice that can be rendered with."""

    ref: VoiceRef
    symbols: Literal["v1", "v2"]
    language: str
    overrides: SamplingOverrides
    style: str
    """Which of the voice's styles it is; empty for the voice itself."""

    takes_bert: bool = False
    """Whether its models were trained with prosody features."""

    @property
    def draws_mels(self) -> bool:
        """Whether its models draw mels in steps, as v3 and v4 do; they alone have a vocoder."""
        return self.ref.source.vocoder is not None

    def sampling_over(self, sampling: SamplingConfig) -> dict[str, float]:
        """Settings for this voice: what the project says, else what the voice prefers, else defaults."""
        chosen = {name: getattr(sampling, name) for name in SamplingOverrides.model_fields}
        preferred = self.overrides.model_dump(exclude_none=True, exclude=sampling.model_fields_set)
        return {**chosen, **preferred}


class VoiceShelf:
    """Voices by name; each is read, and its models hashed, once.

    Args:
        project: Names folders of voices, and models for voices that have none of their own.
        manifest: Remembers digests of large files between runs.
    """

    def __init__(self, project: Project, manifest: Manifest) -> None:
        self._project = project
        self._digests = FileDigests(manifest)
        self._library = VoiceLibrary(project.voice_folders)
        self._voices: dict[tuple[str, str], CastVoice | VoiceError | CheckpointError] = {}

    @cached_property
    def mandarin(self) -> MandarinModels:
        """The optional models for Mandarin."""
        return MandarinModels(self._project.config.models, self._project.root, self._digests.of)

    def names(self) -> tuple[str, ...]:
        """All voices there are."""
        return self._library.names()

    def get(self, name: str, style: str = "") -> CastVoice:
        """A voice that can be rendered with, in a style that a script's word names.

        Raises:
            VoiceError: There is none, it is damaged, made for other models, or not permitted; or it
                has styles, but not this one.
            CheckpointError: Its models are missing.
        """
        key = (name, style)
        if key not in self._voices:
            try:
                self._voices[key] = self._load(name, self._library.style(name, style))
            except (VoiceError, CheckpointError) as error:
                self._voices[key] = error
        voice = self._voices[key]
        if isinstance(voice, CastVoice):
            return voice
        raise voice

    def _load(self, name: str, style: str) -> CastVoice:
        folder = style_folder(self._library.folder(name), style)
        voice, profile = self._library.get(name), self._library.get(name, style)
        today = datetime.now(UTC).astimezone().date()
        for each in (voice, profile) if profile.consent else (voice,):
            problem = each.consent_problem(today)
            if problem is not None:
                raise VoiceError(each.label, problem)
        source = models_of(profile, self._project)
        files = source.for_rendering().files()
        digests = ModelDigests(**{kind: self._digests.of(path) for kind, path in files.items()})
        require_models(profile, digests, folder, source)
        is_with_bert = takes_bert(source)
        bert = self.mandarin.bert if is_with_bert else None
        return CastVoice(
            ref=VoiceRef(
                name=f"{name}/{style}" if style else name,
                folder=folder,
                digest=profile.digest[:32],
                models=digest(list(digests.rendering)),
                source=source,
                bert=None if bert is None else bert.folder,
                bert_digest="" if bert is None else bert.digest,
                lacks_prompt_bert=profile.prompt_bert is None
                and profile.language == "zh"
                and len(profile.prompt_phoneme_ids) > 0,
            ),
            symbols=profile.symbol_version,
            language=profile.language,
            overrides=voice.sampling.model_copy(
                update=profile.sampling.model_dump(exclude_none=True)
            ),
            style=style,
            takes_bert=is_with_bert,
        )


def models_of(profile: VoiceProfile, project: Project) -> ModelSource:
    """The pair of checkpoints that a voice speaks with: its own, else the project's.

    Raises:
        CheckpointError: The embedded models are missing.
        ConfigError: The project names only one of the pair.
    """
    if profile.models is not None:
        return profile.models
    return project_models(project.config.models, project.root)


def project_models(models: ModelsConfig, root: Path) -> ModelSource:
    """The project's pair of checkpoints.

    Raises:
        CheckpointError: The embedded models are missing.
        ConfigError: Only one of the pair is named.
    """
    if models.is_embedded:
        return embedded_source()
    if models.t2s is None or models.synthesizer is None:
        lacking = "models.t2s" if models.t2s is None else "models.synthesizer"
        raise ConfigError(f"{lacking}: is required when the other of the pair is named")
    given = {name: getattr(models, name) for name in ROLES}
    return named_source(given, root, version=models.version, setting="models.")
