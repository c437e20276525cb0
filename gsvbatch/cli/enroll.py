"""``gsvbatch voice enroll``: a clip and its transcript become a voice."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gsvbatch.cli import console
from gsvbatch.cli.options import ProjectPath
from gsvbatch.cli.own_models import (
    BasePath,
    ContentPath,
    ModelVersion,
    SpeakerEncoderPath,
    SynthesizerPath,
    T2SPath,
    VocoderPath,
    own_models,
)
from gsvbatch.cli.voice import Setting, VoiceFolders, VoiceName, find_setting
from gsvbatch.errors import ConfigError
from gsvbatch.units import SEMANTIC_RATE

if TYPE_CHECKING:
    from gsvbatch.job.mandarin import MandarinModels
    from gsvbatch.voice import Consent

EXAMPLES = (
    'gsvbatch voice enroll me --reference me.wav --transcript "What I say." --consent self',
    (
        "gsvbatch voice enroll xiaoyu --reference rain.wav --transcript 雨停了，我们走吧。 "
        "--consent licensed --subject 张雨 "
        "--t2s rain-e15.ckpt --synthesizer rain_e8.pth --content chinese-hubert-base "
        "--speaker-encoder pretrained_eres2netv2w24s4ep4.ckpt"
    ),
    'gsvbatch voice enroll me --style happy --reference glad.wav --transcript "Oh, how nice!"',
    (
        "gsvbatch voice enroll duo --timbre me.wav --also me2.wav --reference actor.wav "
        '--transcript "As the actor says it." --consent licensed'
    ),
    "gsvbatch voice enroll plain --reference me.wav --ref-free --language en --consent self",
)


def enroll(
    name: VoiceName,
    reference: Annotated[
        Path,
        typer.Option(help="A clip of one speaker, 3 to 10 seconds.", show_default=False),
    ],
    transcript: Annotated[
        str, typer.Option(help="What is said in it, word for word.", show_default=False)
    ] = "",
    style: Annotated[
        str,
        typer.Option(
            help="Make a style of the voice, as happy or 生气, for lines that name it.",
            show_default=False,
        ),
    ] = "",
    timbre: Annotated[
        Path | None,
        typer.Option(
            help="A clip to take the timbre from; the reference then gives only the way of speaking.",
            show_default=False,
        ),
    ] = None,
    also: Annotated[
        list[Path] | None,
        typer.Option(
            help="Another clip of the same person, to average the timbre with; may be repeated.",
            show_default=False,
        ),
    ] = None,
    ref_free: Annotated[
        bool,
        typer.Option("--ref-free", help="Take nothing but the timbre; needs no transcript."),
    ] = False,
    consent: Annotated[
        str | None,
        typer.Option(
            help="By what right the voice is used: self, licensed, public-domain, synthetic, "
            "or unrecorded.",
            show_default=False,
        ),
    ] = None,
    subject: Annotated[
        str, typer.Option(help="Whose voice it is; else its name.", show_default=False)
    ] = "",
    language: Annotated[
        str | None, typer.Option(help="Of the transcript; else detected.", show_default=False)
    ] = None,
    t2s: T2SPath = None,
    synthesizer: SynthesizerPath = None,
    content: ContentPath = None,
    speaker_encoder: SpeakerEncoderPath = None,
    vocoder: VocoderPath = None,
    base: BasePath = None,
    version: ModelVersion = None,
    bert: Annotated[
        Path | None,
        typer.Option(
            help="For the prosody of Mandarin: the folder chinese-roberta-wwm-ext-large, or none; "
            "else the project's, else the one that is registered.",
            show_default=False,
        ),
    ] = None,
    display_name: Annotated[str, typer.Option(help="A name to show.", show_default=False)] = "",
    description: Annotated[
        str, typer.Option(help="What the voice is like.", show_default=False)
    ] = "",
    license: Annotated[  # noqa: A002 - the option's name
        str, typer.Option(help="Under which the voice may be passed on.", show_default=False)
    ] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="Make a voice that exists anew.")
    ] = False,
    folders: VoiceFolders = None,
    project: ProjectPath = None,
) -> None:
    """Make a voice from a clip and what is said in it; rendering never reads the clip again."""
    from gsvbatch.job.enrolling import Enrollment, enroll_voice
    from gsvbatch.voice import style_folder

    if ref_free == bool(transcript.strip()):
        raise ConfigError(
            "--ref-free takes no words from the clip: leave --transcript out"
            if ref_free
            else "--transcript is missing: what is said in the clip, word for word? "
            "Or give --ref-free to take nothing but its timbre"
        )
    setting = find_setting(project, folders)
    if len(setting.folders) > 1 and folders:
        raise ConfigError("--voices: name one folder, in which to make the voice")
    folder = _voice_folder(name, setting, bool(style))
    profile = enroll_voice(
        Enrollment(
            name=name,
            reference=reference,
            transcript=transcript,
            folder=folder,
            language=language,
            style=style,
            timbre=timbre,
            also=tuple(also or ()),
            own_models=own_models(
                t2s,
                synthesizer,
                content=content,
                speaker_encoder=speaker_encoder,
                vocoder=vocoder,
                base=base,
                version=version,
            ),
            project_models=setting.models,
            mandarin=mandarin_models(setting, bert),
            consent=consent_record(consent, subject or name),
            display_name={language or "und": display_name} if display_name else {},
            description={language or "und": description} if description else {},
            license=license,
            is_replacing=replace,
        )
    )
    what = "timbre alone"
    if transcript:
        duration = len(profile.prompt_tokens) / SEMANTIC_RATE
        what = f"{duration:.1f} s, {len(profile.prompt_phoneme_ids)} phonemes"
    console.say(f"made {style_folder(folder, style)}: {what}")
    preview = f"gsvbatch voice preview {name}" + (f" --style {style}" if style else "")
    console.say(f"next: {preview}")


def _voice_folder(name: str, setting: Setting, is_style: bool) -> Path:
    """Where a voice is made; a style goes to its voice, in whichever of the folders that is."""
    if is_style:
        for folder in setting.folders:
            if (folder / name).is_dir():
                return folder / name
    return setting.folders[0] / name


def mandarin_models(setting: Setting, bert: Path | None = None) -> "MandarinModels":
    """What the project, or the option, has for Mandarin."""
    from gsvbatch.job.mandarin import MandarinModels

    settings = setting.settings
    if bert is not None:  # as it is typed here, not where the project is
        folder = bert.absolute() if bert.exists() else bert
        settings = settings.model_copy(update={"bert": folder})
    return MandarinModels(settings, setting.root, lambda _path: "")  # what it is, nobody asks


def consent_record(relation: str | None, subject: str) -> "Consent | None":
    """The record that --consent makes, or None without it.

    Raises:
        ConfigError: There is no such right.
    """
    from gsvbatch.voice import Consent, Relation

    if relation is None:
        return None
    known = [kind.value for kind in Relation]
    if relation not in known:
        raise ConfigError(f"--consent {relation}: not known; allowed: {', '.join(known)}")
    return Consent(subject=subject, relation=Relation(relation), recorded_at=date.today())
