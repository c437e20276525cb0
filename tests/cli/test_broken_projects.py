"""Broken voices, lexicons and lines of a project, and commands that name what is not there."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gsvbatch.cli.main import main
from gsvbatch.job import rendering
from tests.cli.conftest import BAD_INPUT, check_errors, write
from tests.job.tones import ToneRunner, make_project


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
    workplace: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_project(workplace)
    damage(workplace)
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
    workplace: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_project(workplace)
    monkeypatch.setattr(rendering, "_local_runner", lambda desk: ToneRunner())
    assert main(["render"]) == 0
    check_errors(capsys, words, BAD_INPUT, says)


def test_render_of_a_damaged_checkpoint(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_project(workplace)
    errors = check_errors(capsys, ("render",), BAD_INPUT, ("t2s.ckpt",))
    assert len(errors) == 1
