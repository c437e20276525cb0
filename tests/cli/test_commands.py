"""Whole days of work through the command line, with a runner that speaks tones."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gsvbatch.job import rendering
from gsvbatch.render import LineOutcome, LineWork, Stop
from tests import toy
from tests.job.tones import SCRIPT, SETTINGS, ToneRunner, ToneSpeech, make_project
from tests.toy_versions import save_version

Run = Callable[..., Any]

WORKS = SETTINGS + "assemble: {formats: [wav], subtitles: [srt]}\n"


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> ToneRunner:
    runner = ToneRunner()
    monkeypatch.setattr(rendering, "_local_runner", lambda desk: runner)
    return runner


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    make_project(tmp_path, settings=WORKS)
    return tmp_path


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
    assert "decode 0.2 s, synthesis 2.0 s, manifest 0." in rendered.out
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


def test_status_and_ls(run: Run, folder: Path, runner: ToneRunner) -> None:
    before = run("status")
    assert before.code == 0
    assert "nothing has been rendered yet" in before.out
    run("render")
    status = run("status").out
    assert "4 done" in status
    assert "Anna 2, Ben 2" in status
    assert "completed" in status
    listed = run("ls", "speaker:Anna")
    assert "a1" in listed.out
    assert "a2" not in listed.out
    assert run("ls", "--format", "{id}={speaker}").out.splitlines()[1] == "a2=Ben"
    assert run("ls", "--sort", "-duration", "--format", "{id}").out.splitlines()[0] == "a3"


def test_retake_pick_and_accept(run: Run, folder: Path, runner: ToneRunner) -> None:
    run("render")
    assert "1 line marked: a1" in run("retake", "a1").out
    runner.rendered.clear()
    run("render")
    assert runner.rendered == ["a1"]
    takes = run("pick", "a1").out.splitlines()
    assert len(takes) == 3
    assert takes[2].startswith("*")
    assert "take 1" in run("pick", "a1", 1).out
    assert "up to date" in run("plan", "--only", "id:a1").out
    (folder / "script.csv").write_text(SCRIPT.replace("Goodbye", "Farewell"), encoding="utf-8")
    assert "1 line accepted: a4" in run("accept", "a4").out
    assert "4 up to date" in run("plan").out


def test_assemble_again_and_rescan(run: Run, folder: Path, runner: ToneRunner) -> None:
    run("render")
    current = run("assemble")
    assert current.code == 0
    assert "nothing to write" in current.out
    forced = run("assemble", "--force", "--format", "flac", "--subtitles", "vtt")
    assert f"wrote {Path('outputs', 'works', 'script.flac')}" in forced.out
    for path in (folder / "outputs").glob("manifest.sqlite*"):
        path.unlink()
    assert "4 adopted" in run("rescan").out
    assert "4 up to date" in run("plan").out


@pytest.mark.parametrize(
    "words",
    [
        ["plan"],
        ["status"],
        ["ls"],
        ["pick", "a1"],
        ["pick", "a1", "1"],
        ["retake", "a1"],
        ["accept", "a1"],
        ["assemble"],
        ["rescan"],
        ["render"],
        ["script", "check"],
        ["script", "ids"],
        ["voice", "list"],
        ["voice", "show", "high"],
        ["voice", "check", "high"],
        ["say", "hello there", "-v", "high", "-o", "x.wav"],
        ["doctor"],
    ],
    ids=" ".join,
)
def test_json_is_all_that_stands_on_stdout(
    run: Run, folder: Path, runner: ToneRunner, words: list[str]
) -> None:
    run("render")
    ran = run(*words, "--json")
    assert ran.out.strip()
    for line in ran.out.splitlines():
        json.loads(line)
    if words[0] not in {"voice", "doctor"}:
        assert ran.code == 0, ran.err


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


def test_ids_written_after_a_render_keep_every_file(
    run: Run, folder: Path, runner: ToneRunner
) -> None:
    nameless = "speaker,text\nAnna,Hello there.\nBen,Good morning.\n"
    (folder / "script.csv").write_text(nameless, encoding="utf-8")
    assert run("render").code == 0
    before = sorted(path.name for path in (folder / "outputs" / "lines").iterdir())
    assert "2 ids written" in run("script", "ids").out
    assert "script-0001" in (folder / "script.csv").read_text(encoding="utf-8")
    assert "2 lines: 2 up to date" in run("plan").out
    assert sorted(path.name for path in (folder / "outputs" / "lines").iterdir()) == before


def test_settings_and_limit(run: Run, folder: Path, runner: ToneRunner) -> None:
    ran = run("render", "--limit", "1", "--set", "audio.format=flac", "--no-assemble")
    assert ran.code == 0
    assert len(runner.rendered) == 1
    assert [path.suffix for path in (folder / "outputs" / "lines").rglob("a*.*")] == [".flac"]


def test_say_writes_one_file(run: Run, folder: Path, runner: ToneRunner) -> None:
    target = folder / "new" / "hello.flac"
    ran = run("say", "Anna: hello, 你好。", "-v", "low", "-o", target)
    assert ran.code == 0, ran.err
    assert str(target) in ran.out
    assert target.is_file()
    assert [path.name for path in target.parent.iterdir()] == ["hello.flac"]
    assert not (folder / "outputs").exists()


def test_say_streams_to_the_output(
    folder: Path,
) -> None:
    program = (
        "import sys\n"
        "from gsvbatch.job import saying\n"
        "from gsvbatch.cli.main import main\n"
        "from tests.job.tones import ToneSpeech\n"
        "make = saying._stream_runner\n"
        "saying._stream_runner = lambda stream, _, config: make(stream, lambda work: ToneSpeech(), config)\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    words = ["say", "Hello there. Goodbye.", "-v", "high", "--stream", "-o", "-"]
    root = str(Path(__file__).parents[2])
    ran = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(b"RIFF")
    assert len(ran.stdout) > 16000
    assert b"wrote a stream" in ran.stderr
    assert b"the first audio after" in ran.stderr


def test_a_stream_and_json_want_one_output_each(run: Run, folder: Path) -> None:
    ran = run("say", "Hello.", "-v", "high", "--stream", "-o", "-", "--json")
    assert ran.code == 2
    assert "either audio or JSON" in ran.errors[0]


def test_preview_stands_in_the_voice(run: Run, folder: Path, runner: ToneRunner) -> None:
    ran = run("voice", "preview", "high")
    assert ran.code == 0, ran.err
    assert (folder / "voices" / "high" / "preview.flac").is_file()
    assert "preview.flac" in run("voice", "show", "high").out


@pytest.fixture
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two examples that render in milliseconds."""
    for name, settings in (("bank", SETTINGS), ("story", WORKS)):
        make_project(tmp_path / "examples" / name, settings=settings)
    monkeypatch.setattr("gsvbatch.job.examples.asset_folder", lambda name: tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_demo_renders_every_example_and_says_where(
    run: Run, examples: Path, runner: ToneRunner
) -> None:
    ran = run("demo")
    assert ran.code == 0, ran.err
    output = Path("outputs", "demo")
    for part in (
        f"bank: 4 lines in {output / 'bank' / 'outputs'}",
        f"{output / 'story' / 'outputs' / 'works' / 'script.wav'}",
        "script.srt  subtitles",
        "x real time",
        "manifest.sqlite",
        "gsvbatch plan -p",
    ):
        assert part in ran.out, ran.out
    runner.rendered.clear()
    again = run("demo")
    assert again.code == 0
    assert runner.rendered == []
    assert "everything was there already" in again.out


def test_demo_speaks_anew_what_was_changed_in_its_copy(
    run: Run, examples: Path, runner: ToneRunner
) -> None:
    run("demo", "--output", "d")
    copy = examples / "d" / "story" / "script.csv"
    copy.write_text(SCRIPT.replace("Goodbye", "Farewell"), encoding="utf-8")
    runner.rendered.clear()
    assert run("demo", "--output", "d").code == 0
    assert runner.rendered == ["a4"]
    assert "Goodbye" in (examples / "examples" / "story" / "script.csv").read_text("utf-8")


def test_demo_is_well_when_every_line_has_audio(
    run: Run, examples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stubborn = ToneRunner(ToneSpeech(stubborn={"Goodbye": 99}))
    monkeypatch.setattr(rendering, "_local_runner", lambda desk: stubborn)
    ran = run("demo")
    assert ran.code == 0, ran.err
    assert "not spoken well: a4" in ran.out
    assert (examples / "outputs" / "demo" / "story" / "outputs" / "works" / "script.wav").is_file()


def test_demo_fails_when_a_line_has_none(
    run: Run, examples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mute = ToneRunner(ToneSpeech(mute=("Goodbye",)))
    monkeypatch.setattr(rendering, "_local_runner", lambda desk: mute)
    ran = run("demo")
    assert ran.code == 3
    assert any("the tone broke" in error for error in ran.errors)


def test_demo_json_names_every_file(run: Run, examples: Path, runner: ToneRunner) -> None:
    productions = json.loads(run("demo", "--json").out)
    assert [production["name"] for production in productions] == ["bank", "story"]
    for production in productions:
        assert production["exit_code"] == 0
        assert all(Path(path).is_file() for path in production["files"])


def test_bench_compares_its_runs(
    run: Run, folder: Path, runner: ToneRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gsvbatch.job import benchmark

    monkeypatch.setattr(benchmark, "ProjectConfig", lambda: _tone_config(folder))
    monkeypatch.setattr(benchmark, "_speech", lambda work, config: ToneSpeech())
    ran = run("bench", "--lines", "3", "--voice", "high")
    assert ran.code == 0, ran.err
    assert "one at a time" in ran.out
    assert "x as fast as one at a time" in ran.out
    assert "first audio after" in ran.out
    runs = json.loads(run("bench", "--lines", "3", "--voice", "high", "--json").out)
    assert [found["n_lines"] for found in runs] == [3, 3, 1]
    assert [found["first_audio"] is None for found in runs] == [True, True, False]
    assert runs[2]["first_audio"] > 0
    assert runs[0]["audio"] == pytest.approx(runs[1]["audio"])


def _tone_config(folder: Path) -> Any:
    """Settings that find the tones' voices and models from any folder."""
    from gsvbatch.config import ProjectConfig

    return ProjectConfig.model_validate(
        {
            "voices": [str(folder / "voices")],
            "models": {
                "t2s": str(folder / "t2s.ckpt"),
                "synthesizer": str(folder / "synthesizer.pth"),
            },
        }
    )


def test_bench_measures_the_engine_alone(run: Run, tmp_path: Path) -> None:
    source = toy.toy_models(tmp_path / "models")
    plot = tmp_path / "plots" / "speed.svg"
    models = ("--t2s", str(source.t2s), "--synthesizer", str(source.synthesizer))
    ran = run("bench", "--engine", *models, "--batches", "2,1", "--plot", str(plot))
    assert ran.code == 0, ran.err
    assert "of roofline" in ran.out
    assert "one sentence of 50 phonemes" in ran.out
    assert plot.read_text(encoding="utf-8").startswith("<svg")
    found = json.loads(run("bench", "--engine", *models, "--batches", "1", "--json").out)
    assert found["figures"]["decoding"][0]["n_lines"] == 1


@pytest.mark.parametrize("version", ["v3", "v4"])
def test_bench_measures_models_that_draw_mels(run: Run, tmp_path: Path, version: str) -> None:
    source = save_version(tmp_path / "models", version)
    plot = tmp_path / "speed.png"
    models = ("--t2s", source.t2s, "--synthesizer", source.synthesizer, "--vocoder", source.vocoder)
    ran = run("bench", "--engine", *models, "--version", version, "--batches", "2", "--plot", plot)
    assert ran.code == 0, ran.err
    assert "mels are drawn in 32 steps" in ran.out
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_bench_says_what_models_lack(run: Run, tmp_path: Path) -> None:
    source = save_version(tmp_path / "models", "v4")
    pair = ("--t2s", source.t2s, "--synthesizer", source.synthesizer)
    ran = run("bench", "--engine", *pair, "--version", "v4")
    assert ran.code == 2
    assert "vocoder" in ran.errors[0]
    assert "version: v4" in run("bench", "--engine", *pair).errors[0]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--random", "v2"), "need --engine"),
        (("--engine", "--plot", "speed.jpg"), "end it in .png or .svg"),
        (("--engine", "--random", "v9"), "only v2 is known"),
        (("--engine", "--t2s", "a.ckpt"), "belong together"),
        (("--engine", "--batches", "1,x"), "expected numbers"),
        (("--engine", "--batches", "0"), "at least one line"),
    ],
)
def test_bench_refuses_what_makes_no_sense(run: Run, words: tuple[str, ...], problem: str) -> None:
    ran = run("bench", *words)
    assert ran.code == 2
    assert problem in ran.err
