"""`say` and `voice preview`: one text to one file, or to a stream."""

import os
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import Run
from tests.job.tones import ToneRunner


def test_say_writes_one_file(run: Run, folder: Path, runner: ToneRunner) -> None:
    target = folder / "new" / "hello.flac"
    ran = run("say", "Anna: hello, 你好。", "-v", "low", "-o", target)
    assert ran.code == 0, ran.err
    assert str(target) in ran.out
    assert target.is_file()
    assert [path.name for path in target.parent.iterdir()] == ["hello.flac"]
    assert not (folder / "outputs").exists()


def test_say_streams_to_the_output(
    folder: Path,
) -> None:
    program = (
        "import sys\n"
        "from gsvbatch.job import saying\n"
        "from gsvbatch.cli.main import main\n"
        "from tests.job.tones import ToneSpeech\n"
        "make = saying._stream_runner\n"
        "saying._stream_runner = lambda stream, _, config: make(stream, lambda work: ToneSpeech(), config)\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    words = ["say", "Hello there. Goodbye.", "-v", "high", "--stream", "-o", "-"]
    root = str(Path(__file__).parents[2])
    ran = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(b"RIFF")
    assert len(ran.stdout) > 16000
    assert b"wrote a stream" in ran.stderr
    assert b"the first audio after" in ran.stderr


def test_a_stream_and_json_want_one_output_each(run: Run, folder: Path) -> None:
    ran = run("say", "Hello.", "-v", "high", "--stream", "-o", "-", "--json")
    assert ran.code == 2
    assert "either audio or JSON" in ran.errors[0]


def test_preview_stands_in_the_voice(run: Run, folder: Path, runner: ToneRunner) -> None:
    ran = run("voice", "preview", "high")
    assert ran.code == 0, ran.err
    assert (folder / "voices" / "high" / "preview.flac").is_file()
    assert "preview.flac" in run("voice", "show", "high").out
