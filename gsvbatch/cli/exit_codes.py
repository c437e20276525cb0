"""Which error ends the program with which exit code.

The codes are those of ``job.ExitCode``. They stand here as numbers, so that a broken installation, in
which ``job`` cannot even be imported, still ends in one line and the right code; a test compares them.
"""

from gsvbatch.errors import (
    DownloadError,
    GsvBatchError,
    ManifestError,
    RenderError,
    StorageError,
)

DONE = 0
UNEXPECTED = 1
BAD_INPUT = 2
PARTIAL = 3
STOPPED = 4
INTERRUPTED = 130

HELP = """\
Exit codes: 0 all done; 1 a mistake of gsvbatch itself; 2 a script, setting, voice, checkpoint or
option is wrong; 3 some lines failed, the others are done; 4 stopped by a full disk, an output that
cannot be written, a manifest that is damaged or in use, or a download that failed; 130 stopped by Ctrl-C."""


def code_of(error: BaseException) -> int:
    """The exit code that an error ends the program with."""
    match error:
        case KeyboardInterrupt():
            return INTERRUPTED
        case ManifestError() | StorageError() | DownloadError() | OSError():
            return STOPPED
        case RenderError():
            return PARTIAL
        case GsvBatchError():
            return BAD_INPUT
        case _:
            return UNEXPECTED
