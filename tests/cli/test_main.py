"""How errors become one line and an exit code."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gsvbatch import errors
from gsvbatch.cli import app as app_module
from gsvbatch.cli import exit_codes

HEAVY = ("torch", "transformers", "scipy", "jieba", "pypinyin")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConfigError("x"), 2),
        (errors.ScriptError(Path("a.md"), 3, "x"), 2),
        (errors.VoiceError("v", "x"), 2),
        (errors.CheckpointError(Path("a.ckpt"), "x"), 2),
        (errors.NoEndOfSpeechError("u", 3.0), 3),
        (errors.ManifestError(Path("m"), "x"), 4),
        (errors.StorageError(Path("o"), "x"), 4),
        (OSError(28, "No space left on device"), 4),
        (ValueError("x"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_every_error_has_its_exit_code(error: BaseException, code: int) -> None:
    assert exit_codes.code_of(error) == code


def test_exit_codes_are_those_of_the_job() -> None:
    from gsvbatch.job import ExitCode

    ours = {
        name: value for name, value in vars(exit_codes).items() if name.isupper() and name != "HELP"
    }
    assert ours == {code.name: code.value for code in ExitCode}
    for value in ours.values():
        assert f" {value} " in exit_codes.HELP


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["plan", "--nonsense"], "No such option"),
        (["nonsense"], "No such command"),
        (["pick"], "Missing argument"),
        (["render", "--limit", "many"], "integer"),
        (["render", "--limit", "0"], "greater than or equal to 1"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(
    run: Callable[..., object], words: list[str], says: str
) -> None:
    ran = run(*words)
    assert ran.code == 2
    assert ran.out == ""
    assert len(ran.err.splitlines()) == 1
    assert ran.errors
    assert says in ran.err
    assert "--help" in ran.err


@pytest.mark.parametrize("debug", [False, True])
def test_our_own_mistake_is_one_line_unless_debugging(
    run: Callable[..., object], monkeypatch: pytest.MonkeyPatch, debug: bool
) -> None:
    def broken(*words: object, **more: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(app_module, "app", broken)
    ran = run("plan", *["--debug"] * debug)
    assert ran.code == 1
    assert "unexpected ZeroDivisionError" in ran.errors[0]
    assert ("Traceback" in ran.err) == debug


def test_help_without_a_command(run: Callable[..., object]) -> None:
    ran = run()
    assert ran.code == 0
    assert "Commands:" in ran.out
    assert ran.err == ""


def test_light_commands_import_nothing_heavy(tmp_path: Path) -> None:
    """They answer at once because they load neither torch nor a language's frontend."""
    commands = (["--help"], ["render", "-h"], ["plan"], ["status"], ["script", "check"])
    probe = (
        "import sys; from gsvbatch.cli.main import main; "
        f"[main(words) for words in {commands!r}]; "
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", probe],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=True,
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    assert ran.stderr.splitlines()[-1] == "[]"


def test_output_survives_a_console_that_knows_no_chinese(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "gsvbatch", "plan", "没有.md"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )
    assert ran.returncode == 2
    assert ran.stderr.startswith(b"error: ")
