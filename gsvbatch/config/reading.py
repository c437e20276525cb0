"""A project file read from YAML, with errors that name file, line, key and what is allowed.

YAML 1.1 turns ``no`` into false and ``1:30`` into 90; here a plain word stays a word, as in YAML 1.2.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from gsvbatch.config.models import ProjectConfig
from gsvbatch.errors import ConfigError

PROJECT_FILE = "gsvbatch.yaml"

KeyPath = tuple[str | int, ...]

MAX_NODES = 200_000  # aliases can blow a small file up without end

DECIDED_ELSEWHERE = {
    "batch_size": "batches are sized from memory; engine.slots limits them",
    "ref_audio_path": "a reference clip becomes a voice once: gsvbatch voice enroll",
    "prompt_text": "a reference clip becomes a voice once: gsvbatch voice enroll",
    "prompt_lang": "a reference clip becomes a voice once: gsvbatch voice enroll",
    "aux_ref_audio_paths": "clips become a voice once: gsvbatch voice enroll --also",
    "text": "texts stand in scripts",
    "batch_threshold": "lines of like length always run together",
    "streaming_mode": "jobs write whole files; gsvbatch say --stream is heard while it is spoken",
    "return_fragment": "jobs write whole files; gsvbatch say --stream is heard while it is spoken",
    "media_type": "it is audio.format",
    "split_bucket": "lines of like length always run together",
    "parallel_infer": "lines always run in parallel",
    "super_sampling": "audio keeps its model's rate; audio.sample_rate sets another",
}
"""Settings of api_v2 that have no counterpart here, and why."""


class _Loader(yaml.SafeLoader):
    """SafeLoader without YAML 1.1's surprises."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("tag:yaml.org,2002:int", r"^[-+]?[0-9]+$", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?$",
        "-+0123456789.",
    ),
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", "~nN\0"),
):
    _Loader.add_implicit_resolver(
        _tag, re.compile(_pattern), ["" if c == "\0" else c for c in _first]
    )


class _Tree:
    """Plain values of a YAML document, and the line of every key."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.lines: dict[KeyPath, int] = {(): 1}
        self.n_nodes = 0
        loader: _Loader | None = None
        try:
            loader = self.loader = _Loader(text)
            node = self.loader.get_single_node()
            self.value = {} if node is None else self._plain(node, ())
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            where = f"{path}:{mark.line + 1}" if mark else str(path)
            raise ConfigError(f"{where}: not valid YAML: {error.problem}") from error
        except yaml.reader.ReaderError as error:
            raise ConfigError(f"{path}:{_line_at(text, error)}: {_unreadable(error)}") from error
        except yaml.YAMLError as error:
            raise ConfigError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
        except RecursionError as error:
            raise ConfigError(f"{path}: nested too deeply, or an alias contains itself") from error
        finally:
            if loader is not None:
                loader.dispose()

    def line_of(self, key_path: KeyPath) -> int:
        """The line of the key, or of the nearest key above it."""
        while key_path not in self.lines:
            key_path = key_path[:-1]
        return self.lines[key_path]

    def _plain(self, node: yaml.Node, at: KeyPath) -> Any:
        self.n_nodes += 1
        if self.n_nodes > MAX_NODES:
            raise ConfigError(f"{self.path}: too large (aliases that multiply?)")
        if isinstance(node, yaml.MappingNode):
            mapping: dict[str, Any] = {}
            for key, value in node.value:
                line = key.start_mark.line + 1
                if not isinstance(key, yaml.ScalarNode):
                    raise ConfigError(f"{self.path}:{line}: a key must be a plain word")
                if key.value in mapping:
                    raise ConfigError(f"{self.path}:{line}: {key.value}: given twice")
                self.lines[(*at, key.value)] = line
                self._check_text(key)
                mapping[key.value] = self._plain(value, (*at, key.value))
            return mapping
        if isinstance(node, yaml.SequenceNode):
            for i, item in enumerate(node.value):
                self.lines[(*at, i)] = item.start_mark.line + 1
            return [self._plain(item, (*at, i)) for i, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return self._scalar(node)

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        self._check_text(node)
        try:
            if node.tag == "tag:yaml.org,2002:int":
                return int(node.value)  # not YAML 1.1's, to which 010 is 8 and 08 is nothing
            return self.loader.construct_object(node)
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            line = node.start_mark.line + 1
            what = node.tag.removeprefix("tag:yaml.org,2002:")
            given = node.value if len(node.value) <= 40 else f"{node.value[:40]}…"
            raise ConfigError(
                f"{self.path}:{line}: {given!r} cannot be read as {what}; quote it if it is text"
            ) from error

    def _check_text(self, node: yaml.ScalarNode) -> None:
        """Refuse what double quotes can spell, but no path or file can hold."""
        for c in node.value:
            if c == "\0" or "\ud800" <= c <= "\udfff":
                line = node.start_mark.line + 1
                raise ConfigError(
                    f"{self.path}:{line}: a text cannot hold the character U+{ord(c):04X}; in "
                    "double quotes a backslash is written twice"
                )


def _line_at(text: str, error: yaml.reader.ReaderError) -> int:
    return text.count("\n", 0, error.position) + 1


def _unreadable(error: yaml.reader.ReaderError) -> str:
    return f"the invisible character U+{int(error.character):04X} is not allowed in YAML; delete it"


def find_project(start: Path) -> Path | None:
    """The project file in ``start`` or the nearest folder above it."""
    folder = start.resolve()
    for candidate in (folder, *folder.parents):
        if (candidate / PROJECT_FILE).is_file():
            return candidate / PROJECT_FILE
    return None


def read_project(path: Path) -> ProjectConfig:
    """Read a project file.

    Raises:
        ConfigError: It cannot be read, or a setting is wrong; one line for each problem.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such project file; `gsvbatch new` makes one") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text; save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    tree = _Tree(path, text)
    if not isinstance(tree.value, dict):
        raise ConfigError(f"{path}: expected settings such as `output: outputs`, not a bare value")
    try:
        return ProjectConfig.model_validate(tree.value)
    except ValidationError as error:
        lines = [
            f"{path}:{tree.line_of(tuple(detail['loc']))}: {problem}"
            for detail, problem in _problems(error)
        ]
        raise ConfigError("\n".join(lines)) from error


def override(config: ProjectConfig, settings: Mapping[str, Any], source: str) -> ProjectConfig:
    """The config with settings replaced, by dotted keys such as ``audio.format``.

    Raises:
        ConfigError: A key or value is wrong; ``source`` says where it came from.
    """
    tree = config.model_dump(exclude_unset=True)
    for dotted, value in settings.items():
        if "\0" in f"{dotted}{value}":
            raise ConfigError(f"{source}: {dotted}: a setting cannot hold the character U+0000")
        *parents, last = dotted.split(".")
        branch: Any = tree
        for depth, parent in enumerate(parents, 1):
            branch = branch.setdefault(parent, {})
            if not isinstance(branch, dict):
                above = ".".join(parents[:depth])
                raise ConfigError(
                    f"{source}: {dotted}: there are no settings below {above}; set {above} itself"
                )
        branch[last] = value
    try:
        return ProjectConfig.model_validate(tree)
    except ValidationError as error:
        lines = [f"{source}: {problem}" for _, problem in _problems(error)]
        raise ConfigError("\n".join(lines)) from error


def _problems(error: ValidationError) -> Iterator[tuple[ErrorDetails, str]]:
    for detail in error.errors(include_url=False):
        key = ".".join(str(part) for part in detail["loc"])
        yield detail, f"{key}: {_explain(detail)}"


def _explain(detail: ErrorDetails) -> str:
    """One clause that says what is wrong with a value and what would be right."""
    kind, context = detail["type"], detail.get("ctx", {})
    given = repr(detail["input"])
    if kind == "given_twice":
        return detail["msg"]
    if kind == "extra_forbidden":
        return _unknown_key(detail["loc"])
    if kind in {"literal_error", "enum"}:
        allowed = str(context["expected"]).replace("'", "").replace(" or ", ", ")
        return f"{given} is not allowed; allowed: {allowed}"
    bounds = {
        "greater_than": ("more than", "gt"),
        "greater_than_equal": ("at least", "ge"),
        "less_than": ("less than", "lt"),
        "less_than_equal": ("at most", "le"),
    }
    if kind in bounds:
        words, bound = bounds[kind]
        return f"{given} is out of range; must be {words} {context[bound]}"
    if kind == "missing":
        return "is required"
    if kind == "string_pattern_mismatch":
        return f"{given} is not allowed; must match {context['pattern']}"
    wanted = {
        "bool": "true or false",
        "int": "a whole number",
        "float": "a number",
        "string": "text (quote it if it looks like a number)",
        "tuple": "a list",
        "dict": "a mapping",
        "model": "a mapping",
        "path": "a path",
    }
    wants = wanted.get(kind.split("_")[0], detail["msg"].lower())
    return f"{given} is not allowed; must be {wants}"


def _unknown_key(location: Sequence[str | int]) -> str:
    key = str(location[-1])
    if key in DECIDED_ELSEWHERE:
        return f"not a setting here: {DECIDED_ELSEWHERE[key]}"
    known = _keys_at(location[:-1])
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    if near:
        return f"unknown setting; did you mean {near[0]!r}?"
    return f"unknown setting; known here: {', '.join(known)}"


def _keys_at(location: Sequence[str | int]) -> list[str]:
    """Names of the settings that the model at ``location`` has."""
    model: type[BaseModel] = ProjectConfig
    for part in location:
        field = _field(model, str(part))
        if field is not None:
            model = next(_models_in(field.annotation), model)
    return list(model.model_fields)


def _field(model: type[BaseModel], key: str) -> FieldInfo | None:
    for name, field in model.model_fields.items():
        alias = field.validation_alias
        choices = getattr(alias, "choices", ()) if alias else ()
        if key == name or key in choices:
            return field
    return None


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
