"""Renders what the plan says, one process at a time, safe against a kill at any moment."""

from collections.abc import Sequence

from gsvbatch.config import Trigger
from gsvbatch.job.project import Project
from gsvbatch.job.records import Listener, RenderReport
from gsvbatch.runners import Runner


def render(
    project: Project,
    *,
    query: str = "",
    rerun_on: Sequence[Trigger] | None = None,
    force: bool = False,
    verify: bool = False,
    limit: int | None = None,
    on_event: Listener | None = None,
    runner: Runner | None = None,
) -> RenderReport:
    """Render what `plan` (same arguments) says; does not assemble.

    SIGINT and SIGTERM end it after the utterance at hand; a second one at once. What was finished is
    kept, and the report says ``interrupted``. A full disk ends it alike (``stopped_by``).

    Args:
        limit: At most so many lines in this run.
        on_event: Called from the calling thread for every step.
        runner: Where to render; a `LocalRunner` of the project's settings by default.

    Raises:
        UserError: As for `plan`; blocked lines do not raise, they are left out and reported.
        ManifestError: Another process is rendering into the same output folder.
        CheckpointError: The models cannot be loaded.
        StorageError: The output folder cannot be written at all.
    """
    raise NotImplementedError
