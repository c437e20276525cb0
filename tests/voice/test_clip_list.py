"""Lists of clips: what is read, where clips are found, which of them are taken."""

from pathlib import Path

import pytest

from gsvbatch.errors import ScriptError
from gsvbatch.voice.choosing import BEST_LENGTH, choose
from gsvbatch.voice.clip_list import ListedClip, read_clip_list
from tests.clips import write_speech


def write_list(path: Path, *rows: str, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("\r\n".join(rows).encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_lists_are_read_in_the_encodings_that_people_have(tmp_path: Path, encoding: str) -> None:
    clip = tmp_path / "sliced" / "a.wav"
    clip.parent.mkdir()
    clip.touch()
    path = write_list(
        tmp_path / "x.list",
        r"D:\GPT-SoVITS\output\sliced\a.wav|小雨|ZH|今天天气真好，我们去公园散步吧。",
        "",
        "sliced/a.wav|Tom|EN|Either this | or that.",
        encoding=encoding,
    )
    found = read_clip_list(path, [tmp_path / "sliced"])
    assert found.problems == ()
    assert found.clips == (
        ListedClip(1, clip, "小雨", "zh", "今天天气真好，我们去公园散步吧。"),
        ListedClip(3, clip, "Tom", "en", "Either this | or that."),
    )


@pytest.mark.parametrize("written", ["a.wav", "./a.wav", "/elsewhere/a.wav", "E:\\x\\a.wav"])
def test_clips_are_found_beside_their_list(tmp_path: Path, written: str) -> None:
    (tmp_path / "a.wav").touch()
    path = write_list(tmp_path / "x.list", f"{written}|me|en|Hello.")
    (clip,) = read_clip_list(path).clips
    assert clip.path.resolve() == (tmp_path / "a.wav").resolve()


def test_a_named_folder_goes_before_the_written_path(tmp_path: Path) -> None:
    for folder in ("old", "new"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.wav").touch()
    path = write_list(tmp_path / "x.list", f"{tmp_path / 'old' / 'a.wav'}|me|en|Hello.")
    assert read_clip_list(path).clips[0].path == tmp_path / "old" / "a.wav"
    assert read_clip_list(path, [tmp_path / "new"]).clips[0].path == tmp_path / "new" / "a.wav"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("a.wav|me|en", "x.list:2: is not of the form vocal_path|speaker_name|language|text"),
        ("|me|en|Hello.", "x.list:2: has no path"),
        ("a.wav||en|Hello.", "x.list:2: has no speaker"),
        ("a.wav|me|en|", "x.list:2: has no text"),
        ("a.wav|me|Elvish?|Hello.", "x.list:2: 'Elvish?' is not a language code"),
        ("b.wav|me|en|Hello.", "x.list:2: there is no file b.wav; --audio names the folder"),
    ],
)
def test_a_line_of_no_use_is_passed_over_with_its_reason(
    tmp_path: Path, row: str, problem: str
) -> None:
    (tmp_path / "a.wav").touch()
    found = read_clip_list(write_list(tmp_path / "x.list", "a.wav|me|en|Hello.", row))
    assert len(found.clips) == 1
    (told,) = found.problems
    assert problem in str(told)
    with pytest.raises(ScriptError):
        read_clip_list(write_list(tmp_path / "y.list", row))


def test_an_empty_list_is_told(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="lists no clip"):
        read_clip_list(write_list(tmp_path / "x.list", "", " "))


def listed(path: Path, number: int, text: str = "What is said.") -> ListedClip:
    return ListedClip(number, path, "me", "en", text)


def test_the_clean_clip_of_good_length_is_chosen(tmp_path: Path) -> None:
    clips = [
        listed(write_speech(tmp_path / "short.wav", 2.0), 1),
        listed(write_speech(tmp_path / "long.wav", 14.0), 2),
        listed(write_speech(tmp_path / "noisy.wav", 6.0, noise=0.1), 3),
        listed(write_speech(tmp_path / "clipped.wav", 6.0, peak=4.0), 4),
        listed(write_speech(tmp_path / "fair.wav", 9.5), 5),
        listed(write_speech(tmp_path / "good.wav", BEST_LENGTH), 6),
    ]
    choice = choose(clips)
    assert [candidate.clip.path.stem for candidate in choice.candidates] == ["good", "fair"]
    assert (choice.n_clips, choice.n_fitting, choice.problem) == (6, 4, "")
    assert choose(clips[::-1]).candidates == choice.candidates


def test_where_none_will_do_the_nearest_says_why(tmp_path: Path) -> None:
    short = listed(write_speech(tmp_path / "short.wav", 2.5), 1)
    shorter = listed(write_speech(tmp_path / "shorter.wav", 1.5), 2)
    choice = choose([shorter, short])
    assert choice.candidates == ()
    assert choice.problem == "none is 3 to 10 s long; the nearest, short.wav, has 2.5 s"
    noisy = listed(write_speech(tmp_path / "noisy.wav", 5.0, noise=0.1), 3)
    assert choose([noisy, short]).problem.startswith("noisy.wav is noisy: ")
    damaged = tmp_path / "damaged.wav"
    damaged.write_bytes(b"RIFF????")
    assert "damaged.wav" in choose([listed(damaged, 4)]).problem
