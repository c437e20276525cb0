"""What can go wrong, by whose hand it can be put right.

* GsvBatchError
  - UserError               the input is wrong; the message says where and how to mend it
    . ScriptError           a line of a script file cannot be read
    . MarkupError           an inline mark in a line's text is wrong
    . LexiconError          an entry of a pronunciation lexicon is wrong
    . ConfigError           a project, job or engine setting is wrong
    . VoiceError            a voice profile is missing, damaged or made for another model
    . ReferenceClipError    a reference clip cannot make a voice
    . UnpronounceableError  the frontend has no phonemes for a text
    . AudioFileError        an audio file cannot be read or written
    . MissingExtraError     an optional dependency is not installed
  - RenderError             one utterance failed; the job goes on
    . NoEndOfSpeechError    decoding ran to its limit without an end token
    . BadTakeError          audio came out, but fails the quality checks
  - CheckpointError         model weights are missing, damaged, or not of a known layout
  - DownloadError           a published file cannot be fetched
  - ManifestError           the manifest cannot be opened, or is from a newer version
  - StorageError            the disk is full or the output cannot be written

Arguments are kept as fields and passed to ``super().__init__``, so that errors can be pickled.
"""

from pathlib import Path

from gsvbatch.units import Seconds


class GsvBatchError(Exception):
    """Base of every error that gsvbatch raises on purpose; ``str()`` is one line for the user."""


class UserError(GsvBatchError):
    """The input is wrong; the message says where, what, and how to mend it."""


class ScriptError(UserError):
    """A line of a script file cannot be read."""

    def __init__(self, path: Path, line_number: int, problem: str) -> None:
        super().__init__(path, line_number, problem)
        self.path = path
        self.line_number = line_number
        self.problem = problem

    def __str__(self) -> str:
        where = f"{self.path}:{self.line_number}" if self.line_number else str(self.path)
        return f"{where}: {self.problem}"


class MarkupError(UserError):
    """An inline mark in a line's text is wrong; ``column`` counts characters from 1."""

    def __init__(self, column: int, problem: str) -> None:
        super().__init__(column, problem)
        self.column = column
        self.problem = problem

    def __str__(self) -> str:
        return f"column {self.column}: {self.problem}"


class LexiconError(UserError):
    """An entry of a pronunciation lexicon is wrong; line 0 stands for the file as a whole."""

    def __init__(self, path: Path, line_number: int, problem: str) -> None:
        super().__init__(path, line_number, problem)
        self.path = path
        self.line_number = line_number
        self.problem = problem

    def __str__(self) -> str:
        where = f"{self.path}:{self.line_number}" if self.line_number else str(self.path)
        return f"{where}: {self.problem}"


class ConfigError(UserError):
    """A project, job or engine setting is wrong."""


class VoiceError(UserError):
    """A voice profile is missing, damaged, or made for another model."""

    def __init__(self, voice: str, problem: str) -> None:
        super().__init__(voice, problem)
        self.voice = voice
        self.problem = problem

    def __str__(self) -> str:
        return f"voice {self.voice!r}: {self.problem}"


class ReferenceClipError(UserError):
    """A reference clip cannot make a voice: too short, too long, clipped, noisy."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


class UnpronounceableError(UserError):
    """The frontend has no phonemes for a text."""

    def __init__(self, text: str, problem: str) -> None:
        super().__init__(text, problem)
        self.text = text
        self.problem = problem

    def __str__(self) -> str:
        return f"cannot pronounce {self.text!r}: {self.problem}"


class AudioFileError(UserError):
    """An audio file cannot be read or written."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


class MissingExtraError(UserError):
    """An optional dependency is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(feature, extra)
        self.feature = feature
        self.extra = extra

    def __str__(self) -> str:
        return f'{self.feature} needs an extra: pip install "gsvbatch[{self.extra}]"'


class RenderError(GsvBatchError):
    """One utterance failed; the job goes on."""


class NoEndOfSpeechError(RenderError):
    """Decoding ran to its limit without an end token."""

    def __init__(self, utterance_id: str, duration: Seconds) -> None:
        super().__init__(utterance_id, duration)
        self.utterance_id = utterance_id
        self.duration = duration

    def __str__(self) -> str:
        return f"{self.utterance_id}: no end of speech after {self.duration:.1f} s"


class BadTakeError(RenderError):
    """Audio came out, but fails the quality checks."""

    def __init__(self, utterance_id: str, problem: str) -> None:
        super().__init__(utterance_id, problem)
        self.utterance_id = utterance_id
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.utterance_id}: {self.problem}"


class CheckpointError(GsvBatchError):
    """Model weights are missing, damaged, or not of a known layout."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


class DownloadError(GsvBatchError):
    """A published file cannot be fetched; what has arrived of it is kept."""

    def __init__(self, source: str, problem: str) -> None:
        super().__init__(source, problem)
        self.source = source
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.source}: {self.problem}"


class ManifestError(GsvBatchError):
    """The manifest cannot be opened, is locked, or is from a newer version."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


class StorageError(GsvBatchError):
    """The disk is full, or the output cannot be written."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"
