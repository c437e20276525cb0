"""The example of a WebUI folder is typed in, command by command, for every version there is."""

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import typer

from gsvbatch.audio import read_audio
from gsvbatch.cli.app import app
from gsvbatch.cli.main import main
from gsvbatch.job import ExitCode, list_lines, list_takes, open_project
from gsvbatch.voice import load_profile
from tests.toy_versions import VERSIONS
from tests.webui import make_webui, suffix

EXAMPLE = Path(__file__).parent.parent / "examples" / "webui-import"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS: Any = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def commands() -> list[list[str]]:
    """What the page tells the reader to type."""
    text = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    lines = [line for block in BLOCK.findall(text) for line in block.splitlines()]
    return [words[1:] for line in lines if (words := shlex.split(line))[0] == "gsvbatch"]


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_a_webui_folder_becomes_a_rendered_script(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = make_webui(tmp_path / "GPT-SoVITS", version)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "GPT-SoVITS").rglob("*")}
    project = tmp_path / "my-game"
    shutil.copytree(EXAMPLE / "project", project)
    settings = (project / "gsvbatch.yaml").read_text(encoding="utf-8")
    settings = settings.replace("_weights_v2/", f"_weights{suffix(version)}/")
    told = [
        f"  {key}: {value if key == 'version' else f'../GPT-SoVITS/{value}'}\n"
        for key, value in more.items()
    ]
    settings = settings.replace("\nspeakers:", "".join(told) + "\nspeakers:")
    settings = settings.replace("  seed: 42\n", "  seed: 42\n  sample_steps: 2\n")
    settings += "retries: 0\n"  # networks that were never trained would run on again
    (project / "gsvbatch.yaml").write_text(settings, encoding="utf-8")
    monkeypatch.chdir(project)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for words in commands():
        if words[0] not in COMMANDS:
            continue
        code = main(words)
        # They may run on; every line has audio all the same.
        allowed = {ExitCode.DONE, ExitCode.PARTIAL} if words[0] == "render" else {ExitCode.DONE}
        assert code in allowed, words

    voice = load_profile(project / "voices" / "xiaoyu")
    happy = load_profile(project / "voices" / "xiaoyu" / "styles" / "开心")
    assert voice.symbol_version == ("v1" if version == "v1" else "v2")
    assert len(voice.also) == 2
    assert happy.transcript == "太好了，我们终于到家了！"
    lines = {line.id: line for line in list_lines(open_project(project))}
    assert [line.voice for line in lines.values()] == [
        "xiaoyu",
        "xiaoyu/开心",
        "xiaoyu",
        "xiaoyu/开心",
    ]
    for line in lines.values():
        assert read_audio(project / "outputs" / line.path).duration > 0
    assert len(list_takes(open_project(project), "rain-001")) == 1
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "GPT-SoVITS").rglob("*")}
    assert after == before
