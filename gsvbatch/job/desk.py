"""A job's desk: everything that planning and rendering look at, read once.

script lines -> casting -> phonemes -> wish -> decision

One `Case` a line comes out of it; `plan` shows the cases, `render` works through them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gsvbatch.config import Trigger
from gsvbatch.data import Utterance
from gsvbatch.errors import CheckpointError, MarkupError, VoiceError
from gsvbatch.job.casting import Casting, Part
from gsvbatch.job.decide import Decision, Policy, Wish, decide
from gsvbatch.job.delivery import Delivery
from gsvbatch.job.files import OutputFolder
from gsvbatch.job.fingerprint import (
    Parts,
    bert_part,
    phonemes_part,
    sampling_part,
    seed_part,
    text_part,
)
from gsvbatch.job.phonemes import Phonemizer, Wanted
from gsvbatch.job.project import Project
from gsvbatch.job.records import Action, Listener, Reason
from gsvbatch.job.source import Source, SourceLine, read_source
from gsvbatch.job.takebook import read_record
from gsvbatch.job.telling import tell_reading
from gsvbatch.job.voices import VoiceShelf
from gsvbatch.manifest import LineRow, Manifest, TakeRow

FIRST_RENDERED = "first_rendered"


@dataclass(frozen=True, slots=True)
class Case:
    """One line with all that is known about it."""

    source: SourceLine
    voice_name: str
    decision: Decision
    row: LineRow | None
    takes: Sequence[TakeRow]
    delivered: str = ""
    """Path of its file, relative to the output folder; empty for a blocked line."""

    part: Part | None = None
    """None for a blocked line."""

    utterances: tuple[Utterance, ...] = ()
    parts_of: Callable[[int], Parts] | None = None

    @property
    def speaker(self) -> str:
        """Name in the script, or empty."""
        return self.source.line.speaker or ""

    @property
    def parts(self) -> Parts:
        """What its take is made of; only for lines that are not blocked."""
        return self.parts_for(self.decision.variation)

    def parts_for(self, variation: int) -> Parts:
        """What a take of a variation is made of; only for lines that are not blocked."""
        assert self.parts_of is not None  # a blocked line is never rendered
        return self.parts_of(variation)

    @property
    def n_phonemes(self) -> int:
        """Of all its utterances."""
        return sum(len(utterance.phoneme_ids) for utterance in self.utterances)


class Desk:
    """Reads what a job needs, and decides every line.

    Raises:
        UserError: Scripts, lexicon or settings cannot be read as a whole.
        ManifestError: The manifest cannot be read.
    """

    def __init__(self, project: Project, manifest: Manifest) -> None:
        self.project = project
        self.manifest = manifest
        self.output = OutputFolder(project.output)
        self.shelf = VoiceShelf(project, manifest)
        self.phonemizer = Phonemizer(
            project.config.cutting,
            project.lexicons,
            self.shelf.mandarin.g2pw,
            processes=project.config.engine.text_processes,
        )
        self.known = manifest.lines()
        self.source: Source = read_source(project, self.known)
        self.removed = self.source.missing_from(self.known, project)
        self._casting = Casting(project.config, self.shelf)
        date = project.config.album.date or manifest.meta(FIRST_RENDERED) or today()
        self.delivery = Delivery(project.name, project.config, date)
        self.delivery.label(
            "0"
        )  # a producer's name that no label can hold is told before rendering
        self._audio_part = self.delivery.audio_part()

    def cases(
        self,
        rerun_on: Sequence[Trigger] | None = None,
        *,
        force: bool,
        verify: bool,
        listener: Listener | None = None,
    ) -> tuple[Case, ...]:
        """A case for every line, in script order."""
        takes = self.manifest.takes()
        policy = Policy(
            rerun_on=self.project.config.rerun_on if rerun_on is None else rerun_on,
            force=force,
            verify=verify,
            last_completed_run=max(
                (run.id for run in self.manifest.runs() if run.status == "completed"), default=0
            ),
            orphan=self._orphan,
        )
        cast = {line.id: self._cast(line) for line in self.source.lines}
        wanted = [
            Wanted(line.id, line.line.text, part.language, part.voice.symbols)
            for line in self.source.lines
            if isinstance(part := cast[line.id], Part)
        ]
        utterances, wrong = self.phonemizer.read(wanted, self.manifest, tell_reading(listener))
        cases = []
        for line in self.source.lines:
            row, line_takes = self.known.get(line.id), takes.get(line.id, [])
            name = self._casting.voice_name(line.line)
            part = cast[line.id]
            if isinstance(part, Decision):
                cases.append(Case(line, name, part, row, line_takes))
            elif line.id in wrong:
                cases.append(Case(line, name, _blocked_text(wrong[line.id]), row, line_takes))
            else:
                spoken = utterances[line.id]
                cases.append(self._decided(line, part, spoken, row, line_takes, policy))
        return tuple(cases)

    def _cast(self, line: SourceLine) -> Part | Decision:
        """How a line is spoken, or why it cannot be."""
        if line.problem:
            return Decision(Action.BLOCKED, Reason.BAD_SCRIPT, 0, line.problem)
        if not self._casting.voice_name(line.line):
            return Decision(Action.BLOCKED, Reason.NO_VOICE, 0, self._casting.why_nobody(line.line))
        try:
            return self._casting.part(line.line)
        except (VoiceError, CheckpointError) as error:
            return Decision(Action.BLOCKED, Reason.BAD_VOICE, 0, str(error))

    def _decided(
        self,
        line: SourceLine,
        part: Part,
        utterances: tuple[Utterance, ...],
        row: LineRow | None,
        takes: Sequence[TakeRow],
        policy: Policy,
    ) -> Case:
        text, phonemes = text_part(line.line.text, part.language), phonemes_part(utterances)
        sampling, audio = sampling_part(part.sampling), self._audio_part
        bert = bert_part(utterances, part.voice.ref.bert_digest)
        tags = self.delivery.tags_part(line.line, line.line.speaker or part.voice.ref.person)

        def parts_of(variation: int) -> Parts:
            return Parts(
                text=text,
                phonemes=phonemes,
                voice=part.voice.ref.digest,
                models=part.voice.ref.models,
                sampling=sampling,
                seed=seed_part(part.seed, variation),
                audio=audio,
                tags=tags,
                bert=bert,
            )

        suffix = self.delivery.audio_format.suffix
        delivered = self.output.line_path(line.line.output or line.id, suffix)
        wish = Wish(
            line_id=line.id,
            voice=part.voice.ref.name,
            parts_of=parts_of,
            frontend=self.phonemizer.version,
            lexicon=self.phonemizer.lexicon_of(line.line.text),
            delivered=delivered,
            row=row,
            takes=takes,
        )
        decision = decide(wish, policy, self.output)
        return Case(
            source=line,
            voice_name=part.voice.ref.name,
            decision=decision,
            row=row,
            takes=takes,
            delivered=decision.delivered or delivered,
            part=part,
            utterances=utterances,
            parts_of=parts_of,
        )

    def _orphan(self, relative: str, line_id: str) -> tuple[str, int] | None:
        """What a file in a line's place says of itself."""
        path = self.output.absolute(relative)
        record = read_record(path) if path.is_file() else None
        if record is None or record.line_id != line_id:
            return None
        return record.fingerprint, record.take


def today() -> str:
    """The day, for the date of the tags."""
    return datetime.now(UTC).date().isoformat()


def _blocked_text(error: Exception) -> Decision:
    reason = Reason.BAD_MARKUP if isinstance(error, MarkupError) else Reason.UNPRONOUNCEABLE
    return Decision(Action.BLOCKED, reason, 0, str(error))
