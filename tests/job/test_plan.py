import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gsvbatch.config import Trigger
from gsvbatch.errors import ScriptError
from gsvbatch.job import Action, ExitCode, Project, Reason, open_project, plan, render
from tests.job.tones import SCRIPT, SETTINGS, ToneRunner, make_project, make_voice


def reasons(project: Project, **options: object) -> dict[str, tuple[Action, Reason]]:
    planned = plan(open_project(project.file), **options)  # type: ignore[arg-type]
    return {row.line_id: (row.action, row.reason) for row in planned.rows}


def changed(project: Project, **options: object) -> dict[str, tuple[Action, Reason]]:
    return {
        line_id: (action, reason)
        for line_id, (action, reason) in reasons(project, **options).items()
        if action is not Action.KEEP
    }


def edit_script(project: Project, old: str, new: str) -> None:
    path = project.root / "script.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def edit_settings(project: Project, old: str, new: str) -> None:
    assert project.file is not None
    text = project.file.read_text(encoding="utf-8")
    assert old in text
    project.file.write_text(text.replace(old, new), encoding="utf-8")


def test_nothing_is_rendered_twice(project: Project) -> None:
    assert set(reasons(project).values()) == {(Action.RENDER, Reason.NEW)}
    render(project, runner=ToneRunner())
    assert set(reasons(project).values()) == {(Action.KEEP, Reason.UP_TO_DATE)}


CHANGES: dict[str, tuple[Callable[[Project], None], dict[str, Reason]]] = {
    "a line's text": (
        lambda project: edit_script(project, "Goodbye", "See you"),
        {"a4": Reason.TEXT},
    ),
    "a line's voice": (
        lambda project: edit_settings(project, "Ben: low", "Ben: high"),
        {"a2": Reason.VOICE, "a4": Reason.VOICE},
    ),
    "a voice enrolled again": (
        lambda project: make_voice(project.root, "low", 3),
        {"a2": Reason.VOICE, "a4": Reason.VOICE},
    ),
    "sampling": (
        lambda project: edit_settings(project, "album", "sampling: {top_k: 5}\nalbum"),
        dict.fromkeys(("a1", "a2", "a3", "a4"), Reason.SAMPLING),
    ),
    "the seed": (
        lambda project: edit_settings(project, "album", "sampling: {seed: 7}\nalbum"),
        dict.fromkeys(("a1", "a2", "a3", "a4"), Reason.SEED),
    ),
    "trimming": (
        lambda project: edit_settings(project, "preset: none", "preset: none, trim: false"),
        dict.fromkeys(("a1", "a2", "a3", "a4"), Reason.AUDIO),
    ),
    "one speaker's speed": (
        lambda project: edit_settings(project, "Ben: low", "Ben: {voice: low, speed: 1.2}"),
        {"a2": Reason.SAMPLING, "a4": Reason.SAMPLING},
    ),
    "a file deleted": (
        lambda project: (project.output / "lines/a3.wav").unlink(),
        {"a3": Reason.FILE_MISSING},
    ),
    "a file cut short": (
        lambda project: os.truncate(project.output / "lines/a3.wav", 1000),
        {"a3": Reason.FILE_CHANGED},
    ),
    "an album title": (
        lambda project: edit_settings(project, "album: {", "album: {title: New, "),
        {},
    ),
    "a line moved down": (
        lambda project: (
            edit_script(project, "a1,Anna,Hello there.\n", "\n")
            or edit_script(project, "a4,Ben,Goodbye.\n", "a4,Ben,Goodbye.\na1,Anna,Hello there.\n")
        ),
        {},
    ),
    "a word in the lexicon": (
        lambda project: (
            (project.root / "words.yaml").write_text("walk: wok\n", encoding="utf-8"),
            edit_settings(project, "album", "lexicon: words.yaml\nalbum"),
        )[1],
        {"a3": Reason.LEXICON},
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_renders_the_lines_it_concerns(project: Project, what: str) -> None:
    render(project, runner=ToneRunner())
    change, expected = CHANGES[what]
    change(project)
    assert changed(project) == {
        line_id: (Action.RENDER, reason) for line_id, reason in expected.items()
    }
    runner = ToneRunner()
    render(open_project(project.file), runner=runner)
    assert sorted(runner.rendered) == sorted(expected)
    assert changed(project) == {}


def test_a_renamed_model_file_is_no_reason_but_another_model_is(project: Project) -> None:
    render(project, runner=ToneRunner())
    (project.root / "t2s.ckpt").rename(project.root / "renamed.ckpt")
    edit_settings(project, "t2s.ckpt", "renamed.ckpt")
    assert changed(project) == {}
    (project.root / "renamed.ckpt").write_bytes(b"fine-tuned further")
    row = plan(open_project(project.file)).rows[0]
    assert (row.action, row.reason) == (Action.BLOCKED, Reason.BAD_VOICE)
    assert "enroll it again" in row.detail


@pytest.mark.parametrize(
    ("off", "expected"),
    [
        ((Trigger.TEXT,), Action.KEEP),
        ((Trigger.VOICE,), Action.RENDER),
    ],
)
def test_each_trigger_can_be_switched_off(
    project: Project, off: tuple[Trigger, ...], expected: Action
) -> None:
    render(project, runner=ToneRunner())
    edit_script(project, "Goodbye", "See you")
    rerun_on = [trigger for trigger in Trigger if trigger not in off]
    action, _ = reasons(project, rerun_on=rerun_on)["a4"]
    assert action is expected


def test_a_switched_off_change_is_still_told(project: Project) -> None:
    render(project, runner=ToneRunner())
    edit_script(project, "Goodbye", "See you")
    planned = plan(open_project(project.file), rerun_on=[])
    row = planned.rows[3]
    assert (row.reason, row.detail) == (
        Reason.SWITCHED_OFF,
        "changed, but not rendered for: text",
    )


def test_tags_are_a_reason_when_asked_for(project: Project) -> None:
    render(project, runner=ToneRunner())
    edit_settings(project, "album: {", "album: {title: New, ")
    assert set(reasons(project, rerun_on=[Trigger.TAGS]).values()) == {(Action.RENDER, Reason.TAGS)}


def test_an_undone_edit_brings_the_old_take_back_without_rendering(project: Project) -> None:
    render(project, runner=ToneRunner())
    before = (project.output / "lines/a4.wav").read_bytes()
    edit_script(project, "Goodbye", "See you")
    render(open_project(project.file), runner=ToneRunner())
    assert (project.output / "lines/a4.wav").read_bytes() != before
    edit_script(project, "See you", "Goodbye")
    assert changed(project) == {"a4": (Action.RESTORE, Reason.UNDONE)}
    runner = ToneRunner()
    report = render(open_project(project.file), runner=runner)
    assert (report.n_restored, runner.rendered) == (1, [])
    assert (project.output / "lines/a4.wav").read_bytes() == before
    assert changed(project) == {}


def test_verify_finds_a_changed_file_of_the_same_size(project: Project) -> None:
    render(project, runner=ToneRunner())
    path = project.output / "lines/a1.wav"
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)
    assert changed(project) == {}
    assert changed(project, verify=True) == {"a1": (Action.RENDER, Reason.FILE_CHANGED)}


def test_a_removed_line_is_told_and_its_file_stays(project: Project) -> None:
    render(project, runner=ToneRunner())
    edit_script(project, "a4,Ben,Goodbye.\n", "")
    project = open_project(project.file)
    assert plan(project).removed == ("a4",)
    render(project, runner=ToneRunner())
    assert (project.output / "lines/a4.wav").exists()
    assert plan(project).removed == ()


BLOCKED = {
    "a speaker without a voice": (
        ("a1,Anna", "a1,Carl"),
        Reason.NO_VOICE,
        "script.csv:2: no voice for speaker 'Carl'; set speakers: {Carl: NAME} or default_voice",
    ),
    "an unclosed mark": (("Hello there.", "Hello [pause:x] there."), Reason.BAD_MARKUP, "column"),
    "nothing to say": (("Hello there.", "***"), Reason.UNPRONOUNCEABLE, "cannot pronounce"),
    "a path as id": (("a1,", "../a1,"), Reason.BAD_SCRIPT, "cannot be a file name"),
    "a double id": (("a1,", "a2,"), Reason.BAD_SCRIPT, "taken by line"),
}


@pytest.mark.parametrize("what", BLOCKED)
def test_bad_lines_are_blocked_with_their_place(project: Project, what: str) -> None:
    (old, new), reason, message = BLOCKED[what]
    edit_script(project, old, new)
    planned = plan(open_project(project.file))
    blocked = planned.with_action(Action.BLOCKED)
    assert reason in {row.reason for row in blocked}
    assert any("script.csv:" in problem and message in problem for problem in planned.problems)
    assert planned.exit_code is ExitCode.BAD_INPUT


def test_a_line_whose_dictionary_is_missing_is_blocked_and_named(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ToJyutping", None)
    edit_script(project, "Hello there.", "[yue]你好，唔該。[/yue]")
    planned = plan(open_project(project.file))
    (row,) = planned.with_action(Action.BLOCKED)
    assert row.reason is Reason.UNPRONOUNCEABLE
    assert any(
        'script.csv:2: Cantonese needs an extra: pip install "gsvbatch[yue]"' in problem
        for problem in planned.problems
    )


def test_good_lines_are_rendered_beside_blocked_ones(project: Project) -> None:
    edit_script(project, "Hello there.", "***")
    runner = ToneRunner()
    report = render(open_project(project.file), runner=runner)
    assert sorted(runner.rendered) == ["a2", "a3", "a4"]
    assert report.exit_code is ExitCode.PARTIAL


def test_a_script_without_a_line_is_an_error(tmp_path: Path) -> None:
    project = make_project(tmp_path, script="")
    with pytest.raises(ScriptError):
        plan(project)


def test_a_query_narrows_the_plan(project: Project) -> None:
    assert set(reasons(project, query="speaker:Ben")) == {"a2", "a4"}


def test_the_estimate_uses_measured_speed_once_there_is_one(project: Project) -> None:
    assert plan(project).estimate.basis == "guess"
    script = SCRIPT + "".join(f"b{i},Ben,This is sentence number {i}.\n" for i in range(6))
    (project.root / "script.csv").write_text(script, encoding="utf-8")
    render(open_project(project.file), runner=ToneRunner())
    estimate = plan(open_project(project.file), force=True).estimate
    assert estimate.basis == "measured"
    assert estimate.time == pytest.approx(estimate.audio / estimate.speed)


def test_a_thousand_remembered_lines_are_planned_in_a_second(tmp_path: Path) -> None:
    rows = "".join(f"x{i},Anna,This is line {i % 50}.\n" for i in range(1000))
    project = make_project(tmp_path, script="id,speaker,text\n" + rows)
    plan(project)
    started = time.process_time()
    assert len(plan(project).rows) == 1000
    # process time, for the machine may be busy with other things
    assert time.process_time() - started < 1.0


def test_planning_needs_no_torch(project: Project) -> None:
    code = (
        "import sys; from pathlib import Path; from gsvbatch import job;"
        f"job.plan(job.open_project(Path({os.fspath(project.file or '')!r})));"
        "print([m for m in ('torch', 'transformers', 'typer') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_settings_of_flags_alone_make_a_job(tmp_path: Path) -> None:
    make_project(tmp_path)
    (tmp_path / "gsvbatch.yaml").unlink()
    project = open_project(
        scripts=[Path("script.csv")],
        settings={
            "default_voice": "high",
            "models.t2s": "t2s.ckpt",
            "models.synthesizer": "synthesizer.pth",
            "audio.format": "wav",
            "audio.preset": "none",
        },
        root=tmp_path,
    )
    report = render(project, runner=ToneRunner())
    assert report.exit_code is ExitCode.DONE
    assert (tmp_path / "outputs/lines/a1.wav").exists()


def test_a_narrowed_job_leaves_other_scripts_alone(tmp_path: Path) -> None:
    project = make_project(tmp_path, settings=SETTINGS.replace("[script.csv]", "['*.csv']"))
    (tmp_path / "other.csv").write_text("id,speaker,text\nz1,Ben,Indeed.\n", encoding="utf-8")
    render(open_project(project.file), runner=ToneRunner())
    narrowed = open_project(project.file, scripts=[tmp_path / "other.csv"])
    planned = plan(narrowed)
    assert [row.line_id for row in planned.rows] == ["z1"]
    assert planned.removed == ()


def test_a_line_moved_to_another_script_keeps_its_take(tmp_path: Path) -> None:
    project = make_project(tmp_path, settings=SETTINGS.replace("[script.csv]", "['*.csv']"))
    render(project, runner=ToneRunner())
    edit_script(project, "a4,Ben,Goodbye.\n", "")
    (tmp_path / "other.csv").write_text("id,speaker,text\na4,Ben,Goodbye.\n", encoding="utf-8")
    assert changed(project) == {}


def test_fingerprints_know_nothing_of_the_order_of_settings(project: Project) -> None:
    render(project, runner=ToneRunner())
    shuffled = replace(
        project, config=type(project.config).model_validate(project.config.model_dump())
    )
    assert {row.action for row in plan(shuffled).rows} == {Action.KEEP}
