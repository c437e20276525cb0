"""Opens the SQLite file of a manifest, checks it, brings it up to date, and speaks for its errors."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import URL, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from gsvbatch.errors import ManifestError, StorageError
from gsvbatch.manifest.migrations import (
    APPLICATION_ID,
    MIGRATIONS,
    SCHEMA_VERSION,
    migrate,
    schema_version,
)
from gsvbatch.units import Seconds

BUSY_TIMEOUT: Seconds = 30.0
HEADER = b"SQLite format 3\0"

MEND = "move it away and run `gsvbatch rescan`, which rebuilds it from the audio files"


class Database:
    """A manifest's file, open and of today's schema.

    Args:
        path: The SQLite file.
        create: Make a missing one, with its folder; otherwise it reads as empty.

    Raises:
        ManifestError: It is damaged, something else, locked, or from a newer version.
        StorageError: It cannot be made or written.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.path = path
        self.is_on_disk = create or path.exists()
        self._engine = self._connect()
        try:
            self._check_and_migrate()
        except BaseException:
            self._engine.dispose()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the manifest cannot be used after."""
        self._engine.dispose()

    def _connect(self) -> Engine:
        if self.is_on_disk:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                if self.path.exists() and self.path.stat().st_size:
                    with self.path.open("rb") as file:
                        if file.read(len(HEADER)) != HEADER:
                            raise ManifestError(self.path, f"not a SQLite file; {MEND}")
            except OSError as error:
                problem = f"cannot be opened: {error.strerror or error}"
                raise StorageError(self.path, problem) from error
            url = URL.create("sqlite", database=str(self.path))
            engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT})
        else:
            engine = create_engine("sqlite://", poolclass=StaticPool)
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        return engine

    def _check_and_migrate(self) -> None:
        with self._reported(), self._engine.begin() as connection:
            version = schema_version(connection)
            if version > SCHEMA_VERSION:
                problem = (
                    f"written by a newer gsvbatch (schema {version}, this one knows "
                    f"{SCHEMA_VERSION}); upgrade with: pip install -U gsvbatch"
                )
                raise ManifestError(self.path, problem)
            n_tables = connection.execute(text("SELECT count(*) FROM sqlite_master")).scalar_one()
            owner = connection.execute(text("PRAGMA application_id")).scalar_one()
            if n_tables and owner != APPLICATION_ID:
                raise ManifestError(self.path, f"a SQLite file of another program; {MEND}")
            if connection.execute(text("PRAGMA quick_check(1)")).scalar_one() != "ok":
                raise ManifestError(self.path, f"damaged; {MEND}")
        if version < SCHEMA_VERSION:
            with self._reported(), self._engine.begin() as connection:
                connection.execute(text("PRAGMA defer_foreign_keys = ON"))
                migrate(connection, MIGRATIONS)

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Turn what SQLite says into an error of ours."""
        try:
            yield
        except DBAPIError as error:
            code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
            if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
                raise StorageError(self.path, "the disk is full; free some space") from error
            if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
                raise StorageError(self.path, f"cannot be written: {error.orig}") from error
            if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise ManifestError(self.path, "held by another program; close it") from error
            if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise ManifestError(self.path, f"damaged ({error.orig}); {MEND}") from error
            raise ManifestError(self.path, f"{error.orig}; {MEND}") from error

    @contextmanager
    def _session(self) -> Iterator[Session]:
        """A transaction: committed when the block ends well, else undone."""
        with (
            self._reported(),
            Session(self._engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # Python's own transaction handling commits before DDL; ours is BEGIN ... COMMIT throughout.
    connection.isolation_level = None
    # NORMAL survives a killed process; a power cut may cost the last rows, whose files are then adopted.
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN")
