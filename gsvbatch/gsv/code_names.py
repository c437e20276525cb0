"""What the codes of a model are named after, where its maker knows.

Codes of published models come out of a clustering and mean nothing by themselves. Those of models that
``gsvbatch train`` makes are named after sounds: a phoneme as it begins, or as it goes on in one of several
ways. The names are stored with the text-to-semantic weights, in the file's metadata, and let the engine hold
a line to its text.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from safetensors import SafetensorError, safe_open

from gsvbatch.errors import CheckpointError

METADATA_KEY = "codes"


@dataclass(frozen=True, slots=True)
class CodeNames:
    """The codes of every phoneme."""

    by_phoneme: dict[int, tuple[int, ...]]
    """Phoneme id -> the code of the phoneme as it begins, then those of the ways in which it goes on."""

    def dump(self) -> dict[str, str]:
        """Metadata for a file of weights."""
        return {METADATA_KEY: json.dumps(self.by_phoneme, separators=(",", ":"))}

    def write(self, path: Path) -> None:
        """Write a file that :meth:`read` reads."""
        path.write_text(self.dump()[METADATA_KEY] + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """The names in a file of their own, or None where there is no such file.

        Raises:
            CheckpointError: It is damaged.
        """
        if not path.is_file():
            return None
        return cls._parsed(path, path.read_text(encoding="utf-8"))

    @classmethod
    def of(cls, path: Path, n_phonemes: int, n_codes: int) -> Self | None:
        """The names in a file of native weights, or None where it has none.

        Raises:
            CheckpointError: The file is damaged, or names phonemes or codes that the model lacks.
        """
        try:
            with safe_open(path, "pt") as file:
                stored = (file.metadata() or {}).get(METADATA_KEY)
        except (SafetensorError, OSError) as error:
            raise CheckpointError(path, f"damaged or cut short ({error}); copy it again") from error
        if stored is None:
            return None
        names = cls._parsed(path, stored)
        for phoneme, codes in names.by_phoneme.items():
            if not (0 <= phoneme < n_phonemes and all(0 <= code < n_codes for code in codes)):
                raise CheckpointError(
                    path,
                    f"names codes {codes} after phoneme {phoneme}, but has {n_codes} codes and "
                    f"{n_phonemes} phonemes; copy it again",
                )
        return names

    @classmethod
    def _parsed(cls, path: Path, text: str) -> Self:
        try:
            names = {
                int(phoneme): tuple(int(code) for code in codes)
                for phoneme, codes in json.loads(text).items()
            }
        except (ValueError, TypeError, AttributeError) as error:
            raise CheckpointError(
                path, f"the names of its codes cannot be read ({error}); copy it again"
            ) from error
        if not all(names.values()):
            raise CheckpointError(path, "names a phoneme without codes; copy it again")
        return cls(names)
