from pathlib import Path

import pytest

from gsvbatch.audio import (
    measure_loudness,
    read_audio,
    read_chapters,
    read_label,
    read_tags,
    rhythm_mark,
)
from gsvbatch.errors import ConfigError
from gsvbatch.job import Project, assemble, open_project, render, retake
from gsvbatch.job.works import MARK_PAUSE
from tests.job.test_plan import edit_script, edit_settings
from tests.job.tones import SETTINGS, ToneRunner, make_project

STORY = """# Dawn

Anna: Good morning.

Ben: Good morning to you.

# Dusk

Anna: Good night.
"""


@pytest.fixture
def story(tmp_path: Path) -> Project:
    settings = SETTINGS.replace("script.csv", "story.md").replace(
        "album: {",
        "assemble: {formats: [wav]}\nalbum: {author: A. Writer, title: A Day, genre: Story, publisher: P, ",
    )
    make_project(tmp_path, settings=settings)
    (tmp_path / "story.md").write_text(STORY, encoding="utf-8")
    project = open_project(tmp_path / "gsvbatch.yaml")
    render(project, runner=ToneRunner())
    return project


def test_a_work_has_chapters_tags_label_and_subtitles(story: Project) -> None:
    report = assemble(story)
    (work,) = report.works
    path = story.output / work.path
    tags, label = read_tags(path), read_label(path)
    assert (tags.project, tags.author) == ("A Day", "A. Writer")
    assert (tags.genre, tags.publisher) == ("Story", "P")
    assert tags.speaker == "Anna, Ben"
    assert label is not None
    chapters = read_chapters(path)
    assert [chapter.title for chapter in chapters] == ["Dawn", "Dusk"]
    audio = read_audio(path)
    assert audio.duration == pytest.approx(work.duration, abs=0.01)
    subtitles = path.with_suffix(".srt").read_text(encoding="utf-8")
    assert [line for line in subtitles.splitlines() if line.startswith("Good")] == [
        "Good morning.",
        "Good morning to you.",
        "Good night.",
    ]


def test_cues_are_heard_where_they_say(story: Project) -> None:
    assemble(story, subtitles=["lrc"])
    (path,) = (story.output / "works").glob("*.wav")
    audio = read_audio(path)
    stamps = [
        line[1:9]
        for line in path.with_suffix(".lrc").read_text(encoding="utf-8").splitlines()
        if line[1:2].isdigit() and len(line) > 10
    ]
    for stamp in stamps:
        minutes, seconds = stamp.split(":")
        start = round((int(minutes) * 60 + float(seconds)) * audio.sample_rate)
        n_around = round(0.1 * audio.sample_rate)
        assert abs(audio.samples[start : start + 2 * n_around]).max() > 0.01
        assert abs(audio.samples[start - n_around : start - n_around // 5]).max() < 0.01


def test_nothing_is_assembled_twice(story: Project) -> None:
    assert len(assemble(story).written) == 2
    assert assemble(story).written == ()
    assert len(assemble(story, force=True).written) == 2


def test_a_new_take_makes_a_new_work(story: Project) -> None:
    assemble(story)
    retake(story, query="text~morning")
    render(story, runner=ToneRunner())
    assert len(assemble(story).written) == 2


def test_a_deleted_work_is_written_again_with_the_same_bytes(story: Project) -> None:
    assemble(story)
    (path,) = (story.output / "works").glob("*.wav")
    before = path.read_bytes()
    path.unlink()
    assert assemble(story).written == (path,)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("per", "names"),
    [("chapter", ["01 Dawn.wav", "02 Dusk.wav"]), ("project", ["A Day.wav"])],
)
def test_what_becomes_a_work_can_be_chosen(story: Project, per: str, names: list[str]) -> None:
    assemble(story, per=per)
    assert sorted(path.name for path in (story.output / "works").glob("*.wav")) == names


def test_the_mark_can_be_switched_off(story: Project) -> None:
    marked = assemble(story).works[0].duration
    edit_settings(story, "album", "label: {explicit: off}\nalbum")
    plain = assemble(open_project(story.file)).works[0].duration
    assert marked - plain == pytest.approx(rhythm_mark(48000).duration + MARK_PAUSE, abs=0.01)


def test_missing_lines_are_an_error_unless_left_out(story: Project) -> None:
    (next((story.output / "lines").iterdir())).unlink()
    with pytest.raises(ConfigError, match=r"1 line\(s\) have no audio yet \("):
        assemble(story)
    report = assemble(story, allow_missing=True)
    assert any("left out" in warning for warning in report.warnings)


def test_lines_edited_since_are_told(story: Project) -> None:
    text = (story.root / "story.md").read_text(encoding="utf-8")
    (story.root / "story.md").write_text(text.replace("Good night", "Sleep well"), encoding="utf-8")
    report = assemble(open_project(story.file))
    assert any("edited since" in warning for warning in report.warnings)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"formats": ["ogv"]}, "format 'ogv' is not allowed; allowed: wav, flac"),
        ({"subtitles": ["sub"]}, "subtitles 'sub' is not allowed"),
        ({"per": "page"}, "per 'page' is not allowed"),
    ],
)
def test_wrong_choices_are_told(story: Project, options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        assemble(story, **options)  # type: ignore[arg-type]


def test_no_format_is_an_error(project: Project) -> None:
    with pytest.raises(ConfigError, match=r"assemble\.formats"):
        assemble(project)


def test_subtitles_are_dubbed_on_their_time_line(tmp_path: Path) -> None:
    settings = SETTINGS.replace("script.csv", "film.srt") + "default_voice: high\n"
    make_project(tmp_path, settings=settings)
    (tmp_path / "film.srt").write_text(
        "1\n00:00:02,000 --> 00:00:02,100\nHello there.\n\n"
        "2\n00:00:05,000 --> 00:00:09,000\nGoodbye.\n",
        encoding="utf-8",
    )
    project = open_project(tmp_path / "gsvbatch.yaml")
    render(project, runner=ToneRunner())
    report = assemble(project, formats=["wav"])
    (overrun,) = report.overruns
    assert overrun.milliseconds > 100
    audio = read_audio(project.output / report.works[0].path)
    assert abs(audio.samples[: 2 * audio.sample_rate]).max() == 0
    assert abs(audio.samples[5 * audio.sample_rate :][:2000]).max() > 0.01


def test_loudness_of_a_work_meets_its_preset(tmp_path: Path) -> None:
    settings = SETTINGS.replace("preset: none", "preset: podcast") + "assemble: {formats: wav}\n"
    project = make_project(tmp_path, settings=settings)
    edit_script(project, "Goodbye.", "Goodbye. " * 5)
    project = open_project(project.file)
    render(project, runner=ToneRunner())
    report = assemble(project)
    audio = read_audio(project.output / report.works[0].path)
    assert measure_loudness(audio).integrated == pytest.approx(-16, abs=1.0)
