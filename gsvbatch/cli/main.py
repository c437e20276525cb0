"""Where the program starts, and where every error becomes one line and an exit code."""

import logging
import os
import sys
import traceback
import warnings
from collections.abc import Sequence

import typer

from gsvbatch.cli import console
from gsvbatch.cli.exit_codes import BAD_INPUT, DONE, INTERRUPTED, code_of
from gsvbatch.errors import GsvBatchError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: What stands behind the program's name; None takes them from the shell.

    Returns:
        The exit code, one of ``job.ExitCode``.
    """
    console.prepare_streams()
    words, is_debug = _without_debug(sys.argv[1:] if arguments is None else arguments)
    _configure_logging(is_debug)
    with warnings.catch_warnings():
        if not is_debug:
            # Libraries' warnings are for developers; what a user must know, commands say.
            warnings.simplefilter("ignore")
        try:
            return _run(words)
        except (Exception, KeyboardInterrupt) as error:
            return _report(error, is_debug)


def _run(words: list[str]) -> int:
    from gsvbatch.cli.app import app

    try:
        result = app(words, prog_name="gsvbatch", standalone_mode=False, obj=words)
        sys.stdout.flush()
    except typer.Abort:  # a question answered with Ctrl-C or end of file
        return INTERRUPTED
    except (BrokenPipeError, SystemExit):
        # "gsvbatch ls | head": the reader has seen enough; typer leaves through SystemExit then.
        # What is still buffered must go nowhere, or the interpreter complains when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return int(result) if isinstance(result, int) else DONE


def _without_debug(arguments: Sequence[str]) -> tuple[list[str], bool]:
    """Take ``--debug`` from wherever it stands among the options, but not from behind ``--``."""
    words = list(arguments)
    end = words.index("--") if "--" in words else len(words)
    kept = [word for word in words[:end] if word != "--debug"]
    return kept + words[end:], len(kept) < end


class _ConsoleHandler(logging.Handler):
    """Log records as lines on stderr that do not tear a progress bar."""

    def emit(self, record: logging.LogRecord) -> None:
        console.note(f"{record.levelname.lower()}: {self.format(record)}")


def _configure_logging(is_debug: bool) -> None:
    logger = logging.getLogger("gsvbatch")
    logger.setLevel(logging.DEBUG if is_debug else logging.WARNING)
    for handler in logger.handlers[:]:
        if isinstance(handler, _ConsoleHandler):
            logger.removeHandler(handler)
    logger.addHandler(_ConsoleHandler())


def _report(error: BaseException, is_debug: bool) -> int:
    """Say what went wrong in one line, and return the exit code."""
    if is_debug:
        traceback.print_exception(error)
    if isinstance(error, typer.TyperException):  # a wrong option or argument
        console.error(f"{error.format_message()}{_where_help_is(error)}")
        return BAD_INPUT
    if isinstance(error, KeyboardInterrupt):
        console.note("stopped")
    elif isinstance(error, GsvBatchError):
        console.error(str(error))
    elif isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        console.error(f"{where}{error.strerror or error}")
    else:
        kind = type(error).__name__
        console.error(f"unexpected {kind}: {error} (please report it with what --debug shows)")
    return code_of(error)


def _where_help_is(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f" (see {context.command_path} --help)" if context else ""
