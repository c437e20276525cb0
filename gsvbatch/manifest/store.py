"""What a job asks of a manifest; every method is one transaction.

Any number of processes may read. Writing is for the head that holds the `HeadLock`; nothing here
checks that, so that a cache can be filled by a plan in passing.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from gsvbatch.manifest.database import Database
from gsvbatch.manifest.schema import (
    EventRow,
    LineRow,
    MetaRow,
    PhonemesRow,
    RunRow,
    TakeRow,
    UtteranceRow,
    VoiceLevelRow,
    WorkRow,
)
from gsvbatch.units import Seconds


def now() -> str:
    """This moment, as the manifest writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Pace:
    """What earlier runs of the project measured."""

    speed: float | None
    """Audio seconds per second of the last run that rendered enough to tell."""

    seconds_per_phoneme: Mapping[str, Seconds]
    """By voice."""


@dataclass(frozen=True, slots=True)
class NewTake:
    """A take to be recorded, with all that changes with it."""

    take: TakeRow
    utterances: Sequence[UtteranceRow]
    """Its pieces; their ``take_id`` is filled in."""

    moved: Mapping[int, str | None] = field(default_factory=dict)
    """Where files of other takes are since, by id; None: given up."""

    deliver: bool = True
    """Whether the line points to it from now on."""

    line_values: Mapping[str, Any] = field(default_factory=dict)
    """Further columns of the line."""


class Manifest(Database):
    """A job's memory."""

    # Facts

    def meta(self, key: str) -> str | None:
        """A fact, or None."""
        with self._session() as session:
            row = session.get(MetaRow, key)
            return row.value if row else None

    def put_meta(self, key: str, value: str) -> None:
        """Keep a fact, over what was known."""
        with self._session() as session:
            session.merge(MetaRow(key=key, value=value))

    def remember(self, key: str, value: str) -> str:
        """Keep a fact unless it is known already; returns what is known."""
        with self._session() as session:
            session.execute(insert(MetaRow).values(key=key, value=value).on_conflict_do_nothing())
            return session.execute(select(MetaRow.value).where(MetaRow.key == key)).scalar_one()

    # Lines and takes

    def lines(self) -> dict[str, LineRow]:
        """All lines by id, in script order."""
        with self._session() as session:
            rows = session.scalars(select(LineRow).order_by(LineRow.position, LineRow.id))
            return {row.id: row for row in rows}

    def takes(self, line_id: str | None = None) -> dict[str, list[TakeRow]]:
        """Takes by line id, oldest first; of one line or of all."""
        return self.takes_of(None if line_id is None else [line_id])

    def takes_of(self, line_ids: Sequence[str] | None) -> dict[str, list[TakeRow]]:
        """Takes by line id, oldest first; of these lines, or with None of all."""
        query = select(TakeRow).order_by(TakeRow.line_id, TakeRow.number)
        queries = [query]
        if line_ids is not None:
            queries = [query.where(TakeRow.line_id.in_(part)) for part in _parts(line_ids)]
        found: dict[str, list[TakeRow]] = defaultdict(list)
        with self._session() as session:
            for each in queries:
                for row in session.scalars(each):
                    found[row.line_id].append(row)
        return dict(found)

    def utterances(self, take_ids: Iterable[int] | None = None) -> dict[int, list[UtteranceRow]]:
        """Utterances by take id, in order; of these takes or of all delivered ones."""
        query = select(UtteranceRow).order_by(UtteranceRow.take_id, UtteranceRow.position)
        if take_ids is None:
            query = query.join(LineRow, LineRow.take_id == UtteranceRow.take_id)
        else:
            query = query.where(UtteranceRow.take_id.in_(list(take_ids)))
        found: dict[int, list[UtteranceRow]] = defaultdict(list)
        with self._session() as session:
            for row in session.scalars(query):
                found[row.take_id].append(row)
        return dict(found)

    def put_lines(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert lines, or update those that are there.

        Args:
            rows: Columns by name, all rows with the same ones, ``id`` among them; a new line gets the
                schema's defaults for the others.
        """
        if not rows:
            return
        statement = insert(LineRow)
        changed = {key: statement.excluded[key] for key in rows[0] if key != "id"}
        statement = statement.on_conflict_do_update(index_elements=["id"], set_=changed)
        with self._session() as session:
            session.execute(statement, [{**_LINE_DEFAULTS, **row} for row in rows])

    def change_lines(self, line_ids: Iterable[str], **values: Any) -> None:
        """Set columns of lines, the same for all."""
        with self._session() as session:
            _change(session, [{"id": line_id, **values} for line_id in line_ids])

    def record_takes(self, new: Sequence[NewTake]) -> None:
        """Write takes and their utterances, all or none."""
        with self._session() as session:
            session.add_all(one.take for one in new)
            session.flush()
            for one in new:
                for row in one.utterances:
                    row.take_id = one.take.id
                session.add_all(one.utterances)
            _move(session, {key: path for one in new for key, path in one.moved.items()})
            _change(
                session,
                [
                    {
                        "id": one.take.line_id,
                        **one.line_values,
                        **({"take_id": one.take.id} if one.deliver else {}),
                    }
                    for one in new
                    if one.deliver or one.line_values
                ],
            )

    def move_takes(self, moved: Mapping[int, str | None]) -> None:
        """Note where the files of takes are now; None: given up."""
        if moved:
            with self._session() as session:
                _move(session, moved)

    def change_take(self, take_id: int, **values: Any) -> None:
        """Set columns of a take."""
        with self._session() as session:
            session.execute(update(TakeRow).where(TakeRow.id == take_id).values(**values))

    def deliver_take(
        self, line_id: str, take_id: int, moved: Mapping[int, str | None], **line_values: Any
    ) -> None:
        """Point a line to another of its takes, whose files have changed places."""
        with self._session() as session:
            _move(session, moved)
            _change(session, [{"id": line_id, "take_id": take_id, **line_values}])

    # Runs and events

    def start_run(self, version: str, n_planned: int) -> int:
        """Note that a run begins; returns its id."""
        with self._session() as session:
            row = RunRow(started_at=now(), version=version, n_planned=n_planned)
            session.add(row)
            session.flush()
            return row.id

    def close_dead_runs(self) -> None:
        """Note that runs without an end were killed; call it only while holding the lock."""
        with self._session() as session:
            session.execute(
                update(RunRow).where(RunRow.status == "running").values(status="killed")
            )

    def update_run(self, run_id: int, **values: Any) -> None:
        """Set columns of a run."""
        with self._session() as session:
            session.execute(update(RunRow).where(RunRow.id == run_id).values(**values))

    def runs(self, n: int | None = None) -> list[RunRow]:
        """Runs, newest first."""
        with self._session() as session:
            return list(session.scalars(select(RunRow).order_by(RunRow.id.desc()).limit(n)))

    def add_event(
        self, kind: str, *, line_id: str = "", message: str = "", run_id: int | None = None
    ) -> None:
        """Note something worth remembering."""
        self.add_events(kind, [(line_id, message)], run_id=run_id)

    def add_events(
        self, kind: str, events: Sequence[tuple[str, str]], *, run_id: int | None = None
    ) -> None:
        """Note the same kind of thing of several lines: ids and messages."""
        if not events:
            return
        with self._session() as session:
            session.add_all(
                EventRow(at=now(), kind=kind, line_id=line_id, message=message, run_id=run_id)
                for line_id, message in events
            )

    def events(self, line_id: str | None = None) -> list[EventRow]:
        """Events, oldest first; of one line or all."""
        query = select(EventRow).order_by(EventRow.id)
        if line_id is not None:
            query = query.where(EventRow.line_id == line_id)
        with self._session() as session:
            return list(session.scalars(query))

    def pace(self) -> Pace:
        """How fast earlier runs rendered, and how fast the voices speak."""
        with self._session() as session:
            run = session.scalars(
                select(RunRow)
                .where(RunRow.audio - RunRow.cached_audio > 5, RunRow.elapsed > 0)
                .order_by(RunRow.id.desc())
                .limit(1)
            ).first()
            rates = session.execute(
                select(TakeRow.voice, func.sum(TakeRow.duration), func.sum(TakeRow.n_phonemes))
                .where(TakeRow.n_phonemes > 0)
                .group_by(TakeRow.voice)
            )
            return Pace(
                speed=(run.audio - run.cached_audio) / run.elapsed if run else None,
                seconds_per_phoneme={voice: audio / n for voice, audio, n in rates},
            )

    # Works

    def works(self) -> list[WorkRow]:
        """Assembled files, by path."""
        with self._session() as session:
            return list(session.scalars(select(WorkRow).order_by(WorkRow.path)))

    def put_work(self, row: WorkRow) -> None:
        """Insert or replace a work."""
        with self._session() as session:
            session.merge(row)

    def drop_works(self, paths: Iterable[str]) -> None:
        """Forget works."""
        with self._session() as session:
            session.execute(delete(WorkRow).where(WorkRow.path.in_(list(paths))))

    # Caches

    def voice_levels(self) -> dict[str, VoiceLevelRow]:
        """How loud voices speak, by key."""
        with self._session() as session:
            return {row.key: row for row in session.scalars(select(VoiceLevelRow))}

    def put_voice_level(self, row: VoiceLevelRow) -> None:
        """Keep how loud a voice speaks."""
        with self._session() as session:
            session.merge(row)

    def phonemes(self, keys: Sequence[str]) -> dict[str, str]:
        """What the frontend made of texts, as JSON by key; unknown keys are left out."""
        found: dict[str, str] = {}
        with self._session() as session:
            for part in _parts(keys):
                rows = session.execute(
                    select(PhonemesRow.key, PhonemesRow.utterances).where(PhonemesRow.key.in_(part))
                )
                found.update((key, utterances) for key, utterances in rows)
        return found

    def put_phonemes(self, entries: Mapping[str, str]) -> None:
        """Keep what the frontend made of texts."""
        if not entries:
            return
        rows = [{"key": key, "utterances": value} for key, value in entries.items()]
        with self._session() as session:
            session.execute(insert(PhonemesRow).on_conflict_do_nothing(), rows)


def _move(session: Session, moved: Mapping[int, str | None]) -> None:
    if moved:
        rows = [{"id": take_id, "path": path} for take_id, path in moved.items()]
        session.execute(update(TakeRow), rows)


def _change(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Set columns of lines; every row names its line by ``id``."""
    if rows:
        session.execute(update(LineRow), rows)


def _parts(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """Keys in portions: SQLite limits the parameters of a statement."""
    for start in range(0, len(keys), _PORTION):
        yield keys[start : start + _PORTION]


_PORTION = 500

_LINE_DEFAULTS: Mapping[str, Any] = {
    "script": "",
    "line_number": 0,
    "position": 0,
    "speaker": "",
    "voice": "",
    "text": "",
    "language": "",
    "chapter": "",
    "has_own_id": True,
    "status": "pending",
    "problem": "",
    "variation": 0,
    "take_id": None,
    "is_picked": False,
    "accepted": "",
}
