"""Where a project stands, and its lines by query, from the manifest alone."""

from collections.abc import Sequence

from gsvbatch.job.project import Project
from gsvbatch.job.records import LineInfo, Status


def status(project: Project) -> Status:
    """Where the project stands; empty counts if nothing was rendered yet."""
    raise NotImplementedError


def list_lines(project: Project, query: str = "", *, sort: Sequence[str] = ()) -> tuple[LineInfo, ...]:
    """The lines that match a query, in script order.

    A query is terms with spaces between, all of which must hold; a comma alone between terms starts
    an alternative. A term is ``field:value`` (equal; ``*`` and ``?`` stand for any text), ``field~value``
    (contains), ``field:2..5`` (range of a number, either end open), ``^term`` or ``-term`` (not), or a
    bare word (in id or text). Values with spaces are quoted: ``text~"hello there"``. Fields are those
    of `LineInfo`.

    Args:
        sort: Fields to sort by, ``-field`` descending, in place of script order.

    Raises:
        ConfigError: The query names an unknown field or cannot be read.
    """
    raise NotImplementedError


def format_line(line: LineInfo, template: str) -> str:
    """A line through a template such as ``"{id} {speaker}: {duration:.1f}"``.

    Raises:
        ConfigError: The template names an unknown field or has a wrong format.
    """
    raise NotImplementedError
