"""The use cases of a project: plan, render, status, list, retake, pick, accept, assemble, rescan.

    project = open_project(Path("gsvbatch.yaml"))        # or open_project(scripts=[Path("a.md")])
    plan(project)                                        # what would be rendered, and why
    report = render(project, on_event=print)             # renders; safe to kill and to call again
    assemble(project)                                    # joins lines into works

None of these imports torch, but for `render` when there is something to render. All of them raise
only what stands in `gsvbatch.errors`. Reports carry an `exit_code`.
"""

from gsvbatch.job.assemble import assemble
from gsvbatch.job.listing import format_line, list_lines, status
from gsvbatch.job.plan import plan
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
from gsvbatch.job.rescan import rescan
from gsvbatch.job.takes import TakeInfo, accept, list_takes, pick, retake

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
