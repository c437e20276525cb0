"""A clip and what is said in it become a voice of the project."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from gsvbatch.errors import ConfigError
from gsvbatch.gsv.source import ModelSource, embedded_source
from gsvbatch.voice import Consent, VoiceProfile, load_profile


@dataclass(frozen=True, slots=True)
class Enrollment:
    """What is asked for."""

    name: str
    reference: Path
    transcript: str
    folder: Path
    """Of the voice itself, to be made."""

    language: str | None = None
    """Of the transcript; None detects it."""

    own_models: ModelSource | None = None
    """A pair of checkpoints for this voice alone."""

    project_models: ModelSource | None = None
    """Those of the project, for voices that have none; None for the embedded ones."""

    consent: Consent | None = None
    display_name: Mapping[str, str] = field(default_factory=dict)
    description: Mapping[str, str] = field(default_factory=dict)
    license: str = ""
    is_replacing: bool = False
    """Whether a voice that is there may be made anew; what it says of itself is kept."""


def enroll_voice(wanted: Enrollment) -> VoiceProfile:
    """Make a voice and write its folder.

    Raises:
        UserError: The voice exists, has no consent record, or clip or transcript will not do.
        CheckpointError: The models cannot be loaded, or have no content encoder.
        StorageError: The folder cannot be written.
    """
    before = _existing(wanted)
    consent = wanted.consent or (before.consent if before else None)
    if consent is None:
        raise ConfigError(
            "--consent is missing: by what right is this voice used? self, licensed, "
            "public-domain, synthetic, or unrecorded to go on without one"
        )
    # torch and transformers take seconds; what is wrong so far has been told without them
    from gsvbatch.gsv.bundle import load_bundle
    from gsvbatch.text.frontend import Frontend
    from gsvbatch.voice.enrolling import enroll, keep_voice

    source = wanted.own_models or wanted.project_models or embedded_source()
    bundle = load_bundle(source)
    frontend = Frontend("v1" if bundle.symbol_version == "v1" else "v2")
    profile = enroll(
        wanted.name,
        wanted.reference,
        wanted.transcript,
        wanted.language or _language_of(wanted.transcript),
        bundle=bundle,
        frontend=frontend,
        models=wanted.own_models,
        consent=consent,
        display_name=wanted.display_name,
        description=wanted.description,
        license=wanted.license,
    )
    if before is not None:
        profile = replace(
            profile,
            display_name=wanted.display_name or before.display_name,
            description=wanted.description or before.description,
            license=wanted.license or before.license,
            sampling=before.sampling,
        )
    return keep_voice(profile, wanted.folder, wanted.reference)


def _existing(wanted: Enrollment) -> VoiceProfile | None:
    if not wanted.folder.exists():
        return None
    if not wanted.is_replacing:
        raise ConfigError(f"{wanted.folder}: exists; --replace makes the voice anew")
    return load_profile(wanted.folder)


def _language_of(transcript: str) -> str:
    """The language of most of a transcript's letters."""
    from gsvbatch.text.notation import is_han

    letters = [character for character in transcript if character.isalpha()]
    n_han = sum(map(is_han, letters))
    # A Chinese character says about as much as three letters.
    return "zh" if 3 * n_han >= len(letters) - n_han and n_han else "en"
