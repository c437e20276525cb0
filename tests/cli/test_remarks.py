"""What planning and rendering say of names that were only guessed to be speakers'."""

import json
from pathlib import Path

from tests.cli.conftest import Run
from tests.job.tones import SETTINGS, ToneRunner, make_project


def _project(folder: Path, text: str) -> None:
    make_project(folder, settings=SETTINGS.replace("script.csv", "a.txt") + "default_voice: low\n")
    (folder / "a.txt").write_text(text, encoding="utf-8")


def test_plan_and_render_tell_guessed_speakers(
    run: Run, runner: ToneRunner, workplace: Path
) -> None:
    _project(workplace, "Keeper: Hello.\nAnna: Hi.\nTom: Yes.\nKeeper: Go.\n")
    for command in ("plan", "render"):
        ran = run(command)
        told = [line for line in ran.out.splitlines() if "is taken for who speaks" in line]
        assert ran.code == 0
        assert len(told) == 2
        assert "a.txt:1: 'Keeper' (2 lines)" in told[0]
        assert "write Keeper\\:" in told[0]
        assert "a.txt:3: 'Tom' (1 line)" in told[1]
    assert "Keeper: Hello." not in [request.utterance.text for request in runner.speech.requests]


def test_a_plan_of_many_guesses_refers_to_the_check(run: Run, workplace: Path) -> None:
    names = [chr(ord("甲") + n) + chr(ord("A") + n) for n in range(25)]
    _project(workplace, "".join(f"{name}：你好。\n" for name in names))
    remarks = json.loads(run("plan", "--json").out)["remarks"]
    told = [remark for remark in remarks if "spoken" in remark]
    assert len(told) == 21
    assert told[-1] == "5 more names are not spoken; gsvbatch script check lists them"
    assert len(json.loads(run("script", "check", "--json").out)["remarks"]) == 25
