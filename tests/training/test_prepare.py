"""From sentences to a prepared corpus, with a teacher that hums."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gsvbatch.errors import ConfigError, MissingExtraError
from gsvbatch.text.symbols import SymbolTable
from gsvbatch.training.alignment import Timing
from gsvbatch.training.corpus import Corpus
from gsvbatch.training.prepare import align, prepare
from gsvbatch.training.speaking import SpeakRecipe, edges, make_speakers, speak_list
from gsvbatch.training.spoken import SpokenLine, append_meta, read_meta, spoken_ids
from gsvbatch.training.teacher import Speech

TEXTS = ["No cat.", "...", "A map!", "Tea?"]
RECIPE = SpeakRecipe("en", n_voices=2, n_blends=3)
TICKS = 4  # a tenth of a second a letter


class HummingTeacher:
    """Says every letter in a tenth of a second, as a tone; silent before and after."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def time(self, letters: str, mix: Mapping[str, float], speed: float = 1.0) -> Timing:
        durations = (TICKS,) * (len(letters) + 2)
        return Timing(letters, durations, (150.0,) * (2 * sum(durations)))

    def speak(self, letters: str, mix: Mapping[str, float], speed: float = 1.0) -> Speech:
        self.said.append(letters)
        audio = np.zeros(2400 * (len(letters) + 2), np.float32)
        audio[2400:-2400] = 0.3 * np.sin(np.arange(len(audio) - 4800) * 0.04)
        return Speech(audio, self.time(letters, mix, speed))


def test_reading_a_list_stops_and_goes_on(tmp_path: Path) -> None:
    teacher = HummingTeacher()
    first = speak_list(TEXTS, tmp_path, RECIPE, teacher, report=lambda n, _: n < 1)
    assert (first.n_lines, len(teacher.said)) == (1, 1)
    second = speak_list(TEXTS, tmp_path, RECIPE, teacher)
    assert (second.n_lines, second.n_skipped, len(teacher.said)) == (2, 1, 3)
    assert speak_list(TEXTS, tmp_path, RECIPE, teacher).n_lines == 0

    whole = HummingTeacher()
    speak_list(TEXTS, tmp_path / "whole", RECIPE, whole)
    assert list(read_meta(tmp_path / "whole")) == list(read_meta(tmp_path))


def test_times_alone_are_asked_for_and_prepared_without_audio(tmp_path: Path) -> None:
    teacher = HummingTeacher()
    speak_list(TEXTS, tmp_path / "spoken", replace(RECIPE, is_silent=True), teacher)
    assert teacher.said == []
    assert not list((tmp_path / "spoken" / "audio").iterdir())
    prepare([tmp_path / "spoken"], tmp_path / "corpus", HummingTeacher)
    corpus = Corpus(tmp_path / "corpus")
    assert (len(corpus.entries), corpus.recorded, len(corpus.audio)) == (3, [], 0)
    assert len(corpus.label) == sum(entry.n_frames for entry in corpus.entries) > 0

    speak_list(TEXTS, tmp_path / "loud", RECIPE, teacher)
    prepare([tmp_path / "loud"], tmp_path / "heard", HummingTeacher)
    heard = Corpus(tmp_path / "heard")
    for silent, loud in zip(corpus.entries, heard.entries, strict=True):
        assert silent.phoneme_ids == loud.phoneme_ids
        assert silent.n_samples == pytest.approx(loud.n_samples, abs=2400)


def test_two_voices_of_one_name_stay_two(tmp_path: Path) -> None:
    for name, mix in (("a", {"x": 1.0}), ("b", {"y": 1.0}), ("c", {"x": 1.0})):
        (tmp_path / name / "audio").mkdir(parents=True)
        row = {
            "id": name, "lang": "zh", "text": "妈", "phones": ["ma1", "."], "ipa": "ma→.",
            "speaker": "r0000", "mix": mix, "silent": True, "sec": 0.7,
        }  # fmt: skip
        append_meta(tmp_path / name, row)
    prepare([tmp_path / name for name in "abc"], tmp_path / "corpus", HummingTeacher)
    first, second, third = (e.speaker for e in Corpus(tmp_path / "corpus").entries)
    assert first == third != second


def test_enough_speech_ends_reading(tmp_path: Path) -> None:
    assert speak_list(TEXTS, tmp_path, RECIPE, HummingTeacher(), wanted=0.1).n_lines == 1


def test_line_torn_by_a_power_cut_is_read_again(tmp_path: Path) -> None:
    speak_list(TEXTS, tmp_path, RECIPE, HummingTeacher())
    path = tmp_path / "meta.jsonl"
    path.write_bytes(path.read_bytes()[:-30])
    assert len(spoken_ids(tmp_path)) == 2
    teacher = HummingTeacher()
    assert speak_list(TEXTS, tmp_path, RECIPE, teacher).n_lines == 1
    assert len(list(read_meta(tmp_path))) == 3


def test_spoken_lines_become_a_corpus(tmp_path: Path) -> None:
    teacher = HummingTeacher()
    speak_list(TEXTS, tmp_path / "spoken", RECIPE, teacher)

    def no_teacher() -> HummingTeacher:
        raise AssertionError("all times are stored")

    made = prepare([tmp_path / "spoken"], tmp_path / "corpus", no_teacher)
    assert (made.n_lines, made.skipped) == (3, {})
    corpus = Corpus(tmp_path / "corpus")
    assert len(corpus.audio) == sum(entry.n_samples for entry in corpus.entries)
    assert len(corpus.label) == sum(entry.n_frames for entry in corpus.entries)
    first = corpus.entries[0]
    assert first.text == "No cat."
    table = SymbolTable.load("v2")
    assert first.phoneme_ids == table.ids(["N", "OW1", "K", "AE1", "T", "."])
    # nˈO kˈæt. at a tenth of a second a letter, cut 30 ms before the first.
    times = [
        (round(a, 2), round(b, 2)) for _, a, b in first.groups if a is not None and b is not None
    ]
    assert times == [
        (0.03, 0.13),
        (0.13, 0.33),
        (0.43, 0.53),
        (0.53, 0.73),
        (0.73, 0.83),
        (0.83, 0.93),
    ]
    assert first.phonemes_between(0.2, 0.3) == table.ids(["OW1"])
    names = ["", *json.loads((tmp_path / "corpus" / "labels.json").read_text("utf-8"))["chars"]]
    heard = [names[label] for label in corpus.label[: first.n_frames]]
    assert "".join(dict.fromkeys(heard)) == "nOkæt"
    assert set(corpus.tone.tolist()) == {0, 5}


def test_times_that_are_not_stored_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    soundfile.write(tmp_path / "audio" / "x.wav", np.full(24000, 0.1, np.float32), 24000)
    row = {
        "id": "x", "lang": "zh", "text": "妈", "phones": ["ma1", "."], "ipa": "ma→.",
        "speaker": "v1", "mix": {"a": 1.0}, "unknown": 1,
    }  # fmt: skip
    append_meta(tmp_path, row)
    append_meta(tmp_path, {**row, "id": "y", "phones": None})
    made = prepare([tmp_path], tmp_path / "corpus", HummingTeacher)
    assert (made.n_lines, list(made.skipped)) == (1, ["y"])


@pytest.mark.parametrize(
    ("phone", "letters", "parts"),
    [
        ("cha1", "ꭧʰa→", [0.2, 0.4]),
        ("ma1", "ma→", [0.1, 0.3]),
        ("yan1", "jɛ→n", [0.1, 0.4]),
        ("yi1", "i→", [0.2]),
    ],
)
def test_an_initial_ends_where_its_letters_end(
    tmp_path: Path, phone: str, letters: str, parts: list[float]
) -> None:
    line = SpokenLine(
        id="x", lang="zh", text="?", phones=[phone], ipa=letters, speaker="v1", mix={"a": 1.0},
        speed=1.0, sec=1.0, offset=0.1,
    )  # fmt: skip
    aligned = align(line, 24000, HummingTeacher())
    assert sum(n for n, _, _ in aligned.groups) == len(aligned.phoneme_ids) == 2
    assert [end for _, _, end in aligned.groups] == pytest.approx(parts)
    assert aligned.groups[0][1] == 0.0


def test_line_whose_letters_say_something_else_is_left_out(tmp_path: Path) -> None:
    speak_list(TEXTS, tmp_path, RECIPE, HummingTeacher())
    path = tmp_path / "meta.jsonl"
    path.write_text(path.read_text("utf-8").replace('"OW1"', '"IY1"'), encoding="utf-8")
    made = prepare([tmp_path], tmp_path / "corpus", HummingTeacher)
    assert made.n_lines == 2
    assert "IY1 should read" in made.skipped["line-000000"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"id": "x"}\n', "meta.jsonl:1: lang: Field required"),
        ("{\n", "meta.jsonl:1"),
    ],
)
def test_wrong_list_is_named(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "meta.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        prepare([tmp_path], tmp_path / "corpus", HummingTeacher)
    assert problem in str(caught.value)


def test_speakers_are_blends_that_add_up(tmp_path: Path) -> None:
    speakers = make_speakers(SpeakRecipe("zh", n_voices=6, n_blends=50))
    assert len(speakers) == 56
    for mix in speakers.values():
        assert sum(mix.values()) == pytest.approx(1, abs=1e-3)
        assert min(mix.values()) > -0.2
    with pytest.raises(ConfigError):
        make_speakers(SpeakRecipe("zh", n_voices=9))


def test_edges_keep_a_little_silence() -> None:
    audio = np.zeros(24000, np.float32)
    audio[5000:6000] = 0.5
    assert edges(audio) == (5000 - 720, 5999 + 720)
    assert edges(np.zeros(10, np.float32)) == (0, 10)


def test_missing_teacher_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from gsvbatch.training.teacher import Teacher

    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"gsvbatch\[train\]"):
        Teacher()
