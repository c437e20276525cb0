"""The scripts that come with the project."""

import re
from pathlib import Path

import pytest

from gsvbatch.script import read_script

ROOT = Path(__file__).parents[2]
SAMPLES = sorted((ROOT / "scripts").glob("*.*"))
EXAMPLES = [
    ROOT / "examples" / name
    for name in ("narration/story.md", "lesson/lesson.yaml", "dialogue/bank.csv")
]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_samples_read_without_problems(path: Path) -> None:
    if path.name == "README.md":
        return
    assert read_script(path).problems == ()


def test_there_is_a_sample_of_every_format() -> None:
    from gsvbatch.script import FORMATS

    assert {read_script(path).format for path in SAMPLES if path.name != "README.md"} == {
        known.name for known in FORMATS
    }


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_read_without_problems_and_have_ids(path: Path) -> None:
    script = read_script(path)
    assert script.problems == ()
    assert all(line.id for line in script.lines)
    assert all(len(re.sub(r"\(\w+\)", "", line.text)) <= 60 for line in script.lines)


def test_the_narration_has_what_it_shows() -> None:
    script = read_script(EXAMPLES[0])
    assert script.title == "雨后的书店"
    assert set(script.speakers) == {"小林", "奶奶"}
    assert len({line.chapter for line in script.lines}) == 2
    assert sum(line.pause_after is not None for line in script.lines) == 1
    assert any("重(chong2)新" in line.text for line in script.lines)


def test_the_lesson_speaks_two_languages() -> None:
    script = read_script(EXAMPLES[1])
    assert len(script.lines) == 16
    assert {line.language for line in script.lines} == {"zh", "en", None}


def test_the_bank_keeps_its_unknown_column() -> None:
    script = read_script(EXAMPLES[2])
    assert len(script.lines) == 24
    assert len(script.speakers) == 4
    assert {line.extra["地图区域"] for line in script.lines} == {"商店", "城门", "河边", "山顶"}
