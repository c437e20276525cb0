"""New takes asked for, a take chosen, old audio accepted."""

from collections.abc import Sequence
from dataclasses import dataclass

from gsvbatch.job.project import Project
from gsvbatch.units import Seconds


@dataclass(frozen=True, slots=True)
class TakeInfo:
    """One take of a line."""

    number: int
    is_delivered: bool
    verdict: str
    problems: tuple[str, ...]
    duration: Seconds
    seed: int
    path: str
    """Relative to the output folder; empty if the file was not kept."""

    created_at: str


def list_takes(project: Project, line_id: str) -> tuple[TakeInfo, ...]:
    """The takes of a line, oldest first.

    Raises:
        ConfigError: No such line.
    """
    raise NotImplementedError


def retake(project: Project, line_ids: Sequence[str] = (), *, query: str = "") -> tuple[str, ...]:
    """Ask for a new take, with a new seed, of the lines named or matched; the next render makes it.

    Returns:
        The ids that were marked.

    Raises:
        ConfigError: No such line, or neither ids nor a query were given.
    """
    raise NotImplementedError


def pick(project: Project, line_id: str, number: int) -> TakeInfo:
    """Deliver this take of a line, now; later renders keep it until the line's text or voice changes.

    Raises:
        ConfigError: No such line or take, or the take's file was not kept.
    """
    raise NotImplementedError


def accept(project: Project, line_ids: Sequence[str] = (), *, query: str = "") -> tuple[str, ...]:
    """Keep the audio that lines have although their text, voice or settings have changed since.

    Returns:
        The ids whose old audio is now taken as up to date.

    Raises:
        ConfigError: No such line, or neither ids nor a query were given.
    """
    raise NotImplementedError
