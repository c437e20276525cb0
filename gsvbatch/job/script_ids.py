"""Ids written into scripts, without a line losing the audio it has."""

from collections.abc import Mapping
from pathlib import Path

from gsvbatch.errors import UserError
from gsvbatch.job.project import Project
from gsvbatch.job.source import known_names, read_source
from gsvbatch.manifest import Manifest
from gsvbatch.script import assign_ids


def write_ids(project: Project) -> Mapping[Path, int]:
    """Write an id to every line without one, into the project's scripts themselves.

    Lines that were rendered keep the ids that the manifest knows them by, and with them their files
    and takes; in a script that was never rendered, ids are made as `script.new_ids` does.

    Returns:
        How many ids were written into each script.

    Raises:
        UserError: A script has problems, which must be mended first, or an id has no place in it.
        StorageError: A script cannot be written.
    """
    with Manifest(project.manifest_path) as manifest:
        known = manifest.lines()
    source = read_source(project, known)
    if source.problems:
        raise UserError("\n".join(source.problems))
    remembered = {row.script for row in known.values()}
    names = known_names(project)
    written = {}
    for name, script in source.scripts.items():
        ids = [line.id for line in source.lines if line.script == name and not line.has_own_id]
        written[script.path] = assign_ids(
            script.path,
            known=names,
            taken=known.keys(),
            ids=ids if name in remembered else None,
        )
    return written
