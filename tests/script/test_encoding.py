"""Bytes to text: which encoding, and what is said of bytes that are none."""

from pathlib import Path

import pytest

from gsvbatch.errors import ScriptError
from gsvbatch.script import assign_ids, read_script
from gsvbatch.script.encoding import MAX_BYTES, decode

PATH = Path("script.txt")

LEGACY = [
    ("gb18030", "你好，世界。"),
    ("gb18030", "角色,台词\n店主,欢迎光临。\n"),
    ("gb18030", "他今年25岁了，住在北京。㐀"),
    ("big5", "你好，世界。"),
    ("big5", "小林：今天天氣真好，我們去公園吧。"),
    ("big5", "角色,台詞\n店主,歡迎光臨。\n"),
    ("cp932", "こんにちは、世界。"),
    ("cp932", "役,セリフ\n店主,いらっしゃいませ。\n"),
    ("cp1252", "It’s a fine day, isn’t it? The café is open."),
    ("cp1252", "“Yes,” she said – and left…"),
]


@pytest.mark.parametrize(("encoding", "text"), LEGACY)
def test_legacy_encodings_are_told_apart(encoding: str, text: str) -> None:
    decoded = decode(PATH, text.encode(encoding))
    assert decoded.text == text
    assert decoded.encoding == encoding


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-bom", "utf-16-be-bom", "utf-32"]
)
def test_unicode_with_and_without_a_mark(encoding: str) -> None:
    text = "甲：你好😀。\r\n"
    if encoding.endswith("-bom"):
        name = encoding.removesuffix("-bom")
        data = "\ufeff".encode(name) + text.encode(name)
    else:
        data = text.encode(encoding)
    decoded = decode(PATH, data)
    assert decoded.text == text
    assert decoded.encode(decoded.text) == data


@pytest.mark.parametrize("name", ["gbk", "gb2312", "GB18030", "big5", "utf-8", "utf-16"])
def test_a_named_encoding_is_obeyed(name: str) -> None:
    assert decode(PATH, "你好".encode(name), name).text == "你好"


BAD = [
    (b"PK\x03\x04rest", "zip container (Excel"),
    (b"%PDF-1.7", "a PDF"),
    (b"RIFF\x00\x00\x00\x00WAVE", "an audio or video file"),
    (b"\xd0\xcf\x11\xe0\xa1", "old Office document"),
    (b"hello\n\x00\x01\x02", "zero bytes"),
    ("你好，世界".encode("utf-16-le"), "neither UTF-8 nor"),
    ("hello, world".encode("utf-16-le"), "UTF-16 without a byte order mark"),
    (b"\xef\xbb\xbfab\n\xff", "not valid utf-8"),
    (b"\xff\xfea", "not valid utf-16"),
    (b"line\n\xff\xff\xff\xff \x81\x8d", "neither UTF-8 nor"),
]


@pytest.mark.parametrize(("data", "problem"), BAD)
def test_what_is_not_text_is_one_clear_error(data: bytes, problem: str) -> None:
    with pytest.raises(ScriptError) as caught:
        decode(PATH, data)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_line_of_a_bad_byte_is_named() -> None:
    with pytest.raises(ScriptError) as caught:
        decode(PATH, b"one\ntwo \xff", "utf-8")
    assert caught.value.line_number == 2


@pytest.mark.parametrize("name", ["klingon", "rot13", "base64", "hex"])
def test_an_encoding_that_is_none_is_told(name: str) -> None:
    with pytest.raises(ScriptError, match="encoding"):
        decode(PATH, b"abc", name)


def test_missing_folder_and_oversized_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="no such file"):
        read_script(tmp_path / "none.md")
    with pytest.raises(ScriptError, match="this is a folder"):
        read_script(tmp_path)
    with pytest.raises(ScriptError, match="cannot be read"):
        read_script(Path("a\0b.md"))
    big = tmp_path / "big.txt"
    with big.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ScriptError, match="larger than 32 MiB"):
        read_script(big)


JOINED = {
    "a.md": ("\ufeff# 第一章\n\n你好。\n\n\ufeff# 第二章\n\n\ufeff甲：再\ufeff见。\n", [("第一章", None, "你好。"), ("第二章", "甲", "再见。")]),
    "a.txt": ("\ufeff第一章\n你好。\n\ufeff第二章\n甲：再见。\ufeff\n\ufeff\n", [("第一章", None, "你好。"), ("第二章", "甲", "再见。")]),
    "a.csv": ("\ufeff角色,台词\n甲,\ufeff你好。\n\ufeff乙,\ufeff\"再见。\"\n", [(None, "甲", "你好。"), (None, "乙", "再见。")]),
    "a.srt": ("\ufeff1\n00:00:01,000 --> 00:00:02,000\n\ufeff甲：你好。\n\n\ufeff2\n00:00:03,000 --> 00:00:04,000\n再见。\n", [(None, "甲", "你好。"), (None, None, "再见。")]),
    "a.yaml": ("\ufefflines:\n- 甲：你好。\n\ufeff- 再见。\n", [(None, "甲", "你好。"), (None, None, "再见。")]),
}  # fmt: skip


@pytest.mark.parametrize("name", JOINED)
def test_marks_that_joined_files_leave_inside_are_not_there(tmp_path: Path, name: str) -> None:
    text, expected = JOINED[name]
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8"))
    script = read_script(path)
    assert script.problems == ()
    assert [(line.chapter, line.speaker, line.text) for line in script.lines] == expected


@pytest.mark.parametrize("name", JOINED)
def test_ids_are_written_around_marks_inside(tmp_path: Path, name: str) -> None:
    text, expected = JOINED[name]
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8"))
    assign_ids(path)
    lines = read_script(path).lines
    assert [(line.chapter, line.speaker, line.text) for line in lines] == expected
    assert all(line.id for line in lines)
    assert path.read_text(encoding="utf-8").count("\ufeff") == text.count("\ufeff")
