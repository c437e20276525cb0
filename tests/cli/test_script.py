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


STORY = "小安：你好。\n\n妈妈告诉我：明天会下雨。\n\n爷爷摇摇头：“不行。”\n\n小安：“走吧。”\n\n【重点】记住。\n"


def test_guessed_speakers_are_told_once_with_their_place_and_what_to_do(
    run: Callable[..., Any], folder: Path
) -> None:
    (folder / "a.md").write_text(STORY, encoding="utf-8")
    ran = run("script", "check", "a.md")
    warnings = [line for line in ran.err.splitlines() if line.startswith("warning: ")]
    assert ran.code == 0
    assert "5 lines; speakers: 小安 2, 重点 1;" in ran.out
    assert len(warnings) == 2
    for part in (
        "a.md:1: '小安' (2 lines)",
        "not spoken itself; map it under speakers",
        "小安\\：",
    ):
        assert part in warnings[0]
    assert "a.md:9: '重点' (1 line)" in warnings[1]
    assert len(json.loads(run("script", "check", "a.md", "--json").out)["remarks"]) == 2


def test_names_that_the_project_knows_are_no_guess(run: Callable[..., Any], folder: Path) -> None:
    (folder / "a.md").write_text(
        "爷爷：“不行。”\n\n王有为：好。\n\nxiaoman：好。\n", encoding="utf-8"
    )
    settings = "scripts: a.md\nspeakers: {爷爷: xiaoman, 王有为: xiaoman}\n"
    (folder / "gsvbatch.yaml").write_text(settings, encoding="utf-8")
    ran = run("script", "check")
    assert "speakers: 爷爷 1, 王有为 1, xiaoman 1" in ran.out
    assert "warning" not in ran.err
    assert "3 ids written" in run("script", "ids").out
    assert run("script", "convert", "a.md", "a.csv").code == 0
    assert "爷爷,“不行。”" in (folder / "a.csv").read_text(encoding="utf-8-sig")


def test_a_script_that_declares_its_speakers_is_not_guessed_at(
    run: Callable[..., Any], folder: Path
) -> None:
    (folder / "a.md").write_text("---\nspeakers: [小安]\n---\n\n小安：“好。”\n", encoding="utf-8")
    for cast in ("[小安]", "{小安: bo}"):
        text = f"speakers: {cast}\nlines:\n- 小安：“好。”\n"
        (folder / "b.yaml").write_text(text, encoding="utf-8")
        ran = run("script", "check", "a.md", "b.yaml")
        assert ran.out.count("speakers: 小安 1") == 2
        assert "warning" not in ran.err
