"""What people see of the cache of speech."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gsvbatch.job import rendering
from gsvbatch.render.speech_cache import cache_folder
from tests.job.tones import SETTINGS, ToneRunner, make_project

Run = Callable[..., Any]

SCRIPT = "id,speaker,text\na1,Anna,Hello there.\na2,Anna,Hello there.\na3,Ben,Goodbye.\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    make_project(tmp_path, script=SCRIPT, settings=SETTINGS + "engine: {device: cpu}\n")
    monkeypatch.setattr(rendering, "_local_runner", lambda run: ToneRunner(cache=cache_folder()))
    return tmp_path


def test_plan_and_render_say_what_is_not_spoken(run: Run, folder: Path) -> None:
    planned = run("plan")
    assert "new (from line a1)" in planned.out
    assert "3 lines: 3 to render (1 as repeats of other lines)" in planned.out
    assert "of it to be spoken," in planned.out
    assert "3 lines: 3 rendered (1 as repeats of other lines)" in run("render").out
    elsewhere = ("--set", "output=elsewhere")
    planned = run("plan", *elsewhere)
    assert "new (from the cache)" in planned.out
    assert "3 to render (3 from the cache)" in planned.out
    assert "none of it to be spoken" in planned.out
    assert "(from the cache)" not in run("plan", "--no-cache", *elsewhere).out
    report = json.loads(run("render", "--json", *elsewhere).out.splitlines()[-1])
    assert (report["n_rendered"], report["n_from_cache"], report["n_repeats"]) == (3, 3, 0)
    assert "line a1" in run("pick", "a2").out


def test_the_cache_is_shown_and_cleared(run: Run, folder: Path) -> None:
    assert json.loads(run("cache", "show", "--json").out)["n_entries"] == 0
    run("render")
    shown = run("cache", "show")
    assert str(cache_folder()) in shown.out
    assert "2 utterances" in shown.out
    assert "2 GiB" in shown.out
    found = json.loads(run("cache", "show", "--json").out)
    assert found["n_entries"] == 2
    assert found["n_bytes"] > 0
    assert "removed 2 utterances" in run("cache", "clear").out
    assert json.loads(run("cache", "show", "--json").out)["n_entries"] == 0
    assert (folder / "outputs" / "lines" / "a1.wav").is_file()


def test_options_that_contradict_one_another_are_refused(run: Run, folder: Path) -> None:
    refused = run("render", "--no-cache", "--cache-size", 3)
    assert refused.code == 2
    assert refused.errors == [
        "error: --no-cache and --cache-size contradict one another; give one of them"
    ]
    assert run("render", "--cache-size", -1).code == 2
