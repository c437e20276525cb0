"""What the job's functions return: plain records, ready to print or to dump as JSON."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import TypeAlias

from gsvbatch.units import Decibels, Seconds


class ExitCode(IntEnum):
    """What a command says to the shell; partial success is told apart, as restic does."""

    DONE = 0
    """All that was asked for is there."""

    UNEXPECTED = 1
    """A defect of gsvbatch, or a broken installation."""

    BAD_INPUT = 2
    """A script, setting, voice, checkpoint or option is wrong; nothing was rendered."""

    PARTIAL = 3
    """Finished, but some lines failed or could not be rendered; they are listed."""

    STOPPED = 4
    """Disk full, output not writable, the manifest held by another process, or a download failed."""

    INTERRUPTED = 130
    """Ctrl-C or a termination signal; what was finished is kept."""


class Action(StrEnum):
    """What a render would do with a line."""

    RENDER = "render"
    KEEP = "keep"
    RESTORE = "restore"
    """A take fits whose file is elsewhere (an edit was undone, the line's file has another name now): it comes
    into its place, nothing is rendered."""

    ADOPT = "adopt"
    """A finished file without a row (left by a crash): its row is written, nothing is rendered."""

    BLOCKED = "blocked"
    """Cannot be rendered until the input is mended."""


class Reason(StrEnum):
    """Why; the first fourteen are triggers that can be switched off by ``rerun_on``."""

    TEXT = "text"
    VOICE = "voice"
    MODELS = "models"
    BERT = "bert"
    LEXICON = "lexicon"
    FRONTEND = "frontend"
    SAMPLING = "sampling"
    SEED = "seed"
    AUDIO = "audio"
    TAGS = "tags"
    FILE_MISSING = "file-missing"
    FILE_CHANGED = "file-changed"
    QA_FAILED = "qa-failed"
    RETAKE = "retake"
    NEW = "new"
    FORCED = "forced"
    UP_TO_DATE = "up-to-date"
    ACCEPTED = "accepted"
    PICKED = "picked"
    SWITCHED_OFF = "switched-off"
    """Something changed, but its trigger is off; ``detail`` says what."""

    LEFT_BY_CRASH = "left-by-crash"
    RENAMED = "renamed"
    """The line's file is to have another name; ``detail`` is its path so far."""

    UNDONE = "undone"
    BAD_SCRIPT = "bad-script"
    BAD_MARKUP = "bad-markup"
    UNPRONOUNCEABLE = "unpronounceable"
    NO_VOICE = "no-voice"
    BAD_VOICE = "bad-voice"


@dataclass(frozen=True, slots=True)
class PlanRow:
    """What will happen to one line, and why."""

    line_id: str
    action: Action
    reason: Reason
    detail: str
    """One clause, such as ``"voice xiaoyu: 3f1c -> 90ab"`` or the error; may be empty."""

    path: Path
    """Script file."""

    line_number: int
    speaker: str
    voice: str
    text: str
    audio_estimate: Seconds
    """Length that the line's audio will have, or has."""

    origin: str = ""
    """Where the audio of a line to be rendered comes from without speaking it: ``cache``, or the id of a
    line that says the same. Empty if it has to be spoken."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What rendering the plan will take."""

    audio: Seconds
    """Of the lines to be rendered."""

    spoken: Seconds
    """Of those among them that have to be spoken; the others are in the cache or said twice."""

    time: Seconds
    speed: float
    """Audio seconds per second that ``time`` was reckoned with."""

    basis: str
    """``"measured"`` in earlier runs of this project, or ``"guess"``."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A row for every line of the scripts, in script order."""

    rows: tuple[PlanRow, ...]
    removed: tuple[str, ...]
    """Ids that the manifest knows and the scripts no longer have; their files stay."""

    estimate: Estimate
    reasons: Mapping[Reason, int]
    """How many rows have each reason."""

    problems: tuple[str, ...] = ()
    """What is wrong with scripts or voices, one line each, with file and line."""

    remarks: tuple[str, ...] = ()
    """What is no mistake for certain, one line each: names that were only guessed to be speakers', and how
    Mandarin is spoken where there is a choice."""

    def with_action(self, action: Action) -> tuple[PlanRow, ...]:
        """The rows that have an action."""
        return tuple(row for row in self.rows if row.action is action)

    @property
    def exit_code(self) -> ExitCode:
        """BAD_INPUT if anything is blocked, else DONE."""
        blocked = self.with_action(Action.BLOCKED) or self.problems
        return ExitCode.BAD_INPUT if blocked else ExitCode.DONE


class EventKind(StrEnum):
    """What is being told."""

    READING = "reading"
    PLANNED = "planned"
    LOADING = "loading"
    LINE_DONE = "line-done"
    LINE_FAILED = "line-failed"
    ASSEMBLING = "assembling"
    WORK_DONE = "work-done"
    NOTE = "note"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class Event:
    """One step of a render or assemble, for a progress bar or a log."""

    kind: EventKind
    message: str = ""
    line_id: str = ""
    n_done: int = 0
    """Lines finished in this run, failed ones included."""

    n_total: int = 0
    audio: Seconds = 0.0
    """Audio finished in this run."""

    audio_total: Seconds = 0.0
    """Estimate for the whole run."""

    elapsed: Seconds = 0.0

    @property
    def speed(self) -> float:
        """Audio seconds per second so far."""
        return self.audio / self.elapsed if self.elapsed else 0.0


Listener: TypeAlias = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class FailedLine:
    """A line without a good take."""

    line_id: str
    where: str
    """``script:line``."""

    problem: str
    has_audio: bool
    """Whether its best take was kept nevertheless."""


@dataclass(frozen=True, slots=True)
class RenderReport:
    """What a run did."""

    plan: Plan
    n_rendered: int
    n_kept: int
    n_restored: int
    n_adopted: int
    failed: tuple[FailedLine, ...]
    suspect: tuple[str, ...]
    """Ids of lines whose take was kept, with a doubt; ``ls verdict:suspect`` shows why."""

    audio: Seconds
    elapsed: Seconds
    stages: Mapping[str, Seconds]
    """Busy time of each stage, summed over its threads."""

    threads: Mapping[str, int] = field(default_factory=dict)
    """How many threads a stage had; one where nothing is said."""

    n_pairs: int = 0
    """Pairs of models that the rendered lines are spoken with."""

    n_loads: int = 0
    """How often one was loaded; fewer than pairs if some were there already."""

    interrupted: bool = False
    stopped_by: str = ""
    """Why the run ended early: one line, or empty."""

    n_from_cache: int = 0
    """Of the rendered lines, those of which an earlier job had spoken everything."""

    n_repeats: int = 0
    """Of the rendered lines, those that say what other lines of this job say, and were not spoken again."""

    @property
    def exit_code(self) -> ExitCode:
        """What to tell the shell."""
        if self.interrupted:
            return ExitCode.INTERRUPTED
        if self.stopped_by:
            return ExitCode.STOPPED
        blocked = self.plan.with_action(Action.BLOCKED)
        return ExitCode.PARTIAL if self.failed or blocked else ExitCode.DONE

    @property
    def bottleneck(self) -> str:
        """The stage that was busiest for its threads, loading left out; empty if nothing was rendered."""
        busy = {
            name: elapsed / self.threads.get(name, 1)
            for name, elapsed in self.stages.items()
            if name != "loading"
        }
        return max(busy, key=busy.__getitem__) if any(busy.values()) else ""


@dataclass(frozen=True, slots=True)
class LineInfo:
    """One line as the manifest knows it; field names are those of queries and templates."""

    id: str
    script: str
    line: int
    chapter: str
    speaker: str
    voice: str
    language: str
    text: str
    status: str
    """``done``, ``suspect``, ``failed``, ``pending`` or ``removed``."""

    verdict: str
    problem: str
    take: int
    """Number of the take that is delivered; 0 if there is none."""

    takes: int
    """How many takes the line has, files kept or not."""

    picked: bool
    duration: Seconds
    loudness: Decibels
    """LUFS of the delivered file; -inf if too short to measure."""

    seed: int
    path: str
    """Of the delivered file, relative to the output folder; empty if there is none."""

    sha256: str
    attempts: int
    """Of all its utterances together; as many as utterances when none was retried."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One run of a render."""

    id: int
    started_at: str
    status: str
    """``running``, ``completed``, ``interrupted``, ``stopped`` or ``killed``."""

    n_planned: int
    n_done: int
    n_failed: int
    audio: Seconds
    elapsed: Seconds


@dataclass(frozen=True, slots=True)
class WorkInfo:
    """One assembled work."""

    name: str
    path: str
    """Relative to the output folder."""

    format: str
    duration: Seconds
    n_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Status:
    """Where a project stands, from the manifest alone."""

    manifest: Path
    lines: Mapping[str, int]
    """How many lines have each status."""

    audio: Seconds
    n_takes: int
    speakers: Mapping[str, int]
    failed: tuple[FailedLine, ...]
    runs: tuple[RunInfo, ...]
    """The last ten, newest first."""

    works: tuple[WorkInfo, ...]
    held_by: str = ""
    """Who is rendering now, or empty."""


@dataclass(frozen=True, slots=True)
class Overrun:
    """A timed line that speaks longer than its subtitle stands."""

    line_id: str
    milliseconds: int


@dataclass(frozen=True, slots=True)
class AssembleReport:
    """What assembling made."""

    works: tuple[WorkInfo, ...]
    """All works of the project."""

    written: tuple[Path, ...]
    """Files that were written now, subtitles included; absolute."""

    overruns: tuple[Overrun, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RescanReport:
    """What rescan found in the output folder."""

    n_files: int
    n_adopted: int
    n_known: int
    n_missing: int
    """Rows whose file is gone."""

    skipped: tuple[str, ...] = field(default=())
    """Audio files that carry no tags of ours, relative to the output folder."""
