"""Takes into the manifest: recorded, restored, adopted, and given up when there are too many.

Every change is first made to files, by copies that replace nothing that is still needed, then to rows
in one transaction, then leftovers are deleted. A crash between any two leaves rows that still find
their files (`OutputFolder.find`), and files that the next run takes up or deletes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gsvbatch.audio import read_tags, sha256_file
from gsvbatch.audio.storage import storage_error
from gsvbatch.errors import AudioFileError
from gsvbatch.job.files import TAKES, OutputFolder, is_delivered, is_same_place
from gsvbatch.manifest import Manifest, TakeRow, UtteranceRow
from gsvbatch.manifest.store import NewTake, now
from gsvbatch.render.record import RECORD_TAG, TakeRecord, Verdict
from gsvbatch.script import collision_key


@dataclass(frozen=True, slots=True)
class Finished:
    """A take whose file is in its place."""

    record: TakeRecord
    path: str
    """Of its file, relative to the output folder."""

    sha256: str
    n_bytes: int
    origins: Sequence[str] = ()
    """Where each utterance's audio is from, as in `SpeechResult`; none if nobody knows."""


class TakeBook:
    """The takes of one output folder, while its lock is held.

    Args:
        manifest: Where rows go.
        output: Where files are.
        keep: Files kept per line, the delivered one included.
        run_id: The run that takes are made in; None outside one.
    """

    def __init__(
        self, manifest: Manifest, output: OutputFolder, *, keep: int, run_id: int | None = None
    ) -> None:
        self._manifest = manifest
        self._output = output
        self._keep = keep
        self.run_id = run_id

    def make_room(self, takes: Sequence[TakeRow]) -> None:
        """Copy the take that is delivered aside, before another is written in its place.

        Raises:
            StorageError: It cannot be copied.
        """
        if self._keep > 1:
            for take in takes:
                if take.path is not None and is_delivered(take.path):
                    self._output.keep_aside(take)

    def give_way(self, wanted: Mapping[str, str]) -> None:
        """Move takes aside that are delivered where another line is to be delivered.

        So no row says of a place that it is its line's when another line's file comes there, and the
        names of lines can be shifted or swapped. A place that is the same but for its case counts as
        another's even if it is the line's own: there, the old name would be the new file's.

        Args:
            wanted: By line id, the paths of the files that are about to be written.

        Raises:
            StorageError: A file cannot be moved.
        """
        if not wanted:
            return
        takes = [take for of_line in self._manifest.takes().values() for take in of_line]
        here = [(take, take.path) for take in takes if take.path and is_delivered(take.path)]
        # Of two lines that claim one place, one is wrong: a file was moved by hand, and rescanned.
        owners = {collision_key(path): (take.line_id, path) for take, path in here}
        owners |= {collision_key(path): (line_id, path) for line_id, path in wanted.items()}
        moved: dict[int, str | None] = {}
        for take, path in here:
            if owners[collision_key(path)] != (take.line_id, path):
                record = read_record(self._output.absolute(path))
                is_own = record is not None and record.line_id == take.line_id
                self._output.set_aside(take, is_changed=is_own)
                moved[take.id] = self._output.take_path(take, path)
        self._manifest.move_takes(moved)

    def record(self, finished: Sequence[Finished]) -> None:
        """Write the rows of takes whose files are in their places, and deliver them.

        One transaction for all: a row by itself costs more time than many together.

        Args:
            finished: Takes of different lines.
        """
        if not finished:
            return
        known = self._manifest.takes_of([one.record.line_id for one in finished])
        new = []
        for one in finished:
            earlier = known.get(one.record.line_id, [])
            new.append(self._new(one, self._pushed_out(earlier), deliver=True))
        self._manifest.record_takes(new)
        for one in finished:
            earlier = known.get(one.record.line_id, [])
            self._clear(earlier, one.path)
            if earlier or self._output.absolute(f"{TAKES}/{one.record.line_id}").is_dir():
                self.give_up(one.record.line_id, one.path)

    def adopt(self, finished: Finished, *, deliver: bool) -> None:
        """Write the rows of a take, and nothing else.

        Args:
            finished: The take.
            deliver: Whether the line points to it from now on.
        """
        self._manifest.record_takes([self._new(finished, {}, deliver=deliver)])

    def _new(
        self, finished: Finished, moved: Mapping[int, str | None], *, deliver: bool
    ) -> NewTake:
        record = finished.record
        take = TakeRow(
            line_id=record.line_id,
            number=record.take,
            variation=record.variation,
            fingerprint=record.fingerprint,
            **{f"part_{name}": value for name, value in record.parts.items()},
            frontend=record.frontend,
            lexicon=record.lexicon,
            voice=record.voice,
            seed=record.seed,
            n_phonemes=record.n_phonemes,
            path=finished.path,
            sha256=finished.sha256,
            n_bytes=finished.n_bytes,
            sample_rate=record.sample_rate,
            duration=record.duration,
            loudness=record.loudness,
            peak=record.peak,
            verdict=record.verdict.value,
            problems=_as_json(record.problems),
            created_at=now(),
            run_id=self.run_id,
        )
        utterances = [
            UtteranceRow(
                take_id=0,
                position=position,
                text=utterance.text,
                spoken_text=utterance.spoken_text,
                start=utterance.start,
                duration=utterance.duration,
                seed=utterance.seed,
                attempts=utterance.attempts,
                n_tokens=utterance.n_tokens,
                stop_reason=utterance.stop_reason.value,
                verdict=utterance.verdict.value,
                problems=_as_json(utterance.problems),
                origin=finished.origins[position] if finished.origins else "",
            )
            for position, utterance in enumerate(record.utterances)
        ]
        line_values: dict[str, object] = {}
        if deliver:
            line_values = {
                **line_state(record.verdict, record.problems),
                "variation": record.variation,
                "is_picked": False,
                "accepted": "",
            }
        return NewTake(take, utterances, moved, deliver=deliver, line_values=line_values)

    def restore(self, line_id: str, number: int, delivered: str, *, is_picked: bool) -> bool:
        """Deliver an older take, or one that stands elsewhere; call `give_way` before.

        Args:
            line_id: Its line.
            number: Of the take.
            delivered: Where it goes.
            is_picked: Whether a person chose it.

        Returns:
            Whether its file was there, with the audio that it was made with.

        Raises:
            StorageError: A file cannot be copied.
        """
        takes = self._manifest.takes(line_id)[line_id]
        take = next(take for take in takes if take.number == number)
        source = self._output.find(take, delivered, verify=True)
        if source is None:
            return False
        others = [other for other in takes if other.id != take.id]
        for other in others:
            if other.path is not None and is_delivered(other.path):
                self._output.keep_aside(other)
        if source != delivered:
            self._output.deliver(source, delivered)
        self._manifest.deliver_take(
            take.line_id,
            take.id,
            {**self._pushed_out(others), take.id: delivered},
            **line_state(Verdict(take.verdict), json.loads(take.problems)),
            is_picked=is_picked,
        )
        self._clear(takes, delivered)
        if not is_same_place(source, delivered):
            self._output.remove(source)
        self.give_up(take.line_id, delivered)
        return True

    def give_up(self, line_id: str, delivered: str) -> None:
        """Delete the files of the oldest takes beyond those that are kept, and files of no take."""
        takes = self._manifest.takes(line_id).get(line_id, [])
        others = [take for take in takes if take.path not in (None, delivered)]
        too_many = others[: max(0, len(others) - (self._keep - 1))]
        self._manifest.move_takes({take.id: None for take in too_many})
        kept = {take.path for take in others if take not in too_many}
        folder = self._output.absolute(f"{TAKES}/{line_id}")
        if folder.is_dir():
            for path in list(folder.iterdir()):
                relative = path.relative_to(self._output.path).as_posix()
                if relative not in kept:
                    self._output.remove(relative)
        for take in too_many:
            if take.path is not None:
                self._output.remove(take.path)

    def _pushed_out(self, takes: Sequence[TakeRow]) -> dict[int, str | None]:
        """Where the takes are now that were delivered before."""
        moved: dict[int, str | None] = {}
        for take in takes:
            if take.path is not None and is_delivered(take.path):
                is_kept = self._output.is_aside(take)
                moved[take.id] = self._output.take_path(take, take.path) if is_kept else None
        return moved

    def _clear(self, takes: Sequence[TakeRow], delivered: str) -> None:
        """Remove what was delivered under another name or in another format."""
        for take in takes:
            if take.path is None or not is_delivered(take.path):
                continue
            if not is_same_place(take.path, delivered):
                self._output.remove(take.path)


def read_record(path: Path) -> TakeRecord | None:
    """The record that an audio file carries, or None if it is none of ours."""
    try:
        tags = read_tags(path)
        return TakeRecord.from_json(tags.extra.get(RECORD_TAG, ""))
    except (AudioFileError, ValueError):
        return None


def file_facts(path: Path) -> tuple[str, int]:
    """SHA-256 and size of a file.

    Raises:
        StorageError: It cannot be read.
    """
    try:
        return sha256_file(path), path.stat().st_size
    except OSError as error:
        raise storage_error(path, error) from error


def line_state(verdict: Verdict, problems: Sequence[str]) -> dict[str, str]:
    """What a line's row says when a take is delivered."""
    if verdict is Verdict.FAILED:
        return {"status": "failed", "problem": "; ".join(problems)}
    return {"status": "done", "problem": ""}


def _as_json(texts: Sequence[str]) -> str:
    return json.dumps(list(texts), ensure_ascii=False)
