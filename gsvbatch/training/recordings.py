"""From recordings and transcripts to clips to tune on, with everything that would spoil them sorted out.

A list as the WebUI writes it, or a folder with a text file beside each recording. What cannot be learnt
from is left out with its reason and its figures; if too little is left, nothing is begun.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gsvbatch.audio import audio_duration, read_audio, resample
from gsvbatch.errors import CheckpointError, ConfigError, UserError
from gsvbatch.gsv.bundle import ModelBundle
from gsvbatch.gsv.prompt import prompt_tokens
from gsvbatch.gsv.prosody import Prosody
from gsvbatch.gsv.speaker_encoder import speaker_embedding
from gsvbatch.gsv.synthesizer import Synthesizer
from gsvbatch.text.language import written_in
from gsvbatch.training.clips import Clip, Prompt, to_int16
from gsvbatch.units import SEMANTIC_RATE, Seconds
from gsvbatch.voice.clip_list import ListedClip, read_clip_list
from gsvbatch.voice.enrolling import FASTEST_SPEECH, SLOWEST_SPEECH, Phonemizer

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".wma"})
TEXT_SUFFIXES = (".txt", ".lab")
LIST_SUFFIX = ".list"

SHORTEST: Seconds = 0.6
LONGEST: Seconds = 20.0
"""Of a clip: longer ones take a batch's memory, and are seldom transcribed to the word."""

LEAST_SPEECH: Seconds = 20.0
"""Of all clips together; about a minute is what pays."""


@dataclass(frozen=True, slots=True)
class Transcribed:
    """Recordings of one speaker with what is said in them."""

    clips: tuple[ListedClip, ...]
    speaker: str
    problems: tuple[str, ...]
    """What was passed over, and why."""


@dataclass(frozen=True, slots=True)
class Recordings:
    """What there is to learn from."""

    clips: tuple[Clip, ...]
    prompts: tuple[Prompt, ...]
    """The same clips as a reference would be: with silence behind."""

    problems: tuple[str, ...]
    """What was left out, and why."""

    @property
    def duration(self) -> Seconds:
        """Of all clips together."""
        return sum(clip.duration for clip in self.clips)


def read_transcribed(
    path: Path, *, audio: Sequence[Path] = (), speaker: str = "", language: str | None = None
) -> Transcribed:
    """Find the recordings of one speaker and their transcripts.

    Args:
        path: A ``.list`` file, a folder that holds one, or a folder of recordings, each with a text
            file of its name beside it.
        audio: Folders to look for the recordings of a list in, by their names.
        speaker: Whom to take from a list of several.
        language: Of all transcripts; else what the list says, or what they are written in.

    Raises:
        ConfigError: There is nothing of use, or several speakers; the message says how many of what.
        ScriptError: A list cannot be read.
    """
    if path.is_dir():
        lists = sorted(path.glob(f"*{LIST_SUFFIX}"))
        if len(lists) > 1:
            raise ConfigError(f"{path}: has {len(lists)} lists, {_some(lists)}; name one of them")
        if not lists:
            return _read_folder(path, language)
        audio, path = (*audio, path), lists[0]
    elif not path.exists():
        raise ConfigError(f"{path}: no such file or folder; give a .list file or a folder of clips")
    found = read_clip_list(path, audio)
    by_speaker: dict[str, list[ListedClip]] = {}
    for clip in found.clips:
        by_speaker.setdefault(clip.speaker, []).append(clip)
    if speaker and speaker not in by_speaker:
        raise ConfigError(f"--speaker {speaker}: not in {path}; it has {_some(by_speaker)}")
    if not speaker and len(by_speaker) > 1:
        counts = ", ".join(f"{name} ({len(clips)} clips)" for name, clips in by_speaker.items())
        raise ConfigError(
            f"{path}: has {len(by_speaker)} speakers, {counts}; a model is tuned to one, "
            "give --speaker"
        )
    name = speaker or next(iter(by_speaker))
    clips = by_speaker[name]
    if language is not None:
        clips = [
            ListedClip(clip.line_number, clip.path, clip.speaker, language, clip.text)
            for clip in clips
        ]
    return Transcribed(tuple(clips), name, tuple(map(str, found.problems)))


def prepare_recordings(
    transcribed: Transcribed,
    bundle: ModelBundle,
    frontend: Phonemizer,
    prosody: Prosody | None = None,
    *,
    report: Callable[[int, int], None] = lambda _done, _total: None,
) -> Recordings:
    """Turn recordings into phonemes, tokens and samples as these models know them.

    Args:
        transcribed: Recordings and words.
        bundle: The models, with their content encoder.
        frontend: For their symbol table.
        prosody: For transcripts in Mandarin; None where there is no BERT, or the models take none.
        report: Called with clips done and their number.

    Raises:
        ConfigError: Too little speech is left to learn from; the message says how much there is.
        CheckpointError: The models lack an encoder that this needs.
    """
    if bundle.content is None:
        raise CheckpointError(
            bundle.source.synthesizer,
            "has no content encoder beside it, which tuning needs; give the folder "
            "chinese-hubert-base as --content",
        )
    _require_speaker_encoder(bundle)
    clips: list[Clip] = []
    prompts: list[Prompt] = []
    problems = list(transcribed.problems)
    for done, listed in enumerate(transcribed.clips):
        report(done, len(transcribed.clips))
        try:
            clip, prompt = _prepared(listed, bundle, frontend, prosody)
        except (_UnfitError, UserError) as error:
            problems.append(str(error))
            continue
        clips.append(clip)
        prompts.append(prompt)
    report(len(transcribed.clips), len(transcribed.clips))
    found = Recordings(tuple(clips), tuple(prompts), tuple(problems))
    if found.duration < LEAST_SPEECH or len(clips) < 2:
        left_out = f", {len(problems)} left out ({problems[0]})" if problems else ""
        raise ConfigError(
            f"too little speech: {found.duration:.1f} s in {len(clips)} clips{left_out}; at least "
            f"{LEAST_SPEECH:g} s in 2 clips or more is needed, and about a minute is good"
        )
    return found


class _UnfitError(Exception):
    """A clip that cannot be learnt from; the message names it."""


def _read_folder(folder: Path, language: str | None) -> Transcribed:
    recordings = sorted(path for path in folder.iterdir() if path.suffix.lower() in AUDIO_SUFFIXES)
    if not recordings:
        kinds = ", ".join(sorted(suffix.removeprefix(".") for suffix in AUDIO_SUFFIXES))
        raise ConfigError(f"{folder}: holds no recordings ({kinds}) and no {LIST_SUFFIX} file")
    clips: list[ListedClip] = []
    missing: list[Path] = []
    for number, path in enumerate(recordings, start=1):
        text = _transcript(path)
        if text:
            clips.append(ListedClip(number, path, folder.name, language or written_in(text), text))
        else:
            missing.append(path)
    advice = f"write what is said in {recordings[0].name} into {recordings[0].stem}.txt beside it"
    if not clips:
        raise ConfigError(
            f"{folder}: none of {len(recordings)} recordings has a transcript; {advice}, and so on"
        )
    problems = [
        f"{path.name}: has no transcript; write what is said in it into {path.stem}.txt beside it"
        for path in missing
    ]
    return Transcribed(tuple(clips), folder.resolve().name, tuple(problems))


def _transcript(path: Path) -> str:
    for suffix in TEXT_SUFFIXES:
        beside = path.with_suffix(suffix)
        if beside.is_file():
            try:
                return " ".join(beside.read_text(encoding="utf-8-sig").split())
            except UnicodeDecodeError as error:
                raise ConfigError(f"{beside}: not UTF-8 text; save it as UTF-8") from error
    return ""


def _prepared(
    listed: ListedClip, bundle: ModelBundle, frontend: Phonemizer, prosody: Prosody | None
) -> tuple[Clip, Prompt]:
    name = listed.path.name
    duration = audio_duration(listed.path)
    if not SHORTEST <= duration <= LONGEST:
        advice = "cut it where nobody speaks" if duration > LONGEST else "join it to its neighbour"
        raise _UnfitError(
            f"{name}: {duration:.1f} s long, where {SHORTEST:g} to {LONGEST:g} s is usable; {advice}"
        )
    waveform = read_audio(listed.path)
    said = frontend.phonemize(listed.text, listed.language)
    pace = len(said.phoneme_ids) / waveform.duration
    if not SLOWEST_SPEECH <= pace <= FASTEST_SPEECH:
        raise _UnfitError(
            f"{name}: its transcript has {len(said.phoneme_ids)} phonemes for {duration:.1f} s, "
            f"{pace:.1f} a second, where speech has {SLOWEST_SPEECH:g} to {FASTEST_SPEECH:g}; "
            "are these its words?"
        )
    features = None if prosody is None else prosody.of(said.spans)
    bert = None if features is None else features.half().cpu().numpy()
    content, synthesizer = bundle.content, bundle.synthesizer
    assert content is not None
    tokens = np.array(prompt_tokens(waveform, content, synthesizer), np.int64)
    n_tokens = min(len(tokens), int(waveform.duration * SEMANTIC_RATE))
    rate = bundle.sample_rate
    speaker = None
    if isinstance(synthesizer, Synthesizer) and synthesizer.config.speaker:
        assert bundle.speaker_encoder is not None
        speaker = speaker_embedding(waveform, bundle.speaker_encoder).numpy()
    n_samples = n_tokens * rate // SEMANTIC_RATE
    clip_id = f"{listed.line_number}-{name}"
    clip = Clip(
        id=clip_id,
        text=listed.text,
        phoneme_ids=said.phoneme_ids,
        tokens=tokens[:n_tokens],
        samples=to_int16(resample(waveform, rate).samples, n_samples),
        sample_rate=rate,
        bert=bert,
        speaker=speaker,
    )
    return clip, Prompt(clip_id, said.phoneme_ids, tokens, bert)


def _require_speaker_encoder(bundle: ModelBundle) -> None:
    config = bundle.synthesizer.config
    if getattr(config, "speaker", 0) and bundle.speaker_encoder is None:
        raise CheckpointError(
            bundle.source.synthesizer,
            f"is a {bundle.version} model, which needs a speaker encoder to be tuned; "
            "give pretrained_eres2netv2w24s4ep4.ckpt as --speaker-encoder",
        )


def _some(names: Sequence[object] | dict[str, list[ListedClip]]) -> str:
    """The first names."""
    return ", ".join(str(getattr(name, "name", name)) for name in list(names)[:8])
