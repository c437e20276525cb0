"""A reference clip and its transcript become a voice profile.

clip -> checks in figures -> content encoder -> prompt tokens
                          -> style, speaker embedding, mel: what the models are conditioned with
transcript -> frontend -> prompt phonemes
                       -> BERT -> prosody features

The words and the way of saying them come from the reference; the timbre comes from it, too, unless
another clip is named for that, and may be averaged over further clips of the same person.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gsvbatch.audio import (
    AudioFormat,
    ReferenceLimits,
    Tags,
    measure,
    read_audio,
    reference_problems,
    suggest_stretch,
    write_audio,
)
from gsvbatch.audio.storage import storage_error
from gsvbatch.config import SamplingOverrides
from gsvbatch.data import Span, Waveform
from gsvbatch.errors import CheckpointError, ReferenceClipError, VoiceError
from gsvbatch.gsv.bundle import ModelBundle
from gsvbatch.gsv.native import recommended_sampling
from gsvbatch.gsv.prompt import prompt_tokens
from gsvbatch.gsv.prosody import Prosody
from gsvbatch.gsv.source import ModelSource
from gsvbatch.script import safe_id_problem
from gsvbatch.units import Seconds
from gsvbatch.voice.conditioning import conditioning_of, require_no_prompt
from gsvbatch.voice.consent import Consent
from gsvbatch.voice.profile import VoiceProfile
from gsvbatch.voice.storage import save_profile

REFERENCE_NAME = "reference.flac"
TIMBRE_NAME = "timbre.flac"

TIMBRE_LIMITS = ReferenceLimits(shortest=1.0, longest=60.0)
"""For clips of which only the timbre is taken: it needs no exact length."""

SLOWEST_SPEECH = 2.5
"""Phonemes a second below which a transcript is too short for its clip."""

FASTEST_SPEECH = 32.0
"""Phonemes a second above which nobody speaks: the transcript says more than the clip, and what is
left over would be spoken at the start of every line."""


class Phonemized(Protocol):
    """What the frontend makes of a transcript."""

    @property
    def phoneme_ids(self) -> tuple[int, ...]:
        """Ids in the frontend's symbol table."""
        ...

    @property
    def spans(self) -> tuple[Span, ...]:
        """Which phonemes belong to what; asked for only where there is a BERT."""
        ...


class Phonemizer(Protocol):
    """The part of :class:`gsvbatch.text.frontend.Frontend` that enrolling needs."""

    def phonemize(self, text: str, language: str | None = None) -> Phonemized:
        """The phonemes of a transcript."""
        ...


@dataclass(frozen=True, slots=True)
class Clips:
    """The clips that a voice is made from."""

    reference: Path
    """What is said in it goes before every line: 3 to 10 s of one speaker."""

    timbre: Path | None = None
    """Where the timbre is taken from; None for the reference."""

    also: tuple[Path, ...] = ()
    """Further clips of the same person, whose timbre is averaged with it."""

    @property
    def timbres(self) -> tuple[Path, ...]:
        """Those that the timbre is averaged over."""
        return (self.timbre or self.reference, *self.also)


def enroll(
    name: str,
    clips: Path | Clips,
    transcript: str,
    language: str,
    *,
    bundle: ModelBundle,
    frontend: Phonemizer,
    limits: ReferenceLimits = ReferenceLimits(),  # noqa: B008  frozen
    models: ModelSource | None = None,
    consent: Consent | None = None,
    display_name: Mapping[str, str] | None = None,
    description: Mapping[str, str] | None = None,
    license: str = "",  # noqa: A002  the field's own name
    sampling: SamplingOverrides | None = None,
    style_name: str = "",
    prosody: Prosody | None = None,
) -> VoiceProfile:
    """The profile of the voice in a clip; nothing is written, see :func:`keep_voice`.

    Args:
        name: The voice's name in scripts, and its folder's.
        clips: A clip of one speaker, 3 to 10 s; or with others for its timbre.
        transcript: What is said in the reference, word for word; empty to take nothing but the
            timbre from it.
        language: Of the transcript.
        bundle: The models the voice is for, with their content encoder.
        frontend: For the symbol table of those models.
        limits: What a clip must be like.
        models: The voice's own pair of checkpoints, None for the project's.
        consent: The permission, where one is needed.
        display_name: Names to show, by language.
        description: What the voice is like, by language.
        license: Under which the profile may be passed on.
        sampling: How the voice is best drawn; None for what its models recommend.
        style_name: For a style of a voice, what it is called.
        prosody: For a transcript in Mandarin; None where there is no BERT, or the models take none.

    Raises:
        VoiceError: The name cannot be a folder's name.
        ReferenceClipError: The clip or its transcript will not do; the message says why in figures.
        AudioFileError: The clip cannot be read.
        UnpronounceableError: The transcript has no phonemes.
        CheckpointError: The models have no content encoder, or one that does not fit.
    """
    for what, kind in ((name, "voice"), (style_name or name, "style")):
        problem = safe_id_problem(what)
        if problem is not None:
            raise VoiceError(what, f"cannot be the name of a {kind}: {problem}")
    if isinstance(clips, Path):
        clips = Clips(clips)
    reference = clips.reference
    phoneme_ids: tuple[int, ...] = ()
    tokens = np.zeros(0, dtype=np.int32)
    prompt_bert = None
    if not transcript:
        require_no_prompt(name, bundle)
    heard = {clip: read_audio(clip) for clip in (reference, *clips.timbres)}
    for clip, waveform in heard.items():
        is_prompt = clip == reference and bool(transcript)
        _require_usable(clip, waveform, limits if is_prompt else TIMBRE_LIMITS)
    if transcript:
        said = frontend.phonemize(transcript, language)
        phoneme_ids = said.phoneme_ids
        prompt_bert = None if prosody is None else _prompt_bert(prosody, said)
        _require_pace(reference, len(phoneme_ids), heard[reference].duration)
        tokens = _tokens(heard[reference], bundle)
    conditioning = conditioning_of(
        heard[reference], [heard[clip] for clip in clips.timbres], bundle
    )
    return VoiceProfile(
        name=name,
        language=language,
        transcript=transcript,
        prompt_phoneme_ids=np.array(phoneme_ids, dtype=np.int32),
        prompt_tokens=tokens,
        style=conditioning.style,
        speaker_embedding=conditioning.speaker_embedding,
        reference_mel=conditioning.reference_mel,
        prompt_bert=prompt_bert,
        symbol_version="v1" if bundle.symbol_version == "v1" else "v2",
        digests=bundle.digest,
        models=models,
        display_name=display_name or {},
        description=description or {},
        license=license,
        consent=consent,
        sampling=sampling or recommended_sampling(bundle.source),
        style_name=style_name,
    )


def keep_voice(profile: VoiceProfile, folder: Path, clips: Path | Clips) -> VoiceProfile:
    """Write a voice's folder, its clips included, so that it can be enrolled again for other models.

    The clips are stored anew, without the tags of the original files: they may name people and places.

    Returns:
        The profile as it was written.

    Raises:
        StorageError: The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(folder, error) from error
    if isinstance(clips, Path):
        clips = Clips(clips)
    also = tuple(f"also-{number}.flac" for number in range(1, len(clips.also) + 1))
    sources = {REFERENCE_NAME: clips.reference, **dict(zip(also, clips.also, strict=True))}
    if clips.timbre is not None:
        sources[TIMBRE_NAME] = clips.timbre
    # All are read before any is written: a clip may come from this very folder.
    heard = {
        kept: read_audio(clip)
        for kept, clip in sources.items()
        if clip.resolve() != (folder / kept).resolve()
    }
    tags = Tags(title=profile.title(profile.language), language=profile.language)
    for kept, waveform in heard.items():
        write_audio(folder / kept, waveform, AudioFormat.FLAC, tags, label=None)
    profile = replace(
        profile,
        reference=REFERENCE_NAME,
        timbre=TIMBRE_NAME if clips.timbre is not None else None,
        also=also,
    )
    save_profile(profile, folder)
    for left in {folder / TIMBRE_NAME, *folder.glob("also-*.flac")}:
        if left.name not in sources:
            left.unlink(missing_ok=True)
    return profile


def _prompt_bert(prosody: Prosody, said: Phonemized) -> NDArray[np.float32] | None:
    features = prosody.of(said.spans)
    return None if features is None else features.float().numpy()


def _tokens(waveform: Waveform, bundle: ModelBundle) -> NDArray[np.int32]:
    content = bundle.content
    if content is None:
        raise CheckpointError(
            bundle.source.synthesizer,
            "has no content encoder beside it, which enrolling a voice needs; "
            "give the folder chinese-hubert-base as --content",
        )
    return np.array(prompt_tokens(waveform, content, bundle.synthesizer), dtype=np.int32)


def _require_usable(path: Path, waveform: Waveform, limits: ReferenceLimits) -> None:
    problems = reference_problems(measure(waveform), limits)
    if not problems:
        return
    message = "; ".join(problems)
    if waveform.duration > limits.longest:
        stretch = suggest_stretch(waveform, limits)
        if stretch is not None:
            start, end = stretch
            message += (
                f" (its part from {start:.1f} to {end:.1f} s would do, with what is said there)"
            )
    raise ReferenceClipError(path, message)


def _require_pace(path: Path, n_phonemes: int, duration: Seconds) -> None:
    pace = n_phonemes / duration
    if SLOWEST_SPEECH <= pace <= FASTEST_SPEECH:
        return
    more, less = ("transcript", "clip") if pace > FASTEST_SPEECH else ("clip", "transcript")
    raise ReferenceClipError(
        path,
        f"its transcript has {n_phonemes} phonemes for {duration:.1f} s, {pace:.1f} a second, where "
        f"speech has {SLOWEST_SPEECH:g} to {FASTEST_SPEECH:g}; the {more} says more than the {less}",
    )
