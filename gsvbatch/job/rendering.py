"""Renders what the plan says, one process at a time, safe against a kill at any moment."""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from gsvbatch import __version__
from gsvbatch.config import Trigger
from gsvbatch.errors import ManifestError, StorageError
from gsvbatch.job.desk import FIRST_RENDERED, Case, Desk, today
from gsvbatch.job.planning import line_values, plan_of, selected
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
from gsvbatch.job.takebook import TakeBook, file_facts, line_state, read_record
from gsvbatch.job.workshop import Workshop
from gsvbatch.manifest import HeadLock, Manifest
from gsvbatch.manifest.store import now
from gsvbatch.render.record import Verdict
from gsvbatch.render.remembering import FROM_CACHE
from gsvbatch.render.work import LineOutcome, LineWork
from gsvbatch.runners import Runner
from gsvbatch.units import Seconds


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
        cases = selected(desk.cases(rerun_on, force=force, verify=verify), wanted)
        planned = plan_of(desk, cases, reads_cache=not force)
        desk.output.prepare()
        desk.output.remove_leftovers()
        desk.output.remove_doubles(manifest.takes())
        manifest.remember(FIRST_RENDERED, today())
        run = _Run(desk, cases, planned, limit, on_event or _silent, reads_cache=not force)
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
        stages: dict[str, Seconds] = {}
        try:
            self._settle_without_rendering()
            if self.todo:
                stages = self._render(runner or _local_runner(self))
        except StorageError as error:
            self.stopped_by = str(error)
        except KeyboardInterrupt:
            self.is_interrupted = True
        finally:
            self._close_run(stages)
        return self._report(stages)

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
        for case in self._with(Action.RESTORE):
            decision = case.decision
            assert decision.take is not None
            is_picked = decision.reason is not Reason.UNDONE and bool(
                case.row and case.row.is_picked
            )
            self.book.restore(
                case.takes, decision.take, decision.source, case.delivered, is_picked=is_picked
            )
            self.n_restored += 1
        for case in self._with(Action.ADOPT):
            path = self.desk.output.absolute(case.delivered)
            record = read_record(path)
            if record is None:  # it went away since the plan; the next run sees it so
                continue
            self.book.record(record, case.delivered, *file_facts(path))
            self._note_verdict(case, record.verdict, record.problems)
            self.n_adopted += 1

    def _render(self, runner: Runner) -> dict[str, Seconds]:
        workshop = Workshop(self.desk)
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
        return dict(getattr(runner, "stages", {}))

    def _works(self, workshop: Workshop) -> Iterator[LineWork]:
        for case in self.todo:
            self.book.make_room(case.takes)
            yield workshop.work(case)

    def _take(self, outcome: LineOutcome, workshop: Workshop) -> None:
        """Record an outcome: file first, row second."""
        work = outcome.work
        case = self.by_id[work.line_id]
        workshop.keep_level(work, outcome.level)
        self.n_done += 1
        if outcome.record is None or outcome.file is None:
            self.manifest.change_lines([work.line_id], status="failed", problem=outcome.error)
            self.manifest.add_event(
                "failed", line_id=work.line_id, message=outcome.error, run_id=self.run_id
            )
            self.failed.append(self._failed(case, outcome.error, has_audio=bool(case.takes)))
            self._tell(EventKind.LINE_FAILED, outcome.error, work.line_id)
            return
        file, record = outcome.file, outcome.record
        self.book.record(record, case.delivered, file.sha256, file.n_bytes, outcome.origins)
        self.audio += record.duration
        self.n_rendered += 1
        self._count_origin(outcome.origins, record.duration)
        self._note_verdict(case, record.verdict, record.problems)
        is_failed = record.verdict is Verdict.FAILED
        kind = EventKind.LINE_FAILED if is_failed else EventKind.LINE_DONE
        self._tell(kind, "; ".join(record.problems), work.line_id)

    def _count_origin(self, origins: Sequence[str], duration: Seconds) -> None:
        """Count a line of which nothing had to be spoken."""
        if not origins or not all(origins):
            return
        self.cached_audio += duration
        if all(origin == FROM_CACHE for origin in origins):
            self.n_from_cache += 1
        else:
            self.n_repeats += 1

    def _note_verdict(self, case: Case, verdict: Verdict, problems: Sequence[str]) -> None:
        if verdict is Verdict.SUSPECT:
            self.suspect.append(case.source.id)
        elif verdict is Verdict.FAILED:
            problem = "; ".join(problems)
            self.manifest.add_event(
                "failed", line_id=case.source.id, message=problem, run_id=self.run_id
            )
            self.failed.append(self._failed(case, problem, has_audio=True))

    def _failed(self, case: Case, problem: str, *, has_audio: bool) -> FailedLine:
        where = f"{case.source.script}:{case.source.line.line_number}"
        return FailedLine(case.source.id, where, problem, has_audio)

    def _close_run(self, stages: dict[str, Seconds]) -> None:
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
                elapsed=max(0.0, self._elapsed() - stages.get("loading", 0.0)),
            )

    def _report(self, stages: dict[str, Seconds]) -> RenderReport:
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
            stages=stages,
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
