"""``gsvbatch voice enroll``: a clip and its transcript become a voice."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gsvbatch.cli import console
from gsvbatch.cli.options import ProjectPath
from gsvbatch.cli.voice import VoiceFolders, VoiceName, find_setting
from gsvbatch.errors import ConfigError
from gsvbatch.units import SEMANTIC_RATE

if TYPE_CHECKING:
    from gsvbatch.gsv.source import ModelSource
    from gsvbatch.voice import Consent

EXAMPLES = (
    "gsvbatch voice enroll me --reference me.wav --transcript 'What I say.' --consent self",
    (
        "gsvbatch voice enroll xiaoyu --reference rain.wav --transcript 雨停了，我们走吧。 "
        "--consent licensed --subject 张雨 "
        "--t2s rain-e15.ckpt --synthesizer rain_e8.pth --content chinese-hubert-base"
    ),
)


def enroll(
    name: VoiceName,
    reference: Annotated[
        Path,
        typer.Option(help="A clip of one speaker, 3 to 10 seconds.", show_default=False),
    ],
    transcript: Annotated[
        str, typer.Option(help="What is said in it, word for word.", show_default=False)
    ],
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
    t2s: Annotated[
        Path | None, typer.Option(help="A GPT checkpoint of its own.", show_default=False)
    ] = None,
    synthesizer: Annotated[
        Path | None, typer.Option(help="A SoVITS checkpoint of its own.", show_default=False)
    ] = None,
    content: Annotated[
        Path | None,
        typer.Option(
            help="The content encoder of published checkpoints: the folder chinese-hubert-base.",
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

    setting = find_setting(project, folders)
    if len(setting.folders) > 1 and folders:
        raise ConfigError("--voices: name one folder, in which to make the voice")
    profile = enroll_voice(
        Enrollment(
            name=name,
            reference=reference,
            transcript=transcript,
            folder=setting.folders[0] / name,
            language=language,
            own_models=_own_models(t2s, synthesizer, content),
            project_models=setting.models,
            consent=_consent(consent, subject or name),
            display_name={language or "und": display_name} if display_name else {},
            description={language or "und": description} if description else {},
            license=license,
            is_replacing=replace,
        )
    )
    console.say(
        f"made {setting.folders[0] / name}: {len(profile.prompt_tokens) / SEMANTIC_RATE:.1f} s, "
        f"{len(profile.prompt_phoneme_ids)} phonemes"
    )
    console.say(f"next: gsvbatch voice preview {name}")


def _own_models(
    t2s: Path | None, synthesizer: Path | None, content: Path | None
) -> "ModelSource | None":
    from gsvbatch.gsv.source import ModelSource

    if t2s is None and synthesizer is None and content is None:
        return None
    if t2s is None or synthesizer is None:
        raise ConfigError("a voice's own checkpoints are a pair: give --t2s and --synthesizer")
    return ModelSource(t2s, synthesizer, content)


def _consent(relation: str | None, subject: str) -> "Consent | None":
    from gsvbatch.voice import Consent, Relation

    if relation is None:
        return None
    known = [kind.value for kind in Relation]
    if relation not in known:
        raise ConfigError(f"--consent {relation}: not known; allowed: {', '.join(known)}")
    return Consent(subject=subject, relation=Relation(relation), recorded_at=date.today())
