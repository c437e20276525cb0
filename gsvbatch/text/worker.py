"""A process that reads texts for another one: what runs there.

It takes a frontend, then lists of texts, from its standard input, and answers each list on its standard output.
It ends when the input does, in the middle of its work if need be: so it never outlives the process that
started it, however that one ended.
"""

import os
import pickle
import sys
import threading
from dataclasses import dataclass
from queue import Queue
from typing import Any, BinaryIO, TypeAlias

from gsvbatch.data import Utterance
from gsvbatch.errors import UserError
from gsvbatch.text.frontend import Frontend


@dataclass(frozen=True, slots=True)
class Text:
    """A text to be read."""

    line_id: str
    text: str
    language: str | None


ReadText: TypeAlias = tuple[Utterance, ...] | UserError
"""What a text is spoken as, or what is wrong with it."""


def read_text(frontend: Frontend, text: Text) -> ReadText:
    """Read one text; a mistake in it is an answer, not the end of the work."""
    try:
        return frontend.utterances(text.line_id, text.text, text.language)
    except UserError as error:
        return error.with_traceback(None)


def main() -> None:
    """Read texts until the input ends."""
    answers = _own_output()
    asked: Queue[Any] = Queue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, asked), daemon=True).start()
    frontend: Frontend = asked.get()
    while True:
        texts: list[Text] = asked.get()
        pickle.dump([read_text(frontend, text) for text in texts], answers)
        answers.flush()


def _own_output() -> BinaryIO:
    """Standard output for answers alone: what libraries print goes elsewhere."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def _listen(source: BinaryIO, asked: "Queue[Any]") -> None:
    """Take in what is asked; end the process when nobody can ask any more."""
    try:
        while True:
            asked.put(pickle.load(source))  # noqa: S301 - the process that started this one wrote it
    except (EOFError, OSError, pickle.UnpicklingError):
        os._exit(0)


if __name__ == "__main__":
    main()
