"""Readings of polyphones by g2pW (Chen et al. 2022, Interspeech): a BERT that looks at the whole clause.

Runs the published ``G2PWModel`` with onnxruntime. Characters of one reading are left to dictionaries: the
model's own tables are those of Taiwan. Its ``config.py`` is read as data and never run.
"""

import ast
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gsvbatch.errors import ConfigError, MissingExtraError
from gsvbatch.text.mandarin.pinyin import check_pinyin
from gsvbatch.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from opencc import OpenCC

CONTEXT = 16
"""Characters that are looked at before the first polyphone and after the last."""

MAX_CHARACTERS = 510
"""The network has 512 positions, two of them for the tokens that frame a text."""

WEIGHTS = ("g2pW.onnx", "g2pw.onnx")
_LEFT_TO_DICTIONARIES = frozenset("一不和咋嗲剖差攢倒難奔勁拗肖瘙誒泊听噢")
"""In traditional characters, as the model knows them; upstream leaves them out, too."""

_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(int32)": np.int32}


@dataclass(frozen=True, slots=True)
class G2pwFiles:
    """Where a g2pW is; travels to worker processes, where the network is loaded."""

    folder: Path
    """``G2PWModel``."""

    vocabulary: Path
    """Folder of the BERT whose vocabulary it was trained with."""

    n_threads: int = 0
    """Of the network; 0 is as many as there are cores."""

    @property
    def n_bytes(self) -> int:
        """Of its weights; 0 if they are missing."""
        found = (self.folder / name for name in WEIGHTS)
        return next((path.stat().st_size for path in found if path.is_file()), 0)


@dataclass(frozen=True, slots=True)
class _Labels:
    """What the network chooses from."""

    readings: tuple[str, ...]
    """Pinyin of each label; empty for one that is no syllable."""

    of_character: Mapping[str, tuple[int, ...]]
    """Labels that a character can have."""

    characters: Mapping[str, int]
    """Number of each character that the network knows."""

    is_masked: bool
    """Whether only a character's own labels may be chosen."""


class Polyphones:
    """Reads polyphones with a g2pW; its files are opened when the first clause is read.

    Args:
        files: Where the model is.
    """

    def __init__(self, files: G2pwFiles) -> None:
        self._files = files

    def read(self, clause: str, mark: str = "") -> list[str]:
        """A syllable for each character (``zhong4``); "" where dictionaries know better.

        Args:
            clause: In simplified characters.
            mark: The mark that ends it, which the network may look at, too.

        Raises:
            ConfigError: A file of the model is missing or damaged.
            MissingExtraError: onnxruntime is not installed.
        """
        found = [""] * len(clause)
        text: str = self._converter.convert(clause)
        if len(text) != len(
            clause
        ):  # a conversion that is not character by character has lost its places
            return found
        asked = [
            at
            for at, character in enumerate(text)
            if character in self._labels.of_character and character not in _LEFT_TO_DICTIONARIES
        ]
        if not asked:
            return found
        start = max(0, asked[0] - CONTEXT)
        end = min(len(text), asked[-1] + CONTEXT + 1)
        seen = text[start:end] + (mark if end == len(text) else "")
        if len(seen) > MAX_CHARACTERS:
            return found
        chosen = self._choose(seen, [at - start for at in asked])
        for at, label in zip(asked, chosen, strict=True):
            found[at] = self._labels.readings[label]
        return found

    def _choose(self, text: str, asked: list[int]) -> list[int]:
        """The likeliest label of each character that is asked for."""
        words, labels, n = self._vocabulary, self._labels, len(asked)
        ids = np.array([[words.start, *words.encode(text), words.end]])
        masks = np.ones((n, len(labels.readings)))
        if labels.is_masked:
            masks[:] = 0
            for row, at in enumerate(asked):
                masks[row, list(labels.of_character[text[at]])] = 1
        values: dict[str, NDArray[Any]] = {
            "input_ids": ids.repeat(n, axis=0),
            "token_type_ids": np.zeros((n, ids.shape[1])),
            "attention_mask": np.ones((n, ids.shape[1])),
            "phoneme_mask": masks,
            "char_ids": np.array([labels.characters[text[at]] for at in asked]),
            "position_ids": np.array(asked) + 1,  # behind [CLS]
        }
        inputs = {
            each.name: values[each.name].astype(_TYPES.get(each.type, np.int64))
            for each in self._session.get_inputs()
        }
        scores: NDArray[Any] = self._session.run(None, inputs)[0]
        best: list[int] = scores.reshape(n, -1).argmax(axis=1).tolist()
        return best

    @cached_property
    def _converter(self) -> "OpenCC":
        from opencc import OpenCC

        return OpenCC("s2tw")

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return Vocabulary.load(self._files.vocabulary)

    @cached_property
    def _session(self) -> Any:
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingExtraError("reading polyphones with g2pW", "g2pw") from error
        folder = self._files.folder
        path = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
        if path is None:
            raise ConfigError(
                f"{folder}: holds no {WEIGHTS[0]}; gsvbatch models pull g2pw fetches it"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._files.n_threads
        options.log_severity_level = 3  # errors; its warnings are for whoever made the model
        try:
            session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's errors have no class in common
            problem = str(error).splitlines()[0][:200]
            raise ConfigError(f"{path}: cannot be loaded ({problem}); fetch it again") from error
        wanted = {"input_ids", "phoneme_mask", "char_ids", "position_ids"}
        known = wanted | {"token_type_ids", "attention_mask"}
        names = {each.name for each in session.get_inputs()}
        if not wanted - {"phoneme_mask"} <= names <= known:
            raise ConfigError(f"{path}: is no g2pW model: it asks for {', '.join(sorted(names))}")
        return session

    @cached_property
    def _labels(self) -> _Labels:
        folder = self._files.folder
        try:
            lines = (folder / "POLYPHONIC_CHARS.txt").read_text(encoding="utf-8").split("\n")
            pairs = [tuple(line.strip().split("\t")) for line in lines if line.strip()]
            spelling: Mapping[str, str] = json.loads(
                (folder / "bopomofo_to_pinyin_wo_tune_dict.json").read_text(encoding="utf-8")
            )
            settings = _settings(folder / "config.py")
            by_character = settings.get("use_char_phoneme") is True
            names = {f"{c} {sound}" if by_character else sound for c, sound in pairs}
            order = {name: i for i, name in enumerate(sorted(names))}
            of_character: dict[str, tuple[int, ...]] = {}
            for c, sound in pairs:
                label = order[f"{c} {sound}" if by_character else sound]
                of_character[c] = (*of_character.get(c, ()), label)
        except (OSError, ValueError, AttributeError, SyntaxError) as error:
            raise ConfigError(f"{folder}: is no folder of a g2pW model ({error})") from error
        return _Labels(
            tuple(_pinyin(name.split(" ")[-1], spelling) for name in order),
            of_character,
            {c: i for i, c in enumerate(sorted(of_character))},
            is_masked=settings.get("use_mask", True) is not False,
        )


def _settings(path: Path) -> dict[str, object]:
    """The plain values that a ``config.py`` assigns; an absent file assigns none."""
    if not path.is_file():
        return {}
    found: dict[str, object] = {}
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    found[target.id] = statement.value.value
    return found


def _pinyin(bopomofo: str, spelling: Mapping[str, str]) -> str:
    """A syllable in the spelling used inside; empty if it is none that can be spoken."""
    letters, tone = bopomofo[:-1], bopomofo[-1:]
    try:
        return check_pinyin(f"{spelling[letters]}{tone}")
    except (KeyError, ValueError):
        return ""
