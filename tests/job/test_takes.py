import pytest

from gsvbatch.errors import ConfigError
from gsvbatch.job import (
    Action,
    Project,
    Reason,
    accept,
    list_lines,
    list_takes,
    open_project,
    pick,
    plan,
    render,
    retake,
)
from tests.job.test_plan import changed, edit_script, edit_settings
from tests.job.tones import ToneRunner, ToneSpeech


def delivered(project: Project, line_id: str) -> bytes:
    return (project.output / f"lines/{line_id}.wav").read_bytes()


def test_a_retake_is_rendered_once_with_another_seed(project: Project) -> None:
    render(project, runner=ToneRunner())
    before = delivered(project, "a1")
    assert retake(project, ["a1"]) == ("a1",)
    assert retake(project, ["a1"]) == ("a1",)
    assert changed(project) == {"a1": (Action.RENDER, Reason.RETAKE)}
    render(project, runner=ToneRunner())
    first, second = list_takes(project, "a1")
    assert (first.is_delivered, second.is_delivered) == (False, True)
    assert first.seed != second.seed
    assert delivered(project, "a1") != before
    assert (project.output / first.path).read_bytes() == before
    assert changed(project) == {}


def test_a_query_names_the_lines_of_a_retake(project: Project) -> None:
    render(project, runner=ToneRunner())
    assert retake(project, query="speaker:Ben") == ("a2", "a4")


def test_a_picked_take_is_delivered_until_the_line_changes(project: Project) -> None:
    render(project, runner=ToneRunner())
    before = delivered(project, "a1")
    retake(project, ["a1"])
    render(project, runner=ToneRunner())
    taken = pick(project, "a1", 1)
    assert (taken.is_delivered, taken.path) == (True, "lines/a1.wav")
    assert delivered(project, "a1") == before
    edit_settings(project, "album", "sampling: {seed: 3}\nalbum")
    assert "a1" not in changed(project)
    edit_script(project, "Hello there", "Hello again")
    assert changed(project)["a1"] == (Action.RENDER, Reason.TEXT)


def test_a_pick_and_a_retake_after_it_make_a_third_take(project: Project) -> None:
    render(project, runner=ToneRunner())
    retake(project, ["a1"])
    render(project, runner=ToneRunner())
    pick(project, "a1", 1)
    retake(project, ["a1"])
    render(project, runner=ToneRunner())
    takes = list_takes(project, "a1")
    assert [take.is_delivered for take in takes] == [False, False, True]
    assert len({take.seed for take in takes}) == 3


def test_only_so_many_files_are_kept(project: Project) -> None:
    edit_settings(project, "album", "keep_takes: 2\nalbum")
    project = open_project(project.file)
    render(project, runner=ToneRunner())
    for _ in range(3):
        retake(project, ["a1"])
        render(project, runner=ToneRunner())
    takes = list_takes(project, "a1")
    assert [bool(take.path) for take in takes] == [False, False, True, True]
    assert len(list((project.output / "takes/a1").iterdir())) == 1
    with pytest.raises(ConfigError, match=r"the file of take 1 of line 'a1' was not kept"):
        pick(project, "a1", 1)


def test_with_one_take_kept_there_is_no_takes_folder(project: Project) -> None:
    edit_settings(project, "album", "keep_takes: 1\nalbum")
    project = open_project(project.file)
    render(project, runner=ToneRunner())
    retake(project, ["a1"])
    render(project, runner=ToneRunner())
    assert list((project.output / "takes").iterdir()) == []
    assert changed(project) == {}


def test_accepted_audio_is_kept_for_the_new_text(project: Project) -> None:
    render(project, runner=ToneRunner())
    edit_script(project, "Goodbye.", "Good bye.")
    assert accept(project, ["a4"]) == ("a4",)
    row = plan(project).rows[3]
    assert (row.action, row.reason) == (Action.KEEP, Reason.ACCEPTED)
    edit_script(project, "Good bye.", "Bye.")
    assert changed(project) == {"a4": (Action.RENDER, Reason.TEXT)}


def test_a_file_changed_by_hand_can_be_accepted(project: Project) -> None:
    render(project, runner=ToneRunner())
    path = project.output / "lines/a1.wav"
    path.write_bytes(path.read_bytes() + b"\0\0")
    assert changed(project) == {"a1": (Action.RENDER, Reason.FILE_CHANGED)}
    assert accept(project, ["a1"]) == ("a1",)
    assert changed(project) == {}


def test_a_failed_take_can_be_accepted(project: Project) -> None:
    render(project, runner=ToneRunner(ToneSpeech(stubborn={"Goodbye": 99})))
    assert changed(project) == {"a4": (Action.RENDER, Reason.QA_FAILED)}
    accept(project, query="status:failed")
    assert changed(project) == {}
    (line,) = list_lines(project, "id:a4")
    assert line.status == "done"


def test_another_format_is_delivered_alone(project: Project) -> None:
    render(project, runner=ToneRunner())
    edit_settings(project, "format: wav", "format: flac")
    project = open_project(project.file)
    assert {reason for _, reason in changed(project).values()} == {Reason.AUDIO}
    render(project, runner=ToneRunner())
    names = sorted(path.name for path in (project.output / "lines").iterdir())
    assert names == ["a1.flac", "a2.flac", "a3.flac", "a4.flac"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: retake(p, ["a11"]), r"no line 'a11'; did you mean 'a1'\?"),
        (lambda p: retake(p), "name the lines, or give a query"),
        (lambda p: retake(p, query="vioce:low"), "no field 'vioce'; did you mean 'voice'"),
        (lambda p: pick(p, "a1", 7), "line 'a1' has no take 7; it has 1"),
        (lambda p: list_takes(p, "zzz"), "no line 'zzz'; `gsvbatch ls` lists them"),
    ],
)
def test_what_is_not_there_is_told(project: Project, call: object, message: str) -> None:
    render(project, runner=ToneRunner())
    with pytest.raises(ConfigError, match=message):
        call(project)  # type: ignore[operator]


def test_nothing_can_be_retaken_before_the_first_render(project: Project) -> None:
    with pytest.raises(ConfigError, match="nothing was rendered here yet"):
        retake(project, ["a1"])
