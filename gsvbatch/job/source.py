"""Lines of all scripts of a job, each with an id, a place and what is wrong with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from gsvbatch.data import Line
from gsvbatch.errors import ConfigError, ScriptError
from gsvbatch.job.identity import stem_of, with_ids
from gsvbatch.job.project import Project
from gsvbatch.manifest import LineRow
from gsvbatch.script import (
    RESERVED,
    GuessedSpeaker,
    Script,
    read_script,
    safe_id_problem,
    speaker_key,
)
from gsvbatch.script.ids import collision_key
from gsvbatch.voice import VoiceLibrary

MEND_FIRST = "its script has problems elsewhere, which must be mended first"


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line with a certain id."""

    line: Line
    id: str
    script: str
    """Name of its script, relative to the project."""

    position: int
    """In its script, from 0."""

    has_own_id: bool
    problem: str = ""
    """Why it cannot be rendered whatever its text; empty if it can."""


@dataclass(frozen=True, slots=True)
class Source:
    """All that the scripts of a job say."""

    lines: tuple[SourceLine, ...]
    scripts: Mapping[str, Script]
    problems: tuple[str, ...]

    def missing_from(self, known: Mapping[str, LineRow], project: Project) -> tuple[str, ...]:
        """Ids that the manifest has and the scripts no longer do.

        A job narrowed to some scripts says nothing about the others' lines.
        """
        present = {line.id for line in self.lines}
        return tuple(
            row.id
            for row in known.values()
            if row.id not in present
            and row.status != "removed"
            and (row.script in self.scripts or not project.is_narrowed)
        )


def read_source(project: Project, known: Mapping[str, LineRow]) -> Source:
    """Read the scripts of a job and give every line its id.

    Raises:
        ScriptError: A script cannot be read as a whole, or none has a line.
        ConfigError: The job names no script.
    """
    if not project.scripts:
        raise ConfigError(project.no_scripts)
    names = known_names(project)
    scripts = {
        project.script_name(path): read_script(path, known=names) for path in project.scripts
    }
    problems = [str(problem) for script in scripts.values() for problem in script.problems]
    own_ids = {
        line.id for script in scripts.values() for line in script.lines if line.id is not None
    }
    taken = own_ids | set(known)
    lines: list[SourceLine] = []
    seen: dict[str, Line] = {}
    for name, script in scripts.items():
        unread = {problem.line_number: problem.problem for problem in script.problems}
        remembered = _remembered(known, name, script.path.stem)
        named = with_ids(script.lines, script.path.stem, remembered, taken)
        for position, (line, written) in enumerate(zip(named, script.lines, strict=True)):
            line_id = line.id or ""
            taken.add(line_id)
            problem = unread.get(line.line_number, "") or _id_problem(line_id, line, seen)
            if unread and not problem:  # what is misread in one place may be misread below it
                problem = MEND_FIRST
            lines.append(
                SourceLine(
                    line=line,
                    # A clash must not take the other line's file, so it gets a name of its own.
                    id=line_id
                    if not problem or problem == MEND_FIRST
                    else f"{name}:{line.line_number}",
                    script=name,
                    position=position,
                    has_own_id=written.id is not None,
                    problem=problem,
                )
            )
    if not lines and not problems:
        first = project.scripts[0]
        raise ScriptError(first, 0, "no line to speak; write some text into it")
    return Source(tuple(lines), scripts, tuple(problems))


def known_names(project: Project) -> frozenset[str]:
    """Names that are certainly speakers: those that the project maps, and those of the voices there are."""
    voices = VoiceLibrary(project.voice_folders).names()
    return frozenset(project.config.speakers).union(
        voice for voice in voices if speaker_key(voice) not in RESERVED
    )


def speaker_remarks(scripts: Iterable[Script], most: int | None = None) -> tuple[str, ...]:
    """A sentence for every name that was only guessed to be a speaker's: a wrong guess is not heard otherwise.

    Args:
        scripts: Read with what the project knows.
        most: So many at most, and then one that says how many more there are.
    """
    found: dict[str, tuple[Script, GuessedSpeaker]] = {}
    for script in scripts:
        for guess in script.guessed:
            first_in, first = found.get(
                speaker_key(guess.name), (script, replace(guess, n_lines=0))
            )
            first = replace(first, n_lines=first.n_lines + guess.n_lines)
            found[speaker_key(guess.name)] = (first_in, first)
    remarks = [_speaker_remark(script, guess) for script, guess in found.values()]
    if most is not None and len(remarks) > most:
        more = f"{len(remarks) - most} more names are not spoken; gsvbatch script check lists them"
        remarks[most:] = [more]
    return tuple(remarks)


def _speaker_remark(script: Script, guess: GuessedSpeaker) -> str:
    lines = "1 line" if guess.n_lines == 1 else f"{guess.n_lines} lines"
    return (
        f"{script.path}:{guess.line_number}: {guess.name!r} ({lines}) is taken for who speaks, and not "
        f"spoken itself; map it under speakers, or, if it is text, write {guess.as_text}"
    )


def _remembered(known: Mapping[str, LineRow], name: str, stem: str) -> dict[str, LineRow]:
    """The rows of a script, in its order; after a rescan they do not say which script is theirs."""
    own = [row for row in known.values() if row.script == name]
    prefix = f"{stem_of(stem)}-"
    orphans = [row for row in known.values() if not row.script and row.id.startswith(prefix)]
    return {row.id: row for row in [*own, *orphans]}


def _id_problem(line_id: str, line: Line, seen: dict[str, Line]) -> str:
    unsafe = safe_id_problem(line_id)
    if unsafe:
        return f"id {line_id!r} cannot be a file name: {unsafe}"
    key = collision_key(line.output or line_id)
    first = seen.setdefault(key, line)
    if first is not line:
        return (
            f"id {line_id!r} is taken by {first.path.name}:{first.line_number}; give each its own"
        )
    if line.output and (unsafe := safe_id_problem(line.output)):
        return f"output name {line.output!r} cannot be a file name: {unsafe}"
    return ""
