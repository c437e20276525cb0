"""The tables of a manifest, as classes. docs/job.md describes them for users of other SQLite tools.

Paths are relative to the output folder, with ``/``. Times are UTC, ISO 8601. Lists are JSON text.
"""

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from gsvbatch.units import Decibels, Seconds


class Base(MappedAsDataclass, DeclarativeBase):
    """Rows are dataclasses: cheap to make, readable when printed."""


class MetaRow(Base):
    """A fact about the manifest itself."""

    __tablename__ = "meta"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class RunRow(Base):
    """One call of render."""

    __tablename__ = "runs"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    started_at: Mapped[str]
    version: Mapped[str]
    """Of gsvbatch."""

    ended_at: Mapped[str | None] = mapped_column(default=None)
    status: Mapped[str] = mapped_column(default="running")
    """``running``, ``completed``, ``interrupted``, ``stopped``; the next run calls a dead one ``killed``."""

    n_planned: Mapped[int] = mapped_column(default=0)
    n_done: Mapped[int] = mapped_column(default=0)
    n_failed: Mapped[int] = mapped_column(default=0)
    audio: Mapped[Seconds] = mapped_column(default=0.0)
    elapsed: Mapped[Seconds] = mapped_column(default=0.0)
    """Without the time for loading models."""

    n_cached: Mapped[int] = mapped_column(default=0)
    """Lines of which nothing was spoken: they were in the cache, or repeat other lines."""

    cached_audio: Mapped[Seconds] = mapped_column(default=0.0)
    """Of those lines; part of ``audio``."""


class LineRow(Base):
    """One line of the scripts, as it was at the last render."""

    __tablename__ = "lines"

    id: Mapped[str] = mapped_column(primary_key=True)
    script: Mapped[str]
    """Relative to the project's folder."""

    line_number: Mapped[int]
    position: Mapped[int]
    """Over all scripts of the job, from 0."""

    speaker: Mapped[str]
    voice: Mapped[str]
    text: Mapped[str]
    """As written, markup included."""

    language: Mapped[str] = mapped_column(default="")
    chapter: Mapped[str] = mapped_column(default="")
    has_own_id: Mapped[bool] = mapped_column(default=True)
    """False if the script names no id for the line and the job gave it one."""

    status: Mapped[str] = mapped_column(default="pending", index=True)
    """``pending``, ``done``, ``failed``, ``removed``."""

    problem: Mapped[str] = mapped_column(default="")
    variation: Mapped[int] = mapped_column(default=0)
    """How many new takes were asked for."""

    take_id: Mapped[int | None] = mapped_column(default=None)
    """The take that is delivered."""

    is_picked: Mapped[bool] = mapped_column(default=False)
    """Whether a person chose that take."""

    accepted: Mapped[str] = mapped_column(default="")
    """Fingerprint for which the delivered take counts as up to date although it has another."""


class TakeRow(Base):
    """One rendered attempt at a line: a file, or what is left of the record of one."""

    __tablename__ = "takes"
    __table_args__ = (
        UniqueConstraint("line_id", "number"),
        Index("takes_by_fingerprint", "fingerprint"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    line_id: Mapped[str] = mapped_column(ForeignKey("lines.id"))
    number: Mapped[int]
    """From 1, per line."""

    variation: Mapped[int]
    fingerprint: Mapped[str]
    part_text: Mapped[str]
    part_phonemes: Mapped[str]
    part_voice: Mapped[str]
    part_models: Mapped[str]
    part_sampling: Mapped[str]
    part_seed: Mapped[str]
    part_audio: Mapped[str]
    part_tags: Mapped[str]
    """The parts of the fingerprint, so that a changed one can be named. Tags are not in it."""

    frontend: Mapped[str]
    """Version and settings of the text frontend; not in the fingerprint, phonemes are."""

    lexicon: Mapped[str]
    voice: Mapped[str]
    seed: Mapped[int]
    """Of the first utterance's best attempt."""

    n_phonemes: Mapped[int]
    path: Mapped[str | None]
    """None once the file was given up for newer takes."""

    sha256: Mapped[str]
    n_bytes: Mapped[int]
    sample_rate: Mapped[int]
    duration: Mapped[Seconds]
    loudness: Mapped[Decibels | None]
    """LUFS; NULL if too short to measure."""

    peak: Mapped[Decibels | None]
    verdict: Mapped[str]
    """``ok``, ``suspect``, ``failed``."""

    problems: Mapped[str]
    """JSON list of texts."""

    created_at: Mapped[str]
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id"), default=None)
    """NULL for a take that rescan found."""

    part_bert: Mapped[str] = mapped_column(default="")
    """Part of the fingerprint where prosody features were used; else empty."""


class UtteranceRow(Base):
    """One piece of a take, as it was spoken."""

    __tablename__ = "utterances"
    __table_args__ = (UniqueConstraint("take_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    take_id: Mapped[int] = mapped_column(ForeignKey("takes.id"))
    position: Mapped[int]
    text: Mapped[str]
    """As shown."""

    spoken_text: Mapped[str]
    start: Mapped[Seconds]
    """Within the take."""

    duration: Mapped[Seconds]
    seed: Mapped[int]
    attempts: Mapped[int]
    n_tokens: Mapped[int]
    stop_reason: Mapped[str]
    verdict: Mapped[str]
    problems: Mapped[str]
    origin: Mapped[str] = mapped_column(default="")
    """Empty if it was spoken for this take; ``cache``, or the line that was spoken in its place."""


class WorkRow(Base):
    """One assembled file."""

    __tablename__ = "works"

    path: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    format: Mapped[str]
    fingerprint: Mapped[str]
    """Digest of all that went in: takes, pauses, tags, settings."""

    sha256: Mapped[str]
    n_bytes: Mapped[int]
    duration: Mapped[Seconds]
    created_at: Mapped[str]


class EventRow(Base):
    """Something worth remembering: a failure, a retake, a pick, an acceptance."""

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    at: Mapped[str]
    kind: Mapped[str]
    line_id: Mapped[str] = mapped_column(default="", index=True)
    message: Mapped[str] = mapped_column(default="")
    run_id: Mapped[int | None] = mapped_column(default=None)


class VoiceLevelRow(Base):
    """How loud a voice speaks by itself, measured once."""

    __tablename__ = "voice_levels"

    key: Mapped[str] = mapped_column(primary_key=True)
    """Digest of the voice and its models."""

    voice: Mapped[str]
    loudness: Mapped[Decibels]
    """LUFS."""

    rms: Mapped[Decibels]
    """dBFS."""

    peak: Mapped[Decibels]
    """dBTP."""

    duration: Mapped[Seconds]
    """Of the speech that was measured."""


class PhonemesRow(Base):
    """What the frontend made of a text; may be deleted at will."""

    __tablename__ = "phonemes"

    key: Mapped[str] = mapped_column(primary_key=True)
    """Digest of text, language, lexicon, frontend version and settings."""

    utterances: Mapped[str]
    """JSON."""
