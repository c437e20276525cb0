import os
import sqlite3
import stat
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from gsvbatch.errors import ManifestError, StorageError
from gsvbatch.manifest import SCHEMA_VERSION, Manifest
from gsvbatch.manifest.migrations import APPLICATION_ID, MIGRATIONS, migrate
from gsvbatch.manifest.schema import Base

LINE = {"id": "a1", "script": "s.md", "line_number": 3, "speaker": "A", "voice": "v", "text": "Hi."}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "out" / "manifest.sqlite"
    with Manifest(path, create=True) as manifest:
        manifest.put_lines([LINE])
    return path


def test_what_is_written_is_read_by_the_next_process(path: Path) -> None:
    with Manifest(path) as manifest:
        row = manifest.lines()["a1"]
    assert (row.script, row.line_number, row.status, row.variation) == ("s.md", 3, "pending", 0)


def test_a_missing_manifest_reads_as_empty_and_stays_missing(tmp_path: Path) -> None:
    path = tmp_path / "manifest.sqlite"
    with Manifest(path) as manifest:
        assert manifest.lines() == {}
        assert not manifest.is_on_disk
    assert not path.exists()


def test_any_sqlite_tool_can_read_it(path: Path) -> None:
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("SELECT id, text FROM lines").fetchall() == [("a1", "Hi.")]
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    finally:
        connection.close()


def test_updating_a_line_leaves_its_other_columns(path: Path) -> None:
    with Manifest(path) as manifest:
        manifest.change_lines(["a1"], variation=2)
        manifest.put_lines([{**LINE, "text": "Ho."}])
        row = manifest.lines()["a1"]
    assert (row.text, row.variation) == ("Ho.", 2)


def first_version(path: Path, version: int) -> None:
    """A manifest as an older gsvbatch left it, with a line in it."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        migrate(connection, MIGRATIONS[:version])
        connection.execute(
            text(
                "INSERT INTO lines VALUES ('old', 's.md', 1, 0, 'A', 'v', 'Hi.', '', '', 1,"
                " 'pending', '', 0, NULL, 0, '')"
            )
        )
    engine.dispose()


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
def test_a_manifest_of_any_older_version_is_brought_up_to_date(
    tmp_path: Path, version: int
) -> None:
    path = tmp_path / "manifest.sqlite"
    first_version(path, version)
    with Manifest(path) as manifest:
        assert list(manifest.lines()) == ["old"]
        manifest.put_phonemes({"k": "[]"})
        assert manifest.phonemes(["k"]) == {"k": "[]"}
    with Manifest(path) as manifest:
        assert manifest.phonemes(["k"]) == {"k": "[]"}


def test_migrations_end_at_the_classes(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    found = inspect(engine)
    assert set(found.get_table_names()) == set(Base.metadata.tables)
    for name, table in Base.metadata.tables.items():
        columns = {column["name"]: column for column in found.get_columns(name)}
        assert list(columns) == [column.name for column in table.columns]
        for column in table.columns:
            assert columns[column.name]["nullable"] == column.nullable
            assert str(columns[column.name]["type"]) == str(column.type)
        indexes = {index["name"] for index in found.get_indexes(name)}
        assert indexes == {index.name for index in table.indexes}
    engine.dispose()


def test_a_newer_manifest_is_refused_with_what_to_do(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(ManifestError, match=r"newer gsvbatch .* pip install -U gsvbatch"):
        Manifest(path)


DAMAGE = {
    "not a database": b"hello, this is a text file\n" * 20,
    "a header alone": b"SQLite format 3\0" + b"x" * 4000,
}


@pytest.mark.parametrize("what", DAMAGE)
def test_what_is_no_manifest_is_told(tmp_path: Path, what: str) -> None:
    path = tmp_path / "manifest.sqlite"
    path.write_bytes(DAMAGE[what])
    with pytest.raises(ManifestError, match=r"gsvbatch rescan"):
        Manifest(path)
    assert path.read_bytes() == DAMAGE[what]


def test_a_manifest_cut_in_half_is_told(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(ManifestError, match="gsvbatch rescan"):
        Manifest(path)


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "manifest.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE photos (id)")
    connection.commit()
    connection.close()
    with pytest.raises(ManifestError, match="SQLite file of another program"):
        Manifest(path)


def test_it_is_known_by_its_application_id(path: Path) -> None:
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    connection.close()


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "manifest.sqlite").mkdir()
    with pytest.raises((StorageError, ManifestError)):
        Manifest(tmp_path / "manifest.sqlite")


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StorageError):
        Manifest(tmp_path / "file" / "manifest.sqlite", create=True)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_manifest_is_told_on_writing(path: Path) -> None:
    path.chmod(stat.S_IREAD)
    path.parent.chmod(stat.S_IREAD | stat.S_IEXEC)
    try:
        with pytest.raises(StorageError), Manifest(path) as manifest:
            manifest.put_lines([LINE])
    finally:
        path.parent.chmod(stat.S_IRWXU)


def test_a_fact_is_remembered_once(path: Path) -> None:
    with Manifest(path) as manifest:
        assert manifest.remember("day", "monday") == "monday"
        assert manifest.remember("day", "tuesday") == "monday"


def test_many_phoneme_keys_are_asked_for_at_once(path: Path) -> None:
    with Manifest(path) as manifest:
        entries = {f"k{i}": str(i) for i in range(1200)}
        manifest.put_phonemes(entries)
        assert manifest.phonemes([*entries, "unknown"]) == entries
