"""``gsvbatch voice import``: the speakers of a .list file become voices."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gsvbatch.cli import console
from gsvbatch.cli.enroll import consent_record, mandarin_models
from gsvbatch.cli.options import Json, ProjectPath
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
from gsvbatch.cli.voice import VoiceFolders, find_setting
from gsvbatch.errors import ConfigError

if TYPE_CHECKING:
    from gsvbatch.job.importing import ImportedVoice

EXAMPLES = (
    "gsvbatch voice import speakers.list --dry-run",
    "gsvbatch voice import speakers.list --consent licensed --subject 张雨 --clips 3",
    (
        "gsvbatch voice import xiaoyu.list --audio sliced --name xiaoyu --consent self "
        "--t2s xiaoyu-e15.ckpt --synthesizer xiaoyu_e8_s200.pth --content chinese-hubert-base"
    ),
)

_SHOWN_PROBLEMS = 5


def import_voices(
    file: Annotated[
        Path,
        typer.Argument(
            help="A .list file of GPT-SoVITS: vocal_path|speaker_name|language|text.",
            show_default=False,
        ),
    ],
    audio: Annotated[
        list[Path] | None,
        typer.Option(
            help="A folder that the clips are in, whatever paths are written; may be repeated.",
            show_default=False,
        ),
    ] = None,
    speaker: Annotated[
        list[str] | None,
        typer.Option(help="Import this speaker alone; may be repeated.", show_default=False),
    ] = None,
    name: Annotated[
        str, typer.Option(help="Name of the voice, for one speaker.", show_default=False)
    ] = "",
    clips: Annotated[
        int, typer.Option(min=1, max=32, help="Clips that the timbre is averaged over.")
    ] = 1,
    consent: Annotated[
        str | None,
        typer.Option(
            help="By what right the voices are used: self, licensed, public-domain, synthetic, "
            "or unrecorded.",
            show_default=False,
        ),
    ] = None,
    subject: Annotated[
        str, typer.Option(help="Whose voices they are; else the speakers.", show_default=False)
    ] = "",
    t2s: T2SPath = None,
    synthesizer: SynthesizerPath = None,
    content: ContentPath = None,
    speaker_encoder: SpeakerEncoderPath = None,
    vocoder: VocoderPath = None,
    base: BasePath = None,
    version: ModelVersion = None,
    license: Annotated[  # noqa: A002 - the option's name
        str, typer.Option(help="Under which the voices may be passed on.", show_default=False)
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show which clips would be taken, and make nothing.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Make voices that exist anew; else they are kept.")
    ] = False,
    folders: VoiceFolders = None,
    project: ProjectPath = None,
    as_json: Json = False,
) -> int:
    """Make a voice for each speaker of a .list file, from the best of his clips."""
    from gsvbatch.job import importing

    setting = find_setting(project, folders)
    if len(setting.folders) > 1 and folders:
        raise ConfigError("--voices: name one folder, in which to make the voices")
    report = importing.import_voices(
        importing.VoiceImport(
            path=file,
            folder=setting.folders[0],
            audio=tuple(audio or ()),
            speakers=tuple(speaker or ()),
            name=name,
            n_timbres=clips,
            consent=consent_record(consent, subject or "the speaker"),
            covers_all=bool(subject),
            own_models=own_models(
                t2s,
                synthesizer,
                content=content,
                speaker_encoder=speaker_encoder,
                vocoder=vocoder,
                base=base,
                version=version,
            ),
            mandarin=mandarin_models(setting),
            project_models=setting.models,
            license=license,
            is_replacing=replace,
            is_dry=dry_run,
        ),
        on_voice=console.say_json if as_json else _show,
    )
    for problem in report.problems[:_SHOWN_PROBLEMS]:
        console.note(f"passed over: {problem}")
    if len(report.problems) > _SHOWN_PROBLEMS:
        n_more = len(report.problems) - _SHOWN_PROBLEMS
        console.note(f"passed over: {console.count(n_more, 'line')} more of {file}")
    if not as_json and dry_run:
        console.note("nothing was made; leave --dry-run out, and record by what right: --consent")
    return report.exit_code.value


def _show(voice: "ImportedVoice") -> None:
    from gsvbatch.job.importing import ImportState

    if voice.state is ImportState.FAILED:
        clips = console.count(voice.n_clips, "clip")
        console.error(f"speaker {voice.speaker!r} ({clips}): {voice.problem}")
        return
    if voice.state is ImportState.KEPT:
        console.say(f"kept {voice.voice}: it is there; --replace makes it anew")
        return
    assert voice.clip is not None
    also = f", timbre of {len(voice.also) + 1}" if voice.also else ""
    console.say(
        f"{voice.state.value} {voice.voice}: {voice.clip.name}, {voice.duration:.1f} s, "
        f"{voice.snr:.0f} dB over noise, of {console.count(voice.n_clips, 'clip')}{also}: "
        f"{console.shorten(voice.transcript, 40)}"
    )
