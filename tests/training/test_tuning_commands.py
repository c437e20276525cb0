"""``train finetune`` and ``train distill`` as they are typed, from clips and texts to a voice that speaks."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from gsvbatch.cli.main import main
from gsvbatch.gsv.bundle import load_bundle, native_source
from gsvbatch.gsv.checkpoint import read_synthesizer, read_t2s
from gsvbatch.gsv.source import ModelSource
from gsvbatch.voice import load_profile, save_profile
from tests import toy, toy_versions
from tests.training.tunable import RECIPE_TEXT, STUDENT_TEXT, published_pair, write_clips


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recipe.yaml").write_text(RECIPE_TEXT, encoding="utf-8")
    (tmp_path / "student.yaml").write_text(STUDENT_TEXT, encoding="utf-8")

    def _run(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(word) for word in words])
        return (int(code), *capsys.readouterr())

    return _run


def pair_options(source: Any) -> list[object]:
    options = {
        "--t2s": source.t2s,
        "--synthesizer": source.synthesizer,
        "--content": source.content,
        "--speaker-encoder": source.speaker_encoder,
    }
    return [word for name, path in options.items() if path is not None for word in (name, path)]


FINETUNE = ("train", "finetune", "clips", "-o", "out", "--name", "me", "--recipe", "recipe.yaml")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("version", "way", "head"), [("v2", "generator", b"PK"), ("v2Pro", "posterior", b"05")]
)
def test_published_pair_is_tuned_and_made_a_voice(
    run: Callable[..., Any], tmp_path: Path, version: str, way: str, head: bytes
) -> None:
    write_clips(tmp_path / "clips")
    options = pair_options(published_pair(tmp_path, version))
    code, out, err = run(*FINETUNE, *options, "--stage", "both", "--steps", 2, "--json")
    assert code == 0, err
    made = json.loads(out)
    assert (made["n_clips"], made["n_held"], made["way"]) == (6, 1, way)
    assert [made["stages"][stage]["step"] for stage in ("t2s", "synthesizer")] == [2, 2]
    ckpt, pth = (tmp_path / path for path in made["files"])
    assert (ckpt.suffix, pth.suffix) == (".ckpt", ".pth")
    assert pth.read_bytes()[:2] == head
    assert read_t2s(ckpt).config == toy.T2S
    assert read_synthesizer(pth).version == version
    # A Pro toy's fused style and the T2S keep their shapes; the base is not touched.
    assert read_synthesizer(tmp_path / "base.pth").config == read_synthesizer(pth).config

    command = next(line for line in err.splitlines() if "s of" in line or "steps on" in line)
    assert "6 clips, 1 held out" in command
    reference = made["reference"]
    options[options.index("--t2s") + 1] = ckpt
    options[options.index("--synthesizer") + 1] = pth
    code, _, err = run(
        "voice", "enroll", "me", "--reference", reference["path"], "--transcript",
        reference["text"], "--consent", "synthetic", *options,
    )  # fmt: skip
    assert code == 0, err
    code, _, err = run("say", "今天天气很好。", "--voice", "me", "--output", "x.wav")
    assert code in (0, 3), err  # what a toy says may well be noise
    assert (tmp_path / "x.wav").exists()


@pytest.mark.slow
def test_native_pair_stays_native_and_goes_on(run: Callable[..., Any], tmp_path: Path) -> None:
    source = toy.toy_models(tmp_path / "native", content=True)
    write_clips(tmp_path / "clips")
    options = (*pair_options(source), "--stage", "t2s")
    code, out, err = run(*FINETUNE, *options, "--steps", 1)
    assert code == 0, err
    assert "t2s: step 1 of 1, 1 in" in out
    assert "next: gsvbatch voice enroll me --reference clips/" in err.replace("\\", "/")
    code, out, err = run(*FINETUNE, *options, "--steps", 3)
    assert code == 0, err
    assert "t2s: step 3 of 3, 2 in" in out
    assert "synthesizer:" not in out
    tuned, before = load_bundle(native_source(tmp_path / "out")), load_bundle(source)
    assert (tuned.version, tuned.content is not None) == ("toy", True)
    assert tuned.digest.t2s != before.digest.t2s
    for key, value in before.synthesizer.state_dict().items():
        torch.testing.assert_close(tuned.synthesizer.state_dict()[key], value, rtol=2e-3, atol=2e-3)
    code, out, err = run("train", "curve", "runs/finetune/me", "-o", "c.html")
    assert code == 0, err
    assert "held_out" in (tmp_path / "c.html").read_text(encoding="utf-8")
    # Another set of clips is no continuation.
    (tmp_path / "clips" / "c0.txt").unlink()
    write_clips(tmp_path / "clips" / "more")
    for path in (tmp_path / "clips" / "more").iterdir():
        path.rename(tmp_path / "clips" / f"d{path.name}")
    code, out, err = run(*FINETUNE, *options, "--steps", 3)
    assert code == 2
    assert "other clips, models or settings" in err
    assert "left out" not in out


@pytest.mark.slow
def test_used_up_budget_writes_the_best_and_says_how_to_go_on(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    source = toy.toy_models(tmp_path / "native", content=True)
    write_clips(tmp_path / "clips")
    code, out, err = run(*FINETUNE, *pair_options(source), "--budget", 0)
    assert code == 0, err
    assert "the synthesizer alone is tuned" in err
    assert "t2s:" not in out
    assert "synthesizer (generator): step 0 of 400" in out
    assert "the same command goes on" in err
    assert load_bundle(native_source(tmp_path / "out")).version == "toy"


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (
            ["--stage", "vocoder"],
            "--stage vocoder: not known; allowed: auto, t2s, synthesizer, both",
        ),
        (["--t2s", "a.ckpt"], "a voice's own checkpoints are a pair"),
        (["--name", "a/b"], "a/b cannot begin the name of a file"),
        (["--recipe", "wrong.yaml"], "wrong.yaml: t2s.depth: no such field"),
        (["--recipe", "odd.yaml"], "odd.yaml: vocoder: no such section"),
    ],
)
def test_wrong_setting_is_one_line(
    run: Callable[..., Any], tmp_path: Path, more: list[str], problem: str
) -> None:
    (tmp_path / "wrong.yaml").write_text("t2s: {depth: 3}", encoding="utf-8")
    (tmp_path / "odd.yaml").write_text("vocoder: {}", encoding="utf-8")
    write_clips(tmp_path / "clips", 1)
    code, out, err = run(*FINETUNE, *more)
    assert code == 2
    assert out == ""
    errors = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert problem in errors[0]


def test_output_over_the_models_is_refused(run: Callable[..., Any], tmp_path: Path) -> None:
    source = toy.toy_models(tmp_path / "out", content=True)
    write_clips(tmp_path / "clips", 1)
    code, _, err = run(*FINETUNE, *pair_options(source))
    assert code == 2
    assert "--output out: holds the models to tune" in err


def sentences(path: Path, n_lines: int = 14) -> Path:
    lines = [f"今天是第{i}天，天气很好，我们去公园走走。" for i in range(1, n_lines + 1)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


DISTILL = ("train", "distill", "lines.txt", "--voice", "toy", "-o", "small", "--voices", "voices")


@pytest.mark.slow
def test_voice_is_distilled_and_the_student_speaks(run: Callable[..., Any], tmp_path: Path) -> None:
    source = toy.toy_models(tmp_path / "native", content=True)
    toy.toy_voice(tmp_path / "voices", source, "toy")
    sentences(tmp_path / "lines.txt")
    recipe = ("--recipe", "student.yaml")
    code, out, err = run(*DISTILL, *recipe, "--steps", 1)
    assert code == 0, err
    assert "times smaller" in out
    assert "toy-small  " in out
    (spoken,) = (tmp_path / "runs" / "distill" / "toy").glob("spoken-*")
    written = (spoken / "meta.jsonl").read_bytes()

    code, out, err = run(*DISTILL, *recipe, "--steps", 2, "--json")
    assert code == 0, err
    made = json.loads(out)
    assert (spoken / "meta.jsonl").read_bytes() == written  # nothing is read twice
    for stage in ("t2s", "synthesizer"):
        assert (made["stages"][stage]["step"], made["stages"][stage]["n_new"]) == (2, 1)
    teacher, student = made["scores"]
    assert (teacher["who"], student["who"]) == ("toy", "toy-small")
    assert teacher["n_bytes"] > student["n_bytes"] > 0
    assert min(teacher["elapsed"], student["elapsed"], made["speed_up"]) > 0
    for scores in (teacher, student):
        assert scores["n_ok"] + scores["n_suspect"] + scores["n_failed"] == 2

    bundle = load_bundle(native_source(tmp_path / "small"))
    assert bundle.sample_rate == 32000
    assert torch.equal(
        bundle.synthesizer.quantizer.table.half(),
        load_bundle(source).synthesizer.quantizer.table.half(),
    )
    profile = load_profile(tmp_path / "small" / "voices" / "toy-small")
    assert profile.digests.renders_like(bundle.digest)
    assert profile.consent is not None
    words = ("say", "今天天气很好。", "--voice", "toy-small", "--output", "x.wav")
    (tmp_path / "gsvbatch.yaml").write_text("voices: [small/voices]\n", encoding="utf-8")
    code, _, err = run(*words)
    assert code in (0, 3), err
    assert (tmp_path / "x.wav").exists()


@pytest.mark.parametrize(
    ("n_lines", "more", "problem"),
    [
        (3, [], "3 lines of text; at least 8 are needed"),
        (9, ["--voice", "nobody"], "no such voice"),
        (9, ["--name", "a/b"], "--name a/b: cannot be the name of a voice"),
        (9, ["--hours", "0"], "too little speech: the voice read"),
    ],
)
def test_what_cannot_be_distilled_is_said_in_one_line(
    run: Callable[..., Any], tmp_path: Path, n_lines: int, more: list[str], problem: str
) -> None:
    source = toy.toy_models(tmp_path / "native")
    toy.toy_voice(tmp_path / "voices", source, "toy")
    sentences(tmp_path / "lines.txt", n_lines)
    code, out, err = run(*DISTILL, *more)
    assert code == 2
    assert out == ""
    errors = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert problem in errors[0]


def test_voice_without_consent_is_not_distilled(run: Callable[..., Any], tmp_path: Path) -> None:
    source = toy.toy_models(tmp_path / "native")
    profile = toy.toy_voice(tmp_path / "voices", source, "toy")
    save_profile(replace(profile, consent=None), tmp_path / "voices" / "toy")
    sentences(tmp_path / "lines.txt", 9)
    code, _, err = run(*DISTILL)
    assert code == 2
    assert "has no consent record" in err


@pytest.mark.slow
def test_of_v4_the_first_stage_alone_is_tuned(run: Callable[..., Any], tmp_path: Path) -> None:
    native = toy.toy_models(tmp_path / "native", content=True)
    toy.save_ckpt(tmp_path / "base.ckpt", toy.toy_t2s())
    network = toy_versions.toy_mel_synthesizer("v4")
    toy.save_pth(tmp_path / "v4.pth", network, version="v4")
    vocoder = toy_versions.save_vocoder(tmp_path, "v4", toy_versions.toy_vocoder("v4"))
    write_clips(tmp_path / "clips")
    source = ModelSource(tmp_path / "base.ckpt", tmp_path / "v4.pth", native.content)
    options = [*pair_options(source), "--vocoder", vocoder, "--version", "v4"]
    code, _, err = run(*FINETUNE, *options, "--steps", 1)
    assert code == 0, err
    assert "t2s alone is tuned: the synthesizer of v4 cannot be" in err
    assert [path.suffix for path in (tmp_path / "out").iterdir()] == [".ckpt"]
    code, _, err = run(*FINETUNE, *options, "--stage", "both")
    assert code == 2
    assert "is a v4 model" in err
