"""The arithmetic of the measure of new voices, and one run through the command line."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from bench import clones
from bench.clones import Heard, choose_clips, colour_of, compare, hear
from bench.spoken import Spoken, held_out, is_chosen, read_list

ROOT = Path(__file__).parents[2]
RATE = 16000


def saw(path: Path, hertz: float, seconds: float) -> Path:
    """Write a sawtooth, which has a pitch and all its overtones."""
    t = np.arange(int(RATE * seconds)) / RATE
    soundfile.write(path, 0.3 * (2 * (t * hertz % 1) - 1), RATE)
    return path


def spoken(path: Path, speaker: str) -> Spoken:
    return Spoken(path, "text", "en", speaker)


def test_the_clip_nearest_to_five_seconds_is_taken(tmp_path: Path) -> None:
    files = [
        spoken(saw(tmp_path / f"{speaker}{length}.wav", 100, length), speaker)
        for speaker, length in [
            ("a", 3.2),
            ("a", 5.6),
            ("a", 9.0),
            ("b", 2.5),
            ("b", 11.0),
            ("c", 8.0),
        ]
    ]
    assert choose_clips(files, 6.0) == {"a": files[1]}
    chosen = choose_clips(files, 10.0)
    assert {name: file.path.name for name, file in chosen.items()} == {
        "a": "a5.6.wav",
        "c": "c8.0.wav",
    }


def test_pitch_is_followed_over_all_files(tmp_path: Path) -> None:
    files = [spoken(saw(tmp_path / f"{i}.wav", 120, 1.0), "a") for i in range(2)]
    assert hear(files).pitch == pytest.approx(120, rel=0.02)


def test_colour_is_that_of_speech_whatever_its_level() -> None:
    draw = np.random.default_rng(0)
    speech = (
        draw.normal(size=(50, clones.N_MELS)) * 0.1 + np.linspace(1, -1, clones.N_MELS)
    ).astype("f4")
    pause = np.full((50, clones.N_MELS), -11, np.float32)
    alone = colour_of([speech])
    assert alone.mean() == pytest.approx(0, abs=1e-6)
    assert alone[0] - alone[-1] == pytest.approx(2 * 20 / np.log(10), abs=0.5)
    np.testing.assert_allclose(colour_of([np.concatenate([pause, speech - 2])]), alone, atol=1e-4)


def test_voices_are_compared_with_all_clips(tmp_path: Path) -> None:
    clip = saw(tmp_path / "clip.wav", 200, 1.0)
    tint = np.eye(3, clones.N_MELS) * 10
    clips = {
        name: Heard(hz, tint[i])
        for i, (name, hz) in enumerate([("a", 200), ("b", 100), ("c", 220)])
    }
    shared = np.linspace(-1, 1, clones.N_MELS)
    lines = {
        "a": Heard(200 * 2 ** (1 / 12), tint[0] + shared),
        "b": Heard(180.0, tint[0] + shared),  # of the wrong sex, and coloured like a
        "c": Heard(110.0, tint[2] + shared),
    }
    files = {name: [spoken(clip, name)] for name in clips}
    scores = {str(clip.resolve()): 0.5}
    found = compare(clips, lines, files, {n: spoken(clip, n) for n in clips}, 165.0, scores)
    a = found[0]
    assert [round(v.semitones, 2) for v in found] == [1.0, 10.18, -12.0]
    assert [v.is_sex_right for v in found] == [True, False, False]
    assert a.own == pytest.approx(np.sqrt(np.square(shared).mean()))
    assert a.others == pytest.approx(
        np.mean([np.sqrt(np.square(tint[0] + shared - tint[i]).mean()) for i in (1, 2)])
    )
    assert [v.rank for v in found] == [1, 2, 1]  # of b: what all share leans to a
    assert a.similarity == 0.5
    text = clones.outline(found, 165.0)
    assert "10.2 semitones in the median, 12.0 at most, correlation" in text
    assert "sex right of 1, 1 of them men" in text
    assert "nearest for 2" in text
    assert len(clones.table(found).splitlines()) == 4


def test_scores_are_those_of_lines_that_have_them(tmp_path: Path) -> None:
    rows = [{"path": "/x.wav", "similarity": 0.9}, {"path": "/y.wav"}, {"summary": {}}]
    path = tmp_path / "scores.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert clones.read_scores(path) == {"/x.wav": 0.9}


def test_lists_name_files_by_path_or_id(tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    (tmp_path / "audio" / "zh1.opus").touch()
    rows = [
        {
            "id": "zh1",
            "lang": "zh",
            "text": "好。",
            "phones": ["hao3", "."],
            "speaker": "r1",
            "sec": 1,
        },
        {"path": "x/b.wav", "language": "en", "text": "Good.", "speaker": "r3"},
    ]
    path = tmp_path / "meta.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    first, second = read_list(path)
    assert first == Spoken(tmp_path / "audio" / "zh1.opus", "好。", "zh", "r1", ("hao3", "."))
    assert second == Spoken(tmp_path / "x" / "b.wav", "Good.", "en", "r3")
    assert read_list(path, "r2-r4") == [second]
    path.write_text('{"path": "a.wav", "text": "Good."}\n', encoding="utf-8")
    with pytest.raises(SystemExit, match=r"meta.jsonl:1: 'language' is missing"):
        read_list(path)


def test_speakers_are_chosen_by_name_or_range() -> None:
    assert is_chosen("anyone", "")
    assert [is_chosen(name, "a, r10-r12") for name in ("a", "b", "r10", "r11", "r13")] == [
        True, False, True, True, False,
    ]  # fmt: skip


def test_held_out_sentences_go_round() -> None:
    assert held_out("en", 3, 109) == [held_out("en", 110)[109], *held_out("en", 2)]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_voices_are_enrolled_rendered_and_measured(tmp_path: Path) -> None:
    rows = []
    for name in ("clara", "zhou"):
        about = yaml.safe_load((ROOT / "voices" / name / "voice.yaml").read_text(encoding="utf-8"))
        path = str(ROOT / "voices" / name / about["reference"])
        rows.append(
            {"path": path, "lang": about["language"], "text": about["transcript"], "speaker": name}
        )
    meta = tmp_path / "meta.jsonl"
    meta.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    command = [sys.executable, str(ROOT / "bench" / "clones.py"), str(meta), "--lines", "1"]
    command += [
        "--languages",
        "en",
        "--project",
        str(tmp_path / "out"),
        "--json",
        str(tmp_path / "x.json"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))["rendered"]
    assert [v["speaker"] for v in figures] == ["clara", "zhou"]
    assert all(v["lines"] == 1 and 50 < v["pitch"] < 500 for v in figures)
    listed = [
        json.loads(line)
        for line in (tmp_path / "out" / "list.jsonl").read_text("utf-8").splitlines()
    ]
    assert [Path(row["reference"]).parent.name for row in listed] == ["clara", "zhou"]
    assert all(Path(row["path"]).is_file() and row["text"] for row in listed)
