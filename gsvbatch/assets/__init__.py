"""Files that come with the package: the embedded model, voices, examples, templates of projects."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parent.parent


def asset_folder(name: str) -> Path:
    """The folder ``mini``, ``template``, ``examples`` or ``voices``.

    Examples and voices stand at the top of the project's repository, where people look for them,
    and are packed below this folder in the wheel.
    """
    packed = _PACKAGE / name
    return packed if packed.is_dir() else _CHECKOUT / name
