"""All recipes of one model, read from a file where it is to differ from the embedded one."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from gsvbatch.errors import ConfigError
from gsvbatch.training.content import ContentRecipe
from gsvbatch.training.generator import GeneratorRecipe
from gsvbatch.training.prior import PriorRecipe
from gsvbatch.training.synthesizer import mini_config as mini_synthesizer
from gsvbatch.training.t2s import T2SRecipe
from gsvbatch.training.t2s import mini_config as mini_t2s

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class CodebookRecipe:
    """How the codebook is made; as many codes as the synthesizer's config says."""

    distinct: float = 0.25
    """How far codes are set apart at random, as a share of the features' spread."""


@dataclass(frozen=True, slots=True)
class Recipes:
    """What every stage is made like; dimensions that stages share stand once, in the configs."""

    content: ContentRecipe = field(default_factory=ContentRecipe)
    codebook: CodebookRecipe = field(default_factory=CodebookRecipe)
    t2s: T2SRecipe = field(default_factory=T2SRecipe)
    prior: PriorRecipe = field(default_factory=PriorRecipe)
    generator: GeneratorRecipe = field(default_factory=GeneratorRecipe)

    def __post_init__(self) -> None:
        synthesizer = self.prior.config
        if synthesizer != self.generator.config:
            raise ConfigError("prior and generator are halves of one synthesizer, of one config")
        size, eos = synthesizer.codebook_size, self.t2s.config.eos
        if size != eos:
            raise ConfigError(
                f"t2s.vocabulary is {eos + 1}, but must be 1 more than synthesizer_model.codebook_size ({size})"
            )
        width = synthesizer.ssl_width
        if self.content.width != width:
            raise ConfigError(
                f"content.width is {self.content.width}, but synthesizer_model.ssl_width is "
                f"{width}; they must be equal"
            )


def read_recipes(path: Path | None) -> Recipes:
    """Return the embedded model's recipes, with what a YAML file says in place of theirs.

    Sections ``content``, ``codebook``, ``t2s``, ``prior`` and ``generator`` hold fields of those recipes;
    ``t2s_model`` and ``synthesizer_model`` hold dimensions.

    Raises:
        ConfigError: The file is missing or wrong; the message names the field.
    """
    stored = {} if path is None else read_sections(path)
    where = "" if path is None else f"{path}: "
    sections = {"t2s_model", "synthesizer_model"} | {item.name for item in fields(Recipes)}
    for name in stored:
        if name not in sections:
            raise ConfigError(
                f"{where}{name}: no such section; known: {', '.join(sorted(sections))}"
            )
    t2s = changed(mini_t2s(), stored.get("t2s_model"), f"{where}t2s_model")
    second = changed(
        mini_synthesizer(), stored.get("synthesizer_model"), f"{where}synthesizer_model"
    )
    starting: dict[str, Any] = {
        "content": ContentRecipe(),
        "codebook": CodebookRecipe(),
        "t2s": T2SRecipe(config=t2s),
        "prior": PriorRecipe(config=second),
        "generator": GeneratorRecipe(config=second),
    }
    return Recipes(
        **{
            name: changed(recipe, stored.get(name), f"{where}{name}")
            for name, recipe in starting.items()
        }
    )


def read_sections(path: Path) -> Mapping[str, Any]:
    """Return what a YAML file of recipes says, by section.

    Raises:
        ConfigError: The file is missing, or holds no sections.
    """
    try:
        stored = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(stored, Mapping):
        raise ConfigError(f"{path}: expected sections such as `content: {{n_steps: 100}}`")
    return stored


def changed(record: Record, changes: object, where: str) -> Record:
    """Return the record with some fields in place of its own, each checked.

    Raises:
        ConfigError: There is no such field, or its value is of another kind; ``where`` is named.
    """
    if changes is None:
        return record
    if not isinstance(changes, Mapping):
        raise ConfigError(f"{where}: expected fields such as `n_steps: 100`")
    assert is_dataclass(record)
    assert not isinstance(record, type)
    known = [item.name for item in fields(record) if item.name != "config"]
    for key in changes:
        if key not in known:
            raise ConfigError(f"{where}.{key}: no such field; known: {', '.join(known)}")
    hints: dict[str, Any] = {item.name: item.type for item in fields(record)}
    checked: dict[str, Any] = {}
    for key, value in changes.items():
        try:
            checked[key] = TypeAdapter(hints[key]).validate_python(value)
        except ValidationError as error:
            raise ConfigError(f"{where}.{key}: {error.errors()[0]['msg']}") from error
    return replace(record, **checked)
