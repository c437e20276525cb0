"""Makes the work orders of lines, and remembers how loud voices are."""

from gsvbatch.audio import Loudness
from gsvbatch.data import Utterance
from gsvbatch.job.desk import Case, Desk
from gsvbatch.job.fingerprint import digest
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
        self._probes: dict[tuple[str, str], Utterance] = {}

    def work(self, case: Case) -> LineWork:
        """The work order of a line that is not blocked."""
        part, parts, delivery = case.part, case.parts, self._desk.delivery
        assert part is not None  # a blocked line is never rendered
        take = max((take.number for take in case.takes), default=0) + 1
        config = self._desk.project.config
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
            probe=self._probe(part.voice.language, part.voice.symbols),
            level=self._levels.get(_level_key(part.voice.ref)),
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

    def _probe(self, language: str, symbols: str) -> Utterance:
        key = (language, symbols)
        if key not in self._probes:
            self._probes[key] = self._desk.phonemizer.probe(
                language, "v1" if symbols == "v1" else "v2", self._desk.manifest
            )
        return self._probes[key]


def _level_key(voice: VoiceRef) -> str:
    return digest([voice.digest, voice.models])
