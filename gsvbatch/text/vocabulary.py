"""The vocabulary of a Chinese BERT, one token a character, as its prosody and g2pW's readings need it.

A WordPiece tokenizer makes one token of every Chinese character and every mark, so for spoken Mandarin
a look-up of single characters gives what the whole tokenizer would, and tells at once which token is
whose.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gsvbatch.errors import ConfigError

_NAMES = ("tokenizer.json", "vocab.txt")
_SPECIAL = ("[CLS]", "[SEP]", "[UNK]")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Ids of tokens."""

    ids: Mapping[str, int]
    start: int
    """``[CLS]``."""

    end: int
    """``[SEP]``."""

    unknown: int

    @staticmethod
    def is_in(folder: Path) -> bool:
        """Whether a folder has a vocabulary."""
        return any((folder / name).is_file() for name in _NAMES)

    @classmethod
    def load(cls, folder: Path) -> "Vocabulary":
        """The vocabulary of a folder as transformers writes it.

        Raises:
            ConfigError: There is none in it, or it is damaged.
        """
        for name in _NAMES:
            path = folder / name
            if path.is_file():
                break
        else:
            raise ConfigError(
                f"{folder}: holds no vocabulary; expected {' or '.join(_NAMES)} in it"
            )
        try:
            text = path.read_text(encoding="utf-8")
            if path.suffix == ".json":
                ids: Mapping[str, int] = json.loads(text)["model"]["vocab"]
            else:
                ids = {token: i for i, token in enumerate(text.splitlines())}
            start, end, unknown = (int(ids[token]) for token in _SPECIAL)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{path}: is no vocabulary of a BERT ({error})") from error
        return cls(ids, start, end, unknown)

    def encode(self, text: str) -> list[int]:
        """One id a character; what is not in the vocabulary is unknown."""
        return [self.ids.get(character.lower(), self.unknown) for character in text]
