"""How a manifest of an older version becomes one of today's, step by step.

``PRAGMA user_version`` counts the steps taken. A step is never edited once released: its SQL is what
stands in files that users have. A new column or table is a new step, and the same change in schema.py.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, text

APPLICATION_ID = 0x47535642
"""``GSVB``; tells a manifest from any other SQLite file."""


def _first_tables(connection: Connection) -> None:
    _all(
        connection,
        """CREATE TABLE meta (key VARCHAR NOT NULL PRIMARY KEY, value VARCHAR NOT NULL)""",
        """CREATE TABLE runs (
            id INTEGER NOT NULL PRIMARY KEY,
            started_at VARCHAR NOT NULL, version VARCHAR NOT NULL,
            ended_at VARCHAR, status VARCHAR NOT NULL,
            n_planned INTEGER NOT NULL, n_done INTEGER NOT NULL, n_failed INTEGER NOT NULL,
            audio DOUBLE NOT NULL, elapsed DOUBLE NOT NULL)""",
        """CREATE TABLE lines (
            id VARCHAR NOT NULL PRIMARY KEY,
            script VARCHAR NOT NULL, line_number INTEGER NOT NULL, position INTEGER NOT NULL,
            speaker VARCHAR NOT NULL, voice VARCHAR NOT NULL, text VARCHAR NOT NULL,
            language VARCHAR NOT NULL, chapter VARCHAR NOT NULL, has_own_id BOOLEAN NOT NULL,
            status VARCHAR NOT NULL, problem VARCHAR NOT NULL, variation INTEGER NOT NULL,
            take_id INTEGER, is_picked BOOLEAN NOT NULL, accepted VARCHAR NOT NULL)""",
        """CREATE INDEX ix_lines_status ON lines (status)""",
        """CREATE TABLE takes (
            id INTEGER NOT NULL PRIMARY KEY,
            line_id VARCHAR NOT NULL REFERENCES lines (id), number INTEGER NOT NULL,
            variation INTEGER NOT NULL, fingerprint VARCHAR NOT NULL,
            part_text VARCHAR NOT NULL, part_phonemes VARCHAR NOT NULL, part_voice VARCHAR NOT NULL,
            part_models VARCHAR NOT NULL, part_sampling VARCHAR NOT NULL, part_seed VARCHAR NOT NULL,
            part_audio VARCHAR NOT NULL, part_tags VARCHAR NOT NULL,
            frontend VARCHAR NOT NULL, lexicon VARCHAR NOT NULL,
            voice VARCHAR NOT NULL, seed INTEGER NOT NULL, n_phonemes INTEGER NOT NULL,
            path VARCHAR, sha256 VARCHAR NOT NULL, n_bytes INTEGER NOT NULL,
            sample_rate INTEGER NOT NULL, duration DOUBLE NOT NULL, loudness DOUBLE, peak DOUBLE,
            verdict VARCHAR NOT NULL, problems VARCHAR NOT NULL, created_at VARCHAR NOT NULL,
            run_id INTEGER REFERENCES runs (id), UNIQUE (line_id, number))""",
        """CREATE INDEX takes_by_fingerprint ON takes (fingerprint)""",
        """CREATE TABLE utterances (
            id INTEGER NOT NULL PRIMARY KEY,
            take_id INTEGER NOT NULL REFERENCES takes (id), position INTEGER NOT NULL,
            text VARCHAR NOT NULL, spoken_text VARCHAR NOT NULL,
            start DOUBLE NOT NULL, duration DOUBLE NOT NULL, seed INTEGER NOT NULL,
            attempts INTEGER NOT NULL, n_tokens INTEGER NOT NULL, stop_reason VARCHAR NOT NULL,
            verdict VARCHAR NOT NULL, problems VARCHAR NOT NULL, UNIQUE (take_id, position))""",
        """CREATE TABLE works (
            path VARCHAR NOT NULL PRIMARY KEY, name VARCHAR NOT NULL, format VARCHAR NOT NULL,
            fingerprint VARCHAR NOT NULL, sha256 VARCHAR NOT NULL, n_bytes INTEGER NOT NULL,
            duration DOUBLE NOT NULL, created_at VARCHAR NOT NULL)""",
        """CREATE TABLE events (
            id INTEGER NOT NULL PRIMARY KEY,
            at VARCHAR NOT NULL, kind VARCHAR NOT NULL, line_id VARCHAR NOT NULL,
            message VARCHAR NOT NULL, run_id INTEGER)""",
        """CREATE INDEX ix_events_line_id ON events (line_id)""",
    )


def _remember_levels_and_phonemes(connection: Connection) -> None:
    _all(
        connection,
        """CREATE TABLE voice_levels (
            key VARCHAR NOT NULL PRIMARY KEY, voice VARCHAR NOT NULL,
            loudness DOUBLE NOT NULL, rms DOUBLE NOT NULL, peak DOUBLE NOT NULL, duration DOUBLE NOT NULL)""",
        """CREATE TABLE phonemes (
            key VARCHAR NOT NULL PRIMARY KEY, utterances VARCHAR NOT NULL)""",
    )


def _tell_takes_with_prosody(connection: Connection) -> None:
    _all(connection, """ALTER TABLE takes ADD COLUMN part_bert VARCHAR NOT NULL DEFAULT ''""")


def _tell_what_was_not_spoken(connection: Connection) -> None:
    _all(
        connection,
        """ALTER TABLE utterances ADD COLUMN origin VARCHAR NOT NULL DEFAULT ''""",
        """ALTER TABLE runs ADD COLUMN n_cached INTEGER NOT NULL DEFAULT 0""",
        """ALTER TABLE runs ADD COLUMN cached_audio DOUBLE NOT NULL DEFAULT 0""",
    )


MIGRATIONS: Sequence[Callable[[Connection], None]] = (
    _first_tables,
    _remember_levels_and_phonemes,
    _tell_takes_with_prosody,
    _tell_what_was_not_spoken,
)

SCHEMA_VERSION = len(MIGRATIONS)


def schema_version(connection: Connection) -> int:
    """How many steps the file has behind it; 0 is an empty file."""
    return int(connection.execute(text("PRAGMA user_version")).scalar_one())


def migrate(connection: Connection, steps: Sequence[Callable[[Connection], None]]) -> None:
    """Take the steps that the file has not had yet, each in the caller's transaction."""
    for version, step in enumerate(steps, start=1):
        if version > schema_version(connection):
            step(connection)
            connection.execute(text(f"PRAGMA user_version = {version}"))
    connection.execute(text(f"PRAGMA application_id = {APPLICATION_ID}"))


def _all(connection: Connection, *statements: str) -> None:
    for statement in statements:
        connection.execute(text(statement))
