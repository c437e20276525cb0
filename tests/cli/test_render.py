"""`plan` and `render`, from a first run to a run that failed, with a runner that speaks tones."""

import json
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gsvbatch.job import rendering
from gsvbatch.render import LineOutcome, LineWork, Stop
from tests.cli.conftest import Run
from tests.job.tones import SCRIPT, ToneRunner, ToneSpeech


def test_plan_render_and_render_again(run: Run, folder: Path, runner: ToneRunner) -> None:
    planned = run("plan")
    assert planned.code == 0
    assert "4 lines: 4 to render" in planned.out
    assert "a guess until something has been rendered" in planned.out

    rendered = run("render")
    assert rendered.code == 0, rendered.err
    assert "4 lines: 4 rendered" in rendered.out
    assert "x real time" in rendered.out
    assert "audio: outputs" in rendered.out.splitlines()
    assert "4/4 lines" in rendered.err
    assert (folder / "outputs" / "works" / "script.wav").is_file()
    assert (folder / "outputs" / "works" / "script.srt").is_file()

    again = run("render")
    assert again.code == 0
    assert "4 lines: 4 up to date" in again.out
    assert len(runner.rendered) == 4
    assert "up to date" in run("plan").out


def test_render_names_the_bottleneck(run: Run, folder: Path, runner: ToneRunner) -> None:
    runner.stages = {"loading": 9.0, "decode": 0.25, "synthesis": 2.0}  # type: ignore[attr-defined]
    rendered = run("render")
    assert "decode 0.2 s, synthesis 2.0 s, manifest " in rendered.out
    assert "; the bottleneck is synthesis" in rendered.out
    assert json.loads(run("render", "--force", "--json").out.splitlines()[-1])["bottleneck"]


def test_memory_may_be_limited(
    run: Run, folder: Path, runner: ToneRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gsvbatch import job

    limits: list[float | None] = []
    render = job.render

    def noting(project: Any, **settings: Any) -> Any:
        limits.append(project.config.engine.max_memory)
        return render(project, **settings)

    monkeypatch.setattr(job, "render", noting)
    assert run("render", "--max-memory", "2.5").code == 0
    assert run("render").code == 0
    assert limits == [2.5, None]
    assert run("render", "--max-memory", "0").code == 2


def test_one_edited_line_is_one_rendered_line(run: Run, folder: Path, runner: ToneRunner) -> None:
    run("render")
    (folder / "script.csv").write_text(SCRIPT.replace("Goodbye", "Farewell"), encoding="utf-8")
    planned = run("plan")
    assert "4 lines: 1 to render, 3 up to date" in planned.out
    assert "text" in planned.out
    runner.rendered.clear()
    assert run("render").code == 0
    assert runner.rendered == ["a4"]


def test_settings_and_limit(run: Run, folder: Path, runner: ToneRunner) -> None:
    ran = run("render", "--limit", "1", "--set", "audio.format=flac", "--no-assemble")
    assert ran.code == 0
    assert len(runner.rendered) == 1
    assert [path.suffix for path in (folder / "outputs" / "lines").rglob("a*.*")] == [".flac"]


def test_render_json_ends_with_a_report(run: Run, folder: Path, runner: ToneRunner) -> None:
    lines = [json.loads(line) for line in run("render", "--json").out.splitlines()]
    assert [line["line_id"] for line in lines if line["kind"] == "line-done"]
    assert lines[-1]["kind"] == "report"
    assert lines[-1]["n_rendered"] == 4
    assert lines[-1]["exit_code"] == 0


def test_failed_line_fails_alone(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = ToneRunner(ToneSpeech(mute=("Goodbye",)))
    monkeypatch.setattr(rendering, "_local_runner", lambda desk: runner)
    ran = run("render")
    assert ran.code == 3
    assert any("script.csv:5" in error and "the tone broke" in error for error in ran.errors)
    assert "3 rendered, 1 failed" in ran.out
    assert "gsvbatch assemble --allow-missing" in ran.err
    assert "a4" in run("ls", "status:failed").out
    assert run("assemble").code == 2
    assert run("assemble", "--allow-missing").code == 0


def test_interrupt_says_how_to_go_on(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(ToneRunner):
        def run(
            self, works: Iterable[LineWork], stop: Stop = lambda: False
        ) -> Iterator[LineOutcome]:
            for n, outcome in enumerate(super().run(works, stop)):
                yield outcome
                if n == 1:
                    signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(
        rendering, "_local_runner", lambda desk: Interrupted(ToneSpeech(), n_encoders=1)
    )
    ran = run("render", "--only", "speaker:*")
    assert ran.code == 130
    assert "Go on with: gsvbatch render --only 'speaker:*'" in ran.err
    monkeypatch.setattr(rendering, "_local_runner", lambda desk: ToneRunner())
    on = run("render")
    assert on.code == 0
    assert "up to date" in on.out
