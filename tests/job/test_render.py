import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from gsvbatch.audio import read_label, read_tags
from gsvbatch.errors import ManifestError, StorageError
from gsvbatch.job import (
    Action,
    Event,
    EventKind,
    ExitCode,
    Project,
    Reason,
    list_lines,
    open_project,
    plan,
    render,
    rendering,
    status,
)
from gsvbatch.manifest import HeadLock, Manifest
from gsvbatch.manifest.store import NewTake
from gsvbatch.render import LineOutcome, LineWork, Stop
from tests.job.tones import SETTINGS, ToneRunner, ToneSpeech, make_project, snapshot


def runner_with(**options: object) -> ToneRunner:
    return ToneRunner(ToneSpeech(**options))  # type: ignore[arg-type]


def test_every_line_becomes_a_tagged_and_labelled_file(project: Project) -> None:
    report = render(project, runner=ToneRunner())
    assert report.exit_code is ExitCode.DONE
    path = project.output / "lines/a2.wav"
    tags, label = read_tags(path), read_label(path)
    assert (tags.line_id, tags.speaker, tags.voice) == ("a2", "Ben", "low")
    assert (tags.text, tags.project, tags.date) == (
        "Good morning, how are you?",
        "Tones",
        "2026-01-01",
    )
    assert (tags.take, tags.qa) == (1, "ok")
    assert label is not None
    assert label.produce_id == f"{tags.fingerprint}-1"


@pytest.mark.parametrize(
    ("text", "language"),
    [("今日はいい天気ですね。", "ja"), ("오늘은 날씨가 좋다.", "ko"), ("我们去公园吧。", "zh"), ("[yue]唔該晒呀。[/yue]", "yue")],
)  # fmt: skip
def test_a_file_is_tagged_with_the_language_that_is_spoken_in_it(
    project: Project, text: str, language: str
) -> None:
    script = project.root / "script.csv"
    written = script.read_text(encoding="utf-8").replace("Hello there.", text)
    script.write_text(written, encoding="utf-8")
    assert render(open_project(project.file), runner=ToneRunner()).exit_code is ExitCode.DONE
    assert read_tags(project.output / "lines/a1.wav").language == language


def test_an_utterance_that_runs_on_is_tried_again_with_another_seed(project: Project) -> None:
    runner = runner_with(stubborn={"Goodbye": 1})
    report = render(project, runner=runner)
    assert report.exit_code is ExitCode.DONE
    tries = [r for r in runner.speech.requests if r.utterance.line_id == "a4"]
    assert [request.id for request in tries] == ["a4@0", "a4@1"]
    assert tries[0].seed != tries[1].seed
    (line,) = list_lines(project, "id:a4")
    assert (line.attempts, line.seed, line.verdict) == (2, tries[1].seed, "ok")


def test_the_best_of_bad_attempts_is_kept_and_told(project: Project) -> None:
    runner = runner_with(stubborn={"Goodbye": 99})
    report = render(project, runner=runner)
    assert report.exit_code is ExitCode.PARTIAL
    (failed,) = report.failed
    assert (failed.line_id, failed.where, failed.has_audio) == ("a4", "script.csv:5", True)
    assert "ran on" in failed.problem
    assert len([r for r in runner.speech.requests if r.utterance.line_id == "a4"]) == 3
    assert (project.output / "lines/a4.wav").exists()


def test_a_failed_line_is_tried_with_new_seeds_by_the_next_render(project: Project) -> None:
    first = runner_with(stubborn={"Goodbye": 99})
    render(project, runner=first)
    row = plan(project).rows[3]
    assert (row.action, row.reason) == (Action.RENDER, Reason.QA_FAILED)
    second = ToneRunner()
    assert render(project, runner=second).exit_code is ExitCode.DONE
    assert second.rendered == ["a4"]
    seeds = {r.seed for r in first.speech.requests} & {r.seed for r in second.speech.requests}
    assert seeds == set()
    assert {row.action for row in plan(project).rows} == {Action.KEEP}


def test_a_line_without_audio_stops_no_other(project: Project) -> None:
    report = render(project, runner=runner_with(mute=("Goodbye",)))
    assert report.n_rendered == 3
    (failed,) = report.failed
    assert (failed.problem, failed.has_audio) == ("the tone broke", False)
    assert status(project).lines == {"done": 3, "failed": 1}
    again = ToneRunner()
    render(project, runner=again)
    assert again.rendered == ["a4"]


def test_limit_renders_the_first_lines(project: Project) -> None:
    runner = ToneRunner()
    render(project, runner=runner, limit=2)
    assert sorted(runner.rendered) == ["a1", "a2"]
    assert status(project).lines == {"done": 2, "pending": 2}


def test_force_renders_everything_again_to_the_same_audio(project: Project) -> None:
    render(project, runner=ToneRunner())
    before = list_lines(project)
    render(project, runner=ToneRunner(), force=True)
    after = list_lines(project)
    assert [line.take for line in after] == [2, 2, 2, 2]
    assert [line.seed for line in before] == [line.seed for line in after]


def test_two_renders_make_the_same_bytes(tmp_path: Path) -> None:
    settings = SETTINGS.replace("preset: none", "preset: podcast")
    first = make_project(tmp_path / "first", settings=settings)
    second = make_project(tmp_path / "second", settings=settings)
    render(first, runner=ToneRunner())
    render(second, runner=ToneRunner(n_encoders=1))
    assert snapshot(first) == snapshot(second)


def test_the_level_of_a_line_does_not_depend_on_the_others(tmp_path: Path) -> None:
    settings = SETTINGS.replace("preset: none", "preset: game")
    together = make_project(tmp_path / "together", settings=settings)
    apart = make_project(tmp_path / "apart", settings=settings)
    render(together, runner=ToneRunner())
    for line_id in ("a4", "a3", "a2", "a1"):
        render(apart, runner=ToneRunner(), query=f"id:{line_id}")
    assert snapshot(together) == snapshot(apart)


def test_a_voice_is_measured_once(tmp_path: Path) -> None:
    project = make_project(tmp_path, settings=SETTINGS.replace("preset: none", "preset: game"))
    first = ToneRunner()
    render(project, runner=first)
    assert sum(r.id.startswith("level of") for r in first.speech.requests) == 2
    second = ToneRunner()
    render(project, runner=second, force=True)
    assert not any(r.id.startswith("level of") for r in second.speech.requests)


class FullDisk(ToneRunner):
    """Writes two lines, then there is no room left."""

    def run(self, works: Iterator[LineWork], stop: Stop = lambda: False) -> Iterator[LineOutcome]:  # type: ignore[override]
        for number, outcome in enumerate(super().run(works, stop)):
            if number == 2:
                raise StorageError(outcome.work.output.path, "the disk is full")
            yield outcome


def test_a_full_disk_stops_the_run_and_keeps_what_is_finished(project: Project) -> None:
    report = render(project, runner=FullDisk(n_encoders=1))
    assert report.exit_code is ExitCode.STOPPED
    assert "the disk is full" in report.stopped_by
    assert status(project).runs[0].status == "stopped"
    report = render(project, runner=ToneRunner())
    assert report.n_rendered + report.n_adopted == 2
    assert report.exit_code is ExitCode.DONE


def test_a_real_write_error_stops_the_run(project: Project) -> None:
    (project.output / "lines").mkdir(parents=True)
    (project.output / "lines" / "a3.wav").mkdir()
    (project.output / "lines" / "a3.wav" / "x").touch()
    report = render(project, runner=ToneRunner())
    assert report.exit_code is ExitCode.STOPPED
    assert "a3.wav" in report.stopped_by


@pytest.mark.skipif(os.name == "nt", reason="Windows has no kill() with SIGINT")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_cleanly(project: Project, number: signal.Signals) -> None:
    kinds: list[EventKind] = []

    def listen(event: Event) -> None:
        kinds.append(event.kind)
        if event.kind is EventKind.LINE_DONE and kinds.count(EventKind.LINE_DONE) == 1:
            os.kill(os.getpid(), number)

    report = render(project, runner=runner_with(delay=0.02), on_event=listen)
    assert report.exit_code is ExitCode.INTERRUPTED
    assert EventKind.STOPPING in kinds
    assert status(project).runs[0].status == "interrupted"
    assert signal.getsignal(number) is not None
    finished = status(project).lines["done"]
    assert 1 <= finished < 4
    resumed = render(project, runner=ToneRunner())
    assert resumed.n_kept + resumed.n_adopted >= finished
    assert status(project).lines == {"done": 4}


def test_a_second_head_is_kept_out_and_told_who_is_in(project: Project) -> None:
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with HeadLock(project.manifest_path):
            entered.set()
            leave.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    entered.wait(10)
    try:
        with pytest.raises(ManifestError, match=rf"in use by process {os.getpid()} on "):
            render(project, runner=ToneRunner())
        assert str(os.getpid()) in status(project).held_by
    finally:
        leave.set()
        holder.join()
    assert status(project).held_by == ""
    assert render(project, runner=ToneRunner()).exit_code is ExitCode.DONE


def test_leftovers_of_a_crash_are_removed(project: Project) -> None:
    render(project, runner=ToneRunner())
    leftover = project.output / "lines" / ".gsvbatch-1-aa.part"
    leftover.write_bytes(b"half a file")
    render(project, runner=ToneRunner())
    assert not leftover.exists()


def test_a_finished_file_without_a_row_is_adopted_not_rendered(project: Project) -> None:
    render(project, runner=ToneRunner())
    whole = snapshot(project)
    for path in project.output.glob("manifest.sqlite*"):
        path.unlink()
    assert {row.action for row in plan(project).rows} == {Action.ADOPT}
    runner = ToneRunner()
    report = render(project, runner=runner)
    assert (report.n_adopted, runner.rendered) == (4, [])
    assert snapshot(project) == whole


def test_a_broken_runner_leaves_a_manifest_that_works(project: Project) -> None:
    class Broken(ToneRunner):
        def run(
            self, works: Iterator[LineWork], stop: Stop = lambda: False
        ) -> Iterator[LineOutcome]:  # type: ignore[override]
            for outcome in super().run(works, stop):
                yield outcome
                raise RuntimeError("a defect")

    with suppress(RuntimeError):
        render(project, runner=Broken())
    assert status(project).runs[0].status == "stopped"
    render(project, runner=ToneRunner())
    assert status(project).lines == {"done": 4}


def test_failures_are_remembered_as_events(project: Project) -> None:
    render(project, runner=runner_with(mute=("Goodbye",)))
    with Manifest(project.manifest_path) as manifest:
        (event,) = manifest.events("a4")
    assert (event.kind, event.message) == ("failed", "the tone broke")


def test_lines_without_ids_are_numbered_and_keep_their_numbers(tmp_path: Path) -> None:
    settings = SETTINGS.replace("script.csv", "story.txt") + "default_voice: high\n"
    project = make_project(tmp_path, settings=settings)
    story = tmp_path / "story.txt"
    story.write_text("One fine day.\n\nIt rained.\n\nThe end.\n", encoding="utf-8")
    render(open_project(project.file), runner=ToneRunner())
    ids = [line.id for line in list_lines(open_project(project.file))]
    assert ids == ["story-0001", "story-0002", "story-0003"]
    story.write_text("One fine day.\n\nA new line.\n\nIt snowed.\n\nThe end.\n", encoding="utf-8")
    rows = plan(open_project(project.file)).rows
    assert [(row.line_id, row.action) for row in rows] == [
        ("story-0001", Action.KEEP),
        ("story-0004", Action.RENDER),
        ("story-0002", Action.RENDER),
        ("story-0003", Action.KEEP),
    ]


def test_rows_are_written_together(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    record = Manifest.record_takes

    def counted(self: Manifest, new: Sequence[NewTake]) -> None:
        sizes.append(len(new))
        record(self, new)

    monkeypatch.setattr(Manifest, "record_takes", counted)
    monkeypatch.setattr(rendering, "RECORD_EVERY", float("inf"))
    monkeypatch.setattr(rendering, "LARGEST_BATCH", 3)
    told: list[Event] = []
    report = render(project, runner=ToneRunner(), on_event=told.append)
    assert sizes == [3, 1]
    assert report.n_rendered == 4
    assert [e.n_done for e in told if e.kind is EventKind.LINE_DONE] == [1, 2, 3, 4]
    assert status(project).lines == {"done": 4}
    assert report.stages["manifest"] > 0
