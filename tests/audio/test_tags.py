import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gsvbatch.audio import AudioFormat, read_tags, write_audio
from gsvbatch.audio.containers import id3, mp4, vorbis
from gsvbatch.audio.tags import ENCODER, Metadata, Tags, flatten, unflatten

TEXT = st.none() | st.text(max_size=40)
TAGS = st.builds(
    Tags,
    title=TEXT,
    speaker=TEXT,
    project=TEXT,
    author=TEXT,
    track=st.none() | st.integers(1, 65535),
    track_total=st.none() | st.integers(1, 65535),
    disc=st.none() | st.integers(1, 65535),
    language=st.sampled_from([None, "zh", "en-GB", "ja", "tlh"]),
    series=TEXT,
    genre=TEXT,
    publisher=TEXT,
    text=TEXT,
    comment=TEXT,
    line_id=TEXT,
    seed=st.none() | st.integers(0, 2**63 - 1),
    take=st.none() | st.integers(0, 9),
    qa=TEXT,
    extra=st.dictionaries(st.sampled_from(["A", "KIND", "X_1"]), st.text(max_size=10)),
)


@given(TAGS)
def test_flat_tags_come_back(tags):
    assert unflatten(flatten(tags)) == tags


@settings(max_examples=40)
@given(TAGS)
def test_any_tags_survive_id3(tags):
    found = id3.decode(id3.encode(Metadata(flatten(tags), None, '{"x":1}')))
    assert unflatten(found.fields) == tags
    assert found.label == '{"x":1}'


@settings(max_examples=40)
@given(TAGS)
def test_any_tags_survive_vorbis_comments(tags):
    header = vorbis.encode(Metadata(flatten(tags), None, "{}"), b"vendor", with_cover=True)
    found = vorbis.decode(header)
    assert unflatten(found.fields) == tags
    assert found.label == "{}"


@settings(max_examples=40)
@given(TAGS)
def test_any_tags_survive_mp4_items(tags):
    items = b"".join(mp4._items(Metadata(flatten(tags), None, "{}")))
    fields, _, label = mp4._decode_items(items)
    assert unflatten(fields) == tags
    assert label == "{}"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\0b\x07c\tд", "abc\tд"),
        ("   ", None),
        ("", None),
        ("\ud800x", "?x"),
        (" 保留 ", " 保留 "),
    ],
)
def test_texts_are_cleaned(given, kept):
    assert Tags(text=given).text == kept


@pytest.mark.parametrize(
    "given", ["\u3000第一章 开始\u3000", "\ufeff第一章 开始\n", " \x07 第一章 开始\u2003"]
)
def test_titles_have_no_blanks_around_them(given):
    tags = Tags(title=given, project=given)
    assert (tags.title, tags.project) == ("第一章 开始", "第一章 开始")


@pytest.mark.parametrize("audio_format", list(AudioFormat))
def test_marks_and_blanks_that_readers_take_off_are_no_reason_to_refuse(
    audio_format, speak, tmp_path
):
    tags = Tags(
        title="小镇\u3000",
        project="小镇\u3000",
        text="\ufeff你好\ufeff。\n\ufeff走吧。",
        comment="\ufeff",
    )
    write_audio(tmp_path / "a", speak(0.3), audio_format, tags, label=None)
    found = read_tags(tmp_path / "a")
    assert (found.title, found.project, found.text) == ("小镇", "小镇", "你好。\n走吧。")
    assert found.comment is None


def test_speaker_is_artist_of_a_line_and_narrator_of_a_book():
    line = flatten(Tags(speaker="Ann"))
    assert line["artist"] == "Ann"
    assert "composer" not in line
    book = flatten(Tags(speaker="Ann", author="Bo"))
    assert (book["artist"], book["album_artist"], book["composer"]) == ("Bo", "Bo", "Ann")


def test_foreign_numbers_are_left_out():
    flat = {"track": "A1", "track_total": "99999", "GSVB_SEED": "-3", "GSVB_lower": "x"}
    assert unflatten(flat) == Tags(encoder=None)


def test_tags_name_the_program_and_can_be_pickled():
    tags = Tags(title="x", extra={"KIND": "line"})
    assert tags.encoder == ENCODER
    assert pickle.loads(pickle.dumps(tags)) == tags  # noqa: S301
