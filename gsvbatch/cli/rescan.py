"""``gsvbatch rescan``: the manifest from the audio files."""

from gsvbatch.cli import console
from gsvbatch.cli.options import Json, ProjectPath, open_project

EXAMPLES = ("gsvbatch rescan", "gsvbatch rescan --project my-book")


def rescan(project: ProjectPath = None, as_json: Json = False) -> None:
    """Rebuild a lost or damaged manifest from the audio files' tags."""
    from gsvbatch import job

    report = job.rescan(open_project(project))
    if as_json:
        console.say_json(report)
        return
    console.say(
        f"{console.count(report.n_files, 'audio file')}: {report.n_adopted} adopted, "
        f"{report.n_known} known; {report.n_missing} recorded but gone"
    )
    for path in report.skipped:
        console.say(f"skipped {path}: no tags of gsvbatch")
