"""How models are fine-tuned and distilled, unless a file says otherwise."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gsvbatch.errors import ConfigError
from gsvbatch.gsv.synthesizer import SynthesizerConfig
from gsvbatch.gsv.t2s import T2SConfig
from gsvbatch.training.recipes import changed, read_sections
from gsvbatch.training.synthesizer_tuning import SynthesizerTuning
from gsvbatch.training.t2s_tuning import T2STuning


@dataclass(frozen=True, slots=True)
class TuningRecipes:
    """Of both stages."""

    t2s: T2STuning
    synthesizer: SynthesizerTuning

    def as_fields(self) -> Mapping[str, Any]:
        """All settings, for telling runs apart; how many steps they have does not."""
        found = {"t2s": asdict(self.t2s), "synthesizer": asdict(self.synthesizer)}
        for stage in found.values():
            del stage["n_steps"]
        return found


PUBLISHED = TuningRecipes(T2STuning(), SynthesizerTuning())
"""For checkpoints of GPT-SoVITS."""

NATIVE = TuningRecipes(T2STuning(learning_rate=1e-4), SynthesizerTuning())
"""For small models of our own, which take larger steps."""

STUDENT = TuningRecipes(
    T2STuning(
        batch=16, learning_rate=3e-4, n_steps=3000, n_warm=100, prompted=0.9, corruption=0.05,
        dropout=0.1, teacher_weight=0.5,
    ),
    SynthesizerTuning(
        batch=8, learning_rate=6e-4, critics_rate=4e-4, n_steps=6000, n_warm=200, plain_steps=2000,
        deceiving_weight=5.0, features_weight=60.0,
    ),
)  # fmt: skip
"""For students, which begin with next to nothing and have a teacher's hours."""


def read_tuning(path: Path | None, usual: TuningRecipes) -> TuningRecipes:
    """The usual recipes, with what the sections ``t2s`` and ``synthesizer`` of a YAML file say instead.

    Raises:
        ConfigError: The file is missing or wrong; the message names the field.
    """
    stored = _stored(path)
    return TuningRecipes(
        changed(usual.t2s, stored.get("t2s"), f"{path}: t2s"),
        changed(usual.synthesizer, stored.get("synthesizer"), f"{path}: synthesizer"),
    )


def read_dimensions(
    path: Path | None, t2s: T2SConfig, synthesizer: SynthesizerConfig
) -> tuple[T2SConfig, SynthesizerConfig]:
    """Dimensions, with what ``t2s_model`` and ``synthesizer_model`` of the file say instead.

    Raises:
        ConfigError: The file is missing or wrong; the message names the field.
    """
    stored = _stored(path)
    return (
        changed(t2s, stored.get("t2s_model"), f"{path}: t2s_model"),
        changed(synthesizer, stored.get("synthesizer_model"), f"{path}: synthesizer_model"),
    )


def _stored(path: Path | None) -> Mapping[str, Any]:
    stored = {} if path is None else read_sections(path)
    known = ("t2s", "synthesizer", "t2s_model", "synthesizer_model")
    for name in stored:
        if name not in known:
            raise ConfigError(f"{path}: {name}: no such section; known: {', '.join(known)}")
    return stored
