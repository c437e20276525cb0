"""What can be said of scripts without rendering or any voice: are they right, and what is in them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gsvbatch.data import Line
from gsvbatch.errors import ConfigError, MarkupError, ScriptError
from gsvbatch.job.project import Project
from gsvbatch.job.source import known_names, speaker_remarks
from gsvbatch.script import Script, collision_key, read_script, speaker_key
from gsvbatch.text.language import base_language
from gsvbatch.text.markup import parse


@dataclass(frozen=True, slots=True)
class CheckedScript:
    """What is in one script."""

    path: Path
    format: str
    encoding: str
    title: str | None
    n_lines: int
    n_characters: int
    """As written, marks included."""

    n_without_id: int
    chapters: tuple[str, ...]
    speakers: Mapping[str, int]
    """How many lines each has; those of nobody by name stand under an empty name."""


@dataclass(frozen=True, slots=True)
class ScriptCheck:
    """What is in the scripts of a job, and all that is wrong with them."""

    scripts: tuple[CheckedScript, ...]
    problems: tuple[str, ...]
    """One line each, with file, line and the way to mend it."""

    voiceless: tuple[str, ...]
    """Speakers that neither the project nor their lines give a voice."""

    remarks: tuple[str, ...] = ()
    """What is no mistake for certain, one line each: names that were only guessed to be speakers'."""


def check_scripts(project: Project) -> ScriptCheck:
    """Read every script of a job and collect what is wrong, instead of ending at the first mistake.

    Raises:
        ConfigError: The job names no script.
    """
    if not project.scripts:
        raise ConfigError(project.no_scripts)
    scripts: list[Script] = []
    problems: list[str] = []
    names = known_names(project)
    for path in project.scripts:
        try:
            scripts.append(read_script(path, known=names))
        except ScriptError as error:
            problems.append(str(error))
    for script in scripts:
        found = [(problem.line_number, str(problem)) for problem in script.problems]
        found += _markup_problems(script, project)
        problems += [text for _, text in sorted(found, key=lambda item: item[0])]
    problems += _clashes(scripts)
    lines = [line for script in scripts for line in script.lines]
    return ScriptCheck(
        scripts=tuple(_describe(script) for script in scripts),
        problems=tuple(problems),
        voiceless=() if project.config.default_voice else _voiceless(lines, project),
        remarks=speaker_remarks(scripts),
    )


def _markup_problems(script: Script, project: Project) -> Iterator[tuple[int, str]]:
    config = project.config
    spoken = {speaker_key(name): speaker.language for name, speaker in config.speakers.items()}
    for line in script.lines:
        own = line.language or (spoken.get(speaker_key(line.speaker)) if line.speaker else None)
        try:
            parse(
                line.text,
                read_parentheses=config.text.read_parentheses,
                language=base_language(own or config.language),
            )
        except MarkupError as error:
            yield line.line_number, f"{line.path}:{line.line_number}: {error}"


def _clashes(scripts: list[Script]) -> Iterator[str]:
    """Ids of one script that another has, too; those within a script are its own problems."""
    owners: dict[str, Line] = {}
    for script in scripts:
        ours: dict[str, Line] = {}
        for line in script.lines:
            if line.id is None:
                continue
            key = collision_key(line.id)
            ours.setdefault(key, line)
            if first := owners.get(key):
                yield (
                    f"{line.path}:{line.line_number}: id {line.id!r} is taken by "
                    f"{first.path}:{first.line_number}; give each its own"
                )
        owners.update(ours)


def _voiceless(lines: list[Line], project: Project) -> tuple[str, ...]:
    mapped = {speaker_key(name) for name in project.config.speakers}
    names = (line.speaker or "" for line in lines if line.voice is None)
    return tuple(dict.fromkeys(name for name in names if speaker_key(name) not in mapped))


def _describe(script: Script) -> CheckedScript:
    lines = script.lines
    return CheckedScript(
        path=script.path,
        format=script.format,
        encoding=script.encoding,
        title=script.title,
        n_lines=len(lines),
        n_characters=sum(len(line.text) for line in lines),
        n_without_id=sum(line.id is None for line in lines),
        chapters=tuple(dict.fromkeys(line.chapter for line in lines if line.chapter)),
        speakers=dict(Counter(line.speaker or "" for line in lines)),
    )
