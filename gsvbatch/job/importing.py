"""Voices in bulk: the speakers of a ``.list`` file, each made from the best of his clips."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from gsvbatch.errors import ConfigError, UserError
from gsvbatch.gsv.source import ModelSource, embedded_source
from gsvbatch.job.enrolling import Enrollment, Studio, enroll_voice
from gsvbatch.job.mandarin import MandarinModels
from gsvbatch.job.records import ExitCode
from gsvbatch.script import safe_id_problem
from gsvbatch.units import Decibels, Seconds
from gsvbatch.voice import Consent
from gsvbatch.voice.choosing import Candidate, Choice, choose
from gsvbatch.voice.clip_list import ListedClip, read_clip_list
from gsvbatch.voice.storage import YAML_NAME

N_TRIES = 6
"""Clips that are tried for a speaker; a wrong transcript is found only when it is read."""


class ImportState(StrEnum):
    """What became of a speaker."""

    MADE = "made"
    CHOSEN = "chosen"
    """Would be made: only the choice was asked for."""

    KEPT = "kept"
    """A voice of the name is there."""

    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ImportedVoice:
    """A speaker of a list, and what became of him."""

    speaker: str
    voice: str
    """Name of the voice."""

    state: ImportState
    problem: str = ""
    n_clips: int = 0
    """Clips that the list has of him."""

    n_usable: int = 0
    """Of those that were heard."""

    clip: Path | None = None
    """The one chosen."""

    also: tuple[Path, ...] = ()
    """Others, whose timbre is averaged with it."""

    transcript: str = ""
    language: str = ""
    duration: Seconds = 0.0
    """Of the clip, as is the next."""

    snr: Decibels = 0.0


@dataclass(frozen=True, slots=True)
class VoiceImport:
    """What is asked for."""

    path: Path
    """Of the list."""

    folder: Path
    """Of voices, to make them in."""

    audio: tuple[Path, ...] = ()
    """Folders to look for the clips in, by their names."""

    speakers: tuple[str, ...] = ()
    """Those to import; none means all."""

    name: str = ""
    """Of the voice, where one speaker is imported; else voices are called as the speakers are."""

    n_timbres: int = 1
    """Clips that the timbre is averaged over, the chosen one included."""

    consent: Consent | None = None
    """The permission; its subject is each speaker, unless it covers all of them."""

    covers_all: bool = False
    """Whether the subject of the record is the one person behind all speakers."""

    own_models: ModelSource | None = None
    """A pair of checkpoints for these voices alone."""

    project_models: ModelSource | None = None
    """Those of the project; None for the embedded ones."""

    mandarin: MandarinModels | None = None
    """For the prosody and the polyphones of transcripts in Mandarin; None does without."""

    license: str = ""
    is_replacing: bool = False
    is_dry: bool = False
    """Choose clips, and make nothing."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What was made of a list."""

    voices: tuple[ImportedVoice, ...]
    problems: tuple[str, ...]
    """Lines of the list that were passed over, and why."""

    @property
    def exit_code(self) -> ExitCode:
        """The process's exit code."""
        failed = [voice.state is ImportState.FAILED for voice in self.voices]
        if all(failed):
            return ExitCode.BAD_INPUT
        return ExitCode.PARTIAL if any(failed) else ExitCode.DONE


def import_voices(
    wanted: VoiceImport, on_voice: Callable[[ImportedVoice], None] = lambda _: None
) -> ImportReport:
    """Make a voice for each speaker of a list.

    A voice that is there already is kept, so that an import that was broken off goes on.

    Args:
        wanted: What is asked for.
        on_voice: Told of every speaker as he is done.

    Raises:
        UserError: The list cannot be read, has no such speaker, or no consent was recorded.
        CheckpointError: The models cannot be loaded, or have no content encoder.
        StorageError: A folder cannot be written.
    """
    listed = read_clip_list(wanted.path, wanted.audio)
    speakers = _speakers(wanted, listed.clips)
    if not wanted.is_dry and wanted.consent is None:
        raise ConfigError(
            "--consent is missing: by what right are these voices used? self, licensed, "
            "public-domain, synthetic, or unrecorded to go on without one"
        )
    source = wanted.own_models or wanted.project_models or embedded_source()
    studio = Studio(source, wanted.mandarin)
    voices = []
    for speaker, clips in speakers.items():
        voice = _import(wanted, speaker, clips, studio)
        voices.append(voice)
        on_voice(voice)
    return ImportReport(tuple(voices), tuple(map(str, listed.problems)))


def _speakers(wanted: VoiceImport, clips: Sequence[ListedClip]) -> dict[str, list[ListedClip]]:
    """The clips of each speaker that is wanted, in the list's order."""
    found: dict[str, list[ListedClip]] = {}
    for clip in clips:
        found.setdefault(clip.speaker, []).append(clip)
    for speaker in wanted.speakers:
        if speaker not in found:
            raise ConfigError(
                f"--speaker {speaker}: not in {wanted.path}; it has {', '.join(list(found)[:8])}"
            )
    chosen = {name: found[name] for name in wanted.speakers or found}
    if wanted.name and len(chosen) > 1:
        raise ConfigError(
            f"--name {wanted.name}: names one voice, but {wanted.path} has {len(chosen)} speakers "
            f"({', '.join(list(chosen)[:8])}); give --speaker"
        )
    return chosen


def _import(
    wanted: VoiceImport, speaker: str, clips: Sequence[ListedClip], studio: Studio
) -> ImportedVoice:
    name = wanted.name or speaker
    voice = ImportedVoice(speaker, name, ImportState.FAILED, n_clips=len(clips))
    problem = safe_id_problem(name)
    if problem is not None:
        return replace(
            voice,
            problem=f"cannot be the name of a voice: {problem}; "
            f"give it another one: --speaker {speaker!r} --name NAME",
        )
    if (wanted.folder / name / YAML_NAME).is_file() and not wanted.is_replacing:
        return replace(voice, state=ImportState.KEPT)
    choice = choose(clips)
    voice = replace(voice, n_usable=len(choice.candidates))
    if not choice.candidates:
        return replace(voice, problem=choice.problem)
    if wanted.is_dry:
        chosen = choice.candidates[0]
        return _described(voice, ImportState.CHOSEN, chosen, _others(wanted, choice, chosen))
    return _made(wanted, voice, choice, studio)


def _made(
    wanted: VoiceImport, voice: ImportedVoice, choice: Choice, studio: Studio
) -> ImportedVoice:
    """Enroll a speaker from the best of his clips whose words and sound agree."""
    problem = ""
    for candidate in choice.candidates[:N_TRIES]:
        clip, also = candidate.clip, _others(wanted, choice, candidate)
        try:
            enroll_voice(
                Enrollment(
                    name=voice.voice,
                    reference=clip.path,
                    transcript=clip.text,
                    folder=wanted.folder / voice.voice,
                    language=clip.language,
                    also=also,
                    own_models=wanted.own_models,
                    project_models=wanted.project_models,
                    consent=_consent(wanted, voice.speaker),
                    license=wanted.license,
                    is_replacing=True,  # whether one may be was asked above
                ),
                studio,
            )
        except UserError as error:
            problem = problem or f"{wanted.path.name}:{clip.line_number}: {error}"
            continue
        return _described(voice, ImportState.MADE, candidate, also)
    return replace(voice, problem=problem)


def _consent(wanted: VoiceImport, speaker: str) -> Consent | None:
    if wanted.consent is None or wanted.covers_all:
        return wanted.consent
    return wanted.consent.model_copy(update={"subject": speaker})


def _others(wanted: VoiceImport, choice: Choice, chosen: Candidate) -> tuple[Path, ...]:
    """The clips whose timbre is averaged with the chosen one's."""
    rest = [candidate.clip.path for candidate in choice.candidates if candidate is not chosen]
    return tuple(rest[: wanted.n_timbres - 1])


def _described(
    voice: ImportedVoice, state: ImportState, chosen: Candidate, also: tuple[Path, ...]
) -> ImportedVoice:
    return replace(
        voice,
        state=state,
        clip=chosen.clip.path,
        also=also,
        transcript=chosen.clip.text,
        language=chosen.clip.language,
        duration=chosen.measurements.duration,
        snr=chosen.measurements.snr,
    )
