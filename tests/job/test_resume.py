"""Whatever moment a render dies at, the next one ends where an undisturbed one would have ended."""

import functools
import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gsvbatch.job import Project, open_project, render, retake, status
from gsvbatch.job.files import OutputFolder
from gsvbatch.manifest import Manifest
from gsvbatch.render import SpeechCache, renderer
from tests.job.tones import ToneRunner, ToneSpeech, differences, make_project, snapshot

EDITED = """id,speaker,text
a1,Anna,Hello there.
a2,Ben,"Good evening, how are you?"
a3,Anna,Fine. It is a lovely day for a walk.
a4,Ben,Goodbye.
a5,Anna,Wait!
a6,Anna,Hello there.
"""


class KilledError(BaseException):
    """What no code of ours catches."""


STEPS: tuple[tuple[Any, str], ...] = (
    (OutputFolder, "_copy"),
    (OutputFolder, "remove"),
    (Manifest, "put_lines"),
    (Manifest, "start_run"),
    (Manifest, "record_takes"),
    (Manifest, "deliver_take"),
    (Manifest, "move_takes"),
    (Manifest, "change_lines"),
    (Manifest, "update_run"),
    (renderer, "deliver"),
    (SpeechCache, "put"),
)
"""All that writes."""


@contextmanager
def dying_at(moment: int) -> Iterator[list[str]]:
    """Every write dies once ``moment`` writes are begun or done; even moments are just before one."""
    count = 0
    log: list[str] = []

    def step(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            nonlocal count
            for when in ("before", "after"):
                if when == "after":
                    result = function(*args, **kwargs)
                log.append(f"{when} {name}")
                count += 1
                if count > moment:
                    raise KilledError
            return result

        return wrapped

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in STEPS:
            patch.setattr(owner, name, step(name, getattr(owner, name)))
        yield log


def speak(project: Project) -> None:
    speech = ToneSpeech(stubborn={"lovely": 1, "Wait": 99})
    render(project, runner=ToneRunner(speech, n_encoders=1, cache=project.root / "cache"))


@dataclass(frozen=True)
class Scene:
    """A project before a render, and what that render makes of it when nothing disturbs it."""

    before: Path
    n_runs: int
    """Runs that were there before."""

    after: dict[str, object] = field(repr=False)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> list[Scene]:
    """A new project, then edited, then with a retake asked for, then with the edits undone."""
    root = tmp_path_factory.mktemp("scenes")
    project = make_project(root / "project")
    script = project.root / "script.csv"
    original = script.read_text(encoding="utf-8")
    steps: tuple[Callable[[], object], ...] = (
        lambda: None,
        lambda: script.write_text(EDITED, encoding="utf-8"),
        lambda: retake(project, ["a1"]),
        lambda: script.write_text(original, encoding="utf-8"),
    )
    made = []
    for number, step in enumerate(steps):
        step()
        before = root / f"before-{number}"
        shutil.copytree(project.root, before)
        speak(open_project(project.file))
        made.append(Scene(before, number, snapshot(project)))
    return made


def killed_and_resumed(scene: Scene, moment: int, folder: Path) -> list[str] | None:
    """How a project differs from the undisturbed one after a kill and another render.

    None if the render was through before the moment came.
    """
    shutil.copytree(scene.before, folder)
    project = open_project(folder / "gsvbatch.yaml")
    is_killed = True
    with dying_at(moment), suppress(KilledError):
        speak(project)
        is_killed = False
    if not is_killed:
        return None
    runs = status(project).runs
    # A run that was through needs no resuming; another one would try the failed line again.
    if len(runs) == scene.n_runs or runs[0].status != "completed":
        speak(project)
    return differences(scene.after, snapshot(project))


@pytest.mark.slow
@pytest.mark.parametrize("number", range(4))
def test_every_kill_point_resumes_to_the_same_takes(
    scenes: list[Scene], tmp_path: Path, number: int
) -> None:
    wrong = {}
    for moment in itertools.count():
        found = killed_and_resumed(scenes[number], moment, tmp_path / str(moment))
        if found is None:
            break
        if found:
            wrong[moment] = found
    assert moment > len(STEPS)
    assert wrong == {}
