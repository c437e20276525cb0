"""``gsvbatch new`` makes a project that works as it is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gsvbatch.assets import asset_folder
from gsvbatch.cli import new as new_module
from gsvbatch.config import read_project
from gsvbatch.script import read_script
from gsvbatch.voice import VoiceLibrary


@pytest.mark.parametrize("language", ["en", "zh"])
def test_new_project_has_right_settings_and_script(
    run: Callable[..., Any], tmp_path: Path, language: str
) -> None:
    folder = tmp_path / 'a "book": 书'
    ran = run("new", folder, "--language", language)
    assert ran.code == 0, ran.err
    config = read_project(folder / "gsvbatch.yaml")
    assert config.project == 'a "book": 书'
    voices = {config.default_voice, *(speaker.voice for speaker in config.speakers.values())}
    assert len(voices) == 2
    assert voices <= set(VoiceLibrary([]).names())
    assert VoiceLibrary([]).get(config.default_voice).language == language
    script = read_script(folder / "story.md")
    assert not script.problems
    assert set(script.speakers) == set(config.speakers)
    assert (folder / "README.md").is_file()
    assert "$" not in (folder / "gsvbatch.yaml").read_text(encoding="utf-8")
    assert str(folder) in ran.out


def test_both_templates_have_the_same_settings() -> None:
    english, chinese = (
        (asset_folder("template") / language / "gsvbatch.yaml").read_text(encoding="utf-8")
        for language in ("en", "zh")
    )

    def settings(text: str) -> list[str]:
        lines = (line.split("#")[0].rstrip() for line in text.splitlines())
        own = ("Anna", "小安", "default_voice")
        return [line for line in lines if line and not any(word in line for word in own)]

    assert settings(english) == settings(chinese)


def test_new_fills_an_empty_folder(run: Callable[..., Any], tmp_path: Path) -> None:
    assert run("new", tmp_path).code == 0
    assert (tmp_path / "gsvbatch.yaml").is_file()


@pytest.mark.parametrize("what", ["file", "full folder"])
def test_new_touches_nothing_that_exists(
    run: Callable[..., Any], tmp_path: Path, what: str
) -> None:
    target = tmp_path / "book"
    if what == "file":
        target.write_text("mine", encoding="utf-8")
    else:
        target.mkdir()
        (target / "mine.txt").write_text("mine", encoding="utf-8")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    ran = run("new", target)
    assert ran.code == 2
    assert len(ran.errors) == 1
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("zh_CN", "zh"),
        ("Chinese (Simplified)_China", "zh"),
        ("en_US", "en"),
        ("C", "en"),
        (None, "en"),
    ],
)
def test_template_language_is_that_of_the_system(
    monkeypatch: pytest.MonkeyPatch, name: str | None, language: str
) -> None:
    monkeypatch.setattr(new_module.locale, "getlocale", lambda: (name, "UTF-8"))
    assert new_module._system_language() == language
