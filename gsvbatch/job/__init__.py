"""The use cases of a project: plan, render, status, list, retake, pick, accept, assemble, rescan.

    project = open_project(Path("gsvbatch.yaml"))        # or open_project(scripts=[Path("a.md")])
    plan(project)                                        # what would be rendered, and why
    report = render(project, on_event=print)             # renders; safe to kill and to call again
    assemble(project)                                    # joins lines into works

None of these imports torch, but for `render` when there is something to render. All of them raise
only what stands in `gsvbatch.errors`. Reports carry an `exit_code`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gsvbatch.job.assembling import assemble
    from gsvbatch.job.listing import format_line, list_lines, status
    from gsvbatch.job.planning import plan
    from gsvbatch.job.project import Project, open_project
    from gsvbatch.job.records import (
        Action,
        AssembleReport,
        Estimate,
        Event,
        EventKind,
        ExitCode,
        FailedLine,
        LineInfo,
        Listener,
        Overrun,
        Plan,
        PlanRow,
        Reason,
        RenderReport,
        RescanReport,
        RunInfo,
        Status,
        WorkInfo,
    )
    from gsvbatch.job.rendering import render
    from gsvbatch.job.rescanning import rescan
    from gsvbatch.job.takes import TakeInfo, accept, list_takes, pick, retake

_MODULES = {
    "assembling": "assemble",
    "listing": "format_line list_lines status",
    "planning": "plan",
    "project": "Project open_project",
    "records": "Action AssembleReport Estimate Event EventKind ExitCode FailedLine LineInfo Listener Overrun Plan PlanRow Reason RenderReport RescanReport RunInfo Status WorkInfo",
    "rendering": "render",
    "rescanning": "rescan",
    "takes": "TakeInfo accept list_takes pick retake",
}
"""Where each public name is. A module is imported when one of its names is first asked for, so that
`status` pays for no frontend and `script check` for no database."""

_HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


__all__ = [
    "Action",
    "AssembleReport",
    "Estimate",
    "Event",
    "EventKind",
    "ExitCode",
    "FailedLine",
    "LineInfo",
    "Listener",
    "Overrun",
    "Plan",
    "PlanRow",
    "Project",
    "Reason",
    "RenderReport",
    "RescanReport",
    "RunInfo",
    "Status",
    "TakeInfo",
    "WorkInfo",
    "accept",
    "assemble",
    "format_line",
    "list_lines",
    "list_takes",
    "open_project",
    "pick",
    "plan",
    "render",
    "rescan",
    "retake",
    "status",
]
