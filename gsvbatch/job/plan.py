"""Says for every line whether it will be rendered, and why."""

from collections.abc import Sequence

from gsvbatch.config import Trigger
from gsvbatch.job.project import Project
from gsvbatch.job.records import Plan


def plan(
    project: Project,
    *,
    query: str = "",
    rerun_on: Sequence[Trigger] | None = None,
    force: bool = False,
    verify: bool = False,
) -> Plan:
    """Say for every line whether it will be rendered and why; writes nothing to disk but a cache.

    Args:
        project: What to plan.
        query: Narrows the plan to matching lines, as in `list_lines`.
        rerun_on: Triggers that count, in place of the project's.
        force: Render every line again, with the seeds it has.
        verify: Read every audio file and compare its hash, not its size alone.

    Raises:
        UserError: A script cannot be read as a whole, ids clash, or the query is wrong.
        ManifestError: The manifest is damaged or from a newer version.
    """
    raise NotImplementedError
