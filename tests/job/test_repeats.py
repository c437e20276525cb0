"""Lines that are said again: one is spoken, and each has its own file, tags and row."""

from pathlib import Path

import pytest

from gsvbatch.audio import read_audio, read_tags
from gsvbatch.job import (
    Action,
    ExitCode,
    Project,
    RenderReport,
    list_lines,
    list_takes,
    open_project,
    plan,
    render,
    retake,
)
from gsvbatch.job.fingerprint import Parts
from gsvbatch.manifest import Manifest
from gsvbatch.render.speech_cache import cache_folder, remember_device
from tests.job.tones import SETTINGS, ToneRunner, ToneSpeech, make_project

REPEATS = """id,speaker,text
r1,Anna,Hello there.
r2,Ben,Hello there.
r3,Anna,Hello there.
r4,Anna,Good night.
r5,Anna,[pause:0.5]Hello there.
"""

SETTINGS_CPU = SETTINGS + "engine: {device: cpu}\n"


@pytest.fixture
def repeats(tmp_path: Path) -> Project:
    return make_project(tmp_path / "one", script=REPEATS, settings=SETTINGS_CPU)


def speak(project: Project, speech: ToneSpeech | None = None, **options: bool) -> RenderReport:
    return render(
        project, runner=ToneRunner(speech or ToneSpeech(), cache=cache_folder()), **options
    )


def spoken_lines(speech: ToneSpeech) -> list[str]:
    return [request.utterance.line_id for request in speech.requests]


def test_repeats_are_spoken_once_into_files_of_their_own(repeats: Project) -> None:
    speech = ToneSpeech()
    report = speak(repeats, speech)
    assert spoken_lines(speech) == ["r1", "r2", "r4"]
    assert (report.n_rendered, report.n_repeats, report.n_from_cache) == (5, 2, 0)
    files = {line.id: repeats.output / line.path for line in list_lines(repeats)}
    one, other = read_audio(files["r1"]), read_audio(files["r3"])
    assert one.samples.tobytes() == other.samples.tobytes()
    assert [read_tags(files[name]).line_id for name in ("r1", "r3")] == ["r1", "r3"]
    assert read_audio(files["r5"]).duration == pytest.approx(
        one.duration + 0.5
    )  # a pause is its own
    assert read_audio(files["r2"]).samples.tobytes() != one.samples.tobytes()  # so is a voice


def test_a_take_tells_whose_audio_it_is(repeats: Project) -> None:
    speak(repeats)
    origins = {line.id: list_takes(repeats, line.id)[0].origins for line in list_lines(repeats)}
    assert origins == {"r1": (), "r2": (), "r3": ("r1",), "r4": (), "r5": ("r1",)}


def test_another_job_takes_them_from_the_cache(repeats: Project, tmp_path: Path) -> None:
    speak(repeats)
    script = "id,speaker,text\nx1,Ben,Hello there.\nx2,Ben,Something new.\n"
    settings = SETTINGS_CPU.replace("format: wav", "format: flac")
    other = make_project(tmp_path / "other", script=script, settings=settings)
    planned = plan(other)
    assert [row.origin for row in planned.rows] == ["cache", ""]
    assert planned.estimate.spoken == pytest.approx(planned.rows[1].audio_estimate)
    speech = ToneSpeech()
    report = speak(other, speech)
    assert spoken_lines(speech) == ["x2"]
    assert (report.n_rendered, report.n_from_cache, report.n_repeats) == (2, 1, 0)
    assert list_takes(other, "x1")[0].origins == ("cache",)
    before = read_audio(repeats.output / "lines/r2.wav").samples
    assert read_audio(other.output / "lines/x1.flac").samples.tobytes() == before.tobytes()


def test_a_plan_names_repeats_and_reckons_without_them(repeats: Project) -> None:
    planned = plan(repeats)
    assert [row.origin for row in planned.rows] == ["", "", "r1", "", "r1"]
    assert planned.estimate.spoken < planned.estimate.audio
    assert planned.estimate.time == pytest.approx(planned.estimate.spoken / planned.estimate.speed)


def test_a_plan_with_an_automatic_device_goes_by_the_last_one(
    repeats: Project, tmp_path: Path
) -> None:
    speak(repeats)
    other = make_project(tmp_path / "other", script=REPEATS, settings=SETTINGS)
    assert plan(other).rows[0].origin == ""
    remember_device(cache_folder(), "cpu")
    assert plan(other).rows[0].origin == "cache"
    remember_device(cache_folder(), "cuda")
    assert plan(other).rows[0].origin == ""


def test_force_speaks_anew(repeats: Project) -> None:
    speak(repeats)
    planned = plan(repeats, force=True)
    assert [row.origin for row in planned.rows] == ["", "", "r1", "", "r1"]


def test_without_a_cache_only_repeats_are_foreseen(repeats: Project, tmp_path: Path) -> None:
    speak(repeats)
    settings = SETTINGS_CPU.replace("device: cpu", "device: cpu, cache_size: 0")
    other = make_project(tmp_path / "other", script=REPEATS, settings=settings)
    assert [row.origin for row in plan(other).rows] == ["", "", "r1", "", "r1"]


def test_a_retake_of_one_repeat_leaves_the_others(repeats: Project) -> None:
    speak(repeats)
    retake(repeats, ["r3"])
    assert [row.line_id for row in plan(repeats).rows if row.action is Action.RENDER] == ["r3"]
    speech = ToneSpeech()
    speak(repeats, speech)
    assert spoken_lines(speech) == ["r3"]
    files = {line.id: (repeats.output / line.path).read_bytes() for line in list_lines(repeats)}
    assert files["r1"] != files["r3"]


def test_another_level_speaks_nothing_again(repeats: Project) -> None:
    speak(repeats)
    changed = SETTINGS_CPU.replace("preset: none", "preset: game")
    (repeats.root / "gsvbatch.yaml").write_text(changed, encoding="utf-8")
    again = open_project(repeats.file)
    assert {row.action for row in plan(again).rows} == {Action.RENDER}
    speech = ToneSpeech()
    report = speak(again, speech)
    assert report.n_from_cache == 5
    assert [request.id for request in speech.requests] == ["level of high", "level of low"]


def test_a_repeat_that_fails_is_tried_again_once_for_all(repeats: Project) -> None:
    speech = ToneSpeech(stubborn={"Hello": 1})
    report = speak(repeats, speech)
    assert report.exit_code is ExitCode.DONE
    asked = sorted(request.id for request in speech.requests)
    assert asked == ["r1@0", "r1@1", "r2@0", "r2@1", "r4@0"]
    assert [line.attempts for line in list_lines(repeats)] == [2, 2, 2, 1, 2]


def test_the_pace_is_that_of_speaking(tmp_path: Path) -> None:
    text = "It is a lovely day for a walk. " * 5
    script = "id,speaker,text\n" + "".join(f"p{i},Anna,{text}\n" for i in range(3))
    project = make_project(tmp_path / "one", script=script, settings=SETTINGS_CPU)
    report = speak(project, ToneSpeech(delay=0.05))
    with Manifest(project.manifest_path) as manifest:
        (run,) = manifest.runs()
        pace = manifest.pace()
    assert run.n_cached == 2
    assert run.cached_audio == pytest.approx(report.audio * 2 / 3)
    assert pace.speed == pytest.approx(report.audio / 3 / run.elapsed)


def test_fingerprints_are_those_of_the_first_version() -> None:
    """Seeds are no part of them but by the job's seed, so no finished line is rendered again."""
    parts = Parts("t", "p", "v", "m", "s", "e", "a", "g")
    assert parts.fingerprint == "b327948ecde13ee6bb82935777720b3a"
