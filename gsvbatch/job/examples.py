"""The example productions that come with gsvbatch, as projects of the user's own."""

import shutil
from pathlib import Path

from gsvbatch.assets import asset_folder
from gsvbatch.config import PROJECT_FILE
from gsvbatch.errors import ConfigError, StorageError


def example_names() -> tuple[str, ...]:
    """Names of the examples.

    Raises:
        ConfigError: This installation has none.
    """
    folder = asset_folder("examples")
    names = tuple(sorted(path.parent.name for path in folder.glob(f"*/{PROJECT_FILE}")))
    if not names:
        raise ConfigError(f"{folder}: no examples in this installation; install gsvbatch again")
    return names


def copy_example(name: str, target: Path) -> Path:
    """Copy an example into a folder, and return its project file.

    A file that is there already stays as it is: it may have been edited, which is what it is for.

    Raises:
        StorageError: The folder cannot be written.
    """
    source = asset_folder("examples") / name
    try:
        for path in sorted(source.rglob("*")):
            copy = target / path.relative_to(source)
            if path.is_dir():
                continue
            if not copy.exists() and not _is_output(path.relative_to(source)):
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
    except OSError as error:
        raise StorageError(target, f"cannot be written: {error.strerror}") from error
    return target / PROJECT_FILE


def _is_output(path: Path) -> bool:
    """Whether somebody rendered the example in place, and this came of it."""
    return path.parts[0] in {"audio", "outputs"}
