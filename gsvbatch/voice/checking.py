"""Whether a voice still fits its models, and the command that makes it fit again."""

import os
import shlex
import subprocess
from dataclasses import asdict
from datetime import date
from pathlib import Path

from gsvbatch.errors import CheckpointError, VoiceError
from gsvbatch.gsv.source import ModelDigests, ModelSource
from gsvbatch.voice.profile import VoiceProfile
from gsvbatch.voice.storage import label_of


def require_models(
    profile: VoiceProfile,
    digests: ModelDigests,
    folder: Path,
    source: ModelSource | None = None,
) -> None:
    """Make sure that a voice was made with these models.

    Args:
        profile: The voice.
        digests: Of the models that would render it.
        folder: Where the voice is kept.
        source: Where those models are, for the command; needed for a voice with models of its own.

    Raises:
        VoiceError: It was made with others; the message ends with the command to enroll it again.
    """
    if profile.digests.renders_like(digests):
        return
    parts = [
        name
        for name, made, there in (
            ("GPT", profile.digests.t2s, digests.t2s),
            ("SoVITS", profile.digests.synthesizer, digests.synthesizer),
            ("vocoder", profile.digests.vocoder, digests.vocoder),
            ("base", profile.digests.base, digests.base),
        )
        if made != there
    ]
    raise VoiceError(
        profile.label,
        f"was made with another {' and '.join(parts)} model than the one it would speak with; "
        f"enroll it again: {reenroll_command(profile, folder, source)}",
    )


def reenroll_command(profile: VoiceProfile, folder: Path, source: ModelSource | None = None) -> str:
    """The command that makes the voice anew from its reference.

    A voice with a pair of checkpoints of its own is made for ``source``, any other for the project's.
    """
    words = ["gsvbatch", "voice", "enroll", profile.name]
    words += ["--reference", os.fspath(folder / (profile.reference or "REFERENCE.wav"))]
    words += ["--transcript", profile.transcript] if profile.transcript else ["--ref-free"]
    words += ["--language", profile.language]
    if profile.timbre is not None:
        words += ["--timbre", os.fspath(folder / profile.timbre)]
    for clip in profile.also:
        words += ["--also", os.fspath(folder / clip)]
    home = folder
    if profile.style_name:
        words += ["--style", profile.style_name]
        home = folder.parent.parent
    words += ["--voices", os.fspath(home.parent), "--replace"]
    if profile.models is not None and source is not None:
        for name, value in asdict(source).items():
            if value is not None:
                words += [f"--{name.replace('_', '-')}", os.fspath(value)]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def profile_problems(
    profile: VoiceProfile,
    folder: Path,
    source: ModelSource,
    *,
    today: date | None = None,
) -> tuple[str, ...]:
    """What is wrong with a voice that loaded well, one line each; nothing if it can be rendered.

    Args:
        profile: The voice.
        folder: Where it is kept.
        source: The models that would render it; their files are digested.
        today: For the consent's term; today by default.
    """
    problems = []
    label = profile.label
    try:
        require_models(profile, source.digests(), folder, source)
    except (CheckpointError, VoiceError) as error:
        problems.append(str(error))
    # A style without a record of its own stands under its voice's, which is checked with the voice.
    if profile.consent is not None or not profile.style_name:
        consent = profile.consent_problem(today)
        if consent is not None:
            problems.append(f"voice {label!r}: {consent}")
    clips = [profile.reference, profile.timbre, *profile.also]
    problems += [
        f"voice {label!r}: {clip} is missing from {folder}; "
        "it renders all the same, but cannot be enrolled again"
        for clip in clips
        if clip is not None and not (folder / clip).is_file()
    ]
    if label != label_of(folder):
        problems.append(
            f"voice {label!r}: its folder is called {label_of(folder)}; scripts use the folder's name"
        )
    return tuple(problems)
