"""What a project has for Mandarin besides dictionaries: a BERT for its prosody, g2pW for its polyphones.

Both are optional and both are heard, so both count in what a line's audio follows from. Each is looked
for when it is first asked for: what an English project does not use need not be there.
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gsvbatch.config import ModelsConfig
from gsvbatch.errors import CheckpointError, MissingExtraError
from gsvbatch.gsv.bert_source import bert_weights
from gsvbatch.models import Registry, Role, locate
from gsvbatch.models.checking import weights_of
from gsvbatch.text.vocabulary import Vocabulary

NONE = "none"
"""What a project writes to do without."""

EXTRA = "g2pw"


@dataclass(frozen=True, slots=True)
class BertModel:
    """A BERT, by what it is."""

    folder: Path
    digest: str
    """SHA-256 of its weights."""


@dataclass(frozen=True, slots=True)
class ReadingModel:
    """A g2pW, by what it is."""

    folder: Path
    vocabulary: Path
    """Folder with the vocabulary that it shares with a BERT."""

    digest: str
    """SHA-256 of its weights."""


class MandarinModels:
    """The models that a project uses: those that it names, else those that are registered.

    Args:
        models: Settings of the project.
        root: What relative paths in them start from; absolute.
        digest: Of a large file, perhaps remembered.
    """

    def __init__(self, models: ModelsConfig, root: Path, digest: Callable[[Path], str]) -> None:
        self._models = models
        self._root = root
        self._digest = digest

    @cached_property
    def bert(self) -> BertModel | None:
        """For prosody; None where there is none, and prosody features are zeros.

        Raises:
            CheckpointError: The folder that is named or registered has no weights.
            ConfigError: A name is not known.
        """
        folder = model_folder(self._models.bert, Role.BERT, self._root)
        return BertModel(folder, self._digest(bert_weights(folder))) if folder else None

    @cached_property
    def g2pw(self) -> ReadingModel | None:
        """For polyphones; None where there is none that can be used, and pypinyin reads them.

        Raises:
            CheckpointError: The folder that is named or registered has no weights; or a named one
                lacks a vocabulary.
            ConfigError: A name is not known.
            MissingExtraError: One is named, and onnxruntime is not installed.
        """
        folder = model_folder(self._models.g2pw, Role.G2PW, self._root)
        if folder is None:
            return None
        vocabulary = self._vocabulary(folder)
        if vocabulary is None or self._obstacle is not None:
            if self._models.g2pw is not None and self._obstacle is not None:
                raise self._obstacle
            return None
        digest = self._digest(weights_of(Role.G2PW, folder))
        return ReadingModel(folder, vocabulary, digest)

    @cached_property
    def hint(self) -> str:
        """Why a g2pW that is registered is not used, and what to do; or empty."""
        folder = model_folder(self._models.g2pw, Role.G2PW, self._root)
        return "" if folder is None or self._obstacle is None else str(self._obstacle)

    @cached_property
    def _obstacle(self) -> CheckpointError | MissingExtraError | None:
        folder = model_folder(self._models.g2pw, Role.G2PW, self._root)
        if folder is None:
            return None
        if importlib.util.find_spec("onnxruntime") is None:
            return MissingExtraError("reading polyphones with g2pW", EXTRA)
        if self._vocabulary(folder) is None:
            return CheckpointError(
                folder,
                "g2pW needs the vocabulary of a BERT, which its folder lacks; "
                "gsvbatch models pull bert brings one",
            )
        return None

    def _vocabulary(self, g2pw: Path) -> Path | None:
        """The folder that holds a vocabulary: g2pW's own, else that of a BERT."""
        bert = model_folder(self._models.bert, Role.BERT, self._root)
        candidates = (g2pw, bert, Registry.load().path("bert", Role.BERT))
        return next((folder for folder in candidates if folder and Vocabulary.is_in(folder)), None)


def model_folder(value: Path | None, role: Role, root: Path) -> Path | None:
    """The folder that a setting names, the registered one if it is left out, None for ``none``."""
    if value is None:
        return Registry.load().path(role.value, role)
    if str(value) == NONE:
        return None
    return locate(value, role, root, setting=f"models.{role.value}")
