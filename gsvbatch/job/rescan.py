"""Rebuilds the manifest from the tags of the audio files."""

from gsvbatch.job.project import Project
from gsvbatch.job.records import RescanReport


def rescan(project: Project) -> RescanReport:
    """Read the tags of every audio file of the output folder and write the rows that are missing.

    A manifest that is lost or damaged comes back (a damaged file is kept beside it, renamed).
    """
    raise NotImplementedError
