"""Voices through the command line, made with toy models: styles, averages, and lists of clips."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gsvbatch.gsv.source import ModelSource
from gsvbatch.voice import load_profile
from tests import toy
from tests.clips import write_speech

Run = Callable[..., Any]

SAID = "What is said in the clip, word for word."


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> ModelSource:
    return toy.toy_models(tmp_path_factory.mktemp("models"), content=True)


@pytest.fixture
def folder(tmp_path: Path, models: ModelSource, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with toy models, and clips of three voices."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gsvbatch.yaml").write_text(
        f"scripts: [script.csv]\nspeakers: {{Anna: anna}}\n"
        f"models: {{t2s: '{models.t2s}', synthesizer: '{models.synthesizer}', "
        f"content: '{models.content}'}}\naudio: {{format: wav}}\n",
        encoding="utf-8",
    )
    for number, name in enumerate(("calm", "glad", "deep")):
        write_speech(tmp_path / f"{name}.wav", 4.0 + number, pitch=140 + 30 * number)
    return tmp_path


def enroll(run: Run, *words: str, name: str = "anna", clip: str = "calm.wav") -> None:
    ran = run("voice", "enroll", name, "--reference", clip, *words)
    assert ran.code == 0, ran.err


WORDED = ("--transcript", SAID)


def test_a_style_is_enrolled_shown_checked_and_spoken(run: Run, folder: Path) -> None:
    enroll(run, *WORDED, "--consent", "self", "--subject", "Anna B.")
    made = run("voice", "enroll", "anna", "--style", "开心", "--reference", "glad.wav", *WORDED)
    assert made.code == 0, made.err
    assert str(Path("anna") / "styles" / "开心") in made.out
    assert "gsvbatch voice preview anna --style 开心" in made.out

    shown = run("voice", "show", "anna")
    assert f"styles           开心: {SAID}" in shown.out
    (told,) = map(json.loads, run("voice", "show", "anna", "--json").out.splitlines())
    assert list(told["styles"]) == ["开心"]
    assert told["styles"]["开心"]["digest"] != told["digest"]
    assert "开心" in run("voice", "list").out
    assert run("voice", "check", "anna").out.splitlines() == ["anna: good", "anna/开心: good"]

    spoken = run("say", "How are you today?", "-v", "anna", "--style", "开心", "-o", "a.wav")
    assert spoken.code == 0, spoken.err
    assert "voice anna/开心" in spoken.out
    preview = run("voice", "preview", "anna", "--style", "开心")
    assert preview.code == 0, preview.err
    assert (folder / "voices" / "anna" / "styles" / "开心" / "preview.flac").is_file()

    (folder / "script.csv").write_text(
        "id,speaker,text,emotion\na1,Anna,Good morning to you.,\na2,Anna,How lovely it is.,开心\n"
        "a3,Anna,How sad it is.,sad\n",
        encoding="utf-8",
    )
    rendered = run("render")
    assert rendered.code == 3
    assert "has no style 'sad', only default, 开心" in rendered.err
    voices = run("ls", "--format", "{id} {voice} {status}").out.splitlines()
    assert voices[:2] == ["a1 anna done", "a2 anna/开心 done"]


def test_what_a_style_cannot_be(run: Run, folder: Path) -> None:
    early = run("voice", "enroll", "anna", "--style", "sad", "--reference", "calm.wav", *WORDED)
    assert early.code == 2
    assert "there is no voice anna" in early.err
    enroll(run, *WORDED, "--consent", "self")
    for style, says in (("Default", "so the voice itself is called"), ("a/b", "name of a style")):
        words = ("--style", style, "--reference", "calm.wav", *WORDED)
        ran = run("voice", "enroll", "anna", *words)
        assert ran.code == 2
        assert says in ran.err
        assert len(ran.err.splitlines()) == 1
    enroll(run, *WORDED, "--style", "sad")
    again = run("voice", "enroll", "anna", "--style", "sad", "--reference", "glad.wav", *WORDED)
    assert again.code == 2
    assert "--replace makes the style anew" in again.err
    alike = run("voice", "enroll", "anna", "--style", "SAD", "--reference", "glad.wav", *WORDED)
    assert alike.code == 2
    assert "cannot tell it from the style 'sad'" in alike.err
    unknown = run("voice", "preview", "anna", "--style", "glad")
    assert unknown.code == 2
    assert "has no style 'glad', only default, sad" in unknown.err


def test_averages_and_timbres_of_others(run: Run, folder: Path) -> None:
    consent = ("--consent", "self")
    enroll(run, *WORDED, *consent)
    enroll(run, *WORDED, *consent, name="glad", clip="glad.wav")
    enroll(run, *WORDED, *consent, "--also", "glad.wav", name="mean")
    enroll(run, *WORDED, *consent, "--timbre", "glad.wav", name="mixed")
    enroll(run, "--ref-free", "--language", "en", *consent, name="bare")
    anna, glad, mean, mixed, bare = (
        load_profile(folder / "voices" / name) for name in ("anna", "glad", "mean", "mixed", "bare")
    )
    np.testing.assert_allclose(mean.style, (anna.style + glad.style) / 2, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(mixed.style, glad.style)
    np.testing.assert_array_equal(mixed.prompt_tokens, anna.prompt_tokens)
    np.testing.assert_array_equal(bare.style, anna.style)
    assert len(bare.prompt_tokens) == 0
    assert run("voice", "check").code in (0, 2)  # shipped voices may be for other models
    assert run("voice", "check", "mean", "mixed", "bare").code == 0
    assert "also             also-1.flac" in run("voice", "show", "mean").out
    words = ("--set", "sampling.text_split_method=cut5", "--set", "sampling.speed_factor=1.2")
    spoken = run("say", "How are you today?", "-v", "bare", "-o", "a.wav", *words)
    assert spoken.code == 0, spoken.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--consent", "self"), "--transcript is missing"),
        ((*WORDED, "--ref-free", "--consent", "self"), "leave --transcript out"),
        (("--ref-free", "--consent", "self"), "--language: is needed"),
        (("--ref-free", "--language", "en"), "--consent is missing"),
        (
            ("--ref-free", "--timbre", "glad.wav", "--consent", "self"),
            "give that clip as --reference",
        ),
        ((*WORDED, "--also", "none.wav", "--consent", "self"), "none.wav: there is no such file"),
    ],
)
def test_enrolling_that_makes_no_sense_is_refused(
    run: Run, folder: Path, words: tuple[str, ...], says: str
) -> None:
    ran = run("voice", "enroll", "anna", "--reference", "calm.wav", *words)
    assert ran.code == 2
    assert says in ran.err
    assert len(ran.err.splitlines()) == 1
    assert not (folder / "voices").exists()


@pytest.fixture
def listed(folder: Path) -> Path:
    """A list as the WebUI writes it: other people's paths, good and bad clips, two speakers and a half."""
    for name, duration in (("a1", 6.0), ("a2", 5.0), ("a3", 2.0), ("b1", 4.0), ("c1", 1.0)):
        write_speech(folder / "sliced" / f"{name}.wav", duration, pitch=150 + 10 * int(name[1]))
    rows = [
        rf"D:\WebUI\output\slicer_opt\a1.wav|anna|EN|{SAID}",
        rf"D:\WebUI\output\slicer_opt\a2.wav|anna|EN|{SAID}",
        rf"D:\WebUI\output\slicer_opt\a3.wav|anna|EN|{SAID}",
        r"D:\WebUI\output\slicer_opt\b1.wav|小白|ZH|这是另外一个人说的一句话，说得很慢。",
        rf"D:\WebUI\output\slicer_opt\c1.wav|carl|EN|{SAID}",
        rf"D:\WebUI\output\slicer_opt\gone.wav|anna|EN|{SAID}",
    ]
    path = folder / "speakers.list"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_a_list_becomes_voices(run: Run, listed: Path, folder: Path) -> None:
    words = ("voice", "import", "speakers.list", "--audio", "sliced", "--clips", "2")
    dry = run(*words, "--dry-run")
    assert dry.code == 3
    assert "chosen anna: a1.wav, 6.0 s" in dry.out
    assert not (folder / "voices").exists()

    refused = run(*words)
    assert refused.code == 2
    assert "--consent is missing" in refused.err
    assert not (folder / "voices").exists()

    ran = run(*words, "--consent", "licensed")
    assert ran.code == 3
    assert [line.split(":")[0] for line in ran.out.splitlines()] == ["made anna", "made 小白"]
    assert "a1.wav, 6.0 s" in ran.out
    assert "of 3 clips, timbre of 2" in ran.out
    assert (
        "speaker 'carl' (1 clip): none is 3 to 10 s long; the nearest, c1.wav, has 1.0 s" in ran.err
    )
    assert "passed over: speakers.list:6: there is no file" in ran.err
    anna, bai = (load_profile(folder / "voices" / name) for name in ("anna", "小白"))
    assert (anna.transcript, anna.language, anna.also) == (SAID, "en", ("also-1.flac",))
    assert (bai.language, bai.also) == ("zh", ())
    assert anna.consent is not None
    assert bai.consent is not None
    assert (anna.consent.subject, bai.consent.subject) == ("anna", "小白")
    assert run("voice", "check", "anna", "小白").code == 0

    (folder / "voices" / "小白" / "voice.yaml").unlink()  # as an import that was killed leaves it
    mended = run(*words, "--consent", "licensed", "--speaker", "小白")
    assert mended.out.startswith("made 小白"), mended.err

    again = run(*words, "--consent", "licensed", "--speaker", "anna", "--json")
    assert again.code == 0
    (told,) = map(json.loads, again.out.splitlines())
    assert (told["voice"], told["state"]) == ("anna", "kept")


def test_one_speaker_under_another_name(run: Run, listed: Path, folder: Path) -> None:
    words = ("voice", "import", "speakers.list", "--audio", "sliced", "--consent", "self")
    many = run(*words, "--name", "me")
    assert many.code == 2
    assert "has 3 speakers (anna, 小白, carl); give --speaker" in many.err
    unknown = run(*words, "--speaker", "dora")
    assert unknown.code == 2
    assert "--speaker dora: not in speakers.list; it has anna, 小白, carl" in unknown.err
    ran = run(*words, "--name", "me", "--speaker", "anna", "--subject", "Anna B.")
    assert ran.code == 0, ran.err
    profile = load_profile(folder / "voices" / "me")
    assert profile.consent is not None
    assert profile.consent.subject == "Anna B."


def test_a_wrong_transcript_gives_way_to_the_next_clip(
    run: Run, listed: Path, folder: Path
) -> None:
    text = listed.read_text(encoding="utf-8")
    first = text.splitlines()[0]
    listed.write_text(text.replace(first, first + SAID * 9), encoding="utf-8")
    words = ("voice", "import", "speakers.list", "--audio", "sliced", "--consent", "self")
    ran = run(*words, "--speaker", "anna")
    assert ran.code == 0, ran.err
    assert "made anna: a2.wav" in ran.out
    nothing = run(*words, "--speaker", "carl")
    assert nothing.code == 2
    assert len([line for line in nothing.err.splitlines() if line.startswith("error:")]) == 1


def test_a_speaker_whose_name_is_no_file_name(run: Run, listed: Path) -> None:
    listed.write_text(listed.read_text(encoding="utf-8").replace("|anna|", "|a/b|"), "utf-8")
    words = ("voice", "import", "speakers.list", "--audio", "sliced", "--consent", "self")
    ran = run(*words, "--speaker", "a/b")
    assert ran.code == 2
    assert "give it another one: --speaker 'a/b' --name NAME" in ran.err
    assert run(*words, "--speaker", "a/b", "--name", "ab").code == 0
