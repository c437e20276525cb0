"""Who speaks a line: the voice named on it, else its speaker's, else the project's default."""

from dataclasses import dataclass

from gsvbatch.config import ProjectConfig, SamplingOverrides, SpeakerConfig
from gsvbatch.data import Line
from gsvbatch.job.voices import CastVoice, VoiceShelf
from gsvbatch.render.work import SpeechSampling
from gsvbatch.script import speaker_key


@dataclass(frozen=True, slots=True)
class Part:
    """Everything about how a line is spoken, but the text."""

    voice: CastVoice
    language: str | None
    sampling: SpeechSampling
    seed: int


class Casting:
    """The project's speakers and their voices."""

    def __init__(self, config: ProjectConfig, shelf: VoiceShelf) -> None:
        self._config = config
        self._shelf = shelf
        self._speakers = {speaker_key(name): part for name, part in config.speakers.items()}

    def voice_name(self, line: Line) -> str:
        """The voice that a line gets, or an empty text if nobody was chosen."""
        if line.voice:
            return line.voice
        speaker = self._speaker(line)
        return speaker.voice if speaker else self._config.default_voice or ""

    def part(self, line: Line) -> Part:
        """How a line is spoken.

        Raises:
            VoiceError: There is no such voice or style, or it cannot be used.
            CheckpointError: The models of the voice are missing.
        """
        speaker = self._speaker(line)
        voice = self._shelf.get(self.voice_name(line), _style(line, speaker))
        sampling = voice.sampling_over(self._config.sampling)
        for one in (speaker, line):  # the nearer to the line, the later
            for name in SamplingOverrides.model_fields:
                value = getattr(one, name, None)
                if value is not None:
                    sampling[name] = value
        return Part(
            voice=voice,
            language=line.language
            or (speaker.language if speaker else None)
            or self._config.language,
            sampling=SpeechSampling(
                top_k=int(sampling["top_k"]),
                top_p=sampling["top_p"],
                temperature=sampling["temperature"],
                repetition_penalty=sampling["repetition_penalty"],
                speed=sampling["speed"],
                style=voice.style or None,
                ref_free=bool(sampling["ref_free"]),
                sample_steps=int(sampling["sample_steps"]) if voice.draws_mels else None,
            ),
            seed=self._config.sampling.seed if line.seed is None else line.seed,
        )

    def why_nobody(self, line: Line) -> str:
        """What to do about a line for which nobody was chosen."""
        choice = ", ".join(self._shelf.names()[:8])
        who = f"speaker {line.speaker!r}" if line.speaker else "a line without a speaker"
        where = f"speakers: {{{line.speaker}: NAME}} or " if line.speaker else ""
        there = f"voices there are: {choice}" if choice else "`gsvbatch voice enroll` makes one"
        return f"no voice for {who}; set {where}default_voice: NAME ({there})"

    def _speaker(self, line: Line) -> SpeakerConfig | None:
        return self._speakers.get(speaker_key(line.speaker)) if line.speaker else None


def _style(line: Line, speaker: SpeakerConfig | None) -> str:
    """The style that is asked for, in the voice's own word where the project translates it."""
    wanted = line.style or (speaker.style if speaker else None) or ""
    words = {speaker_key(word): style for word, style in speaker.styles.items()} if speaker else {}
    return words.get(speaker_key(wanted), wanted)
