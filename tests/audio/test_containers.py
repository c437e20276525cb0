"""The storage modules on files of other makers, and on damaged ones."""

import struct
import subprocess
from contextlib import suppress

import numpy as np
import pytest
import soundfile
from tinytag import TinyTag

from gsvbatch.audio import (
    AigcLabel,
    AudioFormat,
    Cover,
    Tags,
    ffmpeg_path,
    read_audio,
    read_label,
    read_tags,
    write_audio,
)
from gsvbatch.audio.containers import boxes, container, detect_format, id3, mp4, ogg, riff, vorbis
from gsvbatch.audio.tags import Metadata
from gsvbatch.errors import AudioFileError

LABEL = AigcLabel("P", "1").to_json()
FORMATS = pytest.mark.parametrize("audio_format", list(AudioFormat))


def chunk_names(path):
    with path.open("rb") as reader:
        return [name for name, _ in riff._chunks(reader, path)]


def test_wav_chunks_stand_in_order_and_the_label_is_last(speak, tmp_path):
    path = tmp_path / "a.wav"
    write_audio(path, speak(0.1), AudioFormat.WAV, Tags(title="odd"), label=AigcLabel("P", "1"))
    assert chunk_names(path) == [b"fmt ", b"data", b"LIST", b"id3 ", b"AIGC"]
    data = path.read_bytes()
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    assert data[data.index(b"AIGC") + 8 :].rstrip(b"\0").decode() == AigcLabel("P", "1").to_json()


@pytest.mark.parametrize("n_samples", [1, 2, 3])
def test_odd_chunks_are_padded_and_foreign_ones_kept(n_samples, tmp_path):
    source, target = tmp_path / "a.wav", tmp_path / "b.wav"
    data = bytes(range(n_samples))
    body = b"WAVE" + b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
    body += b"bext" + struct.pack("<I", 5) + b"hello\0"
    body += b"data" + struct.pack("<I", n_samples) + data + b"\0" * (n_samples % 2)
    source.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    for _ in range(2):  # twice: what is there is replaced, not added to
        riff.write_metadata(source, target, Metadata({"title": "x"}, None, "{}"))
        source.write_bytes(target.read_bytes())
    assert chunk_names(target) == [b"fmt ", b"bext", b"data", b"LIST", b"id3 ", b"AIGC"]
    assert riff.read_metadata(target).label == "{}"
    assert soundfile.info(target).frames == n_samples


def test_wav_info_shows_the_custom_fields_as_json(speak, tmp_path):
    path = tmp_path / "a.wav"
    write_audio(path, speak(0.1), AudioFormat.WAV, Tags(line_id="l1", seed=5), label=None)
    info = TinyTag.get(path).as_dict()
    assert '{"GSVB_LINE":"l1","GSVB_SEED":"5"}' in info["comment"]


def test_wav_info_alone_is_read(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(8, np.int16), 8000)
    info = b"INFO" + riff._encode_info({"title": "甲", "artist": "B", "GSVB_LINE": "x"})
    body = path.read_bytes()[8:] + b"LIST" + struct.pack("<I", len(info)) + info
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    tags = read_tags(path)
    assert (tags.title, tags.speaker, tags.line_id) == ("甲", "B", "x")


@pytest.mark.parametrize("n_bytes", [100, 254, 255, 256, 65024, 65025, 65026, 200_000])
def test_opus_comments_of_any_length(n_bytes, speak, tmp_path):
    path = tmp_path / "a.opus"
    waveform = speak(0.5)
    write_audio(path, waveform, AudioFormat.OPUS, Tags(text="x" * n_bytes), label=None)
    before = read_audio(path).samples
    shorter = tmp_path / "b.opus"
    ogg.write_metadata(path, shorter, Metadata({"title": "t"}))
    assert np.array_equal(read_audio(shorter).samples, before)
    checked = subprocess.run(
        [
            ffmpeg_path(),
            "-v",
            "error",
            "-err_detect",
            "crccheck+explode",
            "-i",
            path,
            "-f",
            "null",
            "-",
        ],
        capture_output=True,
        check=True,
    )
    assert checked.stderr == b""
    assert read_tags(path).text == "x" * n_bytes


def test_ogg_checksum_is_the_known_one():
    # The page that begins the Opus example of RFC 7845's test vectors has no published sum; this
    # one is computed bit by bit from the definition in RFC 3533.
    page = np.random.default_rng(3).bytes(777)
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    assert ogg._checksum(page) == crc.to_bytes(4, "little")


def make_mp4(tmp_path, speak, *flags):
    wav, path = tmp_path / "s.wav", tmp_path / "s.m4a"
    waveform = speak(1.0)
    soundfile.write(wav, waveform.samples, waveform.sample_rate)
    command = [ffmpeg_path(), "-v", "error", "-y", "-i", wav, *flags, "-c:a", "aac", path]
    subprocess.run(command, check=True, capture_output=True)
    return path


@pytest.mark.parametrize("flags", [(), ("-movflags", "+faststart")])
def test_mp4_offsets_follow_the_samples(flags, speak, tmp_path):
    path = make_mp4(tmp_path, speak, *flags)
    before = read_audio(path).samples
    tagged = tmp_path / "t.m4a"
    fields = {"title": "t", "lyrics": "长" * 50_000}
    container(AudioFormat.M4A).write_metadata(path, tagged, Metadata(fields, None, LABEL))
    assert np.array_equal(read_audio(tagged).samples, before)
    assert mp4.read_metadata(tagged).fields == fields
    # and back again, the head shrinking
    container(AudioFormat.M4A).write_metadata(tagged, path, Metadata({"title": "u"}))
    assert np.array_equal(read_audio(path).samples, before)


def test_mp4_tables_of_both_widths_are_shifted():
    stco = boxes.full_box(b"stco", (2).to_bytes(4, "big"), struct.pack(">II", 100, 2**31))
    co64 = boxes.full_box(b"co64", (1).to_bytes(4, "big"), struct.pack(">Q", 2**40))
    stbl = boxes.box(b"stbl", stco, co64)
    body = boxes.box(b"trak", boxes.box(b"mdia", boxes.box(b"minf", stbl)))
    shifted = boxes.shift_offsets(b"moov", body, 7)
    assert len(shifted) == len(body)
    assert struct.pack(">III", 2, 107, 2**31 + 7) in shifted
    assert struct.pack(">IQ", 1, 2**40 + 7) in shifted
    with pytest.raises(OverflowError):
        boxes.shift_offsets(b"moov", body, 2**31)


def test_mp4_label_stands_in_both_places(speak, tmp_path):
    path = tmp_path / "a.m4a"
    write_audio(path, speak(0.3), AudioFormat.M4A, Tags(title="t"), label=AigcLabel("P", "1"))
    assert mp4.read_label_copies(path) == (LABEL, LABEL)
    with path.open("rb") as reader:
        moov = next(e for e in boxes.top_level(reader, path) if e.name == b"moov")
        reader.seek(moov.start + 8)
        udta = boxes.child(reader.read(moov.size - 8), b"udta")
    assert [name for name, _ in boxes.children(udta)].count(b"meta") == 2
    assert TinyTag.get(path).title == "t"


def test_m4b_says_what_it_is(speak, tmp_path):
    path = tmp_path / "a.m4b"
    write_audio(path, speak(0.3), AudioFormat.M4B, Tags(), label=None)
    assert path.read_bytes()[4:12] == b"ftypM4B "
    assert detect_format(path) is AudioFormat.M4B


def id3_tag(version, *frames):
    body = b""
    for name, content in frames:
        size = id3._syncsafe(len(content)) if version == 4 else len(content).to_bytes(4, "big")
        body += name + size + b"\0\0" + content
    return b"ID3" + bytes([version, 0, 0]) + id3._syncsafe(len(body)) + body


@pytest.mark.parametrize(
    ("version", "content", "title"),
    [
        (4, b"\x03" + "标题".encode(), "标题"),
        (4, b"\x03" + "标题".encode() + b"\0", "标题"),
        (3, b"\x01" + "标题".encode("utf-16"), "标题"),
        (3, b"\x01" + "标题".encode("utf-16") + b"\0\0", "标题"),
        (3, b"\x00" + b"caf\xe9", "café"),
        (4, b"\x02" + "标题".encode("utf-16-be"), "标题"),
        (3, b"\x00" + b"x" * 300, "x" * 300),
    ],
)
def test_id3_of_other_writers_is_read(version, content, title):
    tag = id3_tag(version, (b"XYZW", b"\0\1\2"), (b"TIT2", content), (b"TPE1", b"\x00A\0"))
    found = id3.decode(tag)
    assert found.fields == {"title": title, "artist": "A"}


def test_id3_wide_named_texts_are_read():
    key, value = "GSVB_LINE".encode("utf-16"), "行".encode("utf-16")
    tag = id3_tag(3, (b"TXXX", b"\x01" + key + b"\0\0" + value))
    assert id3.decode(tag).fields == {"GSVB_LINE": "行"}


def test_an_mp3_keeps_its_frames(speak, tmp_path):
    path, other = tmp_path / "a.mp3", tmp_path / "b.mp3"
    write_audio(path, speak(0.5), AudioFormat.MP3, Tags(title="a" * 1000), label=None)
    container(AudioFormat.MP3).write_metadata(path, other, Metadata())
    assert path.read_bytes().endswith(other.read_bytes()[10:])
    assert other.read_bytes()[10] == 0xFF, "an empty tag, then a frame"


def test_flac_frames_stay_whole_and_a_picture_comes_back(speak, tmp_path):
    path, pictured = tmp_path / "a.flac", tmp_path / "b.flac"
    cover = Cover(b"\xff\xd8\xff" + b"j" * 5000)
    write_audio(path, speak(0.5), AudioFormat.FLAC, Tags(title="t"), label=None)
    command = [ffmpeg_path(), "-v", "error", "-err_detect", "crccheck+explode", "-i", path]
    done = subprocess.run([*command, "-f", "null", "-"], capture_output=True, check=True)
    assert done.stderr == b""
    container(AudioFormat.FLAC).write_metadata(path, pictured, Metadata({}, cover))
    assert read_tags(pictured).cover == cover
    assert np.array_equal(read_audio(pictured).samples, read_audio(path).samples)


def test_of_a_comment_twice_the_first_counts():
    header = vorbis.encode(Metadata({"title": "a"}), b"v", with_cover=False)
    comment = b"Title=b"
    header = header[:5] + (2).to_bytes(4, "little") + header[9:]
    header += len(comment).to_bytes(4, "little") + comment
    assert vorbis.decode(header).fields == {"title": "a"}
    assert vorbis.vendor_of(header) == b"v"


@FORMATS
def test_a_file_without_our_tags_is_read(audio_format, speak, tmp_path):
    wav = tmp_path / "s.wav"
    waveform = speak(0.3, rate=48000)
    soundfile.write(wav, waveform.samples, waveform.sample_rate)
    path = tmp_path / f"plain{audio_format.suffix}"
    command = [ffmpeg_path(), "-v", "error", "-y", "-i", wav, "-metadata", "title=你好", path]
    if audio_format.is_mp4:
        command[6:6] = ["-f", "ipod"]
        command[1:1] = []
    subprocess.run(command, check=True, capture_output=True)
    tags = read_tags(path)
    assert tags.title == "你好"
    assert tags.line_id is None
    assert read_label(path) is None


@FORMATS
def test_damaged_files_are_an_error_or_read_but_never_a_crash(
    audio_format, speak, full_tags, tmp_path
):
    path = tmp_path / "a"
    write_audio(path, speak(0.2), audio_format, full_tags, label=AigcLabel("P", "1"))
    whole = path.read_bytes()
    dice = np.random.default_rng(7)
    for _ in range(40):
        data = bytearray(whole[: dice.integers(1, len(whole))] if dice.random() < 0.5 else whole)
        for _ in range(dice.integers(0, 8)):
            data[dice.integers(min(len(data), 4096))] = dice.integers(256)
        path.write_bytes(data)
        with suppress(AudioFileError):
            read_tags(path)


@pytest.mark.parametrize("data", [b"", b"x", b"hello world, this is text" * 10, b"\x00" * 100])
def test_what_is_no_audio_is_said(data, tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(data)
    with pytest.raises(AudioFileError, match="not a WAV"):
        read_tags(path)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(AudioFileError, match="no such file"):
        read_label(tmp_path / "a.wav")
