"""Clips and what is said in them become voices of the project, and styles of voices."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from gsvbatch.errors import ConfigError
from gsvbatch.gsv.bert_source import takes_bert
from gsvbatch.gsv.source import ModelSource, embedded_source
from gsvbatch.job.mandarin import MandarinModels
from gsvbatch.script import speaker_key
from gsvbatch.text.language import written_in
from gsvbatch.text.mandarin.g2pw import G2pwFiles
from gsvbatch.voice import DEFAULT_STYLE, Consent, VoiceProfile, load_profile, style_folder
from gsvbatch.voice.storage import STYLES_NAME, YAML_NAME

if TYPE_CHECKING:
    from gsvbatch.gsv.bundle import ModelBundle
    from gsvbatch.gsv.prosody import Prosody
    from gsvbatch.text.frontend import Frontend


@dataclass(frozen=True, slots=True)
class Enrollment:
    """What is asked for."""

    name: str
    reference: Path
    transcript: str
    """What is said in the reference; empty to take nothing but the timbre from it."""

    folder: Path
    """Of the voice itself, to be made."""

    language: str | None = None
    """Of the transcript; None detects it."""

    style: str = ""
    """Make a style of the voice, which must be there, rather than the voice."""

    timbre: Path | None = None
    """A clip that the timbre is taken from in place of the reference."""

    also: tuple[Path, ...] = ()
    """Further clips of the same person, whose timbre is averaged in."""

    own_models: ModelSource | None = None
    """A pair of checkpoints for this voice alone; a style has its voice's unless it is given others."""

    project_models: ModelSource | None = None
    """Those of the project, for voices that have none; None for the embedded ones."""

    mandarin: MandarinModels | None = None
    """For the prosody and the polyphones of a Mandarin transcript; None does without."""

    consent: Consent | None = None
    """The permission; a style stands under its voice's unless it is given one of its own."""

    display_name: Mapping[str, str] = field(default_factory=dict)
    description: Mapping[str, str] = field(default_factory=dict)
    license: str = ""
    is_replacing: bool = False
    """Whether a voice that is there may be made anew; what it says of itself is kept."""


@dataclass
class Studio:
    """One pair of models with its frontend, loaded when the first voice is made with them."""

    source: ModelSource
    mandarin: MandarinModels | None = None
    """For transcripts in Mandarin; None does without."""

    @cached_property
    def bundle(self) -> "ModelBundle":
        """The networks.

        Raises:
            CheckpointError: They cannot be loaded.
        """
        # torch and transformers take seconds; what is wrong before has been told without them
        from gsvbatch.gsv.bundle import load_bundle

        return load_bundle(self.source)

    @cached_property
    def frontend(self) -> "Frontend":
        """Text to the models' phonemes."""
        from gsvbatch.text.frontend import Frontend

        model = self.mandarin and self.mandarin.g2pw
        g2pw = G2pwFiles(model.folder, model.vocabulary) if model else None
        return Frontend("v1" if self.bundle.symbol_version == "v1" else "v2", g2pw=g2pw)

    @cached_property
    def prosody(self) -> "Prosody | None":
        """Prosody features, for models that were trained with them, where there is a BERT.

        Raises:
            CheckpointError: It cannot be loaded.
        """
        model = self.mandarin.bert if self.mandarin and takes_bert(self.source) else None
        if model is None:
            return None
        from gsvbatch.gsv.bert import load_bert
        from gsvbatch.gsv.prosody import Prosody

        return Prosody(load_bert(model.folder))


def enroll_voice(wanted: Enrollment, studio: Studio | None = None) -> VoiceProfile:
    """Make a voice, or a style of one, and write its folder.

    Args:
        wanted: What is asked for.
        studio: Models that are loaded already; they must be those that are asked for.

    Raises:
        UserError: The voice exists, has no consent record, or clip or transcript will not do.
        CheckpointError: The models cannot be loaded, or have no content encoder.
        StorageError: The folder cannot be written.
    """
    _require_sense(wanted)
    voice = _voice_of_style(wanted) if wanted.style else None
    folder = style_folder(wanted.folder, wanted.style)
    before = _existing(folder, wanted)
    consent = wanted.consent or (before.consent if before else None)
    if consent is None and voice is None:
        raise ConfigError(
            "--consent is missing: by what right is this voice used? self, licensed, "
            "public-domain, synthetic, or unrecorded to go on without one"
        )
    own_models = wanted.own_models or (voice.models if voice else None)
    source = own_models or wanted.project_models or embedded_source()
    studio = studio or Studio(source, wanted.mandarin)
    bundle, frontend = studio.bundle, studio.frontend

    from gsvbatch.voice.enrolling import Clips, enroll, keep_voice

    clips = Clips(wanted.reference, wanted.timbre, wanted.also)
    profile = enroll(
        wanted.name,
        clips,
        wanted.transcript,
        _language(wanted, voice),
        bundle=bundle,
        frontend=frontend,
        models=own_models,
        consent=consent,
        display_name=wanted.display_name,
        description=wanted.description,
        license=wanted.license,
        style_name=wanted.style,
        prosody=studio.prosody,
    )
    if before is not None:
        profile = replace(
            profile,
            display_name=wanted.display_name or before.display_name,
            description=wanted.description or before.description,
            license=wanted.license or before.license,
            sampling=before.sampling,
        )
    return keep_voice(profile, folder, clips)


def _require_sense(wanted: Enrollment) -> None:
    if not wanted.transcript.strip() and wanted.timbre is not None:
        raise ConfigError(
            "--timbre: without a transcript nothing but the timbre is taken from a clip; "
            "give that clip as --reference"
        )
    if speaker_key(wanted.style) == DEFAULT_STYLE:
        raise ConfigError(
            f"--style {wanted.style}: so the voice itself is called; leave --style out, or name "
            "another style"
        )


def _voice_of_style(wanted: Enrollment) -> VoiceProfile:
    if not wanted.folder.is_dir():
        raise ConfigError(
            f"--style {wanted.style}: there is no voice {wanted.name} in {wanted.folder.parent} yet; "
            "enroll it first, without --style"
        )
    for path in wanted.folder.glob(f"{STYLES_NAME}/*/{YAML_NAME}"):
        there = path.parent.name
        if there != wanted.style and speaker_key(there) == speaker_key(wanted.style):
            raise ConfigError(
                f"--style {wanted.style}: scripts cannot tell it from the style {there!r} of "
                f"{wanted.name}; use that name, or quite another"
            )
    return load_profile(wanted.folder)


def _existing(folder: Path, wanted: Enrollment) -> VoiceProfile | None:
    if not folder.exists():
        return None
    if not wanted.is_replacing:
        what = "style" if wanted.style else "voice"
        raise ConfigError(f"{folder}: exists; --replace makes the {what} anew")
    # A folder without a profile is what a broken-off enrolling left.
    return load_profile(folder) if (folder / YAML_NAME).is_file() else None


def _language(wanted: Enrollment, voice: VoiceProfile | None) -> str:
    if wanted.language:
        return wanted.language
    if wanted.transcript.strip():
        return written_in(wanted.transcript)
    if voice is not None:
        return voice.language
    raise ConfigError("--language: is needed where no transcript tells it, as in --language zh")
