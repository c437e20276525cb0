"""Whatever moment a render dies at, the next one ends where an undisturbed one would have ended."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gsvbatch.job import Project, open_project, render, retake
from gsvbatch.job.files import OutputFolder
from gsvbatch.manifest import Manifest
from gsvbatch.render import renderer
from tests.job.tones import ToneRunner, ToneSpeech, make_project, snapshot

EDITED = """id,speaker,text
a1,Anna,Hello there.
a2,Ben,"Good evening, how are you?"
a3,Anna,Fine. It is a lovely day for a walk.
a4,Ben,Goodbye.
a5,Anna,Wait!
"""


class KilledError(BaseException):
    """What no code of ours catches."""


STEPS: tuple[tuple[Any, str], ...] = (
    (OutputFolder, "_copy"),
    (OutputFolder, "remove"),
    (Manifest, "put_lines"),
    (Manifest, "start_run"),
    (Manifest, "record_take"),
    (Manifest, "deliver_take"),
    (Manifest, "move_takes"),
    (Manifest, "change_lines"),
    (Manifest, "update_run"),
    (renderer, "deliver"),
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


def speech() -> ToneSpeech:
    return ToneSpeech(stubborn={"lovely": 1, "Wait": 99})


def story(root: Path) -> Iterator[Project]:
    """A project before each of its renders: new, edited, retaken, undone."""
    project = make_project(root)
    original = (root / "script.csv").read_text(encoding="utf-8")
    yield project
    (root / "script.csv").write_text(EDITED, encoding="utf-8")
    yield open_project(project.file)
    retake(project, ["a1"])
    yield open_project(project.file)
    (root / "script.csv").write_text(original, encoding="utf-8")
    yield open_project(project.file)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    states = []
    for project in story(tmp_path_factory.mktemp("undisturbed")):
        render(project, runner=ToneRunner(speech(), n_encoders=1))
        states.append(snapshot(project))
    return states


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(moments=st.lists(st.integers(0, 30), min_size=4, max_size=4))
def test_any_kill_point_resumes_to_the_same_takes(
    undisturbed: list[dict[str, object]],
    tmp_path_factory: pytest.TempPathFactory,
    moments: list[int],
) -> None:
    states = []
    for project, moment in zip(story(tmp_path_factory.mktemp("killed")), moments, strict=True):
        with dying_at(moment) as log:
            try:
                render(project, runner=ToneRunner(speech(), n_encoders=1))
            except KilledError:
                log.append("killed")
        render(project, runner=ToneRunner(speech(), n_encoders=1))
        states.append(snapshot(project))
    assert states == undisturbed
