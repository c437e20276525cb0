"""``gsvbatch voice``: which voices there are, what they are like, and whether they fit their models."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gsvbatch.cli import console
from gsvbatch.cli.exit_codes import BAD_INPUT, DONE
from gsvbatch.cli.options import Json, ProjectPath
from gsvbatch.errors import ConfigError, GsvBatchError

if TYPE_CHECKING:
    from gsvbatch.config import ModelsConfig
    from gsvbatch.gsv.source import ModelSource
    from gsvbatch.voice import VoiceLibrary, VoiceProfile

LIST_EXAMPLES = ("gsvbatch voice list", "gsvbatch voice list --json")
SHOW_EXAMPLES = ("gsvbatch voice show NAME",)
CHECK_EXAMPLES = ("gsvbatch voice check", "gsvbatch voice check NAME --json")

VoiceFolders = Annotated[
    list[Path] | None,
    typer.Option(
        "--voices",
        help="A folder of voices, searched before those that come with gsvbatch; may be repeated. "
        "Else the project's, or voices/ here.",
        show_default=False,
    ),
]
VoiceName = Annotated[str, typer.Argument(help="Name of the voice.", show_default=False)]


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a voice command works: voices and models of the project around, or of none."""

    folders: tuple[Path, ...]
    """Of voices, without those that come with gsvbatch."""

    models: "ModelSource | None"
    """The project's pair of checkpoints; None for the embedded ones."""

    settings: "ModelsConfig"
    """What the project says of models, the optional ones included."""

    root: Path
    """Where relative paths in the settings start from."""

    @property
    def voices(self) -> "VoiceLibrary":
        """All voices there are."""
        from gsvbatch.voice import VoiceLibrary

        return VoiceLibrary(self.folders)


def find_setting(project: Path | None, folders: list[Path] | None) -> Setting:
    """What the options mean; a project file is not needed."""
    from gsvbatch.config import PROJECT_FILE, ProjectConfig, find_project, read_project
    from gsvbatch.job.voices import project_models

    if project is not None and project.is_dir():
        project = project / PROJECT_FILE
    file = project or find_project(Path.cwd())
    config = ProjectConfig() if file is None else read_project(file)
    root = Path.cwd() if file is None else file.resolve().parent
    source = None if config.models.is_embedded else project_models(config.models, root)
    found = tuple(folders or [root / folder for folder in config.voices])
    return Setting(found, source, config.models, root)


def list_voices(
    project: ProjectPath = None, folders: VoiceFolders = None, as_json: Json = False
) -> int:
    """List the voices: the project's, then those that come with gsvbatch."""
    voices = find_setting(project, folders).voices
    rows: list[tuple[str, ...]] = []
    damaged = 0
    for name in voices.names():
        try:
            profile = voices.get(name)
        except GsvBatchError as error:
            console.error(str(error))
            damaged += 1
            continue
        styles = voices.styles(name)
        if as_json:
            summary = _summary(profile, voices.folder(name))
            console.say_json({**summary, "styles": styles})
        else:
            row = (name, profile.language, profile.title(), profile.summary())
            rows.append((*row, ", ".join(styles)))
    header: tuple[str, ...] = ("voice", "language", "name", "description", "styles")
    if rows and not any(row[-1] for row in rows):
        header, rows = header[:-1], [row[:-1] for row in rows]
    if rows:
        console.say(console.table(header, rows))
    elif not as_json and not damaged:
        console.note("there are no voices; gsvbatch voice enroll makes one")
    return BAD_INPUT if damaged else DONE


def _summary(profile: "VoiceProfile", folder: Path) -> dict[str, object]:
    return {
        "name": profile.name,
        "language": profile.language,
        "display_name": profile.display_name,
        "description": profile.description,
        "license": profile.license,
        "consent": None if profile.consent is None else profile.consent.model_dump(mode="json"),
        "folder": folder,
        "reference": profile.reference,
        "timbre": profile.timbre,
        "also": profile.also,
        "transcript": profile.transcript,
        "symbol_version": profile.symbol_version,
        "models": profile.models,
        "digests": profile.digests,
        "digest": profile.digest,
        "n_prompt_tokens": len(profile.prompt_tokens),
        "sampling": profile.sampling.model_dump(exclude_none=True),
    }


def show(
    name: VoiceName,
    project: ProjectPath = None,
    folders: VoiceFolders = None,
    as_json: Json = False,
) -> None:
    """Show everything that is known of a voice, and its styles."""
    from gsvbatch.voice import style_folder

    voices = find_setting(project, folders).voices
    profile, folder = voices.get(name), voices.folder(name)
    summary = _summary(profile, folder)
    styles = {
        style: _summary(voices.get(name, style), style_folder(folder, style))
        for style in voices.styles(name)
    }
    if as_json:
        console.say_json({**summary, "styles": styles})
        return
    for key, value in summary.items():
        for row, text in enumerate(_texts(value)):
            console.say(f"{key if not row else '':<16} {text}")
    for row, (style, of_style) in enumerate(styles.items()):
        said = of_style["transcript"] or "timbre alone"
        console.say(f"{'styles' if not row else '':<16} {style}: {said}")
    for preview in sorted(folder.glob("preview.*")):
        console.say(f"{'preview':<16} {preview}")


def _texts(value: object) -> list[str]:
    value = console.plain(value)
    if isinstance(value, dict):
        return [f"{key}: {item}" for key, item in value.items() if item not in (None, "", [])]
    if isinstance(value, list):
        return [", ".join(map(str, value))] if value else []
    return [] if value in (None, "") else [str(value)]


def check(
    names: Annotated[
        list[str] | None, typer.Argument(help="Names of voices; else all.", show_default=False)
    ] = None,
    project: ProjectPath = None,
    folders: VoiceFolders = None,
    as_json: Json = False,
) -> int:
    """Say whether voices are whole, fit the models they would speak with, and may be used."""
    from gsvbatch.gsv.source import embedded_source
    from gsvbatch.voice import profile_problems, style_folder

    setting = find_setting(project, folders)
    voices = setting.voices
    found: dict[str, list[str]] = {}
    for name in names or voices.names():
        try:
            styles = ("", *voices.styles(name))
        except GsvBatchError as error:
            found[name] = [str(error)]
            continue
        for style in styles:
            label = f"{name}/{style}" if style else name
            try:
                profile = voices.get(name, style)
                source = profile.models or setting.models or embedded_source()
                folder = style_folder(voices.folder(name), style)
                found[label] = list(profile_problems(profile, folder, source))
            except GsvBatchError as error:
                found[label] = [str(error)]
    if not found:
        raise ConfigError("there are no voices to check; gsvbatch voice enroll makes one")
    if as_json:
        console.say_json({name: {"problems": problems} for name, problems in found.items()})
    for name, problems in found.items():
        for problem in problems:
            console.error(problem)
        if not problems and not as_json:
            console.say(f"{name}: good")
    return BAD_INPUT if any(found.values()) else DONE
