import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gsvbatch.audio import Cue, CueLayout, split_cues, write_ass, write_lrc, write_srt, write_vtt
from gsvbatch.audio.cues import break_lines, display_width
from gsvbatch.errors import StorageError

BREAKS = [
    ("短句。", 18, ["短句。"]),
    ("今天天气很好，我们一起去公园散步，然后回家吃饭。", 18, ["今天天气很好，我们一起去公园散步，", "然后回家吃饭。"]),
    (
        "这是一个没有任何标点符号的非常非常长的句子它必须被平均地切开来显示",
        18,
        ["这是一个没有任何标点符号的非常非常", "长的句子它必须被平均地切开来显示"],
    ),
    ("他说：“你好！”然后走了。", 7, ["他说：", "“你好！”", "然后走了。"]),
    ("请看（附录三）的说明", 6, ["请看（附录", "三）的说明"]),
    ("Hello world, this is a subtitle line.", 10, ["Hello world,", "this is a", "subtitle line."]),
    ("价格是1,234.56元左右", 6, ["价格是", "1,234.56", "元左右"]),
    ("supercalifragilistic", 4, ["supercalifragilistic"]),
    ("第一行\n第二行", 18, ["第一行", "第二行"]),
    ("……", 18, ["……"]),
    ("", 18, []),
    ("  \n ", 18, []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "width", "lines"), BREAKS)
def test_lines_break_where_readers_pause(text, width, lines):
    assert list(break_lines(text, width)) == lines


TEXTS = st.text(alphabet="你好世界，。！？；（）“”a1 .,'", max_size=80)


@given(TEXTS, st.integers(4, 20))
def test_breaking_loses_nothing(text, width):
    lines = break_lines(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(line.strip() for line in lines)


@given(TEXTS, st.integers(4, 20))
def test_no_line_begins_with_a_closing_mark_unless_the_text_does(text, width):
    lines = break_lines(text, width)
    assert not any(line[0] in "，。！？；）”" for line in lines[1:])


@given(st.text(alphabet="你好世界，。", max_size=60))
def test_no_line_is_too_wide(text):
    for line in break_lines(text, 18):
        body = line.rstrip("，。")
        assert display_width(body) <= 18


def test_a_long_cue_is_split_in_proportion_to_its_characters():
    cue = Cue(10.0, 16.0, "一二三四五六七八九十，一二三四五。", "甲")
    first, second = split_cues([cue], CueLayout(max_width=12))
    assert (first.text, second.text) == ("一二三四五六七八九十，", "一二三四五。")
    assert first.start == 10.0
    assert second.end == 16.0
    assert first.end == second.start == pytest.approx(10 + 6 * 10.5 / 16)
    assert {first.speaker, second.speaker} == {"甲"}


def test_two_speakers_never_share_a_cue():
    cues = [Cue(0, 1, "好。", "A"), Cue(1, 2, "好。", "B"), Cue(2, 2.2, "嗯。", "A")]
    assert split_cues(cues, CueLayout(max_lines=2)) == tuple(cues)


def test_cues_are_put_in_order_and_empty_ones_left_out():
    cues = [Cue(5, 6, "b"), Cue(0, 1, "a"), Cue(2, 3, "  ")]
    assert [cue.text for cue in split_cues(cues, CueLayout())] == ["a", "b"]


def test_two_lines_may_share_a_cue():
    cue = Cue(0, 4, "一二三四五六，七八九十一二，三四五。")
    parts = split_cues([cue], CueLayout(max_width=8, max_lines=2))
    assert [part.text for part in parts] == ["一二三四五六，\n七八九十一二，", "三四五。"]


CUES = [
    Cue(0.0, 1.5, "你好 <b> & {\\i1}斜\\N线", "小明 <主角>"),
    Cue(3661.0016, 3662.9996, "He said --> go", None),
]


def test_srt_is_exact(tmp_path):
    path = tmp_path / "a.srt"
    write_srt(path, CUES)
    assert path.read_text(encoding="utf-8") == (
        "1\n00:00:00,000 --> 00:00:01,500\n你好 <b> & {\\i1}斜\\N线\n\n"
        "2\n01:01:01,002 --> 01:01:03,000\nHe said → go\n"
    )
    assert [event.start for event in pysubs2.load(str(path))] == [0, 3661002]


def test_srt_can_name_speakers(tmp_path):
    path = tmp_path / "a.srt"
    write_srt(path, [Cue(0, 1, "走吧", "小明")], with_speakers=True)
    assert "小明：走吧" in path.read_text(encoding="utf-8")


def test_vtt_is_exact(tmp_path):
    path = tmp_path / "a.vtt"
    write_vtt(path, CUES)
    assert path.read_text(encoding="utf-8") == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 00:00:01.500\n<v 小明 &lt;主角&gt;>你好 &lt;b&gt; &amp; {\\i1}斜\\N线\n\n"
        "01:01:01.002 --> 01:01:03.000\nHe said → go\n"
    )


def test_lrc_is_exact(tmp_path):
    path = tmp_path / "a.lrc"
    cues = [Cue(0.5, 1.5, "第一句"), Cue(10.126, 12, "第二句"), Cue(3700.0, 3701, "尾")]
    write_lrc(path, cues, title="书\n名", artist="作者")
    assert path.read_text(encoding="utf-8") == (
        "[ti:书 名]\n[ar:作者]\n[by:gsvbatch]\n"
        "[00:00.50]第一句\n[00:01.50]\n[00:10.13]第二句\n[00:12.00]\n[61:40.00]尾\n[61:41.00]\n"
    )


def test_ass_keeps_speakers_and_shows_braces(tmp_path):
    path = tmp_path / "a.ass"
    write_ass(path, [*CUES, Cue(4000, 4001, "甲乙丙丁，", "A, B")], title="t")
    events = list(pysubs2.load(str(path)))
    assert [event.name for event in events] == ["小明 <主角>", "", "A， B"]
    assert events[0].plaintext == "你好 <b> & ｛＼i1｝斜＼N线"


def test_no_cues_make_an_empty_but_valid_file(tmp_path):
    write_srt(tmp_path / "a.srt", [])
    write_vtt(tmp_path / "a.vtt", [])
    assert (tmp_path / "a.srt").read_bytes() == b""
    assert (tmp_path / "a.vtt").read_bytes() == b"WEBVTT\n"


@pytest.mark.parametrize("write", [write_srt, write_vtt, write_lrc, write_ass])
def test_a_missing_folder_is_said(write, tmp_path):
    with pytest.raises(StorageError, match="folder does not exist"):
        write(tmp_path / "no" / "a", CUES)
