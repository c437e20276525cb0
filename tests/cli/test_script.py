"""``gsvbatch script``: what it says of good and bad scripts, and what it writes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

GOOD = "# One\n\nAnna: Hello there.\n\nIt rained.\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_good_script_is_described(run: Callable[..., Any], folder: Path) -> None:
    (folder / "a.md").write_text(GOOD, encoding="utf-8")
    ran = run("script", "check", "a.md")
    assert ran.code == 0
    assert "2 lines; 1 chapter; speakers: Anna 1; 2 without an id; markdown, utf-8" in ran.out
    assert "no problems" in ran.out
    assert "no voice yet for Anna, (no speaker)" in ran.err


def test_all_problems_of_all_scripts_are_told(run: Callable[..., Any], folder: Path) -> None:
    (folder / "a.csv").write_text("id,text\nx/1,hello\nb,你[停顿abc]好\n", encoding="utf-8")
    (folder / "b.csv").write_text("id,text\nB,again\n", encoding="utf-8")
    (folder / "c.txt").write_text("", encoding="utf-8")
    ran = run("script", "check", "a.csv", "b.csv", "c.txt")
    assert ran.code == 2
    told = "\n".join(ran.errors)
    assert len(ran.errors) == 4
    for part in ("a.csv:2", "a.csv:3", "b.csv:2", "c.txt"):
        assert part in told
    assert "4 problems to mend" in ran.out


def test_json_is_one_object(run: Callable[..., Any], folder: Path) -> None:
    (folder / "a.md").write_text(GOOD, encoding="utf-8")
    ran = run("script", "check", "a.md", "--json")
    found = json.loads(ran.out)
    assert found["problems"] == []
    assert found["scripts"][0]["speakers"] == {"Anna": 1, "": 1}


def test_ids_are_written_once(run: Callable[..., Any], folder: Path) -> None:
    (folder / "a.md").write_text(GOOD, encoding="utf-8")
    assert "2 ids written" in run("script", "ids", "a.md").out
    after = (folder / "a.md").read_text(encoding="utf-8")
    assert after != GOOD
    assert "0 ids written" in run("script", "ids", "a.md").out
    assert (folder / "a.md").read_text(encoding="utf-8") == after


def test_convert_keeps_lines_and_replaces_only_when_told(
    run: Callable[..., Any], folder: Path
) -> None:
    (folder / "a.md").write_text(GOOD, encoding="utf-8")
    assert run("script", "convert", "a.md", "a.csv").code == 0
    assert "Anna" in (folder / "a.csv").read_text(encoding="utf-8-sig")
    refused = run("script", "convert", "a.md", "a.csv")
    assert refused.code == 2
    assert "--force" in refused.errors[0]
    assert run("script", "convert", "a.md", "a.csv", "--force").code == 0
