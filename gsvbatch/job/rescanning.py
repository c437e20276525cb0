"""Rebuilds the manifest from the tags of the audio files."""

from pathlib import Path

from gsvbatch.audio import AudioFormat
from gsvbatch.errors import ConfigError, ManifestError
from gsvbatch.job.files import LINES, TAKES, OutputFolder, is_delivered
from gsvbatch.job.identity import is_given_id
from gsvbatch.job.project import Project
from gsvbatch.job.records import RescanReport
from gsvbatch.job.takebook import Finished, TakeBook, file_facts, read_record
from gsvbatch.manifest import HeadLock, Manifest
from gsvbatch.manifest.database import MEND
from gsvbatch.render.record import TakeRecord

SUFFIXES = frozenset(audio_format.suffix for audio_format in AudioFormat)


def rescan(project: Project) -> RescanReport:
    """Read the tags of every line's file in the output folder and write the rows that are missing.

    A manifest that is lost comes back; a damaged one is kept beside it, renamed. What the scripts say
    is not in the tags (or only in part); the next render fills it in.

    Raises:
        ConfigError: There is no output folder.
        ManifestError: Another process is rendering into it, or holds its manifest, or that is a newer
            gsvbatch's.
        StorageError: The manifest cannot be written.
    """
    if not project.output.is_dir():
        raise ConfigError(f"{project.output}: no such folder; nothing was rendered here yet")
    output = OutputFolder(project.output)
    with HeadLock(project.manifest_path):
        _set_aside_damaged(project.manifest_path)
        with Manifest(project.manifest_path, create=True) as manifest:
            return _scan(output, manifest)


def _scan(output: OutputFolder, manifest: Manifest) -> RescanReport:
    found, skipped = _read_all(output)
    known = {
        (take.line_id, take.number): take for takes in manifest.takes().values() for take in takes
    }
    lines = manifest.lines()
    delivered = {row.id for row in lines.values() if row.take_id is not None}
    there = set(lines)
    book = TakeBook(manifest, output, keep=1_000_000)
    adopted: set[tuple[str, int]] = set()
    for relative, record in found:
        key = (record.line_id, record.take)
        if key in known:
            take = known[key]
            if take.path != relative and output.find(take, relative) is None:
                sha256, n_bytes = file_facts(output.absolute(relative))
                manifest.change_take(take.id, path=relative, sha256=sha256, n_bytes=n_bytes)
            continue
        if key in adopted:  # a number is a take's name: two copies of one file keep one row
            continue
        deliver = record.line_id not in delivered or is_delivered(relative)
        if deliver or record.line_id not in there:
            manifest.put_lines([_line_of(record)])
        file = Finished(record, relative, *file_facts(output.absolute(relative)))
        book.adopt(file, deliver=deliver)
        adopted.add(key)
        there.add(record.line_id)
    missing = [
        take
        for take in known.values()
        if take.path is not None and not output.find(take, take.path)
    ]
    return RescanReport(
        n_files=len(found) + len(skipped),
        n_adopted=len(adopted),
        n_known=len(found) - len(adopted),
        n_missing=len(missing),
        skipped=tuple(skipped),
    )


def _read_all(output: OutputFolder) -> tuple[list[tuple[str, TakeRecord]], list[str]]:
    """Files with a record, older takes first and the delivered one of a line last; and the others."""
    found: list[tuple[str, TakeRecord]] = []
    skipped: list[str] = []
    for folder in (TAKES, LINES):
        for path in sorted(output.absolute(folder).rglob("*")):
            if path.suffix.lower() not in SUFFIXES or not path.is_file():
                continue
            relative = path.relative_to(output.path).as_posix()
            record = read_record(path)
            if record is None:
                skipped.append(relative)
            else:
                found.append((relative, record))
    found.sort(key=lambda item: (is_delivered(item[0]), item[1].line_id, item[1].take))
    return found, skipped


def _line_of(record: TakeRecord) -> dict[str, object]:
    """What a take knows of its line; the script's name and line number it does not."""
    return {
        "id": record.line_id,
        "speaker": record.speaker,
        "voice": record.voice,
        "text": record.written,
        "chapter": record.chapter,
        "has_own_id": not is_given_id(record.line_id),
        "variation": record.variation,
    }


def _set_aside_damaged(path: Path) -> None:
    """Rename a manifest that is damaged, with what SQLite keeps beside it.

    Raises:
        ManifestError: It is whole, but a newer gsvbatch's, or held by another program.
    """
    if not path.exists():
        return
    try:
        Manifest(path).close()
    except ManifestError as error:
        if MEND not in error.problem:  # the advice that this very function follows
            raise
        number = 1
        while (aside := path.with_name(f"{path.stem}.damaged-{number}{path.suffix}")).exists():
            number += 1
        path.replace(aside)
        for suffix in ("-wal", "-shm"):  # the first may hold the last rows
            beside = path.with_name(path.name + suffix)
            if beside.exists():
                beside.replace(aside.with_name(aside.name + suffix))
