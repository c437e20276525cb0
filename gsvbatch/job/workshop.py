"""Makes the work orders of lines, and remembers how loud voices are."""

from collections.abc import Sequence
from typing import Literal

from gsvbatch.audio import Loudness
from gsvbatch.data import Utterance
from gsvbatch.errors import UserError
from gsvbatch.job.casting import Part
from gsvbatch.job.desk import Case, Desk
from gsvbatch.job.fingerprint import digest
from gsvbatch.job.phonemes import MISTAKES
from gsvbatch.manifest import VoiceLevelRow
from gsvbatch.render.work import LineWork, OutputSpec, VoiceRef


class Workshop:
    """Turns cases into work orders."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._levels = {
            key: Loudness(row.loudness, row.rms, row.peak, row.duration)
            for key, row in desk.manifest.voice_levels().items()
        }
        self._probes: dict[str, Utterance] = {}
        """By level key."""

        self._read: dict[tuple[str, str], Utterance | UserError] = {}
        """By language and symbols."""

    def work(self, case: Case) -> LineWork:
        """The work order of a line that is not blocked."""
        part, parts, delivery = case.part, case.parts, self._desk.delivery
        assert part is not None  # a blocked line is never rendered
        take = max((take.number for take in case.takes), default=0) + 1
        config = self._desk.project.config
        level = self._levels.get(_level_key(part.voice.ref))
        probe, problem = None, ""
        if delivery.preset is not None and level is None:
            probe, problem = self._probe(part, case.utterances)
        return LineWork(
            line_id=case.source.id,
            written=case.source.line.text,
            speaker=case.speaker,
            chapter=case.source.line.chapter or "",
            take=take,
            variation=case.decision.variation,
            fingerprint=parts.fingerprint,
            parts=parts.as_dict(),
            frontend=self._desk.phonemizer.version,
            lexicon=self._desk.phonemizer.lexicon_of(case.source.line.text),
            utterances=case.utterances,
            voice=part.voice.ref,
            probe=probe,
            level=level,
            sampling=part.sampling,
            seed=part.seed,
            retries=config.retries,
            output=OutputSpec(
                path=self._desk.output.absolute(case.delivered),
                audio_format=delivery.audio_format,
                encoding=delivery.encoding,
                preset=delivery.preset,
                trim=config.audio.trim,
            ),
            tags=delivery.tags(case.source.line, case.source.id, part, parts, case.utterances),
            label=delivery.label(f"{parts.fingerprint}-{take}"),
            problem=problem,
        )

    def keep_level(self, work: LineWork, level: Loudness | None) -> None:
        """Remember a voice's level that a run measured."""
        key = _level_key(work.voice)
        if level is None or key in self._levels:
            return
        self._levels[key] = level
        row = VoiceLevelRow(
            key=key,
            voice=work.voice.name,
            loudness=level.integrated,
            rms=level.rms,
            peak=level.true_peak,
            duration=level.duration,
        )
        self._desk.manifest.put_voice_level(row)

    def _probe(self, part: Part, utterances: Sequence[Utterance]) -> tuple[Utterance | None, str]:
        """What a voice says to have its level measured, or why there is nothing that it can say.

        It is said in the voice's own language; where that cannot be read here, in the one that the first
        line of the voice is spoken in: a voice may speak others for years and never need its own.
        """
        key = _level_key(part.voice.ref)
        if key in self._probes:
            return self._probes[key], ""
        spoken = [span.language for utterance in utterances for span in utterance.spans]
        voice, problem = part.voice.ref.name, ""
        for language in dict.fromkeys((part.voice.language, *spoken)):
            read = self._read_probe(language, part.voice.symbols)
            if isinstance(read, Utterance):
                self._probes[key] = read
                return read, ""
            problem = problem or f"the level of voice {voice} cannot be measured: {read}"
        return None, problem

    def _read_probe(self, language: str, symbols: Literal["v1", "v2"]) -> Utterance | UserError:
        """The sentence of a language for such symbols, or what is wrong with it."""
        key = (language, symbols)
        if key not in self._read:
            try:
                self._read[key] = self._desk.phonemizer.probe(
                    language, symbols, self._desk.manifest
                )
            except MISTAKES as error:
                self._read[key] = error
        return self._read[key]


def _level_key(voice: VoiceRef) -> str:
    return digest([voice.digest, voice.models])
