"""Settings that YAML or the command line can spell, but that say nothing: one clear line, exit code 2."""

from pathlib import Path

import pytest

from tests.cli.conftest import BAD_INPUT, check_errors, write

SETTINGS = {
    "album: {part: 08}\n": ("gsvbatch.yaml:1", "album.part", "quote it"),
    "project: a\n\x0boutput: b\n": ("gsvbatch.yaml:2", "U+000B", "delete it"),
    'output: "a\\0b"\n': ("gsvbatch.yaml:1", "U+0000", "backslash is written twice"),
    "retries: !!int many\n": ("gsvbatch.yaml:1", "'many'", "quote it"),
}


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("words", [("plan",), ("script", "check")])
def test_a_wrong_setting_is_told_with_its_place(
    workplace: Path, capsys: pytest.CaptureFixture[str], settings: str, words: tuple[str, ...]
) -> None:
    write(workplace / "a.md", "Hello.\n")
    write(workplace / "gsvbatch.yaml", settings + "scripts: a.md\n")
    check_errors(capsys, words, BAD_INPUT, SETTINGS[settings])


def test_a_flag_below_a_single_value_is_told(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(workplace / "a.md", "Hello.\n")
    write(workplace / "gsvbatch.yaml", "scripts: a.md\naudio: {format: mp3}\n")
    words = ("plan", "--set", "audio.format.x=1")
    check_errors(capsys, words, BAD_INPUT, ("audio.format.x", "set audio.format itself"))
