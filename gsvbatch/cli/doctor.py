"""``gsvbatch doctor``: what is missing on this machine, and how to mend it."""

from pathlib import Path
from typing import Annotated

import typer

from gsvbatch.cli import console
from gsvbatch.cli.exit_codes import DONE, UNEXPECTED
from gsvbatch.cli.options import Json

EXAMPLES = ("gsvbatch doctor", "gsvbatch doctor --folder /data/books --json")


def doctor(
    folder: Annotated[
        Path, typer.Option(help="Where audio would be written.", show_default=False)
    ] = Path(),
    as_json: Json = False,
) -> int:
    """Look for everything gsvbatch needs, and say how to mend what is missing."""
    from gsvbatch.cli.health import Health, examine

    findings = examine(folder)
    is_bad = any(finding.health is Health.BAD for finding in findings)
    if as_json:
        console.say_json({"is_usable": not is_bad, "findings": findings})
    else:
        for finding in findings:
            console.say(f"{finding.health:<8} {finding.name}: {finding.detail}")
            if finding.mend:
                console.say(f"{'':<8} -> {finding.mend}")
    return UNEXPECTED if is_bad else DONE
