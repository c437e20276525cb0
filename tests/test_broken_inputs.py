"""Broken inputs: each gives one clear line for each problem, the right exit code, and no traceback.

Scripts and settings first, which need no voice; then voices, models, the manifest, and the disk.
"""

import codecs
import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from gsvbatch.cli.main import main
from gsvbatch.gsv.source import ModelSource
from gsvbatch.job import rendering
from tests import toy
from tests.job.tones import ToneRunner, make_project

BAD_INPUT, STOPPED = 2, 4

LINE = "编号,台词\n"
"""Header of a small bank of lines."""


@dataclass(frozen=True)
class Broken:
    """Files of a project, a command, and what it must say."""

    name: str
    says: tuple[str, ...]
    """Parts of the error; all must be there."""

    script: str | bytes = "Hello.\n"
    file: str = "a.md"
    settings: str = ""
    words: tuple[str, ...] = ("script", "check")
    more: dict[str, str | bytes] = field(default_factory=dict)
    n_errors: int = 1


SCRIPTS = [
    Broken("empty script", ("a.md", "empty"), script=""),
    Broken("script of blanks", ("a.md", "empty"), script=" \n\t\n"),
    Broken("script of headings alone", ("a.md", "no line to speak"), script="# One\n\n## Two\n"),
    Broken("bytes of no encoding", ("a.txt",), script=b"\xff\xfe\x00", file="a.txt"),
    Broken("a program as a script", ("a.txt",), script=b"\x7fELF\x02\x01\x01\0\0\0", file="a.txt"),
    Broken("audio as a script", ("a.md", "audio"), script=b"RIFF\x24\0\0\0WAVEfmt "),
    Broken("a workbook as a script", ("a.csv", "zip"), script=b"PK\x03\x04\x14\0", file="a.csv"),
    Broken("a PDF as a script", ("a.txt", "PDF"), script=b"%PDF-1.7\n", file="a.txt"),
    Broken(
        "UTF-16 cut in the middle",
        ("a.txt",),
        script=codecs.BOM_UTF16_LE + "你好".encode("utf-16-le")[:-1],
        file="a.txt",
    ),
    Broken(
        "duplicate ids",
        ("a.csv:3", "'x1'", "line 2"),
        script=LINE + "x1,你好\nx1,再见\n",
        file="a.csv",
    ),
    Broken(
        "ids that differ in case alone",
        ("a.csv:3", "'X1'", "Windows"),
        script=LINE + "x1,你好\nX1,再见\n",
        file="a.csv",
    ),
    Broken(
        "an id that is a path",
        ("a.csv:2", "'../x'"),
        script=LINE + "../x,你好\n",
        file="a.csv",
    ),
    Broken(
        "an id with a drive",
        ("a.csv:2", "':'"),
        script=LINE + "C:x,你好\n",
        file="a.csv",
    ),
    Broken(
        "an id that Windows keeps for itself",
        ("a.csv:2", "'con'", "Windows"),
        script=LINE + "con,你好\n",
        file="a.csv",
    ),
    Broken(
        "an id far too long",
        ("a.csv:2", "characters"),
        script=LINE + "x" * 300 + ",你好\n",
        file="a.csv",
    ),
    Broken(
        "one id in two scripts",
        ("b.csv:2", "'x1'", "a.csv:2"),
        script=LINE + "x1,你好\n",
        file="a.csv",
        more={"b.csv": LINE + "x1,再见\n"},
        words=("script", "check", "a.csv", "b.csv"),
    ),
    Broken("a table without text", ("a.csv",), script="编号,角色\nx1,店主\n", file="a.csv"),
    Broken(
        "a word where a number belongs",
        ("a.csv:2", "fast"),
        script="text,speed\n你好,fast\n",
        file="a.csv",
    ),
    Broken(
        "a number out of range",
        ("a.csv:2", "-3"),
        script="text,pause_after\n你好,-3\n",
        file="a.csv",
    ),
    Broken(
        "a quote that never ends",
        ("a.csv:2", "quote"),
        script='text\n"你好\n再见\n',
        file="a.csv",
    ),
    Broken(
        "a row with too many cells",
        ("a.csv:2", "3 cells"),
        script="id,text\na,b,c\n",
        file="a.csv",
    ),
    Broken(
        "YAML that is none",
        ("a.yaml:3", "YAML"),
        script="lines:\n  - text: [unclosed\n",
        file="a.yaml",
    ),
    Broken(
        "YAML without lines",
        ("a.yaml", "lines:"),
        script="lnes:\n  - text: hello\n",
        file="a.yaml",
    ),
    Broken(
        "subtitles that run backwards",
        ("a.srt:2",),
        script="1\n00:00:05,000 --> 00:00:02,000\nHello.\n",
        file="a.srt",
    ),
]

MARKUP = [
    Broken("a mark within a mark", ("a.md:1", "column 8"), script="[en]Hi [zh]你好[/zh][/en]\n"),
    Broken("a mark never closed", ("a.md:1", "column 3", "never closed"), script="你好[en]Hi\n"),
    Broken("a syllable that does not exist", ("a.md:1", "qong2"), script="角(qong2)色\n"),
    Broken("a tone that does not exist", ("a.md:1", "jue7"), script="角(jue7)色\n"),
    Broken("another character's reading", ("a.md:1", "角"), script="角(ma1)色\n"),
    Broken("phonemes that do not exist", ("a.md:1", "QQ"), script="{SQL|/S QQ K W AH0 L/}\n"),
    Broken("a pause without an end", ("a.md:1",), script="你好[pause:1.5，再见\n"),
    Broken("a pause of an hour", ("a.md:1", "60"), script="你好[pause:3600]再见\n"),
]

SETTINGS = [
    Broken(
        "an unknown setting",
        ("gsvbatch.yaml:2", "sampling.tempo"),
        settings="sampling:\n  tempo: 2\n",
    ),
    Broken(
        "a setting of the wrong type",
        ("gsvbatch.yaml:1", "retries", "many"),
        settings="retries: many\n",
    ),
    Broken(
        "a setting out of range",
        ("gsvbatch.yaml:2", "top_k", "at least 1"),
        settings="sampling:\n  top_k: 0\n",
    ),
    Broken(
        "a format nobody writes",
        ("gsvbatch.yaml:2", "wma", "flac"),
        settings="audio:\n  format: wma\n",
    ),
    Broken("settings that are no YAML", ("gsvbatch.yaml", "YAML"), settings="a: [1\n"),
    Broken("settings that are a list", ("gsvbatch.yaml",), settings="- a\n- b\n"),
    Broken(
        "a setting given twice", ("gsvbatch.yaml:2", "twice"), settings="retries: 1\nretries: 2\n"
    ),
    Broken("a script that is not there", ("no.md",), settings="scripts: no.md\n"),
    Broken("no project at all", ("nowhere", "gsvbatch new"), words=("plan", "-p", "nowhere")),
    Broken("a folder as a script", ("folder",), words=("plan", "folder"), more={"folder/x.md": ""}),
    Broken(
        "an unknown word behind --set", ("--set", "KEY=VALUE"), words=("plan", "--set", "audio")
    ),
    Broken("an unknown key behind --set", ("audio.wow",), words=("plan", "--set", "audio.wow=1")),
    Broken("an unknown change", ("--rerun-on", "moon"), words=("plan", "--rerun-on", "moon")),
    Broken("a query of an unknown field", ("colour",), words=("ls", "colour:red")),
    Broken("a format of works nobody writes", ("wma",), words=("assemble", "--format", "wma")),
    Broken("works of no format", ("--format",), words=("assemble",)),
]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))


def check_errors(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, says: tuple[str, ...]
) -> list[str]:
    """Run a command that must fail, and return its errors."""
    capsys.readouterr()
    found = main(list(words))
    _, err = capsys.readouterr()
    errors = [line for line in err.splitlines() if line.startswith("error: ")]
    assert found == code, err
    assert errors, err
    assert "Traceback" not in err
    assert "unexpected" not in err
    told = "\n".join(errors)
    for part in says:
        assert part in told, told
    return errors


@pytest.mark.parametrize("case", [*SCRIPTS, *MARKUP, *SETTINGS], ids=lambda case: case.name)
def test_broken_input_is_one_clear_line(
    case: Broken, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project / case.file, case.script)
    for name, content in case.more.items():
        write(project / name, content)
    settings = case.settings or f"scripts: {case.file}\n"
    write(project / "gsvbatch.yaml", settings)
    words = case.words
    if case.settings and words == ("script", "check"):
        words = ("plan",)
    errors = check_errors(capsys, words, BAD_INPUT, case.says)
    assert len(errors) == case.n_errors, errors


# ---------------------------------------------------------------- voices, lexicons, lines


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


VOICE = Path("voices") / "high"


def missing_voice(root: Path) -> None:
    shutil.rmtree(root / VOICE)


def truncated_voice(root: Path) -> None:
    data = (root / VOICE / "voice.safetensors").read_bytes()
    (root / VOICE / "voice.safetensors").write_bytes(data[: len(data) // 2])


def exchanged_voice(root: Path) -> None:
    other = root / "voices" / "low" / "voice.safetensors"
    shutil.copyfile(other, root / VOICE / "voice.safetensors")


def voice_without_tensors(root: Path) -> None:
    (root / VOICE / "voice.safetensors").unlink()


def voice_of_other_models(root: Path) -> None:
    (root / "t2s.ckpt").write_bytes(b"another network")


def voice_of_a_newer_format(root: Path) -> None:
    edit(root / VOICE / "voice.yaml", "format: 1", "format: 9")


def voice_with_a_misspelt_key(root: Path) -> None:
    append(root / VOICE / "voice.yaml", "licence: mine\n")


def voice_that_is_no_yaml(root: Path) -> None:
    (root / VOICE / "voice.yaml").write_bytes(b"\x80\x81{[")


def voice_without_consent(root: Path) -> None:
    edit(root / VOICE / "voice.yaml", "consent:", "#")
    lines = (root / VOICE / "voice.yaml").read_text(encoding="utf-8").splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("#") and line.strip() == "#")
    while at + 1 < len(lines) and lines[at + 1].startswith("  "):
        del lines[at + 1]
    (root / VOICE / "voice.yaml").write_text("\n".join(lines), encoding="utf-8")


def voice_whose_consent_was_withdrawn(root: Path) -> None:
    edit(root / VOICE / "voice.yaml", "consent:\n", "consent:\n  revoked_at: 2020-01-01\n")


def half_a_pair(root: Path) -> None:
    edit(root / "gsvbatch.yaml", ", synthesizer: synthesizer.pth", "")


def checkpoint_that_is_not_there(root: Path) -> None:
    (root / "synthesizer.pth").unlink()


def unmapped_speaker(root: Path) -> None:
    append(root / "script.csv", "a5,Zoe,Who am I?\n")


def voice_with_a_path(root: Path) -> None:
    edit(root / "gsvbatch.yaml", "Anna: high", "Anna: ../high")


def missing_lexicon(root: Path) -> None:
    append(root / "gsvbatch.yaml", "lexicon: words.yaml\n")


def bad_lexicon_line(root: Path) -> None:
    append(root / "gsvbatch.yaml", "lexicon: words.yaml\n")
    write(root / "words.yaml", "GPT: /G IY1 QQ/\n")


def line_of_no_words(root: Path) -> None:
    append(root / "script.csv", "a5,Ben,……\n")


def style_that_is_cut_short(root: Path) -> None:
    shutil.copytree(root / VOICE, root / VOICE / "styles" / "sad")
    path = root / VOICE / "styles" / "sad" / "voice.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    edit(root / "script.csv", "id,speaker,text", "id,speaker,text,style")
    edit(root / "script.csv", "Hello there.", "Hello there.,sad")


def style_that_is_not_there(root: Path) -> None:
    shutil.copytree(root / VOICE, root / VOICE / "styles" / "sad")
    edit(root / "script.csv", "id,speaker,text", "id,speaker,text,style")
    edit(root / "script.csv", "Hello there.", "Hello there.,glad")


PLANS: list[tuple[Callable[[Path], None], tuple[str, ...]]] = [
    (missing_voice, ("script.csv:2", "'high'", "no such voice")),
    (truncated_voice, ("'high'", "voice.safetensors", "damaged")),
    (exchanged_voice, ("'high'", "another voice")),
    (voice_without_tensors, ("'high'", "missing")),
    (voice_of_other_models, ("'high'", "another GPT", "voice enroll high", "--replace")),
    (voice_of_a_newer_format, ("'high'", "newer")),
    (voice_with_a_misspelt_key, ("'high'", "licence")),
    (voice_that_is_no_yaml, ("'high'", "voice.yaml")),
    (voice_without_consent, ("'high'", "consent")),
    (voice_whose_consent_was_withdrawn, ("'high'", "withdrew")),
    (half_a_pair, ("models.synthesizer",)),
    (checkpoint_that_is_not_there, ("synthesizer.pth", "no such file")),
    (unmapped_speaker, ("script.csv:6", "'Zoe'", "default_voice")),
    (voice_with_a_path, ("../high",)),
    (missing_lexicon, ("words.yaml",)),
    (bad_lexicon_line, ("words.yaml:1", "QQ")),
    (line_of_no_words, ("script.csv:6", "cannot pronounce")),
    (style_that_is_cut_short, ("script.csv:2", "'high/sad'", "damaged")),
    (style_that_is_not_there, ("script.csv:2", "no style 'glad'", "default, sad")),
]


@pytest.mark.parametrize(("damage", "says"), PLANS, ids=[damage.__name__ for damage, _ in PLANS])
def test_plan_refuses(
    damage: Callable[[Path], None],
    says: tuple[str, ...],
    project: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_project(project)
    damage(project)
    check_errors(capsys, ("plan",), BAD_INPUT, says)


LINE_COMMANDS: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
    (("retake", "zz9"), ("zz9",)),
    (("retake",), ("name the lines",)),
    (("accept", "zz9"), ("zz9",)),
    (("pick", "zz9"), ("zz9",)),
    (("pick", "a1", "99"), ("99",)),
    (("ls", "--format", "{colour}"), ("colour",)),
    (("ls", "--sort", "colour"), ("colour",)),
    (("ls", 'text~"open'), ("open",)),
    (("render", "--only", "duration:soon"), ("soon",)),
    (("say", " ", "-v", "high"), ("no text",)),
    (("say", "hello"), ("--voice",)),
    (("say", "hello", "-v", "hgih"), ("hgih", "high")),
    (("say", "hello", "-v", "high", "-o", "a.doc"), ("a.doc", ".wav")),
    (("say", "角(jue9)色", "-v", "high", "-o", "a.wav"), ("column 2", "jue9")),
    (("voice", "show", "nobody"), ("nobody",)),
    (("voice", "preview", "nobody"), ("nobody",)),
    (("script", "convert", "script.csv", "script.docx"), ("docx", "csv")),
    (("assemble", "--format", "mp3", "--per", "page"), ("page", "chapter")),
    (("render", "--set", "engine.device=abacus"), ("engine.device", "abacus")),
]


@pytest.mark.parametrize(("words", "says"), LINE_COMMANDS, ids=lambda item: " ".join(item))
def test_command_refuses(
    words: tuple[str, ...],
    says: tuple[str, ...],
    project: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_project(project)
    monkeypatch.setattr(rendering, "_local_runner", lambda desk: ToneRunner())
    assert main(["render"]) == 0
    check_errors(capsys, words, BAD_INPUT, says)


# ---------------------------------------------------------------- the manifest and the disk


def manifest_of_another_kind(root: Path) -> None:
    write(root / "outputs" / "manifest.sqlite", "This is no database at all.\n" * 50)


def manifest_of_another_program(root: Path) -> None:
    (root / "outputs").mkdir()
    with closing(sqlite3.connect(root / "outputs" / "manifest.sqlite")) as connection:
        connection.execute("CREATE TABLE songs (id INTEGER)")
        connection.commit()


def manifest_from_the_future(root: Path) -> None:
    assert main(["plan"]) == 0
    with closing(sqlite3.connect(root / "outputs" / "manifest.sqlite")) as connection:
        connection.execute("PRAGMA user_version = 9999")
        connection.commit()


def manifest_cut_in_half(root: Path) -> None:
    assert main(["plan"]) == 0
    path = root / "outputs" / "manifest.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path.write_bytes(path.read_bytes()[:5000])


def output_that_is_a_file(root: Path) -> None:
    write(root / "outputs", "a file")


MANIFESTS: list[tuple[Callable[[Path], None], tuple[str, ...]]] = [
    (manifest_of_another_kind, ("manifest.sqlite", "not a SQLite file", "rescan")),
    (manifest_of_another_program, ("manifest.sqlite", "another program")),
    (manifest_from_the_future, ("manifest.sqlite", "newer")),
    (manifest_cut_in_half, ("manifest.sqlite", "damaged")),
    (output_that_is_a_file, ("outputs",)),
]


@pytest.mark.parametrize(
    ("damage", "says"), MANIFESTS, ids=[damage.__name__ for damage, _ in MANIFESTS]
)
def test_render_stops_at(
    damage: Callable[[Path], None],
    says: tuple[str, ...],
    project: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_project(project)
    damage(project)
    monkeypatch.setattr(rendering, "_local_runner", lambda desk: ToneRunner())
    errors = check_errors(capsys, ("render",), STOPPED, says)
    assert len(errors) == 1


HOLD_LOCK = """
import sys
from pathlib import Path
from gsvbatch.manifest.lock import HeadLock
with HeadLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_second_render_is_kept_out(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    opened = make_project(project)
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            HOLD_LOCK,
            str(opened.manifest_path),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        errors = check_errors(capsys, ("render",), STOPPED, ("in use by process", str(holder.pid)))
        assert len(errors) == 1
    finally:
        holder.communicate()


def test_a_folder_that_cannot_be_written_stops_the_job(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a read-only disk; permissions would not keep a test out that runs as root."""
    make_project(project)
    monkeypatch.setattr(rendering, "_local_runner", lambda desk: ToneRunner())

    def mkdir(self: Path, *words: object, **more: object) -> None:
        if self.name == "lines":
            raise OSError(errno.EROFS, "Read-only file system", str(self))
        real_mkdir(self, *words, **more)  # type: ignore[arg-type]

    real_mkdir = Path.mkdir
    monkeypatch.setattr(Path, "mkdir", mkdir)
    errors = check_errors(capsys, ("render",), STOPPED, ("lines", "read-only"))
    assert len(errors) == 1


def test_full_disk_stops_the_job_and_the_next_run_goes_on(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_project(project)
    runner = ToneRunner(n_encoders=1)
    monkeypatch.setattr(rendering, "_local_runner", lambda desk: runner)
    n_left = 2

    def replace(source: object, target: object, *more: object) -> None:
        nonlocal n_left
        if str(target).endswith(".wav"):
            n_left -= 1
            if n_left < 0:
                raise OSError(errno.ENOSPC, "No space left on device", str(target))
        return real_replace(source, target, *more)  # type: ignore[arg-type]

    real_replace = os.replace
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", replace)
        patched.setattr(Path, "replace", lambda self, target: replace(self, target))
        errors = check_errors(capsys, ("render",), STOPPED, ("a3.wav", "the disk is full"))
        assert len(errors) == 1
    assert len(runner.rendered) == 2
    assert main(["render"]) == 0
    assert sorted(runner.rendered) == ["a1", "a2", "a3", "a4"]
    assert not list(project.rglob("*.tmp*"))


# ---------------------------------------------------------------- clips and checkpoints

RATE = 24000


def write_clip(path: Path, duration: float, *, level: float = 0.5, noise: float = 1e-4) -> None:
    """A clip with the rhythm of speech: syllables of a tone."""
    t = np.arange(int(duration * RATE)) / RATE
    syllables = np.clip(np.sin(2 * np.pi * 3 * t), 0, 1) ** 0.3
    samples = level * syllables * np.sin(2 * np.pi * 150 * t)
    samples = samples + noise * np.random.default_rng(0).normal(size=len(t))
    soundfile.write(path, np.clip(samples, -1, 1).astype(np.float32), RATE, subtype="PCM_16")


def clip_too_short(root: Path) -> None:
    write_clip(root / "clip.wav", 1.0)


def clip_too_long(root: Path) -> None:
    write_clip(root / "clip.wav", 30.0)


def clip_at_full_scale(root: Path) -> None:
    write_clip(root / "clip.wav", 5.0, level=8.0)


def clip_of_silence(root: Path) -> None:
    write_clip(root / "clip.wav", 5.0, level=0.0, noise=1e-5)


def clip_of_noise(root: Path) -> None:
    write_clip(root / "clip.wav", 5.0, noise=0.3)


def clip_that_is_no_audio(root: Path) -> None:
    write(root / "clip.wav", "This is no audio.")


def clip_that_is_not_there(root: Path) -> None:
    (root / "clip.wav").unlink()


def truncated_checkpoint(root: Path) -> None:
    toy.save_ckpt(root / "own.ckpt", toy.toy_t2s())
    (root / "own.ckpt").write_bytes((root / "own.ckpt").read_bytes()[:3000])


def text_as_checkpoint(root: Path) -> None:
    write(root / "own.ckpt", "version https://git-lfs.github.com/spec/v1\n")


class _Evil:
    """What a hostile checkpoint would have run while it is read."""

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return (os.rename, ("clip.wav", "stolen.wav"))


def hostile_checkpoint(root: Path) -> None:
    torch.save({"weight": _Evil(), "config": {}, "info": ""}, root / "own.ckpt")


def synthesizer_in_the_place_of_t2s(root: Path) -> None:
    toy.save_pth(root / "own.ckpt", toy.toy_synthesizer())


ENROLLS: list[tuple[Callable[[Path], None], tuple[str, ...], tuple[str, ...]]] = [
    (clip_too_short, (), ("clip.wav", "too short: 1.0 s", "at least 3 s")),
    (clip_too_long, (), ("clip.wav", "too long: 30.0 s", "at most 10 s")),
    (clip_at_full_scale, (), ("clip.wav", "clipped", "%")),
    (clip_of_silence, (), ("clip.wav", "too quiet", "dBFS")),
    (clip_of_noise, (), ("clip.wav", "noisy", "dB")),
    (clip_that_is_no_audio, (), ("clip.wav", "not audio")),
    (clip_that_is_not_there, (), ("clip.wav",)),
    (truncated_checkpoint, ("--t2s", "own.ckpt"), ("own.ckpt",)),
    (text_as_checkpoint, ("--t2s", "own.ckpt"), ("own.ckpt",)),
    (hostile_checkpoint, ("--t2s", "own.ckpt"), ("own.ckpt", "rename")),
    (synthesizer_in_the_place_of_t2s, ("--t2s", "own.ckpt"), ("own.ckpt",)),
]
ENROLL = ("voice", "enroll", "me", "--reference", "clip.wav", "--transcript")
SAID = "This is what is said in the clip, word for word."


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> ModelSource:
    return toy.toy_models(tmp_path_factory.mktemp("models"))


@pytest.mark.parametrize(
    ("damage", "more", "says"), ENROLLS, ids=[damage.__name__ for damage, _, _ in ENROLLS]
)
def test_enroll_refuses(
    damage: Callable[[Path], None],
    more: tuple[str, ...],
    says: tuple[str, ...],
    project: Path,
    models: ModelSource,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_clip(project / "clip.wav", 5.0)
    damage(project)
    there = (project / "clip.wav").is_file()
    words = (*ENROLL, SAID, "--consent", "self", "--synthesizer", str(models.synthesizer))
    words += more or ("--t2s", str(models.t2s))
    errors = check_errors(capsys, words, BAD_INPUT, says)
    assert len(errors) == 1
    assert not (project / "voices").exists()
    assert (project / "clip.wav").is_file() == there
    assert not (project / "stolen.wav").exists()


ENROLL_WORDS: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
    ((*ENROLL, SAID), ("--consent", "licensed")),
    ((*ENROLL, SAID, "--consent", "sure"), ("sure", "self")),
    ((*ENROLL, SAID, "--consent", "self", "--t2s", "a.ckpt"), ("--synthesizer",)),
    ((*ENROLL, SAID, "--consent", "self", "--voices", "taken"), ("taken", "--replace")),
    (("voice", "check", "nobody"), ("nobody",)),
    ((*ENROLL, SAID, "--consent", "self", "--style", "sad"), ("--style sad", "no voice me")),
    ((*ENROLL, "", "--consent", "self"), ("--transcript", "--ref-free")),
    (("voice", "import", "none.list"), ("none.list", "no such file")),
    (("voice", "import", "clip.wav"), ("clip.wav", "audio")),
    (("voice", "import", "clip.list"), ("clip.list:1", "vocal_path|speaker_name|language|text")),
    (("voice", "import", "clip.list", "--consent", "sure"), ("sure", "self")),
    (("voice", "import", "good.list", "--t2s", "a.ckpt"), ("--synthesizer",)),
    (("voice", "import", "good.list"), ("--consent", "licensed")),
    (("voice", "import", "good.list", "--speaker", "you"), ("--speaker you", "it has me")),
]


@pytest.mark.parametrize(("words", "says"), ENROLL_WORDS, ids=lambda item: " ".join(item[-2:]))
def test_voice_command_refuses(
    words: tuple[str, ...],
    says: tuple[str, ...],
    project: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_clip(project / "clip.wav", 5.0)
    (project / "taken" / "me").mkdir(parents=True)
    write(project / "clip.list", "clip.wav|me|Hello.")
    write(project / "good.list", f"clip.wav|me|en|{SAID}")
    check_errors(capsys, words, BAD_INPUT, says)


@pytest.mark.parametrize("transcript", ["……", "x" * 400], ids=["nothing", "too much"])
def test_enroll_refuses_a_transcript_that_cannot_be(
    transcript: str, project: Path, models: ModelSource, capsys: pytest.CaptureFixture[str]
) -> None:
    write_clip(project / "clip.wav", 5.0)
    words = (*ENROLL, transcript, "--consent", "self", "--language", "en")
    words += ("--t2s", str(models.t2s), "--synthesizer", str(models.synthesizer))
    check_errors(capsys, words, BAD_INPUT, ())


def test_render_of_a_damaged_checkpoint(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_project(project)
    errors = check_errors(capsys, ("render",), BAD_INPUT, ("t2s.ckpt",))
    assert len(errors) == 1
