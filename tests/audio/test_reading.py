import subprocess
import sys

import numpy as np
import pytest
import soundfile

from gsvbatch.audio import AudioFormat, Tags, ffmpeg_path, read_audio, write_audio
from gsvbatch.audio import ffmpeg as ffmpeg_door
from gsvbatch.errors import AudioFileError, ConfigError

RATE = 16000


def stereo(n=RATE):
    time = np.arange(n) / RATE
    left = 0.5 * np.sin(2 * np.pi * 440 * time)
    return np.stack([left, np.zeros(n)], axis=1).astype(np.float32)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3", "a.m4a", "a.mka", "a.mp4"])
def test_channels_are_averaged_whatever_decodes_them(name, tmp_path):
    path = tmp_path / name
    wav = tmp_path / "source.wav"
    soundfile.write(wav, stereo(), RATE)
    subprocess.run([ffmpeg_path(), "-v", "error", "-y", "-i", wav, path], check=True)
    found = read_audio(path)
    assert found.sample_rate == RATE
    assert found.duration == pytest.approx(1.0, abs=0.08)
    assert found.samples.dtype == np.float32
    middle = found.samples[RATE // 4 : RATE // 2]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(
        0.25 / np.sqrt(2), rel=0.03 if name != "a.mp3" else 0.08
    )


def test_the_sound_of_a_film_is_read(tmp_path):
    path = tmp_path / "film.mkv"
    command = [ffmpeg_path(), "-v", "error", "-f", "lavfi", "-i", "color=size=16x16:duration=0.5"]
    command += [
        "-f",
        "lavfi",
        "-i",
        "sine=sample_rate=22050:duration=0.5",
        "-c:a",
        "pcm_s16le",
        path,
    ]
    subprocess.run(command, check=True)
    found = read_audio(path, 32000)
    assert found.sample_rate == 32000
    assert found.duration == pytest.approx(0.5, abs=0.01)


def test_names_with_chinese_spaces_and_percent_signs(speak, tmp_path):
    path = tmp_path / "-第 1%03d 章: 声音?.m4a"
    write_audio(path, speak(0.3), AudioFormat.M4A, Tags(), label=None)
    assert read_audio(path).duration == pytest.approx(0.3, abs=0.05)


def test_resampling_keeps_length_and_tone(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, stereo(), RATE)
    found = read_audio(path, 32000)
    assert abs(len(found.samples) - 32000) <= 1
    spectrum = np.abs(np.fft.rfft(found.samples))
    assert np.argmax(spectrum) == pytest.approx(440, abs=1)


def write_cut_wav(path):
    soundfile.write(path, stereo(), RATE)
    path.write_bytes(path.read_bytes()[:-1001])


def write_cut_flac(path):
    noise = np.random.default_rng(0).standard_normal(RATE) * 0.1
    soundfile.write(path, noise, RATE)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def write_nan_wav(path):
    soundfile.write(path, np.array([0, np.nan, 0], np.float32), RATE, subtype="FLOAT")


BROKEN = [
    ("missing.wav", lambda path: None, "no such file"),
    ("folder.wav", lambda path: path.mkdir(), "folder"),
    ("empty.wav", lambda path: path.write_bytes(b""), "is empty"),
    ("none.wav", lambda path: soundfile.write(path, np.zeros(0), RATE), "length is 0 s"),
    ("cut.wav", write_cut_wav, "cut short by 1001 bytes"),
    ("cut.flac", write_cut_flac, "cut short"),
    (
        "header.wav",
        lambda path: path.write_bytes(b"RIFF\x10\0\0\0WAVEfmt "),
        "damaged or cut short",
    ),
    ("text.wav", lambda path: path.write_text("你好" * 500, encoding="utf-8"), "not audio"),
    ("text.mp3", lambda path: path.write_text("hello " * 500, encoding="utf-8"), "not audio"),
    ("picture.m4a", lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(400)), "not audio"),
    ("nan.wav", write_nan_wav, "not numbers"),
]


@pytest.mark.parametrize(("name", "make", "words"), BROKEN, ids=[case[0] for case in BROKEN])
def test_what_cannot_be_read_is_said_in_one_line(name, make, words, tmp_path):
    path = tmp_path / name
    make(path)
    with pytest.raises(AudioFileError, match=words) as caught:
        read_audio(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_wav_of_unknown_length_is_read(tmp_path):
    path = tmp_path / "piped.wav"
    soundfile.write(path, stereo(), RATE)
    data = bytearray(path.read_bytes())
    position = data.index(b"data") + 4
    data[position : position + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    assert read_audio(path).duration == pytest.approx(1.0)


def test_the_systems_ffmpeg_comes_before_the_installed_one(tmp_path, monkeypatch):
    own = tmp_path / "ffmpeg"
    monkeypatch.setattr(ffmpeg_door.shutil, "which", lambda name: str(own))
    assert ffmpeg_path() == own
    monkeypatch.setattr(ffmpeg_door.shutil, "which", lambda name: None)
    assert ffmpeg_path().is_file()


def test_no_ffmpeg_at_all_is_said_with_a_remedy(monkeypatch):
    def fail():
        raise RuntimeError("none")

    monkeypatch.setattr(ffmpeg_door.shutil, "which", lambda name: None)
    monkeypatch.setattr(ffmpeg_door.imageio_ffmpeg, "get_ffmpeg_exe", fail)
    assert ffmpeg_path().is_file()  # Ctrl-C came while it was tried out
    monkeypatch.setattr(ffmpeg_door, "_bundled", lambda: None)
    with pytest.raises(ConfigError, match="pip install"):
        ffmpeg_path()


def test_an_ffmpeg_without_the_encoder_is_said(speak, tmp_path):
    path = tmp_path / "a.x"
    with pytest.raises(AudioFileError, match="nosuchcodec"):
        ffmpeg_door.encode([np.zeros(9, np.int16)], RATE, path, format="mp3", acodec="nosuchcodec")


def test_importing_the_package_warns_of_nothing():
    code = "import gsvbatch.audio, gsvbatch.audio.reference as r; r._pydub()"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
