"""One suite over every format: samples, tags, label, chapters, and what happens when it fails."""

import hashlib
import os
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gsvbatch.audio import (
    AigcLabel,
    AudioFormat,
    Chapter,
    Cover,
    Encoding,
    SampleDepth,
    Tags,
    ffmpeg_path,
    inspection,
    read_audio,
    read_chapters,
    read_label,
    read_tags,
    write_audio,
)
from gsvbatch.data import Waveform
from gsvbatch.errors import AudioFileError, ConfigError, StorageError

LABEL = AigcLabel("某某科技有限公司", "gsvb-2026-0001")
CHAPTERS = (Chapter(0, 0.5, "一 = ; # \\ 开头"), Chapter(0.5, 1.0, "第二章"), Chapter(1.0, 1.2, ""))
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
FORMATS = pytest.mark.parametrize("audio_format", list(AudioFormat))


def ffmpeg_metadata(path: Path) -> str:
    """What ffmpeg, which shares no code with the writers, reads of the file and its stream."""
    source = "0:s:0" if path.read_bytes().startswith(b"OggS") else "0:g"
    command = [
        ffmpeg_path(),
        "-v",
        "error",
        "-i",
        path,
        "-map_metadata",
        source,
        "-f",
        "ffmetadata",
        "-",
    ]
    return subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8")


@FORMATS
def test_samples_come_back(audio_format, speak, tmp_path):
    waveform = speak(1.2, before=0.2, after=0.2)
    path = tmp_path / "a.audio"
    written = write_audio(path, waveform, audio_format, Tags(), label=None)
    found = read_audio(path, waveform.sample_rate)
    n = len(waveform.samples)
    assert abs(len(found.samples) - n) <= 1024
    if audio_format.is_lossless:
        assert len(found.samples) == n
        assert np.abs(found.samples - waveform.samples).max() < 1 / 32000
    else:
        common = min(n, len(found.samples))
        similar = np.corrcoef(found.samples[:common], waveform.samples[:common])[0, 1]
        assert similar > 0.98, "not the same audio at the same place"
    assert written.duration == waveform.duration
    assert written.n_bytes == path.stat().st_size
    assert written.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@FORMATS
def test_tags_and_label_come_back(audio_format, speak, full_tags, tmp_path):
    path = tmp_path / "声音 文件.bin"
    tags = replace(full_tags, cover=Cover(PNG))
    assert all(getattr(tags, field.name) is not None for field in fields(tags))
    write_audio(path, speak(0.5), audio_format, tags, label=LABEL)
    assert read_tags(path) == tags
    assert read_label(path) == LABEL


@FORMATS
def test_few_tags_come_back(audio_format, speak, tmp_path):
    path = tmp_path / "a"
    tags = Tags(speaker="Bob", track_total=7, take=0, encoder=None)
    write_audio(path, speak(0.3), audio_format, tags, label=None)
    assert read_tags(path) == tags
    assert read_label(path) is None
    assert read_chapters(path) == ()


@FORMATS
def test_chapters_come_back(audio_format, speak, full_tags, tmp_path):
    path = tmp_path / "a"
    write_audio(path, speak(1.2), audio_format, full_tags, label=LABEL, chapters=CHAPTERS)
    found = read_chapters(path)
    assert [chapter.title for chapter in found] == [chapter.title for chapter in CHAPTERS]
    assert [chapter.start for chapter in found] == pytest.approx([0, 0.5, 1.0], abs=0.001)
    assert read_tags(path) == full_tags
    assert read_label(path) == LABEL


@FORMATS
def test_ffmpeg_reads_tags_chapters_and_audio(audio_format, speak, tmp_path):
    path = tmp_path / "a"
    tags = Tags(title="标题", speaker="说话人", line_id="id-7")
    write_audio(path, speak(1.2), audio_format, tags, label=LABEL, chapters=CHAPTERS)
    found = ffmpeg_metadata(path)
    assert "title=标题\n" in found.replace("TITLE", "title")
    assert "artist=说话人\n" in found.replace("ARTIST", "artist")
    assert "GSVB_LINE=id-7" in found
    assert "title=第二章" in found
    if audio_format is not AudioFormat.WAV:  # ffmpeg knows no AIGC chunk
        assert '"ContentProducer":"某某科技有限公司"' in found
    decoded = subprocess.run(
        [ffmpeg_path(), "-v", "error", "-i", path, "-f", "null", "-"],
        capture_output=True,
        check=True,
    )
    assert decoded.stderr == b""


@FORMATS
def test_more_chapters_than_a_byte_counts(audio_format, speak, tmp_path):
    chapters = [Chapter(i / 250, (i + 1) / 250, f"第{i}章") for i in range(300)]
    path = tmp_path / "a"
    write_audio(path, speak(1.2), audio_format, Tags(), label=None, chapters=chapters)
    found = read_chapters(path)
    assert len(found) == (255 if audio_format.is_mp4 else 300)
    assert found[200].title == "第200章"
    # ffmpeg drops chapters that end within an MP3's first 35 ms, the encoder's delay.
    assert ffmpeg_metadata(path).count("[CHAPTER]") >= (290 if audio_format == "mp3" else 300)


@FORMATS
def test_nothing_tells_where_it_was_made(audio_format, speak, full_tags, tmp_path):
    folder = tmp_path / "secret-folder-name"
    folder.mkdir()
    path = folder / "a"
    write_audio(path, speak(0.3), audio_format, full_tags, label=LABEL, chapters=CHAPTERS[:0])
    data = path.read_bytes()
    assert b"secret-folder" not in data
    assert str(tmp_path).encode() not in data


@FORMATS
def test_loud_samples_are_clipped_and_never_wrap(audio_format, speak, tmp_path):
    waveform = speak(0.5)
    loud = Waveform(waveform.samples * np.float32(40), waveform.sample_rate)
    path = tmp_path / "a"
    write_audio(path, loud, audio_format, Tags(), label=None)
    found = read_audio(path, loud.sample_rate).samples
    common = min(len(found), len(loud.samples))
    clipped = np.clip(loud.samples[:common], -1, 1)
    assert np.corrcoef(found[:common], clipped)[0, 1] > 0.95


@FORMATS
def test_the_file_there_before_is_replaced(audio_format, speak, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    write_audio(path, speak(0.3), audio_format, Tags(title="new"), label=None)
    assert read_tags(path).title == "new"
    assert list(tmp_path.iterdir()) == [path]


@FORMATS
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_failing_disk_leaves_all_as_it_was(audio_format, call, speak, tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise OSError(28, "No space left on device")

    target = (os, "fsync") if call == "fsync" else (Path, "replace")
    monkeypatch.setattr(*target, fail)
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(StorageError, match="disk is full") as caught:
        write_audio(path, speak(0.3), audio_format, Tags(), label=None)
    assert caught.value.path == path
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


LIMITED = """
import resource, sys
from pathlib import Path
import numpy as np
from gsvbatch.audio import AudioFormat, Tags, write_audio
from gsvbatch.data import Waveform
from gsvbatch.errors import StorageError
samples = np.random.default_rng(0).standard_normal(32000 * 8).astype(np.float32) * np.float32(0.1)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    write_audio(Path(sys.argv[1]), Waveform(samples, 32000), AudioFormat(sys.argv[2]), Tags(), label=None)
except StorageError as error:
    sys.stdout.write(str(error))
    sys.exit(3)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no file size limit to set")
@pytest.mark.parametrize("audio_format", ["wav", "flac", "opus", "mp3", "m4b"])
def test_a_real_write_failure_is_one_line_and_leaves_nothing(audio_format, tmp_path):
    path = tmp_path / "a.audio"
    command = [sys.executable, "-c", LIMITED, path, audio_format]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 3, finished.stderr
    assert finished.stdout.startswith(f"{path}: ")
    assert "larg" in finished.stdout
    assert "\n" not in finished.stdout
    assert finished.stderr == ""
    assert list(tmp_path.iterdir()) == []


@FORMATS
def test_a_missing_folder_is_said(audio_format, speak, tmp_path):
    path = tmp_path / "no" / "a.wav"
    with pytest.raises(StorageError, match="folder does not exist"):
        write_audio(path, speak(0.3), audio_format, Tags(), label=None)


@pytest.mark.skipif(os.name != "posix", reason="folder permissions")
def test_a_read_only_folder_is_said(speak, tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o500)
    if os.access(folder, os.W_OK):
        pytest.skip("running as root: permissions do not hold")
    with pytest.raises(StorageError, match="permission"):
        write_audio(folder / "a.wav", speak(0.3), AudioFormat.WAV, Tags(), label=None)


def test_a_name_too_long_is_said(speak, tmp_path):
    path = tmp_path / ("长" * 200 + ".wav")
    with pytest.raises(StorageError, match="too long"):
        write_audio(path, speak(0.3), AudioFormat.WAV, Tags(), label=None)
    assert list(tmp_path.iterdir()) == []


@FORMATS
def test_the_longest_legal_name_works(audio_format, speak, tmp_path):
    path = tmp_path / ("a b" + "长" * 84)  # 255 bytes
    write_audio(path, speak(0.3), audio_format, Tags(title="t"), label=LABEL)
    assert read_tags(path).title == "t"


def test_tags_that_read_back_differently_are_an_error(speak, tmp_path, monkeypatch):
    real = inspection.read_metadata

    def forget(path):
        metadata = real(path)
        return replace(
            metadata, fields={k: v for k, v in metadata.fields.items() if k != "GSVB_LINE"}
        )

    monkeypatch.setattr(inspection, "read_metadata", forget)
    with pytest.raises(AudioFileError, match="GSVB_LINE"):
        write_audio(tmp_path / "a", speak(0.3), AudioFormat.FLAC, Tags(line_id="x"), label=None)
    assert list(tmp_path.iterdir()) == []


def test_a_label_that_reads_back_differently_is_an_error(speak, tmp_path, monkeypatch):
    real = inspection.read_metadata
    monkeypatch.setattr(inspection, "read_metadata", lambda path: replace(real(path), label=None))
    with pytest.raises(AudioFileError, match="label"):
        write_audio(tmp_path / "a", speak(0.3), AudioFormat.MP3, Tags(), label=LABEL)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("audio_format", [AudioFormat.WAV, AudioFormat.FLAC])
def test_24_bit_samples_are_finer(audio_format, speak, tmp_path):
    waveform = speak(0.3)
    path = tmp_path / "a"
    write_audio(
        path, waveform, audio_format, Tags(), label=None, encoding=Encoding(depth=SampleDepth.PCM24)
    )
    assert soundfile.info(path).subtype == "PCM_24"
    assert np.abs(read_audio(path).samples - waveform.samples).max() < 1e-6


def test_float_samples_come_back_exactly(speak, tmp_path):
    waveform = speak(0.3)
    path = tmp_path / "a"
    encoding = Encoding(depth=SampleDepth.FLOAT)
    write_audio(path, waveform, AudioFormat.WAV, Tags(title="t"), label=LABEL, encoding=encoding)
    assert np.array_equal(read_audio(path).samples, waveform.samples)
    with pytest.raises(ConfigError, match="FLAC"):
        write_audio(path, waveform, AudioFormat.FLAC, Tags(), label=None, encoding=encoding)


def test_mp3_has_the_rate_and_constant_bitrate_asked_for(speak, tmp_path):
    path = tmp_path / "a.mp3"
    encoding = Encoding(bitrate=192, sample_rate=44100)
    write_audio(path, speak(3.0), AudioFormat.MP3, Tags(), label=None, encoding=encoding)
    info = soundfile.info(path)
    assert info.samplerate == 44100
    assert path.stat().st_size * 8 / 3.0 == pytest.approx(192_000, rel=0.05)


@pytest.mark.parametrize("bitrate", [24, 48, 96])
def test_opus_has_about_the_bitrate_asked_for(bitrate, speak, tmp_path):
    path = tmp_path / "a.opus"
    waveform = speak(8.0, noise=-40)
    write_audio(
        path, waveform, AudioFormat.OPUS, Tags(), label=None, encoding=Encoding(bitrate=bitrate)
    )
    assert path.stat().st_size * 8 / 8.0 == pytest.approx(bitrate * 1000, rel=0.35)


def test_a_rate_that_the_codec_lacks_is_raised_to_the_next(speak, tmp_path):
    path = tmp_path / "a.mp3"
    write_audio(path, speak(0.5, rate=37800), AudioFormat.MP3, Tags(), label=None)
    assert soundfile.info(path).samplerate == 44100


CASES_CONFIG = [
    (lambda: Encoding(bitrate=1), "bitrate"),
    (lambda: Encoding(sample_rate=10), "sample rate"),
    (lambda: Chapter(2, 1, "x"), "must end after"),
    (lambda: Cover(b"GIF89a"), "neither a JPEG nor a PNG"),
    (lambda: Tags(track=0), "track"),
    (lambda: Tags(track=70000), "track"),
    (lambda: Tags(seed=2**63), "seed"),
    (lambda: Tags(extra={"lower": "x"}), "lower"),
    (lambda: Tags(extra={"SEED": "1"}), "SEED"),
]


@pytest.mark.parametrize(("make", "words"), CASES_CONFIG)
def test_bad_settings_are_said(make, words):
    with pytest.raises(ConfigError, match=words):
        make()


@pytest.mark.parametrize(
    ("encoding", "chapters", "error"),
    [
        (Encoding(sample_rate=44100), (), "44100"),
        (Encoding(), (Chapter(0, 0.2, "a"), Chapter(0.1, 0.3, "b")), "'b'"),
        (Encoding(), (Chapter(5, 6, "late"),), "late"),
    ],
)
def test_what_the_format_cannot_hold_is_said(encoding, chapters, error, speak, tmp_path):
    with pytest.raises(ConfigError, match=error):
        write_audio(
            tmp_path / "a", speak(0.5), AudioFormat.OPUS, Tags(), label=None,
            chapters=chapters, encoding=encoding,
        )  # fmt: skip
    assert list(tmp_path.iterdir()) == []


def test_no_audio_is_an_error(tmp_path):
    with pytest.raises(AudioFileError, match="0 s"):
        write_audio(
            tmp_path / "a",
            Waveform(np.zeros(0, np.float32), 32000),
            AudioFormat.WAV,
            Tags(),
            label=None,
        )


def test_the_same_audio_makes_the_same_bytes(speak, full_tags, tmp_path):
    for audio_format in (AudioFormat.WAV, AudioFormat.FLAC, AudioFormat.MP3, AudioFormat.M4A):
        digests = {
            write_audio(
                tmp_path / "a", speak(0.5), audio_format, full_tags, label=LABEL,
                encoding=Encoding(dither=True),
            ).sha256
            for _ in range(2)
        }  # fmt: skip
        assert len(digests) == 1, audio_format
