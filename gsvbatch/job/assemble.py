"""Joins lines into works with chapters and subtitles."""

from collections.abc import Sequence

from gsvbatch.job.project import Project
from gsvbatch.job.records import AssembleReport, Listener


def assemble(
    project: Project,
    *,
    formats: Sequence[str] | None = None,
    subtitles: Sequence[str] | None = None,
    per: str | None = None,
    force: bool = False,
    allow_missing: bool = False,
    on_event: Listener | None = None,
) -> AssembleReport:
    """Join the delivered lines into works; a work whose inputs did not change is left as it is.

    Args:
        formats, subtitles, per: In place of the project's.
        force: Write every work again.
        allow_missing: Leave out lines without audio; otherwise they are an error.

    Raises:
        UserError: Lines have no audio yet, or a setting is wrong.
        StorageError: The disk is full or the output cannot be written.
    """
    raise NotImplementedError
