from pathlib import Path

import pytest

from gsvbatch.config import (
    DEFAULT_TRIGGERS,
    ProjectConfig,
    Trigger,
    find_project,
    override,
    read_project,
)
from gsvbatch.errors import ConfigError


def read(tmp_path: Path, text: str) -> ProjectConfig:
    path = tmp_path / "gsvbatch.yaml"
    path.write_text(text, encoding="utf-8")
    return read_project(path)


def test_an_empty_file_has_every_default(tmp_path: Path) -> None:
    assert read(tmp_path, "") == ProjectConfig()


def test_names_and_short_forms_are_understood(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        """
name: 小镇
scripts: story.md
text_lang: zh
speakers:
  旁白: xiaoyu
  Tom: {voice: tom, speed: 1.1}
sampling: {speed_factor: 1.2, seed: -1}
models: {gpt: a.ckpt, sovits: b.pth}
text: {text_split_method: cut5}
audio: {loudness: game}
label: {explicit: off}
rerun_on: [text, voice]
""",
    )
    assert config.project == "小镇"
    assert config.scripts == ("story.md",)
    assert config.language == "zh"
    assert config.speakers["旁白"].voice == "xiaoyu"
    assert config.speakers["Tom"].speed == 1.1
    assert (config.sampling.speed, config.sampling.seed) == (1.2, 0)
    assert config.models.t2s == Path("a.ckpt")
    assert config.text.cut == "cut5"
    assert config.audio.preset == "game"
    assert config.label.explicit == "off"
    assert config.rerun_on == (Trigger.TEXT, Trigger.VOICE)


def test_tags_alone_are_no_reason_to_render() -> None:
    assert Trigger.TAGS not in DEFAULT_TRIGGERS


def test_sampling_takes_the_names_of_api_v2(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        """
sampling:
  top_k: 5
  top_p: 0.9
  temperature: 0.8
  repetition_penalty: 1.2
  speed_factor: 1.1
  seed: 7
  text_split_method: cut5
  fragment_interval: 0.4
  ref_text_free: true
speakers:
  Tom: {voice: tom, speed_factor: 0.9, temperature: 0.5, styles: {梦话: whisper}}
""",
    )
    assert (config.sampling.speed, config.sampling.ref_free) == (1.1, True)
    assert (config.cutting.cut, config.cutting.fragment_interval) == ("cut5", 0.4)
    assert config.text.cut == "sentence"
    assert (config.speakers["Tom"].speed, config.speakers["Tom"].temperature) == (0.9, 0.5)
    assert config.speakers["Tom"].styles == {"梦话": "whisper"}


WRONG = {
    "\nsampling: {text_split_method: cut5}\ntext:\n  cut: cut3": (
        "3: text: cut is given under sampling as well; keep one of them"
    ),
    "sampling: {text_split_method: cut9}": "'cut9' is not allowed; allowed: sentence, cut0, cut1",
    "sampling: {fragment_interval: -1}": "fragment_interval: -1 is out of range; must be at least 0",
    "sampling: {streaming_mode: 1}": "not a setting here: jobs write whole files",
    "speakers: {Tom: {voice: a, topk: 1}}": "Tom.topk: unknown setting; did you mean 'top_k'?",
    "speakers: {Tom: {voice: a, top_k: 0}}": "Tom.top_k: 0 is out of range; must be at least 1",
    "sampling: {top_k: 0}": "1: sampling.top_k: 0 is out of range; must be at least 1",
    "\nsampling:\n  tempreature: 1": (
        "3: sampling.tempreature: unknown setting; did you mean 'temperature'?"
    ),
    "speekers: {}": "1: speekers: unknown setting; did you mean 'speakers'?",
    "xyz: 1": "1: xyz: unknown setting; known here: project, scripts, output, ",
    "audio: {format: mp4}": (
        "1: audio.format: 'mp4' is not allowed; allowed: wav, flac, mp3, opus, m4a"
    ),
    "batch_size: 4": "1: batch_size: not a setting here: batches are sized from memory",
    "retries: many": "1: retries: 'many' is not allowed; must be a whole number",
    "audio: {trim: maybe}": "1: audio.trim: 'maybe' is not allowed; must be true or false",
    "speakers: {Tom: 5}": "1: speakers.Tom: 5 is not allowed; must be a mapping",
    "speakers:\n  Tom: {speed: 1}": "2: speakers.Tom.voice: is required",
    "rerun_on: [txt]": "1: rerun_on.0: 'txt' is not allowed; allowed: text, voice, models,",
    "album: {date: 1.1.2026}": "1: album.date: '1.1.2026' is not allowed; must match",
    "retries: 1\nretries: 2": "2: retries: given twice",
    "? [a]\n: 1": "1: a key must be a plain word",
    "a: b: c": "1: not valid YAML: mapping values are not allowed here",
    "just words": ": expected settings such as `output: outputs`, not a bare value",
    "x: &x [*x]": ": ",
    "\nalbum: {part: 08}": "2: album.part: 8 is not allowed; must be text (quote it",
    "\nproject: a\n# \x0b": "3: the invisible character U+000B is not allowed in YAML; delete it",
    '\noutput: "a\\0b"': "2: a text cannot hold the character U+0000; in double quotes a backslash",
    '\n"a\\0b": 1': "2: a text cannot hold the character U+0000",
    'project: "\\ud83d"': "1: a text cannot hold the character U+D83D",
    "\nretries: !!int many": "2: 'many' cannot be read as int; quote it if it is text",
    "audio: {trim: !!bool maybe}": "1: 'maybe' cannot be read as bool",
    "project: !!timestamp today": "1: 'today' cannot be read as timestamp",
    "retries: " + "9" * 5000: "1: '" + "9" * 40 + "…' cannot be read as int",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_told_in_one_line_with_its_place(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    message = str(caught.value)
    assert message.startswith(str(tmp_path / "gsvbatch.yaml"))
    assert WRONG[text] in message
    assert "\n" not in message


def test_every_problem_gets_a_line_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "retries: -1\nkeep_takes: 0\n")
    assert [
        line.rpartition("yaml:")[2].split(":")[:2] for line in str(caught.value).splitlines()
    ] == [
        ["1", " retries"],
        ["2", " keep_takes"],
    ]


def test_plain_words_stay_words(tmp_path: Path) -> None:
    config = read(tmp_path, "speakers: {no: yes, on: 'off', 12: x}\n")
    assert {name: part.voice for name, part in config.speakers.items()} == {
        "no": "yes",
        "on": "off",
        "12": "x",
    }


@pytest.mark.parametrize(("written", "number"), [("08", 8), ("010", 10), ("+5", 5), ("00", 0)])
def test_numbers_are_decimal_with_zeros_before_them_too(
    tmp_path: Path, written: str, number: int
) -> None:
    assert read(tmp_path, f"retries: {written}\n").retries == number


def test_aliases_that_multiply_are_refused(tmp_path: Path) -> None:
    text = "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
    for name, before in zip("bcdefg", "abcdef", strict=True):
        text += f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n"
    with pytest.raises(ConfigError, match="too large"):
        read(tmp_path, text)


def test_a_file_that_is_not_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "gsvbatch.yaml"
    path.write_bytes("project: 小镇".encode("gb18030"))
    with pytest.raises(ConfigError, match="not UTF-8 text; save it as UTF-8"):
        read_project(path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such project file; `gsvbatch new` makes one"):
        read_project(tmp_path / "gsvbatch.yaml")


def test_the_nearest_project_above_is_found(tmp_path: Path) -> None:
    (tmp_path / "gsvbatch.yaml").touch()
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert find_project(tmp_path / "a" / "b") == tmp_path.resolve() / "gsvbatch.yaml"


def test_flags_go_over_the_file(tmp_path: Path) -> None:
    config = read(tmp_path, "audio: {format: mp3, trim: false}\n")
    changed = override(config, {"audio.format": "wav", "sampling.top_k": "5"}, "command line")
    assert (changed.audio.format, changed.audio.trim, changed.sampling.top_k) == ("wav", False, 5)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "audio.fromat",
            "wav",
            "command line: audio.fromat: unknown setting; did you mean 'format'?",
        ),
        ("retries", "x", "command line: retries: 'x' is not allowed; must be a whole number"),
        ("retries.x", "1", "command line: retries: "),
    ],
)
def test_a_wrong_flag_is_told(key: str, value: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        override(ProjectConfig(), {key: value}, "command line")
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("key", "above"),
    [("audio.format.x", "audio.format"), ("scripts.0", "scripts"), ("output.x.y", "output")],
)
def test_a_flag_below_a_single_value_is_told(tmp_path: Path, key: str, above: str) -> None:
    config = read(tmp_path, "scripts: a.md\noutput: out\naudio: {format: mp3}\n")
    with pytest.raises(ConfigError) as caught:
        override(config, {key: "1"}, "command line")
    told = f"command line: {key}: there are no settings below {above}; set {above} itself"
    assert str(caught.value) == told


def test_a_flag_with_a_zero_character_is_told() -> None:
    with pytest.raises(ConfigError, match=r"output: a setting cannot hold the character U\+0000"):
        override(ProjectConfig(), {"output": "a\0b"}, "command line")
