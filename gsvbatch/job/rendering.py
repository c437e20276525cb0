"""Renders what the plan says, one process at a time, safe against a kill at any moment."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from gsvbatch import __version__
from gsvbatch.config import Trigger
from gsvbatch.errors import ManifestError, StorageError
from gsvbatch.job.desk import FIRST_RENDERED, Case, Desk, today
from gsvbatch.job.planning import by_models, line_values, plan_of, selected
from gsvbatch.job.project import Project
from gsvbatch.job.query import Query
from gsvbatch.job.records import (
    Action,
    Event,
    EventKind,
    FailedLine,
    Listener,
    Plan,
    Reason,
    RenderReport,
)
from gsvbatch.job.stopping import StopSignal
from gsvbatch.job.takebook import Finished, TakeBook, file_facts, line_state, read_record
from gsvbatch.job.workshop import Workshop
from gsvbatch.manifest import HeadLock, Manifest
from gsvbatch.manifest.store import now
from gsvbatch.render.record import TakeRecord, Verdict
from gsvbatch.render.remembering import FROM_CACHE
from gsvbatch.render.work import LineOutcome, LineWork
from gsvbatch.runners import Runner
from gsvbatch.units import Seconds

RECORD_EVERY: Seconds = 0.5
"""Between two transactions of a run, when lines come faster than that."""

LARGEST_BATCH = 100
"""Takes that one transaction records."""


def render(
    project: Project,
    *,
    query: str = "",
    rerun_on: Sequence[Trigger] | None = None,
    force: bool = False,
    verify: bool = False,
    limit: int | None = None,
    on_event: Listener | None = None,
    runner: Runner | None = None,
) -> RenderReport:
    """Render what `plan` (same arguments) says; does not assemble.

    SIGINT and SIGTERM end it after the utterance at hand; a second one at once. What was finished is
    kept, and the report says ``interrupted``. A full disk ends it alike (``stopped_by``).

    Args:
        project: What to render.
        query: As for `plan`.
        rerun_on: As for `plan`.
        force: As for `plan`; what earlier jobs kept in the cache does not count then.
        verify: As for `plan`.
        limit: At most so many lines in this run.
        on_event: Called from the calling thread for every step.
        runner: Where to render; a `LocalRunner` of the project's settings by default.

    Raises:
        UserError: As for `plan`; blocked lines do not raise, they are left out and reported.
        ManifestError: Another process is rendering into the same output folder.
        CheckpointError: The models cannot be loaded.
        StorageError: The output folder cannot be written at all.
    """
    wanted = Query(query)
    with (
        HeadLock(project.manifest_path),
        Manifest(project.manifest_path, create=True) as manifest,
    ):
        desk = Desk(project, manifest)
        started = time.perf_counter()
        cases = selected(
            desk.cases(rerun_on, force=force, verify=verify, listener=on_event), wanted
        )
        planned = plan_of(desk, cases, reads_cache=not force)
        planning = time.perf_counter() - started
        desk.output.prepare()
        desk.output.remove_leftovers()
        desk.output.remove_doubles(manifest.takes())
        manifest.remember(FIRST_RENDERED, today())
        run = _Run(desk, cases, planned, limit, on_event or _silent, not force, planning=planning)
        return run.go(runner)


@dataclass
class _Run:
    """One call of render, from the plan to the report."""

    desk: Desk
    cases: Sequence[Case]
    plan: Plan
    limit: int | None
    tell: Listener
    reads_cache: bool
    failed: list[FailedLine] = field(default_factory=list)
    suspect: list[str] = field(default_factory=list)
    n_rendered: int = 0
    n_done: int = 0
    n_restored: int = 0
    n_adopted: int = 0
    n_from_cache: int = 0
    n_repeats: int = 0
    audio: Seconds = 0.0
    cached_audio: Seconds = 0.0
    stopped_by: str = ""
    is_interrupted: bool = False
    n_loads: int = 0
    planning: Seconds = 0.0
    recording: Seconds = 0.0
    stages: dict[str, Seconds] = field(default_factory=dict)
    threads: Mapping[str, int] = field(default_factory=dict)
    waiting: list[LineOutcome] = field(default_factory=list)
    """Outcomes that are not recorded yet."""

    recorded_at: float = 0.0

    def go(self, runner: Runner | None) -> RenderReport:
        self.manifest = self.desk.manifest
        self.todo = self._with(Action.RENDER)[: self.limit]
        self.by_id = {case.source.id: case for case in self.cases}
        self.started = time.perf_counter()
        self._write_lines()
        self.manifest.close_dead_runs()
        self.run_id = self.manifest.start_run(__version__, len(self.todo))
        config = self.desk.project.config
        self.book = TakeBook(
            self.manifest, self.desk.output, keep=config.keep_takes, run_id=self.run_id
        )
        self._tell(EventKind.PLANNED)
        try:
            self._settle_without_rendering()
            if self.todo:
                self._render(runner or _local_runner(self))
        except StorageError as error:
            self.stopped_by = str(error)
        except KeyboardInterrupt:
            self.is_interrupted = True
        finally:
            self._close_run()
        return self._report()

    def _with(self, action: Action) -> list[Case]:
        return [case for case in self.cases if case.decision.action is action]

    def _write_lines(self) -> None:
        """Bring the lines' rows in step with the scripts."""
        rows = []
        for case in self.cases:
            decision = case.decision
            if decision.reason is Reason.BAD_SCRIPT:
                continue  # what cannot be read is not remembered
            row = line_values(case)
            if decision.action is Action.BLOCKED:
                row |= {"status": "failed", "problem": decision.detail}
            elif decision.action is Action.KEEP and decision.take is not None:
                row |= line_state(Verdict(decision.take.verdict), (_problem_of(case),))
            else:
                row |= {"status": "pending", "problem": ""}
            rows.append(row)
        self.manifest.put_lines(rows)
        self.manifest.change_lines(self.desk.removed, status="removed")

    def _settle_without_rendering(self) -> None:
        written = [*self.todo, *self._with(Action.RESTORE), *self._with(Action.ADOPT)]
        self.book.give_way({case.source.id: case.delivered for case in written})
        for case in self._with(Action.RESTORE):
            decision = case.decision
            assert decision.take is not None
            is_picked = decision.reason is not Reason.UNDONE and bool(
                case.row and case.row.is_picked
            )
            # A file that went away since the plan is seen so by the next run.
            self.n_restored += self.book.restore(
                case.source.id, decision.take.number, case.delivered, is_picked=is_picked
            )
        found: list[tuple[Case, Finished]] = []
        for case in self._with(Action.ADOPT):
            path = self.desk.output.absolute(case.delivered)
            record = read_record(path)
            if record is None:  # it went away since the plan; the next run sees it so
                continue
            found.append((case, Finished(record, case.delivered, *file_facts(path))))
        for start in range(0, len(found), LARGEST_BATCH):
            part = found[start : start + LARGEST_BATCH]
            self.book.record([finished for _, finished in part])
            self._note_verdicts([(case, finished.record) for case, finished in part])
        self.n_adopted = len(found)

    def _render(self, runner: Runner) -> None:
        workshop = Workshop(self.desk)
        self.todo = by_models(self.todo, getattr(runner, "resident", ()))
        n_loads = getattr(runner, "n_loads", 0)
        self._tell(EventKind.LOADING, "loading models")
        with StopSignal(lambda: self._tell(EventKind.STOPPING, "stopping")) as stop:
            outcomes = runner.run(self._works(workshop), stop)
            try:
                for outcome in outcomes:
                    self._take(outcome, workshop)
            finally:
                with suppress(AttributeError):
                    outcomes.close()  # type: ignore[attr-defined]
                self.is_interrupted = stop()
                self._record()
                self.stages = {
                    "plan": self.planning,
                    **getattr(runner, "stages", {}),
                    "manifest": self.recording,
                }
                self.threads = getattr(runner, "threads", {})
                self.n_loads = getattr(runner, "n_loads", 0) - n_loads

    def _works(self, workshop: Workshop) -> Iterator[LineWork]:
        for case in self.todo:
            self.book.make_room(case.takes)
            yield workshop.work(case)

    def _take(self, outcome: LineOutcome, workshop: Workshop) -> None:
        """Put an outcome to those that are to be recorded, and record them if it is time to.

        A row by itself takes longer to write than many together, and meanwhile nothing is decoded.
        What waits when the process dies has its file, and the next run adopts it.
        """
        workshop.keep_level(outcome.work, outcome.level)
        self.waiting.append(outcome)
        is_due = time.perf_counter() - self.recorded_at >= RECORD_EVERY
        if is_due or len(self.waiting) >= LARGEST_BATCH:
            self._record()

    def _record(self) -> None:
        """Record what waits: files are there, rows follow; then tell of each."""
        started = time.perf_counter()
        outcomes, self.waiting = self.waiting, []
        good = [
            (self.by_id[outcome.work.line_id], outcome.record, outcome.file, outcome.origins)
            for outcome in outcomes
            if outcome.record is not None and outcome.file is not None
        ]
        self.book.record(
            [
                Finished(record, case.delivered, file.sha256, file.n_bytes, origins)
                for case, record, file, origins in good
            ]
        )
        self._note_verdicts([(case, record) for case, record, *_ in good])
        self._note_errors([outcome for outcome in outcomes if outcome.record is None])
        self.recorded_at = time.perf_counter()
        self.recording += self.recorded_at - started
        for outcome in outcomes:
            self.n_done += 1
            if outcome.record is None:
                self._tell(EventKind.LINE_FAILED, outcome.error, outcome.work.line_id)
                continue
            self.n_rendered += 1
            self.audio += outcome.record.duration
            self._count_origin(outcome.origins, outcome.record.duration)
            is_failed = outcome.record.verdict is Verdict.FAILED
            kind = EventKind.LINE_FAILED if is_failed else EventKind.LINE_DONE
            self._tell(kind, "; ".join(outcome.record.problems), outcome.work.line_id)

    def _count_origin(self, origins: Sequence[str], duration: Seconds) -> None:
        """Count a line of which nothing had to be spoken."""
        if not origins or not all(origins):
            return
        self.cached_audio += duration
        if all(origin == FROM_CACHE for origin in origins):
            self.n_from_cache += 1
        else:
            self.n_repeats += 1

    def _note_errors(self, outcomes: Sequence[LineOutcome]) -> None:
        """Lines that have no audio."""
        for outcome in outcomes:
            line_id, error = outcome.work.line_id, outcome.error
            self.manifest.change_lines([line_id], status="failed", problem=error)
            case = self.by_id[line_id]
            self.failed.append(self._failed(case, error, has_audio=bool(case.takes)))
        events = [(outcome.work.line_id, outcome.error) for outcome in outcomes]
        self.manifest.add_events("failed", events, run_id=self.run_id)

    def _note_verdicts(self, takes: Sequence[tuple[Case, TakeRecord]]) -> None:
        """Takes that are worth a listen, or worse."""
        events = []
        for case, record in takes:
            if record.verdict is Verdict.SUSPECT:
                self.suspect.append(case.source.id)
            elif record.verdict is Verdict.FAILED:
                problem = "; ".join(record.problems)
                events.append((case.source.id, problem))
                self.failed.append(self._failed(case, problem, has_audio=True))
        self.manifest.add_events("failed", events, run_id=self.run_id)

    def _failed(self, case: Case, problem: str, *, has_audio: bool) -> FailedLine:
        where = f"{case.source.script}:{case.source.line.line_number}"
        return FailedLine(case.source.id, where, problem, has_audio)

    def _close_run(self) -> None:
        status = "completed"
        if self.is_interrupted:
            status = "interrupted"
        elif self.stopped_by or self.n_done < len(self.todo):
            status = "stopped"
        with suppress(
            StorageError, ManifestError
        ):  # on a full disk the row cannot be written either
            self.manifest.update_run(
                self.run_id,
                status=status,
                ended_at=now(),
                n_done=self.n_done,
                n_failed=len(self.failed),
                audio=self.audio,
                n_cached=self.n_from_cache + self.n_repeats,
                cached_audio=self.cached_audio,
                elapsed=max(0.0, self._elapsed() - self.stages.get("loading", 0.0)),
            )

    def _report(self) -> RenderReport:
        kept = self._with(Action.KEEP)
        for case in kept:
            take = case.decision.take
            if take is not None and take.verdict == Verdict.FAILED.value:
                self.failed.append(self._failed(case, _problem_of(case), has_audio=True))
        return RenderReport(
            plan=self.plan,
            n_rendered=self.n_rendered,
            n_kept=len(kept),
            n_restored=self.n_restored,
            n_adopted=self.n_adopted,
            failed=tuple(self.failed),
            suspect=tuple(self.suspect),
            audio=self.audio,
            elapsed=self._elapsed(),
            stages=self.stages,
            threads=self.threads,
            n_pairs=len({c.part.voice.ref.models for c in self.todo if c.part is not None}),
            n_loads=self.n_loads,
            interrupted=self.is_interrupted,
            stopped_by=self.stopped_by,
            n_from_cache=self.n_from_cache,
            n_repeats=self.n_repeats,
        )

    def _elapsed(self) -> Seconds:
        return time.perf_counter() - self.started

    def _tell(self, kind: EventKind, message: str = "", line_id: str = "") -> None:
        self.tell(
            Event(
                kind=kind,
                message=message,
                line_id=line_id,
                n_done=self.n_done,
                n_total=len(self.todo),
                audio=self.audio,
                audio_total=self.plan.estimate.audio,
                elapsed=self._elapsed(),
            )
        )


def _problem_of(case: Case) -> str:
    return case.row.problem if case.row else ""


def _silent(_event: Event) -> None:
    """Told of everything, says nothing."""


def _local_runner(run: _Run) -> Runner:
    from gsvbatch.runners.local import LocalRunner  # torch takes seconds to import

    return LocalRunner(run.desk.project.config.engine, reads_cache=run.reads_cache)
